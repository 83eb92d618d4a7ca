import type Stripe from 'stripe'

/**
 * What the simulator stores: Stripe's own declared types, every expandable field collapsed to its id. Expansion
 * happens on the way out, so that an object lives in one place only.
 */
export type Documents = {
  payment_intent: Flat<Stripe.PaymentIntent>
  charge: Flat<Stripe.Charge>
  refund: Flat<Stripe.Refund>
  balance_transaction: Flat<Stripe.BalanceTransaction>
  customer: Flat<Omit<Stripe.Customer, 'deleted'>>
  payment_method: Flat<Stripe.PaymentMethod>
  setup_intent: Flat<Stripe.SetupIntent>
  dispute: Flat<Stripe.Dispute>
  file: Flat<Stripe.File>
  payout: Flat<Stripe.Payout>
  transfer: Flat<Stripe.Transfer>
  transfer_reversal: Flat<Stripe.TransferReversal>
  application_fee: Flat<Stripe.ApplicationFee>
  fee_refund: Flat<Stripe.FeeRefund>
  'checkout.session': Flat<Stripe.Checkout.Session>
  webhook_endpoint: Flat<Omit<Stripe.WebhookEndpoint, 'deleted'>>
  event: Flat<Omit<Stripe.Event, 'type' | 'data'>> & { type: string; data: EventData }
}

/** What Stripe knows about an object but never shows; the simulator needs it to act like Stripe later. */
export type Hidden = {
  payment_intent: IntentHidden
  /** `unbooked`: captures whose balance transactions are still to come. `chargedBack`: a dispute holds its money. */
  charge: {
    scenario: string
    authorizedAt: number
    refundedWithFee?: number
    unbooked?: number[]
    chargedBack?: boolean
  }
  refund: Empty
  /** `seller`: the account of somebody who got it from a destination charge. */
  balance_transaction: { payout: string | null; seller?: string }
  customer: { deleted: boolean }
  /** `spent`: used without a customer, or detached from one; Stripe takes it no more. */
  payment_method: { scenario: string; authenticated: boolean; spent?: boolean }
  setup_intent: { returnUrl: string | null; session?: string | null }
  dispute: Empty
  file: Empty
  payout: Empty
  /** How much of its charge was refunded together with it. */
  transfer: { refunded: number }
  transfer_reversal: Empty
  application_fee: Empty
  fee_refund: Empty
  'checkout.session': SessionHidden
  webhook_endpoint: { secret: string; deleted: boolean }
  event: Empty
}

export type Kind = keyof Documents
/** `account`: of another account than the work is about. */
export type Row<K extends Kind> = { kind: K; id: string; doc: Documents[K]; hidden: Hidden[K]; account?: string }
export type AnyRow = { [K in Kind]: Row<K> }[Kind]

export type IntentHidden = {
  returnUrl: string | null
  session: string | null
  offSession: boolean
  incremental: boolean
  multicapture: boolean
  overcapture: boolean
}

export type SessionHidden = {
  lineItems: Stripe.LineItem[]
  intent: {
    captureMethod: Stripe.PaymentIntent.CaptureMethod
    applicationFee?: number | undefined
    transferData?: { destination: string; amount?: number | undefined } | undefined
    onBehalfOf?: string | undefined
    description: string | null
    metadata: Record<string, string>
    receiptEmail: string | null
    setupFutureUsage: Stripe.PaymentIntent.SetupFutureUsage | null
    statementDescriptor: string | null
    statementDescriptorSuffix: string | null
    transferGroup: string | null
  }
}

type EventData = { object: object; previous_attributes?: object }
type Empty = Record<string, never>
type Flat<T> = { [K in keyof T]: string extends T[K] ? Extract<T[K], string | null | undefined> : T[K] }
