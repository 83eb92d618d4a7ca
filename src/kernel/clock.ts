/** The only source of time. Tests pass a clock they can move. */
export interface Clock {
  now(): Date
}

export const systemClock: Clock = { now: () => new Date() }

/** Unix seconds, as Stripe's wire carries time. */
export const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000)

export const addMs = (date: Date, ms: number): Date => new Date(date.getTime() + ms)
