import { invalidRequest } from '../http/api-error.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { bookDispute } from './balance.ts'
import { emptyEvidence } from './dispute-evidence.ts'

type Dispute = Row<'dispute'>

const RESPONSE_DAYS = 9

export async function openDispute(work: Work, chargeId: string): Promise<void> {
  const { doc: found } = await work.get('charge', chargeId)
  if (found.payment_intent) await work.lock('payment_intent', found.payment_intent)
  const charge = await work.lock('charge', chargeId)
  const kind = cardByScenario(charge.hidden.scenario).dispute
  if (charge.doc.disputed || kind === null) return
  charge.doc.disputed = true
  work.changed(charge)
  const dispute = work.insert('dispute', disputeDocument(work, charge, kind), {})
  if (kind !== 'inquiry') dispute.doc.balance_transactions = [bookDispute(work, dispute, 'withdrawn')]
  work.emit('charge.dispute.created', dispute)
  if (kind !== 'inquiry') work.emit('charge.dispute.funds_withdrawn', dispute)
}

/** Magic words in the evidence decide, as in Stripe's test mode; without them the dispute stays under review. */
export function submitEvidence(work: Work, dispute: Dispute): void {
  const { doc } = dispute
  doc.evidence_details.submission_count += 1
  doc.status = doc.status === 'warning_needs_response' ? 'warning_under_review' : 'under_review'
  work.schedule('dispute.decide', dispute.id, 0)
}

export async function decideDispute(work: Work, disputeId: string): Promise<void> {
  const dispute = await work.lock('dispute', disputeId)
  if (dispute.doc.status !== 'under_review' && dispute.doc.status !== 'warning_under_review') return
  const words = dispute.doc.evidence.uncategorized_text
  if (words === 'winning_evidence') closeDispute(work, dispute, 'won')
  if (words === 'losing_evidence') closeDispute(work, dispute, 'lost')
}

export function closeDispute(work: Work, dispute: Dispute, verdict: 'won' | 'lost'): void {
  const { doc } = dispute
  const isInquiry = doc.status.startsWith('warning_')
  doc.status = isInquiry ? 'warning_closed' : verdict
  work.changed(dispute)
  if (verdict === 'won' && !isInquiry) {
    doc.balance_transactions = [...doc.balance_transactions, bookDispute(work, dispute, 'reinstated')]
    work.emit('charge.dispute.funds_reinstated', dispute)
  }
  work.emit('charge.dispute.closed', dispute)
}

export function assertDisputeIsOpen({ doc }: Dispute): void {
  const open: readonly string[] = ['needs_response', 'under_review', 'warning_needs_response', 'warning_under_review']
  if (!open.includes(doc.status)) throw invalidRequest('This dispute is already closed')
}

function disputeDocument(
  work: Work,
  charge: Row<'charge'>,
  kind: 'fraudulent' | 'product_not_received' | 'inquiry',
): Documents['dispute'] {
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
