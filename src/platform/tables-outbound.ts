import type { Json, JsonOrNull, Metadata } from './tables-columns.ts'

/** Rows about money that merchants send to people. */

export interface OutboundPaymentsTable {
  merchant_id: string
  id: string
  thread_id: string | null
  participant_id: string | null
  customer_id: string | null
  status: 'processing' | 'requires_recipient_action' | 'posted' | 'failed' | 'canceled' | 'returned'
  amount: bigint
  currency: string
  payee: string
  provider: string
  provider_connection_id: string | null
  provider_ref: string | null
  source: 'pending' | 'available'
  is_sent: boolean
  confirmation: JsonOrNull<Record<string, unknown>>
  failure_code: string | null
  failure_message: string | null
  description: string
  metadata: Json<Metadata>
  livemode: boolean
  version: number
  check_at: Date | null
  created_at: Date
  updated_at: Date
}

export interface OutboundOperationsTable {
  merchant_id: string
  id: string
  outbound_payment_id: string
  kind: 'send' | 'cancel'
  request_id: string
  state: 'sent' | 'succeeded' | 'failed' | 'unknown' | 'conflicted'
  command: Json<Record<string, unknown>>
  answer: JsonOrNull<Record<string, unknown>>
  reason: string | null
  attempts: number
  next_attempt_at: Date
  created_at: Date
  finished_at: Date | null
}
