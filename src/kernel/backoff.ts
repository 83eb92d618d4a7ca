/** Waits in ms by attempt (1-based); the last one repeats. */
export type Schedule = readonly number[]

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Looking up an operation whose outcome is unknown: soon at first, because a payer is waiting. */
export const lookupSchedule: Schedule = [2 * second, 5 * second, 15 * second, minute, 5 * minute, 15 * minute, hour]

/** Outgoing notifications: about three days in all, like Stripe's. */
export const notificationSchedule: Schedule = [
  5 * second,
  30 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
]

/** Provider events that could not be applied yet because something else must happen first. */
export const inboxSchedule: Schedule = [second, 5 * second, 30 * second, 2 * minute, 10 * minute, hour]

/** A provider's statement of a day that is not there yet, or could not be read. */
export const statementSchedule: Schedule = [30 * minute, hour, hour, 2 * hour, 6 * hour, 24 * hour]

/**
 * Wait before the next attempt, in ms, up to a tenth more or less than the schedule says, so that a backlog does not
 * return as a herd. `random` is in [0, 1).
 */
export const delayMs = (schedule: Schedule, attempt: number, random: number): number => {
  const base = schedule[Math.min(attempt, schedule.length) - 1] ?? schedule[0] ?? second
  return Math.round(base * (0.9 + 0.2 * random))
}
