/** An accounting period: a month of UTC, 2026-10. */
export type Month = string & { readonly __month: unique symbol }

export const isMonth = (text: string): text is Month => /^\d{4}-(0[1-9]|1[0-2])$/.test(text)

export const monthOf = (moment: Date): Month => moment.toISOString().slice(0, 7) as Month

/** The month that a day (2026-10-01) lies in. */
export const monthOfDay = (day: string): Month => day.slice(0, 7) as Month

/** Its first day: 2026-10-01. */
export const firstDay = (month: Month): string => `${month}-01`

export const startOf = (month: Month): Date => new Date(`${month}-01T00:00:00Z`)

/** The month `count` later, earlier when negative. */
export const addMonths = (month: Month, count: number): Month => {
  const start = startOf(month)
  return monthOf(new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + count)))
}

export const nextMonth = (month: Month): Month => addMonths(month, 1)

/** Every month from `first` to `last`, newest first. */
export const monthsDown = (first: Month, last: Month): Month[] => {
  const months: Month[] = []
  for (let month = last; month >= first; month = addMonths(month, -1)) months.push(month)
  return months
}
