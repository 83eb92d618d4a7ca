import type { Generated } from 'kysely'
import type { Json } from './tables-columns.ts'

/** Rows of what providers hold for us and pay out. */

export interface ProviderAccountsTable {
  id: string
  provider: string
  connection: Generated<string>
  livemode: boolean
  mirrored_until: Date
  round_started_at: Date | null
  round_cursor: string | null
  attempts: Generated<number>
  last_error: string | null
  next_attempt_at: Date
  created_at: Date
}

export interface UnclaimedEntriesTable {
  id: string
  provider: string
  connection: string
  provider_ref: string
  content: Json<Record<string, unknown>>
  currency: string
  net: bigint
  payout_ref: string | null
  attempts: Generated<number>
  next_attempt_at: Date | null
  created_at: Date
}

export interface ProviderPayoutsTable {
  id: string
  provider: string
  connection: string
  provider_ref: string
  state: Generated<'unknown' | 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled'>
  amount: bigint | null
  currency: string | null
  unclaimed: bigint | null
  composed_at: Date | null
  attempts: Generated<number>
  last_error: string | null
  next_attempt_at: Date | null
  created_at: Date
}

export interface BalanceTransactionsTable {
  merchant_id: string
  id: string
  provider: string
  connection: Generated<string>
  provider_ref: string
  kind:
    | 'charge'
    | 'charge_failure'
    | 'refund'
    | 'refund_failure'
    | 'dispute'
    | 'dispute_reversal'
    | 'transfer'
    | 'transfer_reversal'
    | 'application_fee'
    | 'application_fee_refund'
    | 'fee'
    | 'payout'
    | 'payout_reversal'
    | 'payout_fee'
    | 'reserve_hold'
    | 'reserve_release'
    | 'other'
  type: string
  reporting_category: string
  amount: bigint
  fee: bigint
  net: bigint
  currency: string
  description: string | null
  source_kind: 'charge' | 'refund' | 'dispute' | 'payout' | 'other' | null
  source_ref: string | null
  charge_ref: string | null
  booked: 'elsewhere' | 'here' | 'waiting'
  available_on: Date
  settlement_id: string | null
  payout_ref: string | null
  created_at: Date
  application_fee: Generated<bigint>
}

export interface BalanceSettlementsTable {
  merchant_id: string
  id: string
  provider: string
  connection: string
  currency: string
  available_on: string
  part: number
  amount: bigint
  entries: number
  created_at: Date
}

export interface PayoutsTable {
  merchant_id: string
  id: string
  provider: string
  connection: Generated<string>
  provider_ref: string
  status: 'pending' | 'in_transit' | 'paid' | 'failed' | 'canceled'
  amount: bigint
  provider_amount: bigint
  currency: string
  composition: 'pending' | 'complete' | 'partial' | 'unavailable'
  composed_amount: bigint | null
  automatic: boolean
  method: 'standard' | 'instant'
  arrival_date: Date
  description: string | null
  statement_descriptor: string | null
  failure_code: string | null
  failure_message: string | null
  trace_ref: string | null
  entry_ref: string | null
  failure_entry_ref: string | null
  confirmed_by: 'provider' | 'bank' | null
  bank_reference: string | null
  received_at: Date | null
  paid_transaction_id: string | null
  livemode: boolean
  created_at: Date
  updated_at: Date
}
