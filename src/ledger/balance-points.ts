/** The day of a moment (UTC): 2026-11-30. */
export const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10)

/** The first day of its month. */
export const monthOf = (moment: Date): string => `${moment.toISOString().slice(0, 7)}-01`

/** The moment at which a parameter that includes its second, or its day (2026-11-30, UTC), is over. */
export const endOf = (included: number | string): Date =>
  new Date(typeof included === 'number' ? (included + 1) * 1000 : Date.parse(`${included}T00:00:00Z`) + dayMs)

/** The moment at which the second, or the day, begins. */
export const startOf = (included: number | string): Date =>
  new Date(typeof included === 'number' ? included * 1000 : `${included}T00:00:00Z`)

/** The beginning of its hour. */
export const hourOf = (moment: Date): Date => new Date(moment.getTime() - (moment.getTime() % hourMs))

/** The hours of its day (UTC) that are over at a moment, by their beginnings. */
export const hoursBefore = (moment: Date): Date[] => {
  const midnight = startOf(dayOf(moment)).getTime()
  return Array.from(
    { length: (hourOf(moment).getTime() - midnight) / hourMs },
    (_, n) => new Date(midnight + n * hourMs),
  )
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
