import { monitorEventLoopDelay } from 'node:perf_hooks'

/** A token bucket per name, in this process. Returns 0 when the request may pass, else seconds to wait. */
export const createRateLimit = (perSecond: number, now: () => number): ((name: string) => number) => {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (name) => {
    const at = now()
    const bucket = buckets.get(name) ?? { tokens: perSecond, at }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((at - bucket.at) / 1000) * perSecond)
    bucket.at = at
    if (buckets.size > 100_000) buckets.clear()
    buckets.set(name, bucket)
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond))
    bucket.tokens -= 1
    return 0
  }
}

export interface Shedder {
  /** True while this process is so far behind that a new request should be refused at once. */
  isOverloaded(): boolean
  close(): void
}

/**
 * Watches the event loop: when half of all turns are later than the limit, queueing more work helps nobody. In two looks
 * in a row, since one long turn, which is over, is all that the look after it sees.
 */
export const createShedder = (
  limitMs = 500,
  delay: Delay = monitorEventLoopDelay({ resolution: 20 }),
  everyMs = 1000,
): Shedder => {
  delay.enable()
  let wasLate = false
  let overloaded = false
  const timer = setInterval(() => {
    const isLate = delay.percentile(50) / 1e6 > limitMs
    overloaded = isLate && wasLate
    wasLate = isLate
    delay.reset()
  }, everyMs)
  timer.unref()
  return {
    isOverloaded: () => overloaded,
    close: () => {
      clearInterval(timer)
      delay.disable()
    },
  }
}

type Delay = Pick<ReturnType<typeof monitorEventLoopDelay>, 'enable' | 'disable' | 'reset' | 'percentile'>
