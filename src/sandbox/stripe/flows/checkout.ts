import { ApiError } from '../http/api-error.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { attemptPayment } from './attempt.ts'
import { answerAuthentication, answerSetupAuthentication } from './authentication.ts'
import { cancelIntent } from './capture.ts'
import { createIntent, transferOf } from './intent.ts'
import { attemptSetup, cancelSetup } from './setup.ts'

type Session = Row<'checkout.session'>

/** What the payer sees after pressing Pay. A decline is an outcome: the page says so and asks again. */
export type Submission = { outcome: 'complete' | 'requires_action' } | { outcome: 'declined'; message: string }

/** The session is locked by the caller. The intent is made at the first attempt and kept for the next ones. */
export async function paySession(work: Work, session: Session, method: Row<'payment_method'>): Promise<Submission> {
  const intent = await intentOf(work, session)
  try {
    await attemptPayment(work, intent, method)
  } catch (error) {
    if (!(error instanceof ApiError && error.keepsWork)) throw error
    return { outcome: 'declined', message: error.message }
  }
  if (intent.doc.status === 'requires_action') return { outcome: 'requires_action' }
  completeSession(work, session, intent, method)
  return { outcome: 'complete' }
}

/** The same in setup mode: the method is kept and nothing is charged. */
export async function setUpSession(work: Work, session: Session, method: Row<'payment_method'>): Promise<Submission> {
  const setup = await work.lock('setup_intent', session.doc.setup_intent ?? '')
  try {
    await attemptSetup(work, setup, method)
  } catch (error) {
    if (!(error instanceof ApiError && error.keepsWork)) throw error
    return { outcome: 'declined', message: error.message }
  }
  if (setup.doc.status === 'requires_action') return { outcome: 'requires_action' }
  finishSession(work, session, method, 'no_payment_required')
  return { outcome: 'complete' }
}

/** Ends the 3-D Secure detour of a session in setup mode. */
export async function answerSessionSetup(
  work: Work,
  session: Session,
  setup: Row<'setup_intent'>,
  isApproved: boolean,
): Promise<void> {
  const methodId = setup.doc.payment_method
  if (setup.doc.status !== 'requires_action' || methodId === null) return
  await answerSetupAuthentication(work, setup, isApproved)
  if (setup.doc.status !== 'succeeded') return
  finishSession(work, session, await work.get('payment_method', methodId), 'no_payment_required')
}

/** Ends the 3-D Secure detour of a session's payment; says whether the session is paid now. */
export async function answerSessionAuthentication(
  work: Work,
  session: Session,
  intent: Row<'payment_intent'>,
  isApproved: boolean,
): Promise<void> {
  const methodId = intent.doc.payment_method
  if (intent.doc.status !== 'requires_action' || methodId === null) return
  await answerAuthentication(work, intent, isApproved)
  const isPaid = intent.doc.status === 'succeeded' || intent.doc.status === 'requires_capture'
  if (isPaid) completeSession(work, session, intent, await work.get('payment_method', methodId))
}

export async function expireSession(work: Work, session: Session): Promise<void> {
  session.doc.status = 'expired'
  session.doc.url = null
  work.changed(session)
  work.emit('checkout.session.expired', session)
  if (session.doc.setup_intent !== null) {
    const setup = await work.lock('setup_intent', session.doc.setup_intent)
    if (setup.doc.status !== 'succeeded') cancelSetup(work, setup, null)
  }
  if (session.doc.payment_intent === null) return
  const intent = await work.lock('payment_intent', session.doc.payment_intent)
  const open: readonly string[] = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  if (open.includes(intent.doc.status)) await cancelIntent(work, intent, 'expired')
}

export function successUrl(session: Documents['checkout.session']): string | null {
  return session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? null
}

function completeSession(
  work: Work,
  session: Session,
  intent: Row<'payment_intent'>,
  method: Row<'payment_method'>,
): void {
  finishSession(work, session, method, intent.doc.status === 'succeeded' ? 'paid' : 'unpaid')
}

function finishSession(
  work: Work,
  session: Session,
  method: Row<'payment_method'>,
  paymentStatus: Session['doc']['payment_status'],
): void {
  const { name, email, phone } = method.doc.billing_details
  session.doc.status = 'complete'
  session.doc.payment_status = paymentStatus
  session.doc.url = null
  session.doc.customer_details = {
    address: method.doc.billing_details.address,
    business_name: null,
    email: session.doc.customer_email ?? email,
    individual_name: null,
    name,
    phone,
    tax_exempt: 'none',
    tax_ids: [],
  }
  work.changed(session)
  work.emit('checkout.session.completed', session)
}

async function intentOf(work: Work, session: Session): Promise<Row<'payment_intent'>> {
  const { doc, hidden } = session
  if (doc.payment_intent !== null) return work.lock('payment_intent', doc.payment_intent)
  const intent = createIntent(work, {
    amount: doc.amount_total ?? 0,
    application_fee_amount: hidden.intent.applicationFee ?? null,
    on_behalf_of: hidden.intent.onBehalfOf ?? null,
    transfer_data: transferOf(hidden.intent.transferData),
    currency: doc.currency ?? 'usd',
    customer: doc.customer,
    description: hidden.intent.description,
    metadata: { ...hidden.intent.metadata },
    capture_method: hidden.intent.captureMethod,
    confirmation_method: 'automatic',
    payment_method_types: doc.payment_method_types,
    automatic_payment_methods: null,
    receipt_email: hidden.intent.receiptEmail,
    setup_future_usage: hidden.intent.setupFutureUsage,
    shipping: null,
    statement_descriptor: hidden.intent.statementDescriptor,
    statement_descriptor_suffix: hidden.intent.statementDescriptorSuffix,
    transfer_group: hidden.intent.transferGroup,
    allowedTypes: null,
    cardOptions: {},
    session: session.id,
    paymentMethod: null,
  })
  doc.payment_intent = intent.id
  work.changed(session)
  return intent
}
