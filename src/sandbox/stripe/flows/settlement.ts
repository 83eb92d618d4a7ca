import { declineOf } from '../rules/declines.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { completeCapture, errorFields, refuse } from './attempt.ts'
import { latestCharge } from './capture.ts'
import { receiveCharge } from './transfer.ts'

/** The bank's late answer to a debit. Does nothing when the answer was already given. */
export async function settleIntent(work: Work, intentId: string, isPaid: boolean): Promise<Row<'payment_intent'>> {
  // The session comes first in the lock order, so it is found before the intent is locked.
  const sessionId = (await work.get('payment_intent', intentId, 'intent')).hidden.session
  const session = sessionId === null ? null : await work.lock('checkout.session', sessionId)
  const intent = await work.lock('payment_intent', intentId, 'intent')
  if (intent.doc.status !== 'processing') return intent
  const charge = await latestCharge(work, intent)
  work.changed(charge)
  if (isPaid) receive(work, intent, charge)
  else await bounce(work, intent, charge)
  if (!session) return intent
  session.doc.payment_status = isPaid ? 'paid' : 'unpaid'
  work.changed(session)
  work.emit(isPaid ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed', session)
  return intent
}

function receive(work: Work, intent: Row<'payment_intent'>, charge: Row<'charge'>): void {
  charge.doc.status = 'succeeded'
  charge.doc.paid = true
  charge.doc.captured = true
  charge.doc.amount_captured = charge.doc.amount
  charge.doc.balance_transaction = receiveCharge(work, charge, charge.doc.amount, false)
  work.emit('charge.succeeded', charge)
  completeCapture(work, intent, charge)
}

async function bounce(work: Work, intent: Row<'payment_intent'>, charge: Row<'charge'>): Promise<void> {
  const { code, message } = declineOf('debit_not_authorized')
  charge.doc.status = 'failed'
  charge.doc.paid = false
  charge.doc.failure_code = code
  charge.doc.failure_message = message
  work.emit('charge.failed', charge)
  const method = await work.get('payment_method', charge.doc.payment_method ?? '')
  const { network_decline_code: _, ...fields } = errorFields('debit_not_authorized', charge.id)
  refuse(work, intent, method, fields)
}
