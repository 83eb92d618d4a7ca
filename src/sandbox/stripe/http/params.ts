import { invalidParam } from './api-error.ts'
import type { Form, FormValue } from './form.ts'

/** Reads one parameter: returns a typed value, `undefined` when absent, or throws Stripe's own complaint. */
export type Parser<T> = (value: FormValue | undefined, at: string) => T
export type Shape = { [name: string]: Parser<unknown> }
export type Parsed<S extends Shape> = { [K in keyof S]: ReturnType<S[K]> }

export function parseParams<S extends Shape>(shape: S, form: Form, at = ''): Parsed<S> {
  const unknown = Object.keys(form).filter((name) => !Object.hasOwn(shape, name))
  if (unknown.length > 0) {
    const names = unknown.map((name) => nameOf(at, name))
    const noun = names.length > 1 ? 'parameters' : 'parameter'
    throw invalidParam(`Received unknown ${noun}: ${names.join(', ')}`, names[0], 'parameter_unknown')
  }
  const out: Record<string, unknown> = {}
  for (const [name, parser] of Object.entries(shape)) out[name] = parser(form[name], nameOf(at, name))
  return out as Parsed<S>
}

export const text =
  (max = 5000): Parser<string | undefined> =>
  (value, at) => {
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw invalidParam(`Invalid string: ${JSON.stringify(value)}`, at)
    if (value === '') throw emptyParam(at)
    if (value.length > max) {
      throw invalidParam(`Invalid string: must be at most ${max} characters`, at, 'parameter_invalid_string_too_long')
    }
    return value
  }

export const integer =
  (min = Number.MIN_SAFE_INTEGER): Parser<number | undefined> =>
  (value, at) => {
    if (value === undefined) return undefined
    if (typeof value !== 'string' || !/^-?\d{1,15}$/.test(value)) {
      throw invalidParam(
        `Invalid integer: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
        at,
        'parameter_invalid_integer',
      )
    }
    const number = Number(value)
    if (number < min) {
      throw invalidParam(`This value must be greater than or equal to ${min}.`, at, 'parameter_invalid_integer')
    }
    return number
  }

export const flag = (): Parser<boolean | undefined> => (value, at) => {
  if (value === undefined) return undefined
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw invalidParam(`Invalid boolean: ${String(value)}`, at)
}

export const choice =
  <const T extends string>(...allowed: T[]): Parser<T | undefined> =>
  (value, at) => {
    if (value === undefined) return undefined
    const found = allowed.find((item) => item === value)
    if (found === undefined) throw invalidParam(`Invalid ${at}: must be one of ${orList(allowed)}`, at)
    return found
  }

/** An empty string clears: the parser answers null. */
export const clearable =
  <T>(parser: Parser<T>): Parser<T | null> =>
  (value, at) =>
    value === '' ? null : parser(value, at)

export const required =
  <T>(parser: Parser<T>): Parser<Exclude<T, undefined>> =>
  (value, at) => {
    if (value === undefined) throw invalidParam(`Missing required param: ${at}.`, at, 'parameter_missing')
    return parser(value, at) as Exclude<T, undefined>
  }

export const list =
  <T>(parser: Parser<T>): Parser<Exclude<T, undefined>[] | undefined> =>
  (value, at) => {
    if (value === undefined || value === '') return undefined
    if (!Array.isArray(value)) throw invalidParam('Invalid array', at)
    return value.map((item, index) => parser(item, `${at}[${index}]`) as Exclude<T, undefined>)
  }

export const object =
  <S extends Shape>(shape: S): Parser<Parsed<S> | undefined> =>
  (value, at) => {
    if (value === undefined) return undefined
    if (typeof value === 'string' || Array.isArray(value)) throw invalidParam('Invalid object', at)
    return parseParams(shape, value, at)
  }

/** Known to Stripe, without a part in this simulation: read and left alone, whatever its shape. */
export const ignored = (): Parser<FormValue | undefined> => (value) => value

/** At most 50 keys, 40 characters each, values up to 500. An empty value removes a key, an empty whole removes all. */
export const metadata = (): Parser<Record<string, string> | undefined> => (value, at) => {
  if (value === undefined) return undefined
  if (value === '') return {}
  if (typeof value === 'string') throw invalidParam('Invalid object', at)
  const entries = Object.entries(value)
  if (entries.length > 50) throw invalidParam('Metadata can have up to 50 keys.', at)
  for (const [name, item] of entries) {
    if (typeof item !== 'string') throw invalidParam(`Invalid string: ${JSON.stringify(item)}`, `${at}[${name}]`)
    if (name.length > 40) throw invalidParam(`Metadata keys can be up to 40 characters. You passed in ${name}`, at)
    if (item.length > 500) throw invalidParam('Metadata values can have up to 500 characters.', `${at}[${name}]`)
  }
  return Object.fromEntries(entries) as Record<string, string>
}

export function mergeMetadata(
  before: Record<string, string> | null,
  change: Record<string, string>,
): Record<string, string> {
  if (Object.keys(change).length === 0) return {}
  return withoutEmpty({ ...before, ...change })
}

export function withoutEmpty(values: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== ''))
}

function emptyParam(at: string) {
  return invalidParam(
    `You passed an empty string for '${at}'. We assume empty values are an attempt to unset a parameter; however '${at}' cannot be unset. You should remove '${at}' from your request or supply a non-empty value.`,
    at,
    'parameter_invalid_empty',
  )
}

const nameOf = (at: string, name: string) => (at === '' ? name : `${at}[${name}]`)

const orList = (items: readonly string[]) =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')}, or ${items.at(-1)}`
