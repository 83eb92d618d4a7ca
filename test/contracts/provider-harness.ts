import type { Currency } from '#kernel/currencies.ts'
import type { PaymentProvider, ProviderPage, ProviderPayment } from '#providers/provider.ts'

/**
 * What a provider offers beyond a page that is paid, notified, looked up and refunded, which all do. The suite holds the
 * adapter to what it names here, and to saying no to all the rest.
 */
export type Feature =
  /** A method is charged without a page. */
  | 'charges'
  | 'holds'
  | 'increments'
  | 'multicapture'
  | 'overcapture'
  | 'refund_cancellations'
  | 'amount_limits'
  | 'saved_methods'
  | 'setups'
  | 'disputes'
  /** Disputes that take the money. */
  | 'chargebacks'
  | 'evidence_files'
  /** Images alone, which are not kept before they are submitted. */
  | 'evidence_images'
  | 'money'
  | 'statements'
  | 'transfers'

/** A notification as it arrived. */
export interface Notification {
  body: Uint8Array
  headers: Readonly<Record<string, string | undefined>>
}

/** A provider and the other side of it: its simulator, the payer, and the wire between. */
export interface ProviderHarness {
  provider: PaymentProvider
  /** The same account over a wire on which every state has become a word that nobody knows. */
  stranger: PaymentProvider
  currency: Currency
  /** The provider's own test methods, by what they do. */
  methods: Readonly<
    Record<'good' | 'declined' | 'needsAction' | 'needsActionAlways' | 'refundFails' | 'refundPends', string>
  >
  /** Well-formed ids that the provider has never given out. */
  missing: Readonly<Record<'payment' | 'charge' | 'refund' | 'page' | 'method' | 'dispute', string>>
  now(): Date
  /** Spoils the next command: it fails before or after its work, or is done and the answer never arrives. */
  spoilNext(how: 'fails_before' | 'fails_after' | 'answer_lost'): Promise<void>
  /** The payer answers the bank's question behind an `actionUrl`. */
  act(actionUrl: string, verdict: 'approve' | 'fail'): Promise<void>
  /** The payer goes where the page leads, and pays once: by one of `methods`. */
  payPage(page: ProviderPage, method: string): Promise<void>
  /** Lets happen now what the provider would do later: refunds settle or fail, payouts arrive. */
  settle(): Promise<void>
  /** The next notification is delivered twice. */
  duplicateNext(): Promise<void>
  /** Every notification that came since the last call, once all that are due have come. */
  notifications(): Promise<readonly Notification[]>
  /** Correctly signed, but nothing that the provider sends by itself. */
  signed(what: 'of no interest' | 'of an unknown type' | 'no event'): Notification
  /** A notification with which the provider tests whether signatures are checked, where it does. */
  probe?(): Notification
  /** With `disputes`. */
  disputes?: DisputeHarness
  /** With `money`. */
  money?: MoneyHarness
  /** With `statements`: ends the day, waits until its statement can be had, and says which day it was. */
  endDay?(): Promise<string>
  /** With `transfers`: a payee who can be paid, and what the provider wants to know of it. */
  payee?: { payee: string; reports: readonly { type: string; content: string }[] }
  close(): Promise<void>
}

/** What payers and their banks do. */
export interface DisputeHarness {
  /** The payer of that payment disputes it; answers the dispute's ref. `takes`: the money goes at once. */
  open(payment: ProviderPayment, how: 'takes' | 'asks'): Promise<string>
  /** Whether a question must be answered before it can be closed. */
  wantsAnswer: boolean
  /** With `chargebacks`: the bank decides, for the merchant or against. */
  decide?(ref: string, verdict: 'win' | 'lose'): Promise<void>
}

/** What happens to the balance without a payment. */
export interface MoneyHarness {
  /** A movement of the provider's own: a fee is negative; a reserve is taken (negative) and given back. */
  move(kind: 'fee' | 'reserve' | 'other', amount: bigint): Promise<void>
  /** Pays out all that is available, and answers the payout's ref. */
  payOut(): Promise<string>
  /** The bank sends it back. */
  bounce(ref: string): Promise<void>
  /** A payment whose money is available for a payout at once. */
  availableMethod: string
  /** More entries than the provider tells on one page. */
  moreThanAPage: number
  missing: { entry: string; payout: string }
}
