import type { Clock } from '#kernel/clock.ts'

/** Keeps look-ups from asking while Stripe asks to wait. What a client or a payer waits for is sent all the same. */
export interface RatePause {
  /** Whether a look-up should not be sent now. */
  isOn(): boolean
  /** Stripe's answer to anything: its status, and its `Retry-After` in seconds if it said one. */
  hear(status: number, retryAfter: string | undefined): void
}

export const noPause: RatePause = { isOn: () => false, hear: () => undefined }

const firstMs = 1000
const longestMs = 30_000

/**
 * After a 429 nothing that only asks is sent for as long as `Retry-After` says, or else one second, twice as long after each
 * further one up to half a minute. Source: docs.stripe.com/rate-limits (back off exponentially).
 */
export const createRatePause = (clock: Clock): RatePause => {
  let until = 0
  let next = firstMs
  return {
    isOn: () => clock.now().getTime() < until,
    hear: (status, retryAfter) => {
      if (status !== 429) {
        if (status < 400) next = firstMs
        return
      }
      const told = /^\d{1,4}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : 0 // exact: a wait, not money
      until = clock.now().getTime() + Math.min(Math.max(told, next), longestMs) // exact: a wait, not money
      next = Math.min(next * 2, longestMs) // exact: a wait, not money
    },
  }
}
