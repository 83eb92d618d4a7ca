import type { Currency } from '#kernel/currencies.ts'
import type { ProviderAnswer } from './provider.ts'

/** When a provider's statements of a day are there. Days are the provider's own, in its time zone. */
export interface StatementCalendar {
  /** Minutes that the provider's day starts before UTC's: 480 for China. */
  readonly offsetMinutes: number
  /** Hours after the end of the day until its statement can be had. */
  readonly readyAfterHours: number
  /** How many days back one can still be had. */
  readonly daysKept: number
}

/** One line of a statement. Minor units; a fee that was given back is negative. */
export interface StatementLine {
  readonly kind: 'payment' | 'refund'
  readonly paymentRef: string
  readonly chargeRef: string
  /** The refund's, as in `ProviderRefund.ref`. */
  readonly refundRef?: string
  /** The key under which the line's fee is booked once. */
  readonly balanceRef: string
  readonly amount: bigint
  /** What `amount` is in: the price's currency. */
  readonly currency: Currency
  /** What reaches the merchant (or, of a refund, leaves it) before the fee: `amount` without the merchant's own discounts. */
  readonly settled: bigint
  readonly fee: bigint
  /** What `settled` and `fee` are in; at home the price's currency, too. */
  readonly settlementCurrency: Currency
  readonly at: Date
}

/** `none`: nothing happened on that day. */
export type Statement = { kind: 'lines'; lines: readonly StatementLine[] } | { kind: 'none' } | { kind: 'not_ready' }

/** Look-ups of finished days (YYYY-MM-DD). A file that is damaged or does not add up is `unknown`, never read in part. */
export interface StatementCalls {
  trades(query: { day: string }): Promise<ProviderAnswer<Statement>>
}
