import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'

const FILE = resolve(import.meta.dirname, '../../../shared/specs/stripe/stripe.2026-10-28.endive.reduced.json')

/** Says what in an answer contradicts Stripe's own description of it. Null when that description is not at hand. */
export type SchemaCheck = (method: string, path: string, body: unknown) => string | null

/** One for all files of a process: the schemas take longer to compile than most tests take to run. */
export const loadSchemaCheck = (): SchemaCheck | null => {
  shared ??= compileSchemas()
  return shared
}

let shared: SchemaCheck | null | undefined

const compileSchemas = (): SchemaCheck | null => {
  if (!existsSync(FILE)) {
    console.error(`# skipped: answers are not validated, ${FILE} is absent`)
    return null
  }
  const spec: Spec = JSON.parse(readFileSync(FILE, 'utf8'))
  const ajv = new Ajv({ strict: false, allErrors: false, formats: { decimal: true } })
  ajv.addSchema({ $id: 'stripe', components: spec.components })
  const compiled = new Map<string, ValidateFunction>()
  const templates = Object.keys(spec.paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`),
  }))
  return (method, path, body) => {
    const template = templates.find(({ pattern }) => pattern.test(path))?.template
    const schema =
      template && spec.paths[template]?.[method.toLowerCase()]?.responses['200']?.content['application/json']?.schema
    if (!schema) return `${method} ${path} is not described`
    const name = `${method} ${template}`
    const validate = compiled.get(name) ?? ajv.compile(withAbsoluteRefs(schema))
    compiled.set(name, validate)
    if (validate(body)) return null
    return `${name}: ${ajv.errorsText(validate.errors)}`
  }
}

type Spec = {
  components: object
  paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>>
}

const withAbsoluteRefs = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"stripe#/'))
