import { setTimeout as sleep } from 'node:timers/promises'

/**
 * For calls that are all alike: after a quiet time the first goes out at once, and those that come within the pause
 * after it share one more at the pause's end. A call is never answered by a `send` that began before it.
 */
export const spaced = (pauseMs: number, send: () => Promise<void>): (() => Promise<void>) => {
  let next: Promise<void> | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  const sendNow = (): Promise<void> => {
    next = undefined
    sentAt = performance.now()
    return send()
  }
  return () => {
    if (next) return next
    const waitMs = sentAt + pauseMs - performance.now()
    if (waitMs <= 0) return sendNow()
    next = sleep(waitMs).then(sendNow)
    return next
  }
}
