import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

const folder = join(import.meta.dirname, '..', '..', '..', 'shared', 'specs', 'stripe')
const specFile = join(folder, 'stripe.2026-10-28.endive.reduced.json')
const fixtureFile = join(folder, 'fixtures3.reduced.json')

/** For node:test's `skip`: false, or why a test that needs the published contract cannot run. */
export const noSpec = existsSync(specFile) ? false : 'needs ../shared/specs/stripe, which is not here'

interface Spec {
  paths: Record<string, Record<string, Operation | undefined>>
  components: { schemas: Record<string, Schema> }
  'x-event-objects': Record<string, string>
}
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> }
  'x-query-schema'?: Schema
}
type Schema = { [key: string]: unknown }

export const readSpec = (): Spec => JSON.parse(readFileSync(specFile, 'utf8'))

export const readFixtures = (): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(fixtureFile, 'utf8')).resources

/** Says what is wrong with a request by Stripe's own schema; unknown parameters and unknown enum values are wrong. */
export const createRequestCheck = () => {
  const { spec, ajv } = share()
  return ({ method, path, params }: { method: string; path: string; params: unknown }): string => {
    const operation = operationOf(spec, method, path)
    if (!operation) return `no operation ${method} ${path}`
    const form = operation.requestBody?.content['application/x-www-form-urlencoded']?.schema
    const schema = (method === 'GET' ? operation['x-query-schema'] : form) ?? { type: 'object' }
    const name = String(schema.$ref).replace('#', 'stripe#')
    const validate = compiled.get(name) ?? ajv.compile({ $ref: name })
    compiled.set(name, validate)
    return validate(structuredClone(params)) ? '' : ajv.errorsText(validate.errors)
  }
}

/** One for all files of a process: Stripe's schemas take longer to compile than most tests take to run. */
let shared: { spec: Spec; ajv: Ajv2020 } | undefined
const share = () => {
  if (shared) return shared
  const spec = readSpec()
  const ajv = new Ajv2020({ strict: false, coerceTypes: true, allErrors: true, validateFormats: false })
  ajv.addSchema(strictly(spec) as Schema, 'stripe')
  shared = { spec, ajv }
  return shared
}
const compiled = new Map<string, ValidateFunction>()

const operationOf = (spec: Spec, method: string, path: string): Operation | undefined => {
  const template = Object.keys(spec.paths).find((known) => {
    const parts = known.split('/').map((part) => (part.startsWith('{') ? '[^/]+' : part.replace('.', '\\.')))
    return new RegExp(`^${parts.join('/')}$`).test(path) && spec.paths[known]?.[method.toLowerCase()]
  })
  return template === undefined ? undefined : spec.paths[template]?.[method.toLowerCase()]
}

/** The published enums are open and the objects too, for answers; a request may only hold what is listed. */
const strictly = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(strictly)
  if (typeof node !== 'object' || node === null) return node
  const copy: Schema = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, strictly(value)]))
  const isSchema = copy.type === 'object' && typeof copy.properties === 'object' && !Array.isArray(copy.properties)
  return {
    ...copy,
    ...(isSchema && copy.additionalProperties === undefined ? { additionalProperties: false } : {}),
    ...(Array.isArray(copy['x-known-values']) ? { enum: copy['x-known-values'] } : {}),
  }
}

/** `a[b][0]=c` as Stripe's SDK writes it → `{a: {b: ['c']}}`. */
export const parseForm = (text: string): Record<string, unknown> => {
  const root: Record<string, unknown> = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const keys = name.replaceAll(']', '').split('[')
    let at = root
    keys.forEach((key, index) => {
      const isLast = index === keys.length - 1
      at[key] = isLast ? value : (at[key] ?? {})
      if (!isLast) at = at[key] as Record<string, unknown>
    })
  }
  return toArrays(root) as Record<string, unknown>
}

const toArrays = (node: unknown): unknown => {
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]) => [key, toArrays(value)] as const)
  const isList = entries.length > 0 && entries.every(([key], index) => key === String(index))
  return isList ? entries.map(([, value]) => value) : Object.fromEntries(entries)
}
