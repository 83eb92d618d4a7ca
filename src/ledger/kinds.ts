/**
 * Stripe's reporting categories that our events fall into, so that a report can be laid beside Stripe's own.
 * Source: docs.stripe.com/reports/reporting-categories.
 */
export type ReportingCategory =
  | 'charge'
  | 'dispute'
  | 'dispute_reversal'
  | 'fee'
  | 'payout'
  | 'payout_reversal'
  | 'platform_earning'
  | 'platform_earning_refund'
  | 'refund'
  | 'refund_failure'
  | 'risk_reserved_funds'
  | 'transfer'
  | 'transfer_reversal'

/**
 * Every kind of business event the ledger knows, with the category under which Stripe reports it; null for what never
 * moves a balance at Stripe. A wallet that is topped up and a share of a bill are charges there, a share given back is
 * a refund.
 */
export const reportingCategories = {
  auth: null,
  auth_release: null,
  capture: 'charge',
  discount: 'charge',
  fee: 'fee',
  refund: 'refund',
  discount_refund: 'refund',
  refund_failure: 'refund_failure',
  refund_repaid: null,
  dispute: 'dispute',
  dispute_lost: null,
  dispute_reversal: 'dispute_reversal',
  dispute_fee_reversal: 'dispute_reversal',
  settle: null,
  payout: 'payout',
  payout_failure: 'payout_reversal',
  payout_paid: null,
  payout_fee: 'fee',
  outbound_payment: null,
  outbound_payment_posted: null,
  outbound_payment_failure: null,
  outbound_payment_return: null,
  reserve_hold: 'risk_reserved_funds',
  reserve_release: 'risk_reserved_funds',
  application_fee: 'platform_earning',
  application_fee_refund: 'platform_earning_refund',
  transfer: 'transfer',
  transfer_reversal: 'transfer_reversal',
  write_off: null,
  fx_settle: null,
  fx_translate: null,
  fx_gain: null,
  fx_loss: null,
  topup: 'charge',
  hold: null,
  claim: null,
  expire: null,
  wallet_transfer: null,
  transfer_offer: null,
  transfer_accept: null,
  transfer_decline: null,
  bill_share: 'charge',
  bill_complete: null,
  bill_cancel: 'refund',
  tip_payout: null,
  adjustment: null,
  reversal: null,
  rounding: null,
} as const satisfies Record<string, ReportingCategory | null>

export type PostingKind = keyof typeof reportingCategories
