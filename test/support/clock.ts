import type { Clock } from '#kernel/clock.ts'

export interface MovableClock extends Clock {
  advance(ms: number): void
}

/** Runs with the real time, because the official verifiers compare with that, and jumps when told. */
export const movableClock = (): MovableClock => {
  let offset = 0
  return {
    now: () => new Date(Date.now() + offset),
    advance: (ms) => {
      offset += ms
    },
  }
}
