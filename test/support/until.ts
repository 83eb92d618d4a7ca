import { setTimeout as pause } from 'node:timers/promises'

const pollMs = 5

/** Waits for a condition and for nothing else; says what it waited for when it does not come. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 20_000 }: { withinMs?: number } = {},
): Promise<void> => {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for: ${what}`)
    await pause(pollMs)
  }
}
