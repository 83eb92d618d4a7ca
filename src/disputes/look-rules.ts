const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Disputes appear some minutes late, and clocks differ. */
const lookBackMs = 2 * hourMs
/** Longer than nearly every dispute takes, so that what became of an old one is seen, too. */
const deepLookBackMs = 60 * dayMs

/** The next round is so long after the last one. */
export const lookEveryMs = hourMs

/** Where an account starts whose disputes nobody has listed yet. */
export const firstLook = (createdAt: Date): Date => new Date(createdAt.getTime() - deepLookBackMs)

/** From when on a round lists: a little before the last one's beginning, and once a day (UTC) far back. */
export const lookSince = ({ lookedUntil, startedAt }: { lookedUntil: Date; startedAt: Date }): Date => {
  const isNewDay = dayOf(startedAt) !== dayOf(lookedUntil)
  const deep = startedAt.getTime() - deepLookBackMs
  const short = lookedUntil.getTime() - lookBackMs
  return new Date(isNewDay && deep < short ? deep : short)
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** How long to wait after the given number of failures in a row, in ms: half a minute, doubled each time, up to an hour. */
export const lookPauseMs = (failures: number): number => Math.min(30_000 * 2 ** Math.min(failures, 7), hourMs) // exact: a time span
