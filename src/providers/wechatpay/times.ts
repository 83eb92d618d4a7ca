import { UnmappedError } from './amounts.ts'

const offsetMs = 8 * 3_600_000

/** China's time, in which WeChat Pay writes and has its days: `2026-11-22T18:00:00+08:00`. China has no summer time. */
export const chinaTime = (date: Date): string =>
  `${new Date(date.getTime() + offsetMs).toISOString().slice(0, 19)}+08:00`

/** An RFC 3339 time of an answer. */
export const timeFromWire = (value: unknown, what: string): Date => {
  const date = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value) : undefined
  if (date && !Number.isNaN(date.getTime())) return date
  throw new UnmappedError(what, value)
}

/** `2019-02-19 05:01:46` of a bill. */
export const billTime = (value: string, what: string): Date => {
  const date = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value) ? new Date(`${value.replace(' ', 'T')}+08:00`) : undefined
  if (date && !Number.isNaN(date.getTime())) return date
  throw new UnmappedError(what, value)
}
