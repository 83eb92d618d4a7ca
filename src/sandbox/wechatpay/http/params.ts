import { z } from 'zod'
import { ApiError } from './api-error.ts'

/** Reads a body or a query by its schema, or says which field is wrong in WeChat Pay's way. */
export function readParams<S extends z.ZodType>(schema: S, input: unknown, location: 'body' | 'query'): z.output<S> {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])]
  const field = path.map(String).join('/')
  throw new ApiError('PARAM_ERROR', `参数错误: ${field} ${issue?.message ?? ''}`.trim(), {
    field: location === 'body' ? `/${field}` : field,
    value: valueAt(input, path) ?? '',
    issue: issue?.message ?? 'invalid',
    location,
  })
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ApiError('PARAM_ERROR', '请求的内容不是合法的JSON')
  }
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at !== null && typeof at === 'object' ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    input,
  )
}

/** Text of 1 to `most` characters. */
export const text = (most: number) => z.string().min(1).max(most)
export const fen = () => z.int().min(1)
export const timestamp = () => z.iso.datetime({ offset: true })
/** The merchant's own number of an order. */
export const outTradeNo = () => z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/, 'must be 6 to 32 of 0-9A-Za-z_-|*')
export const outNumber = (most: number) =>
  z
    .string()
    .regex(/^[0-9A-Za-z_\-|*@]+$/, 'must be of 0-9A-Za-z_-|*@')
    .max(most)

/** An address WeChat Pay would call: no query string. Private and http ones are let through, for tests. */
export const notifyUrl = () =>
  z
    .string()
    .max(255)
    .refine((url) => /^https?:\/\//.test(url) && URL.canParse(url), 'must be a URL')
    .refine((url) => !url.includes('?'), 'must not have a query string')
