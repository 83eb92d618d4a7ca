import type { Raw } from './form.ts'

/** The part of JSON Schema that zod writes and this file reads. */
export interface JsonSchema {
  type?: string | string[]
  $ref?: string
  $defs?: Record<string, JsonSchema>
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | boolean
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  const?: unknown
}

/**
 * Form data is all text. This turns text into what the schema asks for (integers, booleans, lists) and leaves
 * everything else as it is, so that the schema's own error is the one the client sees.
 */
export const coerce = (schema: JsonSchema, value: Raw, root: JsonSchema = schema): Raw => {
  const options = alternatives(schema, root)
  if (typeof value === 'string') return coerceText(options, value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const list = options.find((option) => option.type === 'array')
  const keys = Object.keys(value)
  if (list && keys.every((key) => /^\d+$/.test(key))) {
    return Object.values(value).map((item) => coerce(list.items ?? {}, item, root))
  }
  const object = options.find((option) => option.type === 'object')
  if (!object) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, coerce(childSchema(object, key), child, root)]),
  )
}

const coerceText = (options: readonly JsonSchema[], value: string): Raw => {
  const accepts = (type: string): boolean => options.some((option) => option.type === type)
  if ((accepts('integer') || accepts('number')) && /^-?\d{1,16}$/.test(value)) return Number(value)
  if (accepts('boolean') && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

const childSchema = (schema: JsonSchema, key: string): JsonSchema => {
  const own = schema.properties?.[key]
  if (own) return own
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
}

const alternatives = (schema: JsonSchema, root: JsonSchema): JsonSchema[] => {
  if (schema.$ref) {
    const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
    return target ? alternatives(target, root) : []
  }
  const nested = schema.anyOf ?? schema.oneOf ?? schema.allOf
  return nested ? nested.flatMap((option) => alternatives(option, root)) : [schema]
}
