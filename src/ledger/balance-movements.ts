import type { SealedEntry } from './canonical.ts'

/** What an account took on either side, in its own currency and in the base currency; all of it ≥ 0. */
export interface Turnover {
  readonly debit: bigint
  readonly credit: bigint
  readonly baseDebit: bigint
  readonly baseCredit: bigint
}

export const noTurnover: Turnover = { debit: 0n, credit: 0n, baseDebit: 0n, baseCredit: 0n }

export const addTurnover = (a: Turnover, b: Turnover): Turnover => ({
  debit: a.debit + b.debit,
  credit: a.credit + b.credit,
  baseDebit: a.baseDebit + b.baseDebit,
  baseCredit: a.baseCredit + b.baseCredit,
})

/** What one entry does to its account. */
export const turnoverOf = ({ amount, baseAmount }: Pick<SealedEntry, 'amount' | 'baseAmount'>): Turnover => ({
  debit: amount > 0n ? amount : 0n,
  credit: amount < 0n ? -amount : 0n,
  baseDebit: baseAmount > 0n ? baseAmount : 0n,
  baseCredit: baseAmount < 0n ? -baseAmount : 0n,
})

/** What an account took on one day (2026-11-30, UTC). */
export interface Movement extends Turnover {
  readonly merchantId: string
  readonly accountId: string
  readonly day: string
}

interface Moved {
  readonly merchantId: string
  readonly day: string
  readonly entries: readonly (SealedEntry & { readonly accountId: string })[]
}

/** Transactions by account and day. */
export const movementsOf = (transactions: readonly Moved[]): Movement[] => {
  const movements = new Map<string, Movement>()
  for (const { merchantId, day, entries } of transactions) {
    for (const entry of entries) {
      const { accountId } = entry
      const key = `${merchantId} ${accountId} ${day}`
      const before = movements.get(key) ?? noTurnover
      movements.set(key, { merchantId, accountId, day, ...addTurnover(before, turnoverOf(entry)) })
    }
  }
  return [...movements.values()]
}
