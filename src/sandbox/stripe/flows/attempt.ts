import { ApiError, type ErrorFields, invalidRequest } from '../http/api-error.ts'
import { type DeclineCode, declineOf } from '../rules/declines.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { bookCapture } from './charge-booking.ts'
import { AUTHORIZATION_SECONDS, createCharge } from './charge-document.ts'
import { assertUnspent, attach, spend } from './payment-method.ts'
import { receiveCharge } from './transfer.ts'

type Intent = Row<'payment_intent'>
type Method = Row<'payment_method'>

/** One attempt to pay. Ends in succeeded, requires_capture, requires_action, processing, or a thrown card error. */
export async function attemptPayment(
  work: Work,
  intent: Intent,
  method: Method,
  isAuthenticated = false,
): Promise<void> {
  assertMethodFits(intent, method)
  intent.doc.payment_method = method.id
  intent.doc.last_payment_error = null
  intent.doc.next_action = null
  intent.doc.processing = null
  work.changed(intent)
  if (method.doc.type !== 'card') {
    await keepForLater(work, intent, method, isAuthenticated)
    return startAsynchronous(work, intent, method)
  }

  const card = cardByScenario(method.hidden.scenario)
  const isAuthenticationDue =
    !isAuthenticated &&
    (card.authentication === 'always' ||
      (card.authentication === 'unless_set_up' && !(intent.hidden.offSession && method.hidden.authenticated)))
  if (isAuthenticationDue && intent.hidden.offSession)
    throw failAttempt(work, intent, method, 'authentication_required')
  if (isAuthenticationDue) return requireAction(work, intent)
  if (card.decline) throw failAttempt(work, intent, method, card.decline, isAuthenticated)
  await approve(work, intent, method, isAuthenticated)
}

/** Records the failed charge and the state of the intent, and returns the card error for the caller to throw. */
export function failAttempt(
  work: Work,
  intent: Intent,
  method: Method,
  code: DeclineCode,
  isAuthenticated = false,
): ApiError {
  const charge = createCharge(work, intent, method, {
    status: 'failed',
    captured: false,
    decline: code,
    isAuthenticated,
  })
  work.emit('charge.failed', charge)
  intent.doc.latest_charge = charge.id
  return refuse(work, intent, method, errorFields(code, charge.id))
}

/** The intent goes back to the payer: another method, please. */
export function refuse(work: Work, intent: Intent, method: Method, fields: ErrorFields): ApiError {
  const { doc } = intent
  doc.status = 'requires_payment_method'
  doc.payment_method = null
  doc.next_action = null
  doc.processing = null
  doc.last_payment_error = {
    ...fields,
    payment_method: method.doc,
  } as Documents['payment_intent']['last_payment_error']
  work.changed(intent)
  work.emit('payment_intent.payment_failed', intent)
  return new ApiError(402, { ...fields, payment_intent: { ...doc }, payment_method: method.doc }, true)
}

export function errorFields(code: DeclineCode, chargeId: string): ErrorFields {
  const { code: errorCode, declineCode, message, networkCode, advice } = declineOf(code)
  return {
    type: 'card_error',
    code: errorCode,
    charge: chargeId,
    ...(declineCode === null ? {} : { decline_code: declineCode }),
    ...(networkCode === null ? {} : { network_decline_code: networkCode }),
    ...(advice === null ? {} : { advice_code: advice }),
    ...(code === 'incorrect_cvc' ? { param: 'cvc' } : {}),
    message,
  }
}

/** Money has come in (or will, for `requires_capture`): the book, the intent and the events follow. */
export function completeCapture(work: Work, intent: Intent, charge: Row<'charge'>): void {
  intent.doc.status = 'succeeded'
  intent.doc.amount_received = charge.doc.amount_captured
  intent.doc.amount_capturable = 0
  intent.doc.next_action = null
  intent.doc.processing = null
  work.changed(intent)
  work.emit('payment_intent.succeeded', intent)
}

async function approve(work: Work, intent: Intent, method: Method, isAuthenticated: boolean): Promise<void> {
  const isCaptured = intent.doc.capture_method !== 'manual'
  const charge = createCharge(work, intent, method, { status: 'succeeded', captured: isCaptured, isAuthenticated })
  const card = cardByScenario(method.hidden.scenario)
  intent.doc.latest_charge = charge.id
  await keepForLater(work, intent, method, isAuthenticated)
  if (!isCaptured) return hold(work, intent, charge)

  // With asynchronous capture, Stripe's default, the charge succeeds first and learns its balance transaction after.
  const isLate = intent.doc.capture_method === 'automatic_async'
  if (!isLate) bookCapture(work, charge, charge.doc.amount)
  work.emit('charge.succeeded', charge)
  completeCapture(work, intent, charge)
  if (isLate) {
    charge.doc.balance_transaction = receiveCharge(work, charge, charge.doc.amount, card.isAvailableAtOnce)
    work.emit('charge.updated', charge, { balance_transaction: null })
  }
  if (card.dispute) work.schedule('dispute.open', charge.id, 0)
}

function hold(work: Work, intent: Intent, charge: Row<'charge'>): void {
  intent.doc.status = 'requires_capture'
  intent.doc.amount_capturable = intent.doc.amount
  work.emit('charge.succeeded', charge)
  work.emit('payment_intent.amount_capturable_updated', intent)
  work.schedule('intent.expire', intent.id, AUTHORIZATION_SECONDS * 1000)
}

function requireAction(work: Work, intent: Intent): void {
  const { doc, hidden } = intent
  doc.status = 'requires_action'
  const url = `${work.sandbox.settings.publicUrl}/3ds/${intent.id}`
  const isRedirect = hidden.returnUrl !== null || hidden.session !== null
  doc.next_action = isRedirect
    ? { redirect_to_url: { return_url: hidden.returnUrl, url }, type: 'redirect_to_url' }
    : {
        type: 'use_stripe_sdk',
        use_stripe_sdk: { source: intent.id, stripe_js: url, type: 'three_d_secure_redirect' } as never,
      }
  work.emit('payment_intent.requires_action', intent)
}

/** A bank debit: the answer comes later, by itself (asyncSettleMs) or through the control endpoint. */
function startAsynchronous(work: Work, intent: Intent, method: Method): void {
  const charge = createCharge(work, intent, method, { status: 'pending', captured: true, isAuthenticated: false })
  intent.doc.latest_charge = charge.id
  intent.doc.status = 'processing'
  work.emit('charge.pending', charge)
  work.emit('payment_intent.processing', intent)
  const isFailing = method.hidden.scenario === 'sepa_fails'
  work.schedule(isFailing ? 'intent.decline' : 'intent.settle', intent.id, work.sandbox.settings.asyncSettleMs)
}

async function keepForLater(work: Work, intent: Intent, method: Method, isAuthenticated: boolean): Promise<void> {
  if (method.doc.customer === null && !(intent.doc.setup_future_usage && intent.doc.customer)) spend(work, method)
  if (!intent.doc.setup_future_usage) return
  if (isAuthenticated) {
    method.hidden.authenticated = true
    work.changed(method)
  }
  if (intent.doc.customer) await attach(work, method, intent.doc.customer)
}

function assertMethodFits({ doc }: Intent, method: Method): void {
  assertUnspent(method)
  const { type } = method.doc
  if (!doc.payment_method_types.includes(type)) {
    throw invalidRequest(
      `The PaymentMethod provided (${type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: ${doc.payment_method_types.join(', ')}. Alternately update the allowed payment_method_types for this PaymentIntent to include "${type}".`,
      { param: 'payment_method', code: 'payment_intent_incompatible_payment_method', payment_intent: doc },
    )
  }
  if (type !== 'card' && doc.capture_method === 'manual') {
    throw invalidRequest(`The payment method type ${type} does not support manual capture.`, {
      param: 'capture_method',
    })
  }
  if (method.doc.customer !== null && method.doc.customer !== doc.customer) {
    throw invalidRequest(
      `The provided PaymentMethod belongs to the Customer ${method.doc.customer}. You must supply this Customer when using it with a PaymentIntent.`,
      { param: 'payment_method' },
    )
  }
}
