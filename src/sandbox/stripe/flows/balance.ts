import { disputeFee, instantPayoutFee, processingFee } from '../rules/fees.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

type Transaction = Documents['balance_transaction']
export type Booking = Pick<Transaction, 'amount' | 'currency' | 'type' | 'reporting_category' | 'source'> & {
  fee?: number
  /** Of the fee, the platform's part. */
  applicationFee?: number
  feeType?: string
  description?: string | null
  isAvailableAtOnce?: boolean
}

const SETTLEMENT_SECONDS = 2 * 86_400

/** Money in: the captured amount less Stripe's fee, available after two days. */
export function bookCharge(work: Work, charge: Row<'charge'>, amount: number, isAvailableAtOnce: boolean): string {
  const isCard = charge.doc.payment_method_details?.type === 'card'
  // What the platform gets of a payment that it passes on comes back from the one it goes to.
  const isPassedOn = charge.doc.transfer_data !== null
  const applicationFee = isPassedOn ? 0 : Math.min(charge.doc.application_fee_amount ?? 0, amount)
  if (applicationFee > 0) charge.doc.application_fee = bookEarning(work, charge, applicationFee)
  return book(work, {
    applicationFee,
    amount,
    currency: charge.doc.currency,
    type: isCard ? 'charge' : 'payment',
    reporting_category: 'charge',
    source: charge.id,
    fee: processingFee(amount, charge.doc.currency) + applicationFee,
    description: charge.doc.description,
    isAvailableAtOnce,
  })
}

/** What the platform gets of it, which is on its own account. Answers the id of the fee. */
function bookEarning(work: Work, charge: Row<'charge'>, amount: number): string {
  const source = work.id('fee')
  const { currency } = charge.doc
  bookDocument(
    work,
    { amount, currency, type: 'application_fee', reporting_category: 'platform_earning', source },
    platform,
  )
  return source
}

const platform = ''

/** Money out. Stripe keeps its fee of the charge; the platform's goes back with it, in proportion, where that is asked for. */
export function bookRefund(
  work: Work,
  refundId: string,
  charge: Row<'charge'>,
  { amount, returned }: { amount: number; returned: number },
): string {
  if (returned > 0) {
    const earning = { type: 'application_fee_refund', reporting_category: 'platform_earning_refund' } as const
    const { currency, application_fee: source } = charge.doc
    bookDocument(work, { amount: -returned, currency, source, ...earning }, platform)
  }
  const isCard = charge.doc.payment_method_details?.type === 'card'
  return book(work, {
    amount: -amount,
    fee: -returned,
    applicationFee: -returned,
    currency: charge.doc.currency,
    type: isCard ? 'refund' : 'payment_refund',
    reporting_category: 'refund',
    source: refundId,
    description:
      charge.doc.description === null ? 'REFUND FOR CHARGE' : `REFUND FOR CHARGE (${charge.doc.description})`,
  })
}

/** Of the platform's fee as much as of the charge; of a charge that is refunded with it whole, all. */
export function takeFeeBack({ doc, hidden }: Row<'charge'>, amount: number): number {
  const fee = Math.min(doc.application_fee_amount ?? 0, doc.amount_captured)
  const before = hidden.refundedWithFee ?? 0
  const upTo = (refunded: number) => Math.floor((fee * refunded) / doc.amount_captured)
  hidden.refundedWithFee = before + amount
  return upTo(before + amount) - upTo(before)
}

/** A refund that came back, or was called off in time. */
export function bookRefundReturn(
  work: Work,
  refund: Row<'refund'>,
  type: 'refund_failure' | 'payment_failure_refund',
): string {
  return book(work, {
    amount: refund.doc.amount,
    currency: refund.doc.currency,
    type,
    reporting_category: 'refund_failure',
    source: refund.id,
    description: 'REFUND FAILURE',
  })
}

export function bookDispute(work: Work, dispute: Row<'dispute'>, direction: 'withdrawn' | 'reinstated'): Transaction {
  const isWithdrawn = direction === 'withdrawn'
  return bookDocument(work, {
    amount: isWithdrawn ? -dispute.doc.amount : dispute.doc.amount,
    currency: dispute.doc.currency,
    type: 'adjustment',
    reporting_category: isWithdrawn ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    fee: isWithdrawn ? disputeFee(dispute.doc.currency) : 0,
    description: isWithdrawn
      ? `Chargeback withdrawal for ${dispute.doc.charge}`
      : `Chargeback reversal for ${dispute.doc.charge}`,
    isAvailableAtOnce: true,
  })
}

export function bookPayout(
  work: Work,
  payout: Row<'payout'>,
  type: 'payout' | 'payout_cancel' | 'payout_failure',
): string {
  const isOut = type === 'payout'
  return book(work, {
    amount: isOut ? -payout.doc.amount : payout.doc.amount,
    currency: payout.doc.currency,
    type,
    reporting_category: isOut ? 'payout' : 'payout_reversal',
    source: payout.id,
    fee: isOut && payout.doc.method === 'instant' ? instantPayoutFee(payout.doc.amount) : 0,
    description: 'STRIPE PAYOUT',
    isAvailableAtOnce: true,
  })
}

export type Adjustment = { kind: 'reserve' | 'fee' | 'other'; amount: number; currency: string }

/** What Stripe takes, keeps or gives by itself, without a payment: `amount` is what the balance changes by. */
export function bookAdjustment(work: Work, { kind, amount, currency }: Adjustment): Transaction {
  const [type, category, description] = {
    reserve: ['reserve_transaction', 'risk_reserved_funds', amount < 0 ? 'Reserve held' : 'Reserve released'],
    fee: ['stripe_fee', 'fee', 'Radar (2026-11): Radar for Fraud Teams'],
    other: ['adjustment', 'other_adjustment', 'Adjustment'],
  }[kind] as [Transaction['type'], string, string]
  return bookDocument(work, {
    amount,
    currency,
    type,
    reporting_category: category,
    source: null,
    description,
    isAvailableAtOnce: true,
  })
}

/** `seller`: the account that it stands on, where that is not the one that the work is about. */
export const book = (work: Work, booking: Booking, seller?: string): string => bookDocument(work, booking, seller).id

function bookDocument(work: Work, booking: Booking, account?: string): Transaction {
  const { isAvailableAtOnce = false, fee = 0, applicationFee = 0, ...rest } = booking
  const doc: Transaction = {
    id: work.id('txn'),
    object: 'balance_transaction',
    amount: rest.amount,
    available_on: isAvailableAtOnce ? work.now : work.now + SETTLEMENT_SECONDS,
    balance_type: 'payments',
    created: work.now,
    currency: rest.currency,
    description: rest.description ?? null,
    exchange_rate: null,
    fee,
    fee_details: [
      ...(fee === applicationFee ? [] : [feeDetail(fee - applicationFee, rest.currency, rest.type)]),
      ...(applicationFee === 0 ? [] : [applicationFeeDetail(applicationFee, rest.currency)]),
    ],
    net: rest.amount - fee,
    reporting_category: rest.reporting_category,
    source: rest.source,
    status: isAvailableAtOnce ? 'available' : 'pending',
    type: rest.type,
  }
  const seller = account === undefined || account === platform ? {} : { seller: account }
  work.insert('balance_transaction', doc, { payout: null, ...seller }, account)
  return doc
}

const applicationFeeDetail = (amount: number, currency: string) => ({
  amount,
  application: 'ca_sandbox',
  currency,
  description: 'Sandbox application fee',
  type: 'application_fee',
})

function feeDetail(amount: number, currency: string, type: string) {
  const description =
    type === 'adjustment' ? 'Dispute fee' : type === 'payout' ? 'Instant payout fee' : 'Stripe processing fees'
  return { amount, application: null, currency, description, type: 'stripe_fee' }
}
