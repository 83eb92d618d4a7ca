import { invalidRequest } from '../http/api-error.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { bookDispute } from './balance.ts'
import { emptyEvidence } from './dispute-evidence.ts'

type Dispute = Row<'dispute'>

const RESPONSE_DAYS = 9
const DISPUTES_OF = `select id from sandbox_stripe.object where charge = $1 and kind = 'dispute' order by seq`

export async function openDispute(work: Work, chargeId: string): Promise<void> {
  const { doc: found } = await work.get('charge', chargeId)
  if (found.payment_intent) await work.lock('payment_intent', found.payment_intent)
  const charge = await work.lock('charge', chargeId)
  const kind = cardByScenario(charge.hidden.scenario).dispute
  if (charge.doc.disputed || kind === null) return
  disputeCharge(work, charge, kind, charge.doc.amount_captured)
}

export type DisputeKind = 'fraudulent' | 'product_not_received' | 'inquiry'

/** The charge is locked. A dispute may be of a part of it only. */
export function disputeCharge(work: Work, charge: Row<'charge'>, kind: DisputeKind, amount: number): Dispute {
  charge.doc.disputed = true
  if (kind !== 'inquiry') charge.hidden.chargedBack = true
  work.changed(charge)
  const dispute = work.insert('dispute', { ...disputeDocument(work, charge, kind), amount }, {})
  if (kind !== 'inquiry') dispute.doc.balance_transactions = [bookDispute(work, dispute, 'withdrawn')]
  work.schedule('dispute.expire', dispute.id, RESPONSE_DAYS * 86_400_000)
  work.emit('charge.dispute.created', dispute)
  if (kind !== 'inquiry') work.emit('charge.dispute.funds_withdrawn', dispute)
  return dispute
}

/** Nobody answered in time. */
export async function expireDispute(work: Work, disputeId: string): Promise<void> {
  const dispute = await work.lock('dispute', disputeId)
  if (!dispute.doc.status.endsWith('needs_response')) return
  dispute.doc.evidence_details.past_due = true
  await closeDispute(work, dispute, 'lost')
}

/** Nothing is left to inquire about once all of the charge has been given back. */
export async function endInquiry(work: Work, chargeId: string): Promise<void> {
  const found = await work.query<{ id: string }>(DISPUTES_OF, [chargeId])
  for (const { id } of found) {
    const locked = await work.lock('dispute', id)
    if (locked.doc.status.startsWith('warning_') && locked.doc.status !== 'warning_closed')
      await closeDispute(work, locked, 'won')
  }
}

/** Magic words in the evidence decide, as in Stripe's test mode; without them the dispute stays under review. */
export function submitEvidence(work: Work, dispute: Dispute): void {
  const { doc } = dispute
  doc.evidence_details.submission_count += 1
  doc.evidence_details.submission_method = 'manual'
  doc.status = doc.status.replace('needs_response', 'under_review') as typeof doc.status
  work.schedule('dispute.decide', dispute.id, 0)
}

export async function decideDispute(work: Work, disputeId: string): Promise<void> {
  const dispute = await work.lock('dispute', disputeId)
  if (!dispute.doc.status.endsWith('under_review')) return
  const words = dispute.doc.evidence.uncategorized_text
  if (words === 'winning_evidence') await closeDispute(work, dispute, 'won')
  if (words === 'losing_evidence') await closeDispute(work, dispute, 'lost')
}

export async function closeDispute(work: Work, dispute: Dispute, verdict: 'won' | 'lost'): Promise<void> {
  const { doc } = dispute
  const isInquiry = doc.status.startsWith('warning_')
  doc.status = isInquiry ? 'warning_closed' : verdict
  work.changed(dispute)
  if (verdict === 'won' && !isInquiry) {
    doc.balance_transactions = [...doc.balance_transactions, bookDispute(work, dispute, 'reinstated')]
    const charge = await work.lock('charge', doc.charge)
    charge.hidden.chargedBack = false
    work.changed(charge)
    work.emit('charge.dispute.funds_reinstated', dispute)
  }
  work.emit('charge.dispute.closed', dispute)
}

/** The bank takes a won dispute up again: the money goes once more. */
export async function reopenDispute(work: Work, dispute: Dispute): Promise<void> {
  const { doc } = dispute
  doc.status = 'appeal_needs_response'
  doc.balance_transactions = [...doc.balance_transactions, bookDispute(work, dispute, 'withdrawn')]
  work.changed(dispute)
  const charge = await work.lock('charge', doc.charge)
  charge.hidden.chargedBack = true
  work.changed(charge)
  work.emit('charge.dispute.updated', dispute)
  work.emit('charge.dispute.funds_withdrawn', dispute)
}

export function assertDisputeIsOpen({ doc }: Dispute): void {
  if (!/(needs_response|under_review)$/.test(doc.status)) throw invalidRequest('This dispute is already closed')
}

function disputeDocument(work: Work, charge: Row<'charge'>, kind: DisputeKind): Documents['dispute'] {
  const isInquiry = kind === 'inquiry'
  const card = charge.doc.payment_method_details?.card
  return {
    id: work.id('du'),
    object: 'dispute',
    amount: charge.doc.amount_captured,
    balance_transactions: [],
    charge: charge.id,
    created: work.now,
    currency: charge.doc.currency,
    enhanced_eligibility_types: [],
    evidence: emptyEvidence(charge.doc.billing_details.name, charge.doc.receipt_email),
    evidence_details: {
      due_by: work.now + RESPONSE_DAYS * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.doc.payment_intent,
    payment_method_details: {
      card: {
        brand: card?.brand ?? 'visa',
        case_type: isInquiry ? 'inquiry' : 'chargeback',
        network: card?.network ?? 'visa',
        network_reason_code: kind === 'product_not_received' ? '13.1' : '10.4',
      },
      type: 'card',
    },
    reason: kind === 'product_not_received' ? 'product_not_received' : 'fraudulent',
    status: isInquiry ? 'warning_needs_response' : 'needs_response',
  }
}
