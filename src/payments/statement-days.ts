import type { StatementCalendar } from '#providers/statements.ts'

const dayMs = 24 * 3_600_000

/**
 * Of which moments the statements can be had now: from the first that is still kept, up to (not including) the day that
 * is not ready yet. Days are the provider's own.
 */
export const statedSpan = (calendar: StatementCalendar, now: Date): { from: Date; to: Date } => {
  const offset = calendar.offsetMinutes * 60_000
  const ready = now.getTime() + offset - calendar.readyAfterHours * 3_600_000
  const to = ready - (ready % dayMs) - offset
  return { from: new Date(to - calendar.daysKept * dayMs), to: new Date(to) }
}

/** When a day (YYYY-MM-DD) of the provider's begins and ends. */
export const spanOf = (calendar: StatementCalendar, day: string): { from: Date; to: Date } => {
  const from = Date.parse(`${day}T00:00:00Z`) - calendar.offsetMinutes * 60_000
  return { from: new Date(from), to: new Date(from + dayMs) }
}

/** The first moment after a day (YYYY-MM-DD) at which its statement cannot be had any more. */
export const goneAt = (calendar: StatementCalendar, day: string): Date =>
  new Date(spanOf(calendar, day).to.getTime() + calendar.daysKept * dayMs)
