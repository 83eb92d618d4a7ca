import { firstDay, type Month, monthOfDay, monthsDown, nextMonth } from './month.ts'

/** A row of the period's history, the oldest first. `closedUntil` is the first open day. */
export interface Lock {
  readonly number: number
  readonly action: 'closing' | 'closed' | 'reopened'
  readonly closedUntil: string
  readonly proposalId: string
  readonly asOfSeq: bigint | null
  readonly sha256: Buffer | null
  readonly createdAt: Date
  readonly reason: string
  readonly proposedBy: string
  readonly decidedBy: string | null
}

export type PeriodStatus = 'open' | 'closing' | 'closed'

/** What may be done next: months close in their order and reopen from the last one. */
export interface BooksState {
  /** The earliest open month; undefined while nothing is booked. */
  readonly next: Month | undefined
  readonly closing: Month | undefined
  readonly lastClosed: Month | undefined
}

/** The state that the history comes to. `firstBooked` is the month of the earliest entry. */
export const booksState = (locks: readonly Lock[], firstBooked: Month | undefined): BooksState => {
  const last = locks.at(-1)
  if (!last) return { next: firstBooked, closing: undefined, lastClosed: undefined }
  const open = monthOfDay(last.closedUntil)
  if (last.action === 'closing') return { next: open, closing: closedBy(last), lastClosed: undefined }
  const lastClosed = locks.findLast((lock) => lock.action === 'closed' && lock.closedUntil === last.closedUntil)
  return { next: open, closing: undefined, lastClosed: lastClosed && closedBy(lastClosed) }
}

/** The month that a closing ends. */
const closedBy = ({ closedUntil }: Lock): Month => {
  const end = new Date(`${closedUntil}T00:00:00Z`)
  return monthOfDay(new Date(end.getTime() - 1).toISOString())
}

export interface Period {
  readonly month: Month
  readonly status: PeriodStatus
  /** The closing that holds; undefined while the month is open. */
  readonly closed: Lock | undefined
  /** All that was done to the month, the oldest first. */
  readonly history: readonly Lock[]
}

/** The months from the first booked to `last`, newest first. */
export const periodsOf = (locks: readonly Lock[], firstBooked: Month | undefined, last: Month): Period[] => {
  if (firstBooked === undefined) return []
  const state = booksState(locks, firstBooked)
  return monthsDown(firstBooked, last).map((month) => periodOf(locks, state, month))
}

const periodOf = (locks: readonly Lock[], { next, closing }: BooksState, month: Month): Period => {
  const history = locks.filter((lock) => monthOfLock(lock) === month && lock.action !== 'closing')
  const isOpen = next === undefined || month >= next
  const status = month === closing ? 'closing' : isOpen ? 'open' : 'closed'
  const closed = status === 'closed' ? history.findLast((lock) => lock.action === 'closed') : undefined
  return { month, status, closed, history }
}

const monthOfLock = (lock: Lock): Month => (lock.action === 'reopened' ? monthOfDay(lock.closedUntil) : closedBy(lock))

/** Where the history stands once `month` is closed: its first open day. */
export const closedUntil = (month: Month): string => firstDay(nextMonth(month))
