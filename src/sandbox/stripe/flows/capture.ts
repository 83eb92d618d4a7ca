import { invalidRequest } from '../http/api-error.ts'
import { checkApplicationFee } from '../rules/application-fees.ts'
import { checkAmount, formatAmount } from '../rules/currencies.ts'
import { checkDestination } from '../rules/destinations.ts'
import { assertIntentAllows } from '../rules/intent-rules.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { completeCapture } from './attempt.ts'
import { bookCapture } from './charge-booking.ts'
import { overcaptureOf } from './charge-document.ts'
import { changeTransfer, storedTransfer } from './intent.ts'

type Intent = Row<'payment_intent'>

/** Takes held money, once or (with multicapture) in parts. What is not taken at the last capture is released. */
export async function captureIntent(
  work: Work,
  intent: Intent,
  {
    amount = intent.doc.amount_capturable,
    isFinal = true,
    applicationFee,
    transferAmount,
  }: {
    amount?: number | undefined
    isFinal?: boolean | undefined
    applicationFee?: number | undefined
    transferAmount?: number | undefined
  },
): Promise<void> {
  assertIntentAllows('capture', intent.doc)
  const { doc } = intent
  const charge = await latestCharge(work, intent)
  const most = mostCapturable(intent, charge)
  if (amount > most) {
    const limit = formatAmount(most, doc.currency)
    throw invalidRequest(
      `Amount to capture (${formatAmount(amount, doc.currency)}) must be less than or equal to the capturable amount (${limit}).`,
      {
        code: 'amount_too_large',
        param: 'amount_to_capture',
      },
    )
  }
  if (!isFinal && !intent.hidden.multicapture) {
    throw invalidRequest('This PaymentIntent does not support multicapture: `final_capture` cannot be false.', {
      param: 'final_capture',
    })
  }
  if (amount === 0 && (!isFinal || doc.amount_received === 0)) {
    throw invalidRequest('This value must be greater than or equal to 1.', { param: 'amount_to_capture' })
  }
  changeTransfer(doc, transferAmount)
  const fee = applicationFee ?? doc.application_fee_amount
  checkDestination(work, { transfer: storedTransfer(doc), fee }, amount)
  checkApplicationFee(work, applicationFee, amount, doc.transfer_data !== null)
  if (charge.doc.transfer_data && transferAmount !== undefined) charge.doc.transfer_data.amount = transferAmount
  if (applicationFee !== undefined) {
    doc.application_fee_amount = applicationFee
    charge.doc.application_fee_amount = applicationFee
  }
  if (!isFinal && (charge.doc.application_fee_amount !== null || charge.doc.transfer_data !== null))
    throw invalidRequest('This simulator knows no fees and transfers with several captures.', {
      param: 'final_capture',
    })
  charge.doc.amount_captured += amount
  charge.doc.captured = true
  const card = cardByScenario(charge.hidden.scenario)
  if (amount > 0) bookCapture(work, charge, amount)
  work.changed(charge)
  work.emit('charge.captured', charge)
  if (isFinal || amount >= doc.amount_capturable) {
    completeCapture(work, intent, charge)
    if (card.dispute) work.schedule('dispute.open', charge.id, 0)
    return
  }
  doc.amount_received = charge.doc.amount_captured
  doc.amount_capturable -= amount
  work.changed(intent)
  work.emit('payment_intent.amount_capturable_updated', intent)
}

export type CancellationReason =
  | 'abandoned'
  | 'duplicate'
  | 'fraudulent'
  | 'requested_by_customer'
  | 'automatic'
  | 'expired'

export async function cancelIntent(work: Work, intent: Intent, reason: CancellationReason | null): Promise<void> {
  assertIntentAllows('cancel', intent.doc)
  const { doc } = intent
  if (doc.amount_received > 0) {
    throw invalidRequest('This PaymentIntent has been partially captured and cannot be canceled.', {
      code: 'payment_intent_unexpected_state',
      payment_intent: doc,
    })
  }
  if (doc.status === 'requires_capture') await releaseHold(work, intent, reason)
  doc.status = 'canceled'
  doc.canceled_at = work.now
  doc.cancellation_reason = reason
  doc.amount_capturable = 0
  doc.next_action = null
  work.changed(intent)
  work.emit('payment_intent.canceled', intent)
}

/** What is held, or what the card's network lets a business take beyond it. */
function mostCapturable({ doc }: Intent, charge: Row<'charge'>): number {
  const { overcapture } = charge.doc.payment_method_details?.card ?? {}
  if (overcapture?.status !== 'available') return doc.amount_capturable
  return overcapture.maximum_amount_capturable - charge.doc.amount_captured
}

/** The time of a hold is over: nothing of it was taken, or a part of it was and that is all. */
export async function expireHold(work: Work, intent: Intent): Promise<void> {
  if (intent.doc.status !== 'requires_capture') return
  if (intent.doc.amount_received === 0) return cancelIntent(work, intent, 'automatic')
  completeCapture(work, intent, await latestCharge(work, intent))
}

/** Stripe shows a released hold as a refunded charge, though no refund and no money ever existed. */
async function releaseHold(work: Work, intent: Intent, reason: CancellationReason | null): Promise<void> {
  const charge = await latestCharge(work, intent)
  charge.doc.amount_refunded = charge.doc.amount - charge.doc.amount_captured
  charge.doc.refunded = charge.doc.amount_captured === 0
  work.changed(charge)
  work.emit(reason === 'expired' || reason === 'automatic' ? 'charge.expired' : 'charge.refunded', charge)
}

export async function incrementAuthorization(work: Work, intent: Intent, amount: number): Promise<void> {
  assertIntentAllows('increment', intent.doc)
  const { doc, hidden } = intent
  if (!hidden.incremental) {
    throw invalidRequest(
      'This PaymentIntent is not eligible for incremental authorization. Request it with `payment_method_options[card][request_incremental_authorization]` when the PaymentIntent is confirmed.',
      { payment_intent: doc },
    )
  }
  if (doc.amount_received > 0) {
    throw invalidRequest('This PaymentIntent has been partially captured; its authorization cannot be incremented.', {
      payment_intent: doc,
    })
  }
  if (amount <= doc.amount) {
    throw invalidRequest('The new amount must be greater than the currently authorized amount.', { param: 'amount' })
  }
  checkAmount(amount, doc.currency)
  const previous = { amount: doc.amount, amount_capturable: doc.amount_capturable }
  const charge = await latestCharge(work, intent)
  doc.amount_capturable += amount - doc.amount
  doc.amount = amount
  charge.doc.amount = amount
  const card = charge.doc.payment_method_details?.card
  if (card) card.amount_authorized = amount
  if (card?.overcapture) card.overcapture = overcaptureOf(intent, amount)
  work.changed(charge)
  work.changed(intent)
  work.emit('charge.updated', charge, { amount: previous.amount })
  work.emit('payment_intent.amount_capturable_updated', intent, previous)
}

export async function latestCharge(work: Work, intent: Intent): Promise<Row<'charge'>> {
  if (intent.doc.latest_charge === null) throw new Error(`${intent.id} has no charge`)
  return work.get('charge', intent.doc.latest_charge)
}
