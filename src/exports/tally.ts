import type { JournalAccount, JournalLine } from './journal.ts'

/** What lines add up to, by account of the chart and currency, minor units. Debit and credit are both ≥ 0. */
export interface AccountTotal {
  readonly code: string
  readonly name: string
  readonly currency: string
  readonly debit: string
  readonly credit: string
}

export interface Tally {
  add(lines: readonly JournalLine[]): void
  rows(): bigint
  totals(): AccountTotal[]
}

export const createTally = (): Tally => {
  const sums = new Map<JournalAccount, { debit: bigint; credit: bigint }>()
  let count = 0
  return {
    add: (lines) => {
      count += lines.length
      for (const { account, amount } of lines) {
        let sum = sums.get(account)
        if (!sum) {
          sum = { debit: 0n, credit: 0n }
          sums.set(account, sum)
        }
        if (amount > 0n) sum.debit += amount
        else sum.credit -= amount
      }
    },
    rows: () => BigInt(count),
    totals: () =>
      addTotals(
        [...sums].map(([{ code, name, currency }, { debit, credit }]) => ({
          code,
          name,
          currency,
          debit: String(debit),
          credit: String(credit),
        })),
      ),
  }
}

/** Sums of what has the same code and currency, in the order of both. */
export const addTotals = (totals: readonly AccountTotal[]): AccountTotal[] => {
  const sums = new Map<string, AccountTotal>()
  for (const total of totals) {
    const key = `${total.code} ${total.currency}`
    const before = sums.get(key)
    sums.set(key, {
      ...total,
      debit: String(BigInt(total.debit) + BigInt(before?.debit ?? 0)),
      credit: String(BigInt(total.credit) + BigInt(before?.credit ?? 0)),
    })
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total)
}

/** Debits and credits by currency. */
export const totalsByCurrency = (totals: readonly AccountTotal[]) =>
  addTotals(totals.map((total) => ({ ...total, code: '', name: '' }))).map(({ currency, debit, credit }) => ({
    currency,
    debit,
    credit,
  }))
