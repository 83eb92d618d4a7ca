import type { Clock } from '#kernel/clock.ts'

const triesMax = 10
const windowMs = 600_000
const rememberedMax = 10_000

/** Whether somebody may try once more: ten times in ten minutes, for who tries more often guesses. Per process. */
export const createTries = (clock: Clock): ((name: string) => boolean) => {
  const tries = new Map<string, { count: number; since: number }>()
  return (name) => {
    const now = clock.now().getTime()
    const known = tries.get(name)
    const current = known && now - known.since < windowMs ? known : { count: 0, since: now }
    if (tries.size >= rememberedMax) tries.clear()
    tries.set(name, { ...current, count: current.count + 1 })
    return current.count < triesMax
  }
}
