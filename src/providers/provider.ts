import type { Currency } from '#kernel/currencies.ts'
import type { AccountFault } from './account-fault.ts'
import type { DisputeCalls } from './disputes.ts'
import type { ProviderFee } from './fee.ts'
import type { FieldsCalls } from './fields.ts'
import type { Handover, HandoverRules, PageWay } from './handover.ts'
import type { MoneyCalls } from './money.ts'
import type { ProviderNotice } from './notice.ts'
import type { CaptureOptions, ProviderTransfer, RefundOptions } from './options.ts'
import type { MandateAcceptance, OrderDetails } from './order-details.ts'
import type { PayerAmount, ProviderDiscount } from './price.ts'
import type { SetupCalls } from './setups.ts'
import type { StatementCalendar, StatementCalls } from './statements.ts'
import type { TransferCalls } from './transfers.ts'

/**
 * The port to a payment provider. Slices know only this file; an adapter (`providers/stripe/`) implements it and
 * `app.ts` registers it. Amounts are integer minor units, times are `Date`s, `ref` is the provider's own id.
 */
export type ProviderId = 'stripe' | 'wechatpay' | 'telegram' | 'whatsapp'

/** What a provider can do, as data that drives behaviour. */
export interface ProviderCapabilities {
  readonly currencies: 'all' | readonly Currency[]
  readonly manualCapture: boolean
  readonly partialCapture: boolean
  readonly incrementalAuthorization: boolean
  /** Takes a held payment in several captures, where the payer's bank agrees (`ProviderCharge.multicapture`). */
  readonly multicapture?: boolean
  /** Captures more than was held, where the payer's bank agrees (`ProviderCharge.maxCapturable`). */
  readonly overcapture?: boolean
  /** Takes a fee for the deployment with a payment (`OrderDetails.applicationFee`); an account that is connected to it. */
  readonly applicationFees?: boolean
  /** Passes payments on to accounts that are connected to this one (`OrderDetails.transfer`), and keeps a fee of them. */
  readonly destinationCharges?: boolean
  readonly partialRefund: boolean
  /** A refund that was sent stays: `cancelRefund` is always refused. */
  readonly refundsAreFinal?: boolean
  /** Paid on a page only: `authorize` is always refused. */
  readonly pageOnly?: boolean
  /** Statements, where fees are told a day later in a file. */
  readonly statements?: StatementCalendar
  /** Minor units, both ends included; undefined: not known before the provider is asked. */
  readonly amountLimits?: (currency: Currency) => { readonly min: bigint; readonly max: bigint } | undefined
  /** Keeps a payer's method and charges it again. Otherwise `createCustomer` and `detachMethod` are refused. */
  readonly savedMethods: boolean
  /** How long the provider remembers an idempotency key, in ms. After that an unknown call is looked up, not resent. */
  readonly idempotencyHorizonMs: number
}

/** State of a payment at the provider, in Stripe's words (the dialect of our own API). */
export type PaymentState =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled'

export interface ProviderDecline {
  /** A code of Stripe's card errors: `card_declined`, `expired_card`, `authentication_required` … */
  code: string
  declineCode?: string
  message: string
  /** Set when it is the account that cannot, whoever pays and with whatever: another account may be asked. */
  accountFault?: AccountFault
}

/** How the payer paid, without anything secret. `raw` is the public `payment_method_details` object for the charge. */
export interface PaymentMethodDetails {
  type: string
  brand?: string
  last4?: string
  expMonth?: number
  expYear?: number
  country?: string
  funding?: string
  /** What left the payer's own account, where that is another currency or (after a discount) less. */
  payer?: PayerAmount
}

/** One attempt to take money. */
export interface ProviderCharge {
  ref: string
  state: 'pending' | 'succeeded' | 'failed'
  /** What it is authorised for, or more than that if more was captured. */
  amount: bigint
  amountCaptured: bigint
  /** Absent where the provider says nothing of refunds with a payment. */
  amountRefunded?: bigint
  /** Nothing more can be captured: all was taken, or the rest was given back. */
  captured: boolean
  /** May be captured in several parts. */
  multicapture?: boolean
  /** May be captured up to this much, which is more than was authorised. */
  maxCapturable?: bigint
  method?: PaymentMethodDetails
  decline?: ProviderDecline
  applicationFee?: { ref?: string; amount: bigint }
  transfer?: ProviderTransfer
  fee?: ProviderFee
  /** Of the captures after the first, where there are several. */
  moreFees?: readonly ProviderFee[]
  discounts?: readonly ProviderDiscount[]
  createdAt: Date
}

/** The whole payment as the provider sees it now. */
export interface ProviderPayment {
  ref: string
  state: PaymentState
  amount: bigint
  amountCapturable: bigint
  amountReceived: bigint
  currency: Currency
  methodRef?: string
  /** The customer at the provider for whom the method is kept once this is paid, to be charged again. */
  savedFor?: string
  charge?: ProviderCharge
  /** Where to send the payer when the state is `requires_action`. */
  actionUrl?: string
  decline?: ProviderDecline
  canceledReason?: string
  /** Our ids, as we put them into the provider's metadata when the payment was made. */
  tags: ProviderTags
}

export interface ProviderTags {
  merchant?: string
  paymentIntent?: string
  refund?: string
  setupIntent?: string
}

export type RefundState = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'

export interface ProviderRefund {
  ref: string
  state: RefundState
  amount: bigint
  currency: Currency
  paymentRef?: string
  chargeRef?: string
  failureReason?: string
  /** Present once the provider has given the money back after a failure. */
  failureBalanceRef?: string
  /** The idempotency key that made it, where the provider keeps that instead of our tags. */
  key?: string
  /** Of `amount`, what the merchant never received for its own discount, and so does not give back. */
  discount?: bigint
  createdAt: Date
  tags: ProviderTags
}

/** The provider's hosted page for one payment. `paymentRef` appears once the payer has submitted the page. */
export interface ProviderPage {
  ref: string
  /** Where the payer goes; absent once the page is no longer open, or when there is only a `handover`. */
  url?: string
  handover?: Handover
  state: 'open' | 'complete' | 'expired'
  paymentRef?: string
  /** Of an open page. */
  expiresAt?: Date
}

/** An answer to a command. `unknown` means: nobody knows whether the work was done; look it up, never guess. */
export type ProviderAnswer<T> =
  | { outcome: 'ok'; value: T; requestId?: string }
  /** The provider refused: the command had no effect. `payment` is its state after a declined attempt. */
  | { outcome: 'refused'; decline: ProviderDecline; payment?: ProviderPayment; requestId?: string }
  | { outcome: 'unknown'; reason: string }

interface Command {
  /** The operation row's id: the provider's idempotency key, written before the call and never regenerated. */
  idempotencyKey: string
}

/** Whose payment it is, at a provider with `savedMethods`. */
interface Payer {
  /** The provider's customer: a method that is kept can be charged with its own customer only. */
  customerRef?: string
  /**
   * Keep the method for later, once it has paid; the payer has agreed. `on_session`: to be charged when they pay
   * themselves, and not otherwise. Needs `customerRef`.
   */
  save?: 'off_session' | 'on_session'
}

export interface AuthorizeCommand extends Command, Payer {
  /** Set when the payment exists at the provider already (second attempt); otherwise it is created. */
  paymentRef?: string
  amount: bigint
  currency: Currency
  /** The provider's payment method (`pm_card_visa`, `pm_…`). */
  method: string
  capture: 'automatic' | 'manual'
  incremental: boolean
  /** Asks for a hold that can be captured in parts, or for more than it is, where the payer's bank agrees. */
  multicapture?: boolean
  overcapture?: boolean
  offSession: boolean
  /** Refuse instead of asking the payer, who is not there. */
  refuseAction?: boolean
  mandate?: MandateAcceptance
  returnUrl: string
  description?: string
  details?: OrderDetails
  tags: ProviderTags
}

export interface PageCommand extends Command, Payer, PageWay {
  amount: bigint
  currency: Currency
  capture: 'automatic' | 'manual'
  /** Asks for a hold that can be captured in parts, or for more than it is, where the payer's bank agrees. */
  multicapture?: boolean
  overcapture?: boolean
  details?: OrderDetails
  title: string
  items: readonly { name: string; amount: bigint; quantity: number }[]
  returnUrl: string
  cancelUrl: string
  locale?: string
  expiresAt?: Date
  tags: ProviderTags
}

export interface PaymentProvider {
  readonly id: ProviderId
  readonly capabilities: ProviderCapabilities
  /** Present where a page is not one URL for everybody. */
  readonly handovers?: HandoverRules
  /** Present where the account can show its fields on a page of ours. */
  readonly fields?: FieldsCalls
  /** Present where payers can dispute what they paid. */
  readonly disputes?: DisputeCalls
  /** Present where the provider tells its account with us: entries and payouts. */
  readonly money?: MoneyCalls
  /** Present where a method can be kept without a payment; needs `savedMethods`. */
  readonly setups?: SetupCalls
  /** Present with the capability of that name. */
  readonly statements?: StatementCalls
  /** Present where the account may pay people. */
  readonly transfers?: TransferCalls
  authorize(command: AuthorizeCommand): Promise<ProviderAnswer<ProviderPayment>>
  capture(
    command: Command & CaptureOptions & { paymentRef: string; amount: bigint; currency: Currency },
  ): Promise<ProviderAnswer<ProviderPayment>>
  cancel(command: Command & { paymentRef: string; reason?: string }): Promise<ProviderAnswer<ProviderPayment>>
  /** `amount` is the new total. */
  increment(
    command: Command & { paymentRef: string; amount: bigint; currency: Currency },
  ): Promise<ProviderAnswer<ProviderPayment>>
  refund(
    command: Command & RefundOptions & { paymentRef: string; amount: bigint; currency: Currency; tags: ProviderTags },
  ): Promise<ProviderAnswer<ProviderRefund>>
  cancelRefund(command: Command & { refundRef: string }): Promise<ProviderAnswer<ProviderRefund>>
  openPage(command: PageCommand): Promise<ProviderAnswer<ProviderPage>>
  closePage(command: Command & { pageRef: string }): Promise<ProviderAnswer<ProviderPage>>
  /** Somebody for whom methods are kept, known by our id alone. The same key brings the same customer. */
  createCustomer(command: Command & { customer: string }): Promise<ProviderAnswer<{ ref: string }>>
  /** Forgets a method that was kept; `ok` too when the provider does not have it any more. */
  detachMethod(command: Command & { methodRef: string }): Promise<ProviderAnswer<{ ref: string }>>
  /**
   * Look-ups. They answer `ok` with undefined when the provider certainly does not have the object, and `unknown` for
   * everything else that goes wrong: a refused look-up says nothing about the command it was made for.
   */
  findPayment(query: { paymentRef: string }): Promise<ProviderAnswer<ProviderPayment | undefined>>
  /** Payments that carry our id, newest first: how a lost answer to `authorize` is resolved. */
  findPaymentsByTag(query: { paymentIntent: string; since: Date }): Promise<ProviderAnswer<readonly ProviderPayment[]>>
  /** `paymentRef`: whose refund it is, for providers that know a refund by its payment only. */
  findRefund(query: {
    refundRef: string
    paymentRef?: string | undefined
  }): Promise<ProviderAnswer<ProviderRefund | undefined>>
  /** `keys`: the idempotency keys that were used, for providers that list no refunds but find each by its key. */
  findRefunds(query: {
    paymentRef: string
    keys?: readonly string[]
  }): Promise<ProviderAnswer<readonly ProviderRefund[]>>
  findPage(query: { pageRef: string }): Promise<ProviderAnswer<ProviderPage | undefined>>
  findCharge(query: {
    chargeRef: string
  }): Promise<ProviderAnswer<{ charge: ProviderCharge; paymentRef?: string } | undefined>>
  /** Fetches what `verifyWebhook` will need and does not have, such as a key that is new. Never throws. */
  prepareWebhook?(headers: Readonly<Record<string, string | undefined>>): Promise<void>
  /**
   * Checks a notification over its raw bytes. `ok: false` for a wrong, missing or stale signature (±300 s), a body
   * that is no event, or a body larger than the limit; nothing of it may be used then.
   */
  verifyWebhook(input: {
    body: Uint8Array
    headers: Readonly<Record<string, string | undefined>>
    now: Date
  }): { ok: true; notice: ProviderNotice } | { ok: false; reason: string }
  /** How the provider wants to be answered, where that is not 200 with JSON or our error object. */
  readonly acknowledgement?: { readonly accepted: number; refused(message: string): object }
}
