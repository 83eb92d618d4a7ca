import type { Generated } from 'kysely'
import type { Json, JsonOrNull, JsonWithDefault, Metadata } from './tables-columns.ts'

/** Rows about methods that are kept, with a payment or without. */

export interface PaymentMethodsTable {
  merchant_id: string
  id: string
  customer_id: string
  provider: string
  provider_connection_id: string | null
  provider_ref: string
  method: JsonOrNull<Record<string, unknown>>
  metadata: JsonWithDefault<Metadata>
  billing_details: JsonOrNull<Record<string, unknown>>
  consent: Json<Record<string, unknown>>
  payment_intent_id: string | null
  setup_intent_id: string | null
  usage: Generated<'off_session' | 'on_session'>
  livemode: boolean
  created_at: Date
  detached_at: Date | null
  forget_at: Date | null
  forget_attempts: Generated<number>
}

export interface SetupIntentsTable {
  merchant_id: string
  id: string
  customer_id: string
  usage: 'off_session' | 'on_session'
  status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'canceled'
    | 'succeeded'
  provider: string
  provider_connection_id: string | null
  provider_ref: string | null
  page_ref: string | null
  page_url: string | null
  page_expires_at: Date | null
  payment_method: string | null
  payment_method_id: string | null
  consent: Json<Record<string, unknown>>
  next_action: JsonOrNull<Record<string, unknown>>
  last_setup_error: JsonOrNull<Record<string, unknown>>
  cancellation_reason: string | null
  description: string | null
  return_url: string | null
  metadata: Json<Metadata>
  livemode: boolean
  version: number
  check_at: Date | null
  created_at: Date
  updated_at: Date
}

export interface SetupOperationsTable {
  merchant_id: string
  id: string
  setup_intent_id: string | null
  customer_id: string
  kind: 'confirm' | 'cancel' | 'page' | 'close_page' | 'attach'
  request_id: string
  state: 'sent' | 'succeeded' | 'failed' | 'unknown'
  command: Json<Record<string, unknown>>
  answer: JsonOrNull<Record<string, unknown>>
  reason: string | null
  attempts: number
  next_attempt_at: Date
  created_at: Date
  finished_at: Date | null
}
