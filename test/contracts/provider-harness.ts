import type { Currency } from '#kernel/currencies.ts'
import type { PaymentProvider, ProviderPage } from '#providers/provider.ts'

/** A notification as it arrived. */
export interface Notification {
  body: Uint8Array
  headers: Readonly<Record<string, string | undefined>>
}

/** A provider and the other side of it: its simulator, the payer, and the wire between. */
export interface ProviderHarness {
  provider: PaymentProvider
  currency: Currency
  /** The provider's own test methods, by what they do. */
  methods: Readonly<
    Record<'good' | 'declined' | 'needsAction' | 'needsActionAlways' | 'refundFails' | 'refundPends', string>
  >
  /** Well-formed ids that the provider has never given out. */
  missing: Readonly<Record<'payment' | 'charge' | 'refund' | 'page' | 'method', string>>
  now(): Date
  /** Spoils the next command: it fails before or after its work, or is done and the answer never arrives. */
  spoilNext(how: 'fails_before' | 'fails_after' | 'answer_lost'): Promise<void>
  /** The payer answers the bank's question behind an `actionUrl`. */
  act(actionUrl: string, verdict: 'approve' | 'fail'): Promise<void>
  /** The payer goes where the page leads, and pays once: by one of `methods`. */
  payPage(page: ProviderPage, method: string): Promise<void>
  /** Lets happen now what the provider would do later: refunds settle or fail. */
  settle(): Promise<void>
  /** The next notification is delivered twice. */
  duplicateNext(): Promise<void>
  /** Every notification that came since the last call, once all that are due have come. */
  notifications(): Promise<readonly Notification[]>
  /** Correctly signed, but nothing that the provider sends by itself. */
  signed(what: 'of no interest' | 'of an unknown type' | 'no event'): Notification
  close(): Promise<void>
}
