import type { QuietHours } from './cards/theme.ts'

const dayMinutes = 1440
const minuteMs = 60_000

/** When the quiet that reigns at `now` ends; undefined when there is none. */
export const quietUntil = ({ from, to, timeZone }: QuietHours, now: Date): Date | undefined => {
  const minute = minuteOfDay(now, timeZone)
  const length = span(from, to)
  const since = span(from, minute)
  if (since >= length) return undefined
  // To the full minute; a change of the clocks in the night may make it an hour early or late, and it is looked at again.
  const left = length - since
  return new Date(Math.floor(now.getTime() / minuteMs) * minuteMs + left * minuteMs)
}

const span = (from: number, to: number): number => (to - from + dayMinutes) % dayMinutes

const minuteOfDay = (at: Date, timeZone: string): number => {
  const parts = new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .formatToParts(at)
    .map(({ type, value }) => [type, Number(value)] as const)
  const { hour = 0, minute = 0 } = Object.fromEntries(parts)
  return hour * 60 + minute
}
