import { invalidRequest } from '../http/api-error.ts'
import { formatAmount } from '../rules/currencies.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { bookRefund, bookRefundReturn, takeFeeBack } from './balance.ts'
import { returnFee, reverseWithRefund } from './transfer.ts'

type Refund = Documents['refund']
export type RefundRequest = {
  amount: number | undefined
  reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | undefined
  metadata: Record<string, string>
  returnsFee: boolean
  reversesTransfer: boolean
}

/** The intent is locked by the caller: two refunds of one charge never see the same rest. */
export async function createRefund(work: Work, charge: Row<'charge'>, request: RefundRequest): Promise<Row<'refund'>> {
  const amount = checkRefundable(charge, request.amount)
  if (request.returnsFee && charge.doc.application_fee === null)
    throw invalidRequest(`Charge ${charge.id} has no application fee to refund.`, { param: 'refund_application_fee' })
  const isCard = charge.doc.payment_method_details?.type === 'card'
  const fate = isCard ? cardByScenario(charge.hidden.scenario).refund : 'pending'
  const id = work.id(isCard ? 're' : 'pyr')
  const returned = request.returnsFee ? takeFeeBack(charge, amount) : 0
  const isPassedOn = charge.doc.transfer_data !== null
  const reversal = request.reversesTransfer ? await reverseWithRefund(work, charge, { amount, refund: id }) : null
  if (isPassedOn && returned > 0) await returnFee(work, charge.doc.application_fee ?? '', returned)
  const doc: Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: bookRefund(work, id, charge, { amount, returned: isPassedOn ? 0 : returned }),
    charge: charge.id,
    created: work.now,
    currency: charge.doc.currency,
    customer: charge.doc.customer,
    customer_account: null,
    destination_details: isCard
      ? {
          card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
          type: 'card',
        }
      : { type: 'eu_bank_transfer', eu_bank_transfer: { reference: null, reference_status: null } },
    metadata: request.metadata,
    payment_intent: charge.doc.payment_intent,
    payment_method: charge.doc.payment_method,
    ...(fate === 'pending' ? { pending_reason: 'processing' as const } : {}),
    reason: request.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: fate === 'pending' ? 'pending' : 'succeeded',
    transfer_reversal: reversal,
  }
  const refund = work.insert('refund', doc, {})
  addRefunded(work, charge, amount)
  if (charge.doc.refunded) work.schedule('dispute.refunded', charge.id, 0)
  work.emit('charge.refunded', charge, { amount_refunded: charge.doc.amount_refunded - amount, refunded: false })
  work.emit('refund.created', refund)
  const { asyncSettleMs } = work.sandbox.settings
  if (fate === 'pending') work.schedule('refund.settle', id, asyncSettleMs)
  if (fate === 'fails') work.schedule('refund.fail', id, asyncSettleMs)
  return refund
}

export async function settleRefund(work: Work, refundId: string): Promise<void> {
  const { refund } = await lockRefund(work, refundId)
  if (refund.doc.status !== 'pending') return
  refund.doc.status = 'succeeded'
  delete refund.doc.pending_reason
  work.changed(refund)
  work.emit('refund.updated', refund, { status: 'pending' })
}

/** The bank sent the money back: the charge is less refunded than it seemed, and the balance gets it again. */
export async function failRefund(work: Work, refundId: string): Promise<void> {
  const { refund, charge } = await lockRefund(work, refundId)
  if (refund.doc.status !== 'succeeded' && refund.doc.status !== 'pending') return
  const previous = { status: refund.doc.status }
  refund.doc.status = 'failed'
  refund.doc.failure_reason = 'expired_or_canceled_card'
  refund.doc.failure_balance_transaction = bookRefundReturn(work, refund, 'refund_failure')
  delete refund.doc.pending_reason
  work.changed(refund)
  addRefunded(work, charge, -refund.doc.amount)
  work.emit('refund.failed', refund, previous)
  work.emit('refund.updated', refund, previous)
  work.emit('charge.refund.updated', refund, previous)
}

export async function cancelRefund(work: Work, refundId: string): Promise<Row<'refund'>> {
  const { refund, charge } = await lockRefund(work, refundId)
  const previous = { status: refund.doc.status }
  if (previous.status !== 'pending' && previous.status !== 'requires_action') {
    throw invalidRequest(
      `This refund cannot be canceled because it has a status of ${previous.status}. Only a refund with one of the following statuses may be canceled: pending, requires_action.`,
    )
  }
  refund.doc.status = 'canceled'
  refund.doc.failure_reason = 'merchant_request'
  refund.doc.failure_balance_transaction = bookRefundReturn(work, refund, 'refund_failure')
  delete refund.doc.pending_reason
  work.changed(refund)
  addRefunded(work, charge, -refund.doc.amount)
  work.emit('refund.updated', refund, previous)
  work.emit('charge.refund.updated', refund, previous)
  return refund
}

function checkRefundable({ id, doc, hidden }: Row<'charge'>, wanted: number | undefined): number {
  const rest = doc.amount_captured - doc.amount_refunded
  // An inquiry leaves the money where it is, so such a charge can still be refunded.
  if (hidden.chargedBack) {
    throw invalidRequest(`Charge ${id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' })
  }
  if (rest <= 0) throw invalidRequest(`Charge ${id} has already been refunded.`, { code: 'charge_already_refunded' })
  const amount = wanted ?? rest
  if (amount > rest) {
    throw invalidRequest(
      `Refund amount (${formatAmount(amount, doc.currency)}) is greater than unrefunded amount on charge (${formatAmount(rest, doc.currency)})`,
      { param: 'amount' },
    )
  }
  return amount
}

function addRefunded(work: Work, charge: Row<'charge'>, amount: number): void {
  charge.doc.amount_refunded += amount
  charge.doc.refunded = charge.doc.amount_refunded === charge.doc.amount_captured && charge.doc.amount_refunded > 0
  work.changed(charge)
}

async function lockRefund(work: Work, refundId: string) {
  const found = await work.get('refund', refundId)
  if (found.doc.payment_intent) await work.lock('payment_intent', found.doc.payment_intent)
  const refund = await work.lock('refund', refundId)
  return { refund, charge: await work.get('charge', refund.doc.charge ?? '') }
}
