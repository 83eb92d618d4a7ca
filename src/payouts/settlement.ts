import type { Currency } from '#kernel/currencies.ts'

/** An entry that has become available. */
export interface DueEntry {
  readonly id: string
  readonly currency: Currency
  readonly net: bigint
  readonly availableOn: Date
}

/** What of one account became available on one day, in one currency. */
export interface Batch {
  readonly currency: Currency
  /** YYYY-MM-DD, UTC: the provider's own days. */
  readonly day: string
  readonly amount: bigint
  readonly entryIds: readonly string[]
  /** When the last of it became available. */
  readonly availableOn: Date
}

/** Every entry in exactly one batch; the amounts of the batches are the sum of the entries. */
export const batchesOf = (entries: readonly DueEntry[]): Batch[] => {
  const sorted = entries.toSorted((a, b) => a.availableOn.getTime() - b.availableOn.getTime())
  const groups = Map.groupBy(sorted, (entry) => `${entry.currency} ${dayOf(entry.availableOn)}`)
  return [...groups.values()].flatMap((group) => {
    const last = group.at(-1)
    if (!last) return []
    const amount = group.reduce((sum, entry) => sum + entry.net, 0n)
    const { currency, availableOn } = last
    return [{ currency, day: dayOf(availableOn), amount, entryIds: group.map(({ id }) => id), availableOn }]
  })
}

/** How the ledger calls a batch: the account, the currency and the day, and which part where entries came late. */
export const batchRef = (
  account: { readonly provider: string; readonly connection: string },
  { currency, day }: Pick<Batch, 'currency' | 'day'>,
  part: number,
): string =>
  [account.provider, account.connection, currency, day, part === 1 ? '' : part.toString()].filter(Boolean).join(':')

const dayOf = (time: Date): string => time.toISOString().slice(0, 10)
