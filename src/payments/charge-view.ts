import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { PayerAmount } from '#providers/price.ts'
import { type IntentRow, showShipping } from './intent-view.ts'

interface ChargeFee {
  ref: string
  amount: string
  /** Of it, what the platform gets. */
  application?: string
  currency: string
  available_on: number
}

export interface ChargeRow {
  merchant_id: string
  id: string
  payment_intent_id: string
  status: 'pending' | 'succeeded' | 'failed'
  amount: bigint
  amount_captured: bigint
  amount_refunded: bigint
  currency: string
  captured: boolean
  failure_code: string | null
  failure_message: string | null
  decline_code: string | null
  method: Record<string, unknown> | null
  provider: string
  provider_ref: string
  fee: (ChargeFee & { more?: ChargeFee[] }) | null
  created_at: Date
  dispute_id: string | null
  /** Why it cannot be refunded, because of a dispute. */
  refund_block: 'charge_disputed' | 'refund_disputed_payment' | null
}

/** One attempt, as Stripe's charge. */
export const showCharge = (row: ChargeRow, intent: IntentRow) => ({
  id: showId('charge', row.id),
  object: 'charge' as const,
  amount: toJsonAmount(row.amount),
  amount_captured: toJsonAmount(row.amount_captured),
  amount_refunded: toJsonAmount(row.amount_refunded),
  ...applicationFee(row.method),
  ...transfer(row.method, intent),
  balance_transaction: row.fee?.ref ?? null,
  billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
  captured: row.captured,
  created: unixSeconds(row.created_at),
  currency: row.currency,
  customer: intent.customer_id && showId('customer', intent.customer_id),
  description: intent.description,
  dispute: row.dispute_id && showId('dispute', row.dispute_id),
  disputed: row.dispute_id !== null,
  failure_code: row.failure_code,
  failure_message: row.failure_message,
  livemode: intent.livemode,
  metadata: intent.metadata,
  outcome: outcome(row),
  paid: row.status === 'succeeded',
  payment_intent: showId('paymentIntent', row.payment_intent_id),
  payment_method: intent.payment_method,
  payment_method_details: methodDetails(row),
  provider: row.provider,
  provider_id: row.provider_ref,
  receipt_email: (intent.options.receipt_email as string | undefined) ?? null,
  refunded: row.amount_refunded > 0n && row.amount_refunded === row.amount_captured,
  shipping: showShipping(intent.options.shipping as Parameters<typeof showShipping>[0]),
  status: row.status,
  thread: intent.thread_id && showId('thread', intent.thread_id),
  ...unsupported,
})

export type ChargeView = ReturnType<typeof showCharge>

/** What the platform got of it, as the provider says. */
const applicationFee = (method: ChargeRow['method']) => {
  const fee = method?.applicationFee as { ref?: string; amount: string } | undefined
  return {
    application_fee: fee?.ref ?? null,
    application_fee_amount: fee ? toJsonAmount(BigInt(fee.amount)) : null,
  }
}

/** What was passed on with it. The amount alone is absent where all was. */
const transfer = (method: ChargeRow['method'], { options }: IntentRow) => {
  const kept = method?.transfer as { ref?: string; destination: string; amount?: string } | undefined
  return {
    on_behalf_of: (options.on_behalf_of as string | undefined) ?? null,
    ...(kept?.ref === undefined ? {} : { transfer: kept.ref }),
    transfer_data: kept
      ? { amount: kept.amount === undefined ? null : toJsonAmount(BigInt(kept.amount)), destination: kept.destination }
      : null,
    transfer_group: (options.transfer_group as string | undefined) ?? null,
  }
}

const unsupported = {
  application: null,
  calculated_statement_descriptor: null,
  failure_balance_transaction: null,
  fraud_details: {},
  receipt_number: null,
  receipt_url: null,
  review: null,
  source: null,
  source_transfer: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
}

const outcome = (row: ChargeRow) => ({
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: row.status === 'failed' ? 'declined_by_network' : 'approved_by_network',
  reason: row.decline_code,
  risk_level: 'normal',
  seller_message: row.status === 'failed' ? 'The bank did not approve the payment.' : 'Payment complete.',
  type: row.status === 'failed' ? 'issuer_declined' : 'authorized',
})

/** Stripe's `payment_method_details` from what the provider told: never more than brand, last four and expiry. */
const methodDetails = ({ method, provider_ref: ref }: Pick<ChargeRow, 'method' | 'provider_ref'>) => {
  if (!method) return null
  const type = String(method.type)
  if (type === 'card') return { type, card: cardDetails(method) }
  if (type === 'wechat_pay') return { type, wechat_pay: wechatDetails(method, ref) }
  if (type === 'sepa_debit') {
    return {
      type,
      sepa_debit: {
        bank_code: null,
        branch_code: null,
        country: method.country ?? null,
        fingerprint: null,
        last4: method.last4 ?? null,
        mandate: null,
      },
    }
  }
  return { type }
}

/** Stripe's fields, and what the payer's own account was charged where that is not the price: a tourist, a discount. */
const wechatDetails = ({ payer }: Record<string, unknown>, ref: string) => {
  const paid = payer as PayerAmount | undefined
  return {
    fingerprint: null,
    location: null,
    transaction_id: ref,
    ...(paid
      ? {
          payer_amount: toJsonAmount(BigInt(paid.amount)),
          payer_currency: paid.currency,
          payer_exchange_rate: paid.rate ?? null,
        }
      : {}),
  }
}

const cardDetails = (method: Record<string, unknown>) => ({
  ...flexibility(method),
  amount_authorized: null,
  authorization_code: null,
  brand: method.brand ?? null,
  checks: null,
  country: method.country ?? null,
  electronic_commerce_indicator: null,
  exp_month: method.expMonth ?? 0,
  exp_year: method.expYear ?? 0,
  funding: method.funding ?? null,
  installments: null,
  last4: method.last4 ?? null,
  mandate: null,
  network: null,
  network_transaction_id: null,
  regulated_status: null,
  three_d_secure: null,
  transaction_link_id: null,
  wallet: null,
})

/** What the bank allows beyond one capture of what is held; absent where the provider does not say. */
const flexibility = ({ multicapture, maxCapturable }: Record<string, unknown>) => ({
  ...(multicapture === undefined
    ? {}
    : { multicapture: { status: multicapture === true ? ('available' as const) : ('unavailable' as const) } }),
  ...(typeof maxCapturable === 'string'
    ? {
        overcapture: {
          maximum_amount_capturable: toJsonAmount(BigInt(maxCapturable)),
          status: 'available' as const,
        },
      }
    : {}),
})
