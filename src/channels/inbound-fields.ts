import { sha256 } from '#platform/crypto.ts'
import { clip } from './fit.ts'
import type { Touch } from './inbound.ts'

const inboundTextMax = 4096
const refMax = 255

/** Text of a stranger, fit to be kept: well-formed, without NUL (which jsonb refuses), at most `max` characters. */
export const readText = (value: unknown, max = inboundTextMax): string =>
  typeof value === 'string' ? clip(value.slice(0, max * 2).replaceAll('\u0000', ''), max) : ''

/** As `readText`; undefined for what is no text or has none. */
export const readOptional = (value: unknown, max: number): string | undefined => readText(value, max) || undefined

/** An id of the platform: never shortened, because two ids would become one; a hash where it is too long to keep. */
export const readRef = (...parts: readonly (string | number)[]): string => {
  const ref = parts.join(':').replaceAll('\u0000', '').toWellFormed()
  return ref.length <= refMax ? ref : `sha256:${sha256(ref).toString('hex')}`
}

/** A name for what carries none: the same content again is the same update. */
export const refOfContent = (type: string, content: unknown): string => {
  try {
    return readRef(type, JSON.stringify(content))
  } catch {
    // Nested deeper than the stack is: nobody's update, and one name is enough for all of them.
    return readRef(type, 'unreadable')
  }
}

/** The platform's time, or ours where it says none that can be. */
export const readTime = (unixMs: unknown, now: Date): Date => {
  const isTime = typeof unixMs === 'number' && unixMs > 0 && unixMs < 4e12
  return isTime ? new Date(unixMs) : now
}

/** A touch without empty fields, each within its length: everything in it was chosen by strangers. */
export const readTouch = (
  source: Touch['source'],
  fields: Readonly<Partial<Record<Exclude<keyof Touch, 'source'>, unknown>>>,
): Touch => {
  const limits = { adId: 100, ref: 500, ctwaClid: 500, url: 2000, title: 300 } as const
  const kept = Object.entries(limits).flatMap(([name, max]) => {
    const text = readOptional(fields[name as keyof typeof limits], max)
    return text === undefined ? [] : [[name, text] as const]
  })
  return { source, ...Object.fromEntries(kept) }
}

/** The JSON object in a body; undefined if it is none. */
export const readJsonObject = (body: Uint8Array): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects in what should be a list of them. */
export const objectsIn = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isObject) : []
