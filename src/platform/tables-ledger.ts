import type { Generated } from 'kysely'
import type { Json, JsonOrNull, JsonWithDefault } from './tables-columns.ts'

/** Rows of the ledger and of what finance makes of it. */

export interface LedgerAccountsTable {
  merchant_id: string
  id: string
  code: string
  name: string
  type: 'asset' | 'liability' | 'equity' | 'revenue' | 'expense' | 'memo'
  currency: string
  created_at: Date
  holder: Generated<string>
}

export interface LedgerTransactionsTable {
  merchant_id: string
  id: string
  event_key: string
  kind: string
  description: Generated<string>
  payment_intent_id: string | null
  refund_id: string | null
  thread_id: string | null
  effective_at: Date
  created_at: Date
  xid: Generated<string>
  base_currency: string
  reverses_id: string | null
  original_effective_at: Date | null
  value_at: Date | null
  refs: JsonWithDefault<Record<string, string>>
}

export interface LedgerEntriesTable {
  merchant_id: string
  transaction_id: string
  line: number
  account_id: string
  currency: string
  amount: bigint
  base_amount: bigint
}

export interface LedgerExchangeRatesTable {
  merchant_id: string
  id: string
  currency: string
  effective_on: string
  rate: string
  source: Generated<string>
  created_at: Date
}

export interface LedgerGuardedBalancesTable {
  merchant_id: string
  account_id: string
  balance: bigint
}

export interface LedgerPeriodLocksTable {
  merchant_id: string
  number: number
  action: 'closing' | 'closed' | 'reopened'
  closed_until: string
  proposal_id: string
  as_of_seq: bigint | null
  trial_balance_sha256: Buffer | null
  created_at: Date
}

export interface LedgerSealsTable {
  merchant_id: string
  seq: bigint
  transaction_id: string
  hash: Buffer
  sealed_at: Date
}

export interface LedgerCheckpointsTable {
  merchant_id: string
  seq: bigint
  hash: Buffer
  key_id: string
  signature: Buffer
  created_at: Date
}

export interface LedgerSealerTable {
  single: Generated<boolean>
  cluster: string
  last_xid: string
  last_id: string
  updated_at: Date
}

export interface LedgerRollupsTable {
  merchant_id: string
  account_id: string
  span: 'day' | 'month'
  starts_on: string
  debit: bigint
  credit: bigint
  base_debit: bigint
  base_credit: bigint
}

export interface LedgerHoursTable {
  merchant_id: string
  starts_at: Date
  account_id: string
  debit: bigint
  credit: bigint
  base_debit: bigint
  base_credit: bigint
}

export interface LedgerMarkPointsTable {
  merchant_id: string
  seq: bigint
  effective_until: Date
}

export interface LedgerMarksTable {
  merchant_id: string
  account_id: string
  seq: bigint
  debit: bigint
  credit: bigint
  base_debit: bigint
  base_credit: bigint
}

export interface LedgerProposalsTable {
  merchant_id: string
  id: string
  kind: 'adjustment' | 'reversal' | 'period_close' | 'period_reopen'
  status: 'proposed' | 'approved' | 'rejected'
  content: Json<Record<string, unknown>>
  reason: string
  attachment: string | null
  proposed_by: string
  decided_by: string | null
  four_eyes: boolean
  decision_reason: string | null
  transaction_id: string | null
  livemode: boolean
  created_at: Date
  decided_at: Date | null
}

export interface LedgerAccountMappingsTable {
  merchant_id: string
  target: string
  code: string
  own_code: string
  own_name: string
  updated_at: Date
}

export interface ExportsTable {
  merchant_id: string
  id: string
  format: string
  spec: Json<Record<string, unknown>>
  from_seq: bigint
  as_of_seq: bigint
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'canceled' | 'expired'
  parts_total: Generated<number>
  parts_done: Generated<number>
  rows_total: Generated<bigint>
  rows_done: Generated<bigint>
  bytes: Generated<bigint>
  sha256: Buffer | null
  manifest: JsonOrNull<Record<string, unknown>>
  error_code: string | null
  error_message: string | null
  attempts: Generated<number>
  failures: Generated<number>
  next_attempt_at: Date
  requested_by: string
  livemode: boolean
  created_at: Date
  finished_at: Date | null
  expires_at: Date | null
}

export interface ExportPartsTable {
  merchant_id: string
  export_id: string
  number: number
  first_seq: bigint
  last_seq: bigint
  rows: bigint
  bytes: bigint
  sha256: Buffer
  totals: Json<Record<string, unknown>>
  created_at: Date
}
