import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

const file = join(import.meta.dirname, '../../../shared/specs/line/messaging-api.yml')

/** Why tests against LINE's own document are skipped, or false. */
export const noLineSpec = existsSync(file) ? false : 'needs ../shared/specs/line, which is not here'

type Schema = Record<string, unknown>

/**
 * What LINE's OpenAPI document finds wrong with a body, as `/messages/0/altText must be string`. A kind of object is
 * chosen by its `type`, as the document's discriminators say, and has no field that is not described.
 */
export const createLineValidator = (name: string): ((body: unknown) => string[]) => {
  const document = parse(readFileSync(file, 'utf8')) as { components: { schemas: Record<string, Schema> } }
  const bases = Object.entries(document.components.schemas).filter(([, schema]) => mappingOf(schema))
  const baseNames = new Set(bases.map(([base]) => base))
  const schemas = Object.entries(document.components.schemas).flatMap(([key, schema]): [string, Schema][] =>
    baseNames.has(key)
      ? [
          [`${key}Plain`, { ...schema, discriminator: undefined }],
          [key, chooser(schema)],
        ]
      : [[key, closed(schema, baseNames)]],
  )
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  const $defs = Object.fromEntries(schemas)
  const text = JSON.stringify({ $ref: `#/$defs/${name}`, $defs }).replaceAll('#/components/schemas/', '#/$defs/')
  const validate = ajv.compile(JSON.parse(text))
  return (body) =>
    validate(body) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const mappingOf = ({ discriminator }: Schema): Record<string, string> | undefined =>
  (discriminator as { mapping?: Record<string, string> } | undefined)?.mapping

const chooser = (schema: Schema): Schema => {
  const mapping = mappingOf(schema) ?? {}
  return {
    type: 'object',
    required: ['type'],
    properties: { type: { enum: Object.keys(mapping) } },
    allOf: Object.entries(mapping).map(([type, $ref]) => ({
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
      then: { $ref },
      if: { properties: { type: { const: type } } },
    })),
  }
}

/** What extends a base takes its plain form: the choice was made already. */
const closed = (schema: Schema, bases: ReadonlySet<string>): Schema => {
  const parts = Array.isArray(schema.allOf) ? (schema.allOf as Schema[]) : []
  const allOf = parts.map((part) => {
    const base = String(part.$ref ?? '').replace('#/components/schemas/', '')
    return bases.has(base) ? { $ref: `#/components/schemas/${base}Plain` } : part
  })
  const isObject = schema.type === 'object' || allOf.length > 0
  return { ...schema, ...(allOf.length > 0 ? { allOf } : {}), ...(isObject ? { unevaluatedProperties: false } : {}) }
}
