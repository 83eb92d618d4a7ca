import type { Generated } from 'kysely'
import type { Json, JsonOrNull, Metadata } from './tables-columns.ts'

/** Rows that record what happened: ledger, events, notifications, inbox. */

export interface EventsTable {
  merchant_id: string
  id: string
  type: string
  object_id: string
  thread_id: string | null
  payment_intent_id: string | null
  data: Json<Record<string, unknown>>
  previous_attributes: JsonOrNull<Record<string, unknown>>
  request_id: string | null
  idempotency_key: string | null
  livemode: boolean
  created_at: Date
}

export interface OutboxTable {
  merchant_id: string
  event_id: string
  created_at: Date
}

export interface WebhookEndpointsTable {
  merchant_id: string
  id: string
  url: string
  secret: Buffer
  enabled_events: string[]
  description: string | null
  metadata: Json<Metadata>
  status: 'enabled' | 'disabled'
  failing_since: Date | null
  api_version: string | null
  livemode: boolean
  created_at: Date
}

export interface DeliveriesTable {
  merchant_id: string
  id: string
  event_id: string
  endpoint_id: string
  state: 'pending' | 'succeeded' | 'failed'
  attempts: Generated<number>
  next_attempt_at: Date
  last_status: number | null
  last_error: string | null
  created_at: Date
  finished_at: Date | null
}

export interface ProviderEventsTable {
  id: string
  provider: string
  connection: Generated<string>
  ref: string
  type: string
  body: Buffer
  notice: Json<Record<string, unknown>>
  state: 'received' | 'processed' | 'ignored' | 'parked'
  reason: string | null
  merchant_id: string | null
  payment_intent_id: string | null
  attempts: Generated<number>
  next_attempt_at: Date
  provider_created_at: Date
  received_at: Date
  processed_at: Date | null
}
