import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

const file = join(import.meta.dirname, '../../../shared/specs/stripe/stripe.2026-10-28.endive.reduced.json')

/** For node:test's `skip`. */
export const noContract = existsSync(file) ? false : 'needs ../shared/specs/stripe, which is not here'

interface Answer {
  content: { 'application/json': { schema: object } }
}

interface Contract {
  paths: Record<string, Record<string, { responses: Record<string, Answer> }>>
  components: { schemas: Record<string, object> }
  'x-event-objects': Record<string, string>
}

export const readContract = (): Contract => JSON.parse(readFileSync(file, 'utf8'))

/** One for all files of a process: Stripe's schemas take longer to compile than most tests take to run. */
let shared: { contract: Contract; ajv: Ajv2020 } | undefined
const share = () => {
  if (shared) return shared
  const contract = readContract()
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false })
  ajv.addSchema(contract, 'stripe')
  shared = { contract, ajv }
  return shared
}

const compiled = new Map<string, ValidateFunction>()
const compile = (name: string, schema: object): ValidateFunction => {
  const validate = compiled.get(name) ?? share().ajv.compile(schema)
  compiled.set(name, validate)
  return validate
}

/** Fails unless the value has the published shape. */
export const createShapeCheck =
  () =>
  (schema: string, value: unknown): void => {
    const validate = compile(schema, { $ref: `stripe#/components/schemas/${schema}` })
    assert.ok(validate(value), `${schema}: ${share().ajv.errorsText(validate.errors)}`)
  }

/** Fails unless a 200 to this method and path has the shape that Stripe publishes for it. */
export type AnswerCheck = (method: string, path: string, body: unknown) => void

/** Without the contract nothing is checked: the test that uses it says so (`noContract`). */
export const createAnswerCheck = (): AnswerCheck => {
  if (noContract) return () => undefined
  return (method, path, body) => {
    const { contract, ajv } = share()
    const template = findTemplate(contract, path)
    const schema =
      contract.paths[template]?.[method.toLowerCase()]?.responses['200']?.content['application/json'].schema
    assert.ok(schema, `Stripe has no ${method} ${path}`)
    const validate = compile(`${template} ${method}`, withAbsoluteReferences(schema))
    assert.ok(validate(body), `${method} ${path}: ${ajv.errorsText(validate.errors)}`)
  }
}

/** The literal path first: `/payment_intents/search` is not an id. */
const findTemplate = (contract: Contract, path: string): string =>
  path in contract.paths
    ? path
    : (Object.keys(contract.paths).find((template) =>
        new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
      ) ?? '')

const withAbsoluteReferences = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"stripe#/'))
