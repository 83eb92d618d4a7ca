import type { Currency } from '#kernel/currencies.ts'
import type { ProviderAnswer, ProviderTags } from './provider.ts'

/** What moves an account's balance at a provider, whatever the provider calls it. `other` is known to nobody yet. */
export type BalanceEntryKind =
  | 'charge'
  | 'charge_failure'
  | 'refund'
  | 'refund_failure'
  | 'dispute'
  | 'dispute_reversal'
  /** Of a charge that is passed on: what went to its destination, and what came of it to the platform; and back. */
  | 'transfer'
  | 'transfer_reversal'
  | 'application_fee'
  | 'application_fee_refund'
  | 'fee'
  | 'payout'
  | 'payout_reversal'
  | 'payout_fee'
  | 'reserve_hold'
  | 'reserve_release'
  | 'other'

/** What an entry comes from. `tags` are our ids in the object's metadata, where the provider tells them. */
export interface BalanceEntrySource {
  readonly kind: 'charge' | 'refund' | 'dispute' | 'payout' | 'other'
  readonly ref: string
  /** The charge that it is, or that it gives back or disputes. */
  readonly chargeRef?: string
  readonly paymentRef?: string
  readonly tags: ProviderTags
}

/** One line of the provider's account with us. Signed minor units; `net` = `amount` − `fee`, and the balance is their sum. */
export interface ProviderBalanceEntry {
  readonly ref: string
  readonly kind: BalanceEntryKind
  /** The provider's own words (Stripe's `type` and `reporting_category`), shown as they are. */
  readonly type: string
  readonly category: string
  readonly amount: bigint
  readonly fee: bigint
  /** Of the fee, what the platform gets that the account is connected to. */
  readonly applicationFee?: bigint
  readonly net: bigint
  readonly currency: Currency
  readonly source?: BalanceEntrySource
  readonly description?: string
  /** Pending until then. Which of it has become available is the calendar's to say, not a later entry's. */
  readonly availableOn: Date
  readonly createdAt: Date
  readonly status: 'pending' | 'available'
}

export type ProviderPayoutState = 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled'

/** Money on its way from the provider to the bank. A payout that is `paid` may still become `failed`. */
export interface ProviderPayout {
  readonly ref: string
  readonly state: ProviderPayoutState
  /** Minor units, negative when the bank pays for a negative balance. */
  readonly amount: bigint
  readonly currency: Currency
  readonly arrivalDate: Date
  /** Made by the provider's calendar: only of such a payout does the provider tell the entries. */
  readonly automatic: boolean
  readonly method: 'standard' | 'instant'
  /** Whether `listEntries` by this payout is complete now. */
  readonly isComposed: boolean
  /** The entries that took the money, and gave it back after a failure. */
  readonly entryRef?: string
  readonly failureEntryRef?: string
  readonly failureCode?: string
  readonly failureMessage?: string
  /** What the bank statement will call it, where the bank says so. */
  readonly traceRef?: string
  readonly description?: string
  readonly statementDescriptor?: string
  readonly livemode: boolean
  readonly createdAt: Date
}

/** A page of a list; the list is complete once there is no `next`. What is added meanwhile may be missing or not. */
export interface MoneyPage<T> {
  readonly data: readonly T[]
  readonly next?: string
}

/**
 * A provider that tells its account with us, line by line: `PaymentProvider.money`. All are look-ups and change nothing.
 * An amount, currency or state nobody knows makes the answer `unknown`: an entry is never left out.
 */
export interface MoneyCalls {
  /** Every entry made since then, or those that a payout took (its own among them). `cursor`: the last page's `next`. */
  listEntries(
    query: ({ since: Date } | { payoutRef: string }) & { cursor?: string | undefined },
  ): Promise<ProviderAnswer<MoneyPage<ProviderBalanceEntry>>>
  findEntry(query: { entryRef: string }): Promise<ProviderAnswer<ProviderBalanceEntry | undefined>>
  findPayout(query: { payoutRef: string }): Promise<ProviderAnswer<ProviderPayout | undefined>>
  listPayouts(query: { since: Date; cursor?: string | undefined }): Promise<ProviderAnswer<MoneyPage<ProviderPayout>>>
}
