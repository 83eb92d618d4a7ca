import { type DeclineCode, declineOf } from '../rules/declines.ts'
import { cardByScenario } from '../rules/test-cards.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

type Charge = Documents['charge']
type Outcome = { status: Charge['status']; captured: boolean; decline?: DeclineCode; isAuthenticated: boolean }

/** Stripe lets an uncaptured card payment stand for seven days. */
export const AUTHORIZATION_SECONDS = 7 * 86_400

export function createCharge(
  work: Work,
  intent: Row<'payment_intent'>,
  method: Row<'payment_method'>,
  outcome: Outcome,
): Row<'charge'> {
  const { doc } = intent
  const decline = outcome.decline ? declineOf(outcome.decline) : null
  const id = work.id(method.doc.type === 'card' ? 'ch' : 'py')
  const isCaptured = outcome.captured && outcome.status === 'succeeded'
  const charge: Charge = {
    id,
    object: 'charge',
    amount: doc.amount,
    amount_captured: isCaptured ? doc.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: doc.application_fee_amount,
    balance_transaction: null,
    billing_details: method.doc.billing_details,
    calculated_statement_descriptor: statementDescriptor(doc),
    captured: isCaptured,
    created: work.now,
    currency: doc.currency,
    customer: doc.customer,
    description: doc.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...doc.metadata },
    on_behalf_of: doc.on_behalf_of,
    outcome: outcomeOf(outcome),
    paid: outcome.status === 'succeeded',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: methodDetails(work, intent, method, outcome),
    receipt_email: doc.receipt_email,
    receipt_number: null,
    receipt_url: outcome.status === 'failed' ? null : `${work.sandbox.settings.publicUrl}/receipts/${id}`,
    refunded: false,
    review: null,
    shipping: doc.shipping,
    source: null,
    source_transfer: null,
    statement_descriptor: doc.statement_descriptor,
    statement_descriptor_suffix: doc.statement_descriptor_suffix,
    status: outcome.status,
    transfer_data: transferOf(doc),
    transfer_group: doc.transfer_group,
  }
  return work.insert('charge', charge, { scenario: method.hidden.scenario, authorizedAt: work.now })
}

/** The amount, as Stripe shows it with a charge: null for all of it. */
const transferOf = ({ transfer_data: data }: Documents['payment_intent']): Charge['transfer_data'] =>
  data ? { amount: data.amount ?? null, destination: String(data.destination) } : null

function outcomeOf({ status, decline }: Outcome): Charge['outcome'] {
  const why = decline ? declineOf(decline) : null
  const isBlocked = decline === 'fraudulent'
  return {
    advice_code: why?.advice ?? null,
    network_advice_code: null,
    network_decline_code: why?.networkCode ?? null,
    network_status:
      status === 'failed' ? (isBlocked ? 'not_sent_to_network' : 'declined_by_network') : 'approved_by_network',
    reason: why ? (isBlocked ? 'highest_risk_level' : (why.declineCode ?? why.code)) : null,
    risk_level: isBlocked ? 'highest' : 'normal',
    risk_score: isBlocked ? 95 : 20,
    seller_message: why ? 'The bank did not return any further details with this decline.' : 'Payment complete.',
    type: status === 'failed' ? (isBlocked ? 'blocked' : 'issuer_declined') : 'authorized',
  }
}

function methodDetails(
  work: Work,
  intent: Row<'payment_intent'>,
  method: Row<'payment_method'>,
  outcome: Outcome,
): Charge['payment_method_details'] {
  const { card, sepa_debit: sepa } = method.doc
  if (card) return { card: cardDetails(work, intent, card, method.hidden.scenario, outcome), type: 'card' }
  if (!sepa) return null
  const { bank_code, branch_code, country, fingerprint, last4 } = sepa
  return {
    sepa_debit: { bank_code, branch_code, country, fingerprint, last4, mandate: work.id('mandate') },
    type: 'sepa_debit',
  }
}

function cardDetails(
  work: Work,
  { doc, hidden }: Row<'payment_intent'>,
  card: NonNullable<Documents['payment_method']['card']>,
  scenario: string,
  outcome: Outcome,
): NonNullable<NonNullable<Charge['payment_method_details']>['card']> {
  const isHeld = outcome.status === 'succeeded' && !outcome.captured
  const availability = (isOffered: boolean) => ({
    status: isOffered ? ('available' as const) : ('unavailable' as const),
  })
  return {
    amount_authorized: outcome.status === 'succeeded' ? doc.amount : null,
    authorization_code: outcome.status === 'succeeded' ? '123456' : null,
    brand: card.brand,
    ...(isHeld ? { capture_before: work.now + AUTHORIZATION_SECONDS } : {}),
    checks: { ...noChecks, cvc_check: cardByScenario(scenario).cvcCheck },
    country: card.country,
    electronic_commerce_indicator: null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    extended_authorization: { status: 'disabled' },
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    incremental_authorization: availability(hidden.incremental),
    installments: null,
    last4: card.last4,
    mandate: null,
    multicapture: availability(hidden.multicapture),
    network: card.brand,
    network_token: { used: false },
    network_transaction_id: null,
    overcapture: overcaptureOf({ hidden }, doc.amount),
    regulated_status: card.regulated_status,
    three_d_secure: outcome.isAuthenticated ? AUTHENTICATED : null,
    transaction_link_id: null,
    wallet: null,
  }
}

/** Visa's limit for most businesses: 15 % above what is held. */
export function overcaptureOf({ hidden }: Pick<Row<'payment_intent'>, 'hidden'>, amount: number) {
  return hidden.overcapture
    ? { maximum_amount_capturable: Math.floor((amount * 115) / 100), status: 'available' as const }
    : { maximum_amount_capturable: amount, status: 'unavailable' as const }
}

const noChecks = { address_line1_check: null, address_postal_code_check: null }

const AUTHENTICATED = {
  authentication_flow: 'challenge',
  electronic_commerce_indicator: '05',
  exemption_indicator: null,
  result: 'authenticated',
  result_reason: null,
  transaction_id: null,
  version: '2.2.0',
} as const

function statementDescriptor({
  statement_descriptor: own,
  statement_descriptor_suffix: suffix,
}: Documents['payment_intent']): string {
  return own ?? (suffix === null ? 'SANDBOX' : `SANDBOX* ${suffix}`).slice(0, 22)
}
