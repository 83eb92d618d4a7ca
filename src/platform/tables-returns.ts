import type { Generated } from 'kysely'
import type { Json, Metadata } from './tables-columns.ts'

/** Rows about money that goes back: refunds, disputes, what these moved and how they were answered. */

export interface RefundsTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  charge_id: string
  status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled'
  amount: bigint
  currency: string
  reason: string | null
  failure_reason: string | null
  metadata: Json<Metadata>
  provider: string
  provider_ref: string | null
  version: Generated<number>
  created_at: Date
  updated_at: Date
}

export interface DisputesTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  charge_id: string
  provider: string
  provider_connection_id: string | null
  provider_ref: string
  state:
    | 'warning_needs_response'
    | 'warning_under_review'
    | 'warning_closed'
    | 'needs_response'
    | 'under_review'
    | 'appeal_needs_response'
    | 'appeal_under_review'
    | 'won'
    | 'lost'
    | 'prevented'
  reason: string
  amount: bigint
  currency: string
  is_refundable: boolean
  due_by: Date | null
  is_past_due: boolean
  submissions: number
  round: number
  evidence: Json<Record<string, string>>
  network: Json<{ brand?: string; caseType?: string; reasonCode?: string }>
  statement: string | null
  metadata: Json<Metadata>
  settled_at: Date | null
  reminded_at: Date | null
  next_reminder_at: Date | null
  checked_at: Date
  livemode: boolean
  version: number
  opened_at: Date
  created_at: Date
  updated_at: Date
}

export interface DisputeMovementsTable {
  merchant_id: string
  dispute_id: string
  ref: string
  kind: 'withdrawn' | 'reinstated' | 'lost'
  amount: bigint
  fee: bigint
  currency: string
  available_on: Date
  occurred_at: Date
}

export interface DisputeFilesTable {
  merchant_id: string
  id: string
  provider: string
  provider_connection_id: string | null
  provider_ref: string | null
  name: string
  type: 'pdf' | 'jpg' | 'png'
  size: number
  sha256: Buffer
  livemode: boolean
  created_at: Date
}

export interface DisputeLooksTable {
  id: string
  provider: string
  connection: Generated<string>
  looked_until: Date
  round_started_at: Date | null
  round_cursor: string | null
  attempts: Generated<number>
  last_error: string | null
  next_attempt_at: Date
  created_at: Date
}

export interface DisputeOperationsTable {
  merchant_id: string
  id: string
  dispute_id: string
  kind: 'evidence' | 'close'
  request_id: string
  state: 'sent' | 'succeeded' | 'failed' | 'unknown'
  command: Json<Record<string, unknown>>
  reason: string | null
  attempts: number
  next_attempt_at: Date
  created_at: Date
  finished_at: Date | null
}
