import { invalidRequest } from '../http/api-error.ts'
import { checkAmount } from '../rules/currencies.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { attemptPayment } from './attempt.ts'
import { usePaymentMethod } from './payment-method.ts'

type Intent = Documents['payment_intent']
type Options = NonNullable<Intent['payment_method_options']>

export type IntentInput = Pick<
  Intent,
  | 'amount'
  | 'application_fee_amount'
  | 'currency'
  | 'customer'
  | 'description'
  | 'metadata'
  | 'capture_method'
  | 'confirmation_method'
  | 'payment_method_types'
  | 'automatic_payment_methods'
  | 'receipt_email'
  | 'setup_future_usage'
  | 'shipping'
  | 'statement_descriptor'
  | 'statement_descriptor_suffix'
  | 'on_behalf_of'
  | 'transfer_group'
> & {
  transfer_data: NonNullable<Intent['transfer_data']> | null
  allowedTypes: string[] | null
  cardOptions: CardOptions
  session: string | null
  paymentMethod: string | null
}

export type CardOptions = {
  request_incremental_authorization?: 'if_available' | 'never' | undefined
  request_multicapture?: 'if_available' | 'never' | undefined
  request_overcapture?: 'if_available' | 'never' | undefined
  request_three_d_secure?: 'any' | 'automatic' | 'challenge' | undefined
  capture_method?: 'manual' | undefined
}

/** As it is stored: without an amount, all is passed on. */
export const transferOf = (
  given: { destination: string; amount?: number | undefined } | undefined,
): NonNullable<Intent['transfer_data']> | null =>
  given ? { destination: given.destination, ...(given.amount === undefined ? {} : { amount: given.amount }) } : null

export const storedTransfer = ({ transfer_data: data }: Intent) =>
  data && { destination: String(data.destination), amount: data.amount }

/** Where it goes is said once; how much of it may change until it is captured. */
export function changeTransfer(doc: Intent, amount: number | undefined): void {
  if (amount === undefined) return
  if (!doc.transfer_data) {
    const message = 'You cannot set transfer_data[amount] of a PaymentIntent without transfer_data[destination].'
    throw invalidRequest(message, { param: 'transfer_data[amount]' })
  }
  doc.transfer_data = { ...doc.transfer_data, amount }
}

export function createIntent(work: Work, input: IntentInput): Row<'payment_intent'> {
  checkAmount(input.amount, input.currency)
  const id = work.id('pi')
  const { allowedTypes, cardOptions, session, paymentMethod, ...given } = input
  const doc: Intent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: allowedTypes as Intent['allowed_payment_method_types'],
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    canceled_at: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${work.sandbox.ids.secret(id)}`,
    created: work.now,
    customer_account: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    next_action: null,
    payment_method: paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: methodOptions(given.payment_method_types, cardOptions),
    payment_record: null,
    processing: null,
    review: null,
    source: null,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    ...given,
  }
  const row = work.insert('payment_intent', doc, {
    returnUrl: null,
    session,
    offSession: false,
    incremental: cardOptions.request_incremental_authorization === 'if_available',
    multicapture: cardOptions.request_multicapture === 'if_available',
    overcapture: cardOptions.request_overcapture === 'if_available',
  })
  work.emit('payment_intent.created', row)
  return row
}

export function applyCardOptions(intent: Row<'payment_intent'>, options: CardOptions): void {
  const { doc, hidden } = intent
  if (options.request_incremental_authorization)
    hidden.incremental = options.request_incremental_authorization === 'if_available'
  if (options.request_multicapture) hidden.multicapture = options.request_multicapture === 'if_available'
  if (options.request_overcapture) hidden.overcapture = options.request_overcapture === 'if_available'
  if (options.capture_method) doc.capture_method = options.capture_method
  doc.payment_method_options = { ...doc.payment_method_options, ...methodOptions(doc.payment_method_types, options) }
}

export type Confirmation = {
  paymentMethod: string | undefined
  returnUrl: string | undefined
  offSession: boolean
  usesSdk: boolean
  errorOnRequiresAction: boolean
}

/** The intent is locked, or was made a moment ago in the same unit of work. */
export async function confirmIntent(
  work: Work,
  intent: Row<'payment_intent'>,
  confirmation: Confirmation,
): Promise<void> {
  const { doc, hidden } = intent
  const methodId = confirmation.paymentMethod ?? doc.payment_method
  if (methodId === null) {
    throw invalidRequest(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      { code: 'payment_intent_unexpected_state', payment_intent: doc },
    )
  }
  assertReturnUrl(doc, hidden.returnUrl ?? confirmation.returnUrl, confirmation)
  hidden.returnUrl = confirmation.returnUrl ?? hidden.returnUrl
  hidden.offSession = confirmation.offSession
  const method = await usePaymentMethod(work, methodId)
  await attemptPayment(work, intent, method)
  if (confirmation.errorOnRequiresAction && doc.status === 'requires_action') {
    throw invalidRequest(
      'This payment required an authentication action to complete, but `error_on_requires_action` was set.',
      {
        code: 'authentication_required',
      },
    )
  }
}

/** With dashboard-managed methods Stripe insists on a way back, because one of them might redirect. */
function assertReturnUrl(doc: Intent, returnUrl: string | null | undefined, { usesSdk }: Confirmation): void {
  const automatic = doc.automatic_payment_methods
  if (!automatic?.enabled || automatic.allow_redirects === 'never' || returnUrl || usesSdk) return
  throw invalidRequest(
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    { payment_intent: doc },
  )
}

function methodOptions(types: readonly string[], card: CardOptions): Options {
  const { capture_method, request_incremental_authorization, request_multicapture, request_overcapture } = card
  const cardOptions: NonNullable<Options['card']> = {
    ...(capture_method ? { capture_method } : {}),
    installments: null,
    mandate_options: null,
    network: null,
    ...(request_incremental_authorization ? { request_incremental_authorization } : {}),
    ...(request_multicapture ? { request_multicapture } : {}),
    ...(request_overcapture ? { request_overcapture } : {}),
    request_three_d_secure: card.request_three_d_secure ?? 'automatic',
  }
  return {
    ...(types.includes('card') ? { card: cardOptions } : {}),
    ...(types.includes('sepa_debit') ? { sepa_debit: {} } : {}),
  }
}
