import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { Attribution } from '#threads/touch.ts'
import { handoverAction } from './handover.ts'
import type { IntentStatus } from './intent-machine.ts'

export interface IntentRow {
  merchant_id: string
  id: string
  thread_id: string | null
  participant_id: string | null
  customer_id: string | null
  status: IntentStatus
  capture_method: 'automatic' | 'manual'
  amount: bigint
  currency: string
  amount_authorized: bigint
  amount_capturable: bigint
  amount_captured: bigint
  amount_refunded: bigint
  amount_refund_pending: bigint
  description: string | null
  metadata: Record<string, string>
  options: Record<string, unknown>
  payment_method: string | null
  return_url: string | null
  next_action: Record<string, unknown> | null
  last_payment_error: Record<string, unknown> | null
  latest_charge_id: string | null
  cancellation_reason: string | null
  canceled_at: Date | null
  expires_at: Date | null
  provider: string
  provider_connection_id: string | null
  /** What the routing rules decided, and why. */
  route: Record<string, unknown> | null
  provider_ref: string | null
  page_ref: string | null
  page_url: string | null
  page_handover: Record<string, unknown> | null
  page_expires_at: Date | null
  conflict: string | null
  /** How the payer came to the thread, frozen when the payment was created. */
  attribution: Record<string, unknown> | null
  version: number
  livemode: boolean
  created_at: Date
  updated_at: Date
}

/** Whose account takes this payment. */
export const accountOf = (
  row: Pick<IntentRow, 'merchant_id' | 'provider' | 'provider_connection_id'>,
): ProviderAccount => ({
  merchantId: row.merchant_id,
  provider: row.provider,
  connectionId: row.provider_connection_id,
})

/** The bill that this payment is a share of: what is paid for it is held until the bill is complete. */
export const billOf = ({ options }: Pick<IntentRow, 'options'>): string | undefined =>
  options.bill as string | undefined

/** What is derived from secrets and configuration, not from the row. */
export interface IntentLinks {
  clientSecret: string
  checkoutUrl: string
}

export type IntentView = ReturnType<typeof showIntent>

/** The payment intent as clients read it: Stripe's object with `thread`, `participant`, `checkout_url` … beside it. */
export const showIntent = (row: IntentRow, links: IntentLinks) => ({
  id: showId('paymentIntent', row.id),
  object: 'payment_intent' as const,
  amount: toJsonAmount(row.amount),
  amount_capturable: toJsonAmount(row.amount_capturable),
  amount_details: { tip: {} },
  amount_received: toJsonAmount(row.amount_captured),
  amount_refunded: toJsonAmount(row.amount_refunded),
  attribution: row.attribution as Attribution | null,
  canceled_at: row.canceled_at && unixSeconds(row.canceled_at),
  cancellation_reason: row.cancellation_reason,
  capture_method: row.capture_method,
  checkout_url: links.checkoutUrl,
  client_secret: links.clientSecret,
  created: unixSeconds(row.created_at),
  currency: row.currency,
  customer: row.customer_id && showId('customer', row.customer_id),
  description: row.description,
  expires_at: row.expires_at && unixSeconds(row.expires_at),
  last_payment_error: row.last_payment_error,
  latest_charge: row.latest_charge_id && showId('charge', row.latest_charge_id),
  livemode: row.livemode,
  metadata: row.metadata,
  next_action: row.next_action ?? handoverAction(row, links.checkoutUrl),
  participant: row.participant_id && showId('participant', row.participant_id),
  payment_method: row.payment_method,
  processing: row.status === 'processing' ? { type: 'card' } : null,
  status: row.status,
  thread: row.thread_id && showId('thread', row.thread_id),
  ...unsupported,
  ...carried(row.options),
})

/** Members that Stripe's schema requires and this service has no use for yet. */
const unsupported = {
  allowed_payment_method_types: null,
  application: null,
  customer_account: null,
  excluded_payment_method_types: null,
  managed_payments: null,
  payment_method_configuration_details: null,
  payment_record: null,
  review: null,
  source: null,
}

/** What the client sent and gets back unchanged. */
const carried = (options: Record<string, unknown>) => ({
  application_fee_amount: (options.application_fee_amount as number | undefined) ?? null,
  automatic_payment_methods: (options.automatic_payment_methods as Record<string, unknown> | undefined) ?? null,
  confirmation_method: (options.confirmation_method as string | undefined) ?? 'automatic',
  payment_method_options: methodOptions(options.payment_method_options as MethodOptions | undefined),
  payment_method_types: (options.payment_method_types as string[] | undefined) ?? ['card'],
  receipt_email: (options.receipt_email as string | undefined) ?? null,
  on_behalf_of: (options.on_behalf_of as string | undefined) ?? null,
  transfer_data: (options.transfer_data as { destination: string; amount?: number } | undefined) ?? null,
  transfer_group: (options.transfer_group as string | undefined) ?? null,
  setup_future_usage: (options.setup_future_usage as 'off_session' | 'on_session' | undefined) ?? null,
  statement_descriptor: (options.statement_descriptor as string | undefined) ?? null,
  statement_descriptor_suffix: (options.statement_descriptor_suffix as string | undefined) ?? null,
  shipping: showShipping(options.shipping as Shipping | undefined),
})

interface MethodOptions {
  card?: { request_incremental_authorization?: string; request_multicapture?: string; request_overcapture?: string }
}

/** Stripe's object names what was not asked for, too. */
const methodOptions = ({ card }: MethodOptions = {}) =>
  card
    ? { card: { installments: null, mandate_options: null, network: null, request_three_d_secure: null, ...card } }
    : {}

interface Shipping {
  name: string
  address: Record<string, string>
  phone?: string
  carrier?: string
  tracking_number?: string
}

const noAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null }

/** What the client sent, with Stripe's nulls for the rest. */
export const showShipping = (shipping: Shipping | undefined) =>
  shipping
    ? { carrier: null, phone: null, tracking_number: null, ...shipping, address: { ...noAddress, ...shipping.address } }
    : null
