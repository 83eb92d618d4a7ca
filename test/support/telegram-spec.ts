import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../../../shared/specs/telegram/api.min.json')

/** For node:test's `skip`: false, or why a test that needs the published Bot API cannot run. */
export const noTelegramSpec = existsSync(file) ? false : 'needs ../shared/specs/telegram, which is not here'

interface Field {
  name: string
  types: string[]
  required: boolean
}
interface Spec {
  methods: Record<string, { fields?: Field[] } | undefined>
  types: Record<string, { fields?: Field[]; subtypes?: string[] } | undefined>
}

/** Says what is wrong with a call or an object by the Bot API's own description; unknown fields are wrong. */
export const createTelegramCheck = () => {
  const spec: Spec = JSON.parse(readFileSync(file, 'utf8'))
  const checkFields = (value: unknown, fields: readonly Field[], path: string): string[] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${path}: no object`]
    const given = value as Record<string, unknown>
    const unknown = Object.keys(given).filter((name) => !fields.some((field) => field.name === name))
    return [
      ...unknown.map((name) => `${path}.${name}: unknown`),
      ...fields.flatMap(({ name, types, required }) => {
        if (given[name] === undefined) return required ? [`${path}.${name}: missing`] : []
        const complaints = types.map((type) => checkType(given[name], type, `${path}.${name}`))
        return complaints.some((list) => list.length === 0) ? [] : (complaints[0] ?? [])
      }),
    ]
  }
  const checkType = (value: unknown, type: string, path: string): string[] => {
    const list = /^Array of (.+)$/.exec(type)?.[1]
    if (list !== undefined)
      return Array.isArray(value)
        ? value.flatMap((one, i) => checkType(one, list, `${path}[${i}]`))
        : [`${path}: no list`]
    const plain = plainTypes[type]
    if (plain) return plain(value) ? [] : [`${path}: no ${type}`]
    const { fields = [], subtypes } = spec.types[type] ?? {}
    if (!subtypes) return checkFields(value, fields, path)
    const complaints = subtypes.map((subtype) => checkType(value, subtype, path))
    return complaints.some((one) => one.length === 0) ? [] : (complaints[0] ?? [])
  }
  return {
    method: (name: string, body: unknown): string[] => {
      const method = spec.methods[name]
      return method ? checkFields(body, method.fields ?? [], name) : [`${name}: no such method`]
    },
    type: (name: string, value: unknown): string[] => checkType(value, name, name),
  }
}

const plainTypes: Record<string, ((value: unknown) => boolean) | undefined> = {
  Integer: Number.isSafeInteger,
  Float: (value) => typeof value === 'number',
  String: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  True: (value) => value === true,
  InputFile: () => false,
}
