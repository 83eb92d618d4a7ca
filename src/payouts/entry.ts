import { isCurrency } from '#kernel/currencies.ts'
import type { BalanceEntrySource, ProviderBalanceEntry } from '#providers/money.ts'

/** An entry as JSON, to be kept while it is nobody's. */
export const storeEntry = (entry: ProviderBalanceEntry): string =>
  JSON.stringify(entry, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

interface Stored {
  ref: string
  kind: ProviderBalanceEntry['kind']
  type: string
  category: string
  amount: string
  fee: string
  applicationFee?: string
  net: string
  currency: string
  source?: BalanceEntrySource
  description?: string
  availableOn: string
  createdAt: string
  status: ProviderBalanceEntry['status']
}

/** The entry that `storeEntry` kept. */
export const readStored = (content: unknown): ProviderBalanceEntry => {
  const { applicationFee, ...stored } = content as Stored
  if (!isCurrency(stored.currency)) throw new Error(`unknown currency ${stored.currency}`)
  return {
    ...stored,
    currency: stored.currency,
    amount: BigInt(stored.amount),
    fee: BigInt(stored.fee),
    ...(applicationFee === undefined ? {} : { applicationFee: BigInt(applicationFee) }),
    net: BigInt(stored.net),
    availableOn: new Date(stored.availableOn),
    createdAt: new Date(stored.createdAt),
  }
}
