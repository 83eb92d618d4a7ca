import { AppError } from '#kernel/errors.ts'
import { type BalanceItem, netOf } from './stripe-items.ts'

/** Items that no payout has paid yet, at most; they are all held in memory. */
const openMax = 500_000

/** A payout and the items it paid. */
export interface PaidOut {
  readonly payout: BalanceItem
  readonly items: readonly BalanceItem[]
}

/**
 * Which items a payout paid. The provider books only the sum, so a payout is laid against what was available on its
 * day, oldest first: it paid the longest run of items that adds up to it. Where none does, it stays open itself, and so
 * does all that it may have paid: the open items always add up to the balance.
 */
export const createOpenItems = (carriedForward: readonly BalanceItem[]) => {
  const byCurrency = new Map<string, BalanceItem[]>()
  const openOf = (currency: string): BalanceItem[] => {
    const open = byCurrency.get(currency) ?? []
    byCurrency.set(currency, open)
    return open
  }
  for (const item of carriedForward) openOf(item.currency).push(item)
  let count = 0
  return {
    /** Takes the next item; answers what was paid when it is a payout that adds up. */
    take: (item: BalanceItem): PaidOut | undefined => {
      const open = openOf(item.currency)
      const paid = item.category === 'payout' ? paidBy(item, open) : undefined
      if (paid === undefined) {
        open.push(item)
        if (++count > openMax) throw tooMany()
        return undefined
      }
      byCurrency.set(
        item.currency,
        open.filter((one) => !paid.has(one)),
      )
      count -= paid.size
      return { payout: item, items: [...paid] }
    },
    rest: (): readonly BalanceItem[] => [...byCurrency].sort().flatMap(([, open]) => open),
  }
}

const paidBy = (payout: BalanceItem, open: readonly BalanceItem[]): ReadonlySet<BalanceItem> | undefined => {
  const day = payout.transaction.effectiveOn
  const available = open.filter(({ availableOn }) => availableOn <= day).sort(byAvailability)
  let sum = 0n
  let length = 0
  for (const [index, item] of available.entries()) {
    sum += netOf(item)
    if (sum === -netOf(payout)) length = index + 1
  }
  return length === 0 ? undefined : new Set(available.slice(0, length))
}

const byAvailability = (a: BalanceItem, b: BalanceItem): number => {
  if (a.availableOn !== b.availableOn) return a.availableOn < b.availableOn ? -1 : 1
  return a.transaction.seq < b.transaction.seq ? -1 : 1
}

const tooMany = (): AppError =>
  new AppError('export_too_large', {
    message: `More than ${openMax} balance transactions wait for a payout. Choose a shorter time or one currency.`,
  })
