import { addTurnover, noTurnover, type Turnover, turnoverOf } from './balance-movements.ts'
import type { SealedEntry } from './canonical.ts'

interface Counted {
  readonly day: string
  readonly entries: readonly (SealedEntry & { readonly accountId: string })[]
}

/** A sum that the ledger keeps: `key` is account and day, month or seq. */
export type KeptSum = Turnover & { readonly key: string }

/** Adds up sealed transactions as the roll-ups and the marks do. */
export const createBooks = () => {
  const days = new Map<string, Turnover>()
  const totals = new Map<string, Turnover>()
  let moved = new Set<string>()
  const add = (sums: Map<string, Turnover>, key: string, entry: SealedEntry): void => {
    sums.set(key, addTurnover(sums.get(key) ?? noTurnover, turnoverOf(entry)))
  }
  return {
    count: ({ day, entries }: Counted): void => {
      for (const entry of entries) {
        add(days, `${entry.accountId} ${day}`, entry)
        add(totals, entry.accountId, entry)
        moved.add(entry.accountId)
      }
    },
    /** What the marks at this point have to be; the next ones are those of the accounts that move from here on. */
    takeMarks: (): ReadonlyMap<string, Turnover> => {
      const marks = new Map([...moved].map((account) => [account, totals.get(account) ?? noTurnover]))
      moved = new Set()
      return marks
    },
    days: (): ReadonlyMap<string, Turnover> => days,
    months: (): ReadonlyMap<string, Turnover> => {
      const months = new Map<string, Turnover>()
      for (const [key, turnover] of days) {
        const month = `${key.slice(0, -2)}01`
        months.set(month, addTurnover(months.get(month) ?? noTurnover, turnover))
      }
      return months
    },
  }
}

/** Keys whose kept sum is not what the entries come to. */
export const compareSums = (kept: readonly KeptSum[], counted: ReadonlyMap<string, Turnover>): string[] => {
  const seen = new Map(kept.map((sum) => [sum.key, sum]))
  const isOff = (key: string): boolean => {
    const [a, b] = [seen.get(key) ?? noTurnover, counted.get(key) ?? noTurnover]
    const isSame = a.debit === b.debit && a.credit === b.credit
    return !isSame || a.baseDebit !== b.baseDebit || a.baseCredit !== b.baseCredit
  }
  return [...new Set([...seen.keys(), ...counted.keys()])].filter(isOff)
}
