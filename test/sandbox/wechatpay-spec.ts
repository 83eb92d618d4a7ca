import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { parse } from 'yaml'

const folder = resolve(import.meta.dirname, '../../../shared/specs/wechatpay')
const apiFolder = join(folder, 'openapi')

/** For node:test's `skip`: false, or why a test that needs the published contract cannot run. */
export const noSpec = existsSync(folder) ? false : 'needs ../shared/specs/wechatpay, which is not here'

/** Says what in a request, or in an answer, contradicts the description (TheNorthMemory/wechatpay-openapi). Null if nothing. */
export type ContractCheck = (side: 'request' | 'answer', method: string, path: string, value: unknown) => string | null

export const readSample = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** One for all files of a process: the description takes longer to read than most tests take to run. */
export const loadContractCheck = (): ContractCheck => {
  shared ??= readDescription()
  return shared
}

let shared: ContractCheck | undefined

const readDescription = (): ContractCheck => {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  const files = readdirSync(apiFolder, { recursive: true, encoding: 'utf8' })
  const paths = files
    .filter((file) => file.startsWith('v3') && file.endsWith('.yaml'))
    .map((file) => ({ file, template: `/${file.slice(0, -'.yaml'.length)}` }))
    .map((found) => ({ ...found, pattern: new RegExp(`^${found.template.replace(/\{\w+\}/g, '[^/]+')}$`) }))
    // A literal path comes before one with a variable in the same place.
    .sort((a, b) => a.template.split('{').length - b.template.split('{').length)
  const compiled = new Map<string, ValidateFunction | null>()
  const compile = (side: string, file: string, method: string) => {
    const operation = readYaml(file)[method.toLowerCase()] as Operation | undefined
    if (!operation) return undefined
    const body = operation.parameters?.find((parameter) => parameter.in === 'body')?.schema
    const schema = side === 'request' ? body : operation.responses['200']?.schema
    return schema ? ajv.compile(lenient(side, operation, inline(schema, file)) as object) : null
  }
  return (side, method, path, value) => {
    const found = paths.find(({ pattern }) => pattern.test(path))
    if (!found) return `${method} ${path} is not described`
    const key = `${side} ${method} ${found.template}`
    if (!compiled.has(key)) {
      const made = compile(side, found.file, method)
      if (made === undefined) return `${method} ${found.template} is not described`
      compiled.set(key, made)
    }
    const validate = compiled.get(key)
    if (!validate || validate(value)) return null
    return `${key}: ${ajv.errorsText(validate.errors)}`
  }
}

type Operation = {
  parameters?: { in: string; schema?: unknown }[]
  responses: Record<string, { schema?: unknown } | undefined>
}

/**
 * The description gives a query's answer the fields of the order request, `notify_url` and `description` included, as if
 * required. WeChat Pay answers neither (its own samples show it), and an unpaid order has no `payer_total`.
 */
const lenient = (side: string, operation: Operation, schema: unknown): unknown =>
  side === 'answer' && JSON.stringify(operation).includes('TransactionOwner') ? withoutRequired(schema) : schema

const withoutRequired = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withoutRequired)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).filter(([key, value]) => key !== 'required' || !Array.isArray(value))
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutRequired(value)]))
}

const yamls = new Map<string, Record<string, unknown>>()
const readYaml = (file: string): Record<string, unknown> => {
  const known = yamls.get(file) ?? (parse(readFileSync(join(apiFolder, file), 'utf8')) as Record<string, unknown>)
  yamls.set(file, known)
  return known
}

/** Replaces every `$ref` by what it names; `file.yaml#Name` and `file.yaml#/Name` both occur. */
const inline = (node: unknown, file: string): unknown => {
  if (Array.isArray(node)) return node.map((item) => inline(item, file))
  if (typeof node !== 'object' || node === null) return node
  const { $ref: ref, ...rest } = node as { $ref?: string }
  const own = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, inline(value, file)]))
  if (typeof ref !== 'string') return own
  const [target = '', name = ''] = ref.split('#')
  const other = target === '' ? file : relative(apiFolder, resolve(apiFolder, dirname(file), target))
  return { ...(inline(readYaml(other)[name.replace(/^\//, '')], other) as object), ...own }
}
