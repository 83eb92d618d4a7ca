import type { Generated } from 'kysely'
import type { Json, JsonOrNull, JsonWithDefault, Metadata } from './tables-columns.ts'

export interface ConnectionsTable {
  merchant_id: string
  id: string
  channel:
    | 'messenger'
    | 'whatsapp'
    | 'telegram'
    | 'wechat'
    | 'line'
    | 'webchat'
    | 'custom'
    | 'veto'
    | 'stripe'
    | 'wechatpay'
  external_id: string
  name: string
  status: 'active' | 'broken' | 'disabled'
  settings: JsonWithDefault<Record<string, unknown>>
  secrets: Buffer
  secrets_key: string
  secret_hints: JsonWithDefault<Record<string, string>>
  failure: JsonOrNull<Record<string, unknown>>
  checked_at: Date | null
  send_after: Date | null
  deleted_at: Date | null
  livemode: boolean
  created_at: Date
  updated_at: Date
}

export interface ThreadsTable {
  merchant_id: string
  id: string
  channel: string
  external_id: string
  locale: string | null
  title: string | null
  metadata: Json<Metadata>
  created_at: Date
  updated_at: Date
  connection_id: string | null
  last_inbound_at: Date | null
  first_touch: JsonOrNull<Record<string, unknown>>
  last_touch: JsonOrNull<Record<string, unknown>>
  consents: JsonWithDefault<Record<string, number>>
  unreachable_since: Date | null
  reachable_at: Date | null
}

export interface ParticipantsTable {
  merchant_id: string
  id: string
  thread_id: string
  external_id: string
  role: 'payer' | 'organizer' | 'agent'
  name: string | null
  locale: string | null
  created_at: Date
}

export interface ThreadAliasesTable {
  merchant_id: string
  connection_id: string
  external_id: string
  thread_id: string
  created_at: Date
}

export interface ChannelUpdatesTable {
  merchant_id: string
  id: string
  connection_id: string
  channel: string
  ref: string
  type: string
  content: Json<Record<string, unknown>>
  state: 'received' | 'processed' | 'ignored' | 'parked'
  reason: string | null
  attempts: Generated<number>
  next_attempt_at: Date
  occurred_at: Date
  received_at: Date
  processed_at: Date | null
}

export interface MessagesTable {
  merchant_id: string
  id: string
  thread_id: string
  direction: 'in' | 'out'
  kind: 'text' | 'payment_request' | 'checkout_summary' | 'receipt' | 'refund_notice' | 'bill_progress' | 'reminder'
  text: string
  card: JsonOrNull<Record<string, unknown>>
  payment_intent_id: string | null
  participant_id: string | null
  dedupe_key: string | null
  state: 'queued' | 'sent' | 'delivered' | 'read' | 'unconfirmed' | 'undeliverable' | 'canceled'
  metadata: Json<Metadata>
  created_at: Date
  checkout_id: string | null
  bill_id: string | null
  platform_ref: string | null
  route: 'window' | 'template' | 'utility' | 'consent' | 'merchant' | null
  failure: JsonOrNull<Record<string, unknown>>
  attempts: Generated<number>
  next_attempt_at: Date | null
  sending_since: Date | null
  sent_at: Date | null
  revision: Generated<number>
  sent_revision: Generated<number>
  rendered: JsonOrNull<Record<string, unknown>>
  remind_at: Date | null
  has_own_words: Generated<boolean>
}

export interface NativePaymentsTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  connection_id: string
  channel: string
  reference: string
  state: 'offered' | 'held' | 'paid' | 'released' | 'conflicted'
  amount: bigint
  currency: string
  payer: string | null
  check_at: Date | null
  platform_ref: string | null
  processor_ref: string | null
  method: string | null
  paid_at: Date | null
  created_at: Date
  updated_at: Date
  link_url: string | null
  link_terms: string | null
}

export interface VetoesTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  request_id: string
  answer: 'approved' | 'refused' | 'timed_out' | 'failed'
  is_allowed: boolean
  message: string | null
  duration_ms: number
  created_at: Date
}

export interface PromotionCodesTable {
  merchant_id: string
  id: string
  code: string
  percent_off: string | null
  amount_off: bigint | null
  currency: string | null
  minimum_amount: bigint | null
  max_redemptions: number | null
  times_redeemed: Generated<number>
  active: Generated<boolean>
  expires_at: Date | null
  metadata: JsonWithDefault<Metadata>
  livemode: boolean
  created_at: Date
}

export interface CheckoutsTable {
  merchant_id: string
  id: string
  thread_id: string | null
  participant_id: string | null
  customer_id: string | null
  payment_intent_id: string | null
  status: 'incomplete' | 'ready' | 'in_progress' | 'completed' | 'canceled' | 'expired'
  currency: string
  locale: string | null
  cart: Json<Record<string, unknown>>
  quote: Json<Record<string, unknown>>
  total: bigint
  promotion_code_id: string | null
  is_redeemed: Generated<boolean>
  metadata: JsonWithDefault<Metadata>
  version: Generated<number>
  expires_at: Date
  completed_at: Date | null
  canceled_at: Date | null
  livemode: boolean
  created_at: Date
  updated_at: Date
}

export interface BillsTable {
  merchant_id: string
  id: string
  thread_id: string
  organizer_id: string | null
  split: 'equal' | 'shares' | 'items'
  status: 'open' | 'paid' | 'closed' | 'canceled' | 'expired'
  title: string
  currency: string
  amount: bigint
  tax: Generated<bigint>
  tip: Generated<bigint>
  amount_paid: Generated<bigint>
  amount_refunded: Generated<bigint>
  items: JsonWithDefault<Record<string, unknown>[]>
  metadata: JsonWithDefault<Metadata>
  version: Generated<number>
  expires_at: Date | null
  closed_at: Date | null
  closing_request: string | null
  livemode: boolean
  created_at: Date
  updated_at: Date
}

export interface BillSharesTable {
  merchant_id: string
  id: string
  bill_id: string
  participant_id: string
  payment_intent_id: string
  is_rest: Generated<boolean>
  status: 'open' | 'paid' | 'refunded' | 'canceled'
  amount: bigint
  tax: bigint
  tip: bigint
  amount_paid: Generated<bigint>
  amount_refunded: Generated<bigint>
  weight: number | null
  leave_at: Date | null
  created_at: Date
  updated_at: Date
}

export interface BillRefundsTable {
  merchant_id: string
  id: string
  bill_id: string
  share_id: string
  request_id: string
  amount: bigint
  reason: string | null
  state: 'planned' | 'created' | 'refused'
  failure: string | null
  created_at: Date
  updated_at: Date
}

export interface RoutingsTable {
  merchant_id: string
  rules: JsonWithDefault<object[]>
  default_use: JsonWithDefault<object[]>
  created_at: Date
  updated_at: Date
}
