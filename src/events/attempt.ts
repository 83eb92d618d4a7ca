import { delayMs, notificationSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'

/** How an attempt ended: an HTTP status, or why there is none. */
export type AttemptAnswer = { ok: true; status: number; retryAfter: string | undefined } | { ok: false; error: string }

export type Verdict =
  | { state: 'succeeded'; status: number }
  | { state: 'pending'; status: number | null; error: string; nextAttemptAt: Date }
  | { state: 'failed'; status: number | null; error: string; isGone: boolean }

/** The first attempt and one after every wait of the schedule. */
export const attemptsMax = notificationSchedule.length + 1

/**
 * How long one process owns an attempt. Longer than an attempt can take, so that only the attempt of a process that
 * died is made again.
 */
export const leaseMs = 60_000

/** An endpoint that failed for so long without a single success is disabled. */
export const failingMsMax = 3 * 24 * 3_600_000

const retryAfterMsMax = 3_600_000

export const judge = (answer: AttemptAnswer, attempts: number, now: Date, random: number): Verdict => {
  if (!answer.ok) return again({ status: null, error: answer.error }, 0, attempts, now, random)
  const { status } = answer
  if (status >= 200 && status <= 299) return { state: 'succeeded', status }
  if (status === 410) return { state: 'failed', status, error: 'the endpoint is gone (410)', isGone: true }
  const isRedirect = status >= 300 && status <= 399
  const error = isRedirect ? `redirects are not followed (${status})` : `the endpoint answered ${status}`
  return again({ status, error }, readRetryAfter(answer.retryAfter, now), attempts, now, random)
}

const again = (
  failure: { status: number | null; error: string },
  waitMsMin: number,
  attempts: number,
  now: Date,
  random: number,
): Verdict => {
  if (attempts >= attemptsMax) return { state: 'failed', ...failure, isGone: false }
  const waitMs = Math.max(delayMs(notificationSchedule, attempts, random), waitMsMin)
  return { state: 'pending', ...failure, nextAttemptAt: addMs(now, waitMs) }
}

/** Seconds or an HTTP date, in ms from now, capped; nonsense counts as nothing said. */
const readRetryAfter = (text: string | undefined, now: Date): number => {
  const value = text?.trim() ?? ''
  const ms = /^\d{1,10}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), retryAfterMsMax) : 0
}

/** Whether the endpoint has failed for too long, given since when it does. */
export const isWornOut = (failingSince: Date | null, now: Date): boolean =>
  failingSince !== null && now.getTime() - failingSince.getTime() >= failingMsMax
