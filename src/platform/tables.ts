import type { Generated } from 'kysely'
import type {
  BillRefundsTable,
  BillSharesTable,
  BillsTable,
  ChannelUpdatesTable,
  CheckoutsTable,
  ConnectionsTable,
  MessagesTable,
  NativePaymentsTable,
  ParticipantsTable,
  PromotionCodesTable,
  RoutingsTable,
  ThreadAliasesTable,
  ThreadsTable,
  VetoesTable,
} from './tables-chat.ts'
import type { Json, JsonOrNull, Metadata } from './tables-columns.ts'
import type {
  ExportPartsTable,
  ExportsTable,
  LedgerAccountMappingsTable,
  LedgerAccountsTable,
  LedgerCheckpointsTable,
  LedgerEntriesTable,
  LedgerExchangeRatesTable,
  LedgerGuardedBalancesTable,
  LedgerHoursTable,
  LedgerMarkPointsTable,
  LedgerMarksTable,
  LedgerPeriodLocksTable,
  LedgerProposalsTable,
  LedgerRollupsTable,
  LedgerSealerTable,
  LedgerSealsTable,
  LedgerTransactionsTable,
} from './tables-ledger.ts'
import type { OutboundOperationsTable, OutboundPaymentsTable } from './tables-outbound.ts'
import type {
  BalanceSettlementsTable,
  BalanceTransactionsTable,
  PayoutsTable,
  ProviderAccountsTable,
  ProviderPayoutsTable,
  UnclaimedEntriesTable,
} from './tables-payouts.ts'
import type {
  DeliveriesTable,
  EventsTable,
  OutboxTable,
  ProviderEventsTable,
  WebhookEndpointsTable,
} from './tables-records.ts'
import type {
  DisputeFilesTable,
  DisputeLooksTable,
  DisputeMovementsTable,
  DisputeOperationsTable,
  DisputesTable,
  RefundsTable,
} from './tables-returns.ts'
import type { PaymentMethodsTable, SetupIntentsTable, SetupOperationsTable } from './tables-setups.ts'
import type { ProviderStatementsTable } from './tables-statements.ts'

/** Rows as the database has them. A test compares this file with the migrated schema. */

export interface Tables {
  merchants: MerchantsTable
  api_keys: ApiKeysTable
  idempotency_keys: IdempotencyKeysTable
  connections: ConnectionsTable
  routings: RoutingsTable
  threads: ThreadsTable
  thread_aliases: ThreadAliasesTable
  channel_updates: ChannelUpdatesTable
  participants: ParticipantsTable
  messages: MessagesTable
  native_payments: NativePaymentsTable
  vetoes: VetoesTable
  promotion_codes: PromotionCodesTable
  checkouts: CheckoutsTable
  bills: BillsTable
  bill_shares: BillSharesTable
  bill_refunds: BillRefundsTable
  customers: CustomersTable
  customer_refs: CustomerRefsTable
  payment_methods: PaymentMethodsTable
  setup_intents: SetupIntentsTable
  setup_operations: SetupOperationsTable
  payment_intents: PaymentIntentsTable
  charges: ChargesTable
  refunds: RefundsTable
  operations: OperationsTable
  disputes: DisputesTable
  dispute_movements: DisputeMovementsTable
  dispute_files: DisputeFilesTable
  dispute_looks: DisputeLooksTable
  dispute_operations: DisputeOperationsTable
  provider_accounts: ProviderAccountsTable
  provider_payouts: ProviderPayoutsTable
  unclaimed_entries: UnclaimedEntriesTable
  provider_statements: ProviderStatementsTable
  balance_transactions: BalanceTransactionsTable
  balance_settlements: BalanceSettlementsTable
  payouts: PayoutsTable
  outbound_payments: OutboundPaymentsTable
  outbound_operations: OutboundOperationsTable
  ledger_accounts: LedgerAccountsTable
  ledger_transactions: LedgerTransactionsTable
  ledger_entries: LedgerEntriesTable
  ledger_exchange_rates: LedgerExchangeRatesTable
  ledger_guarded_balances: LedgerGuardedBalancesTable
  ledger_period_locks: LedgerPeriodLocksTable
  ledger_seals: LedgerSealsTable
  ledger_checkpoints: LedgerCheckpointsTable
  ledger_sealer: LedgerSealerTable
  ledger_rollups: LedgerRollupsTable
  ledger_hours: LedgerHoursTable
  ledger_mark_points: LedgerMarkPointsTable
  ledger_marks: LedgerMarksTable
  ledger_proposals: LedgerProposalsTable
  ledger_account_mappings: LedgerAccountMappingsTable
  exports: ExportsTable
  export_parts: ExportPartsTable
  events: EventsTable
  outbox: OutboxTable
  webhook_endpoints: WebhookEndpointsTable
  deliveries: DeliveriesTable
  provider_events: ProviderEventsTable
}

export type { MessagesTable, NativePaymentsTable, ParticipantsTable, ThreadsTable } from './tables-chat.ts'
export type { RefundsTable } from './tables-returns.ts'

export interface MerchantsTable {
  merchant_id: string
  name: string
  settings: Json<{
    accent?: string
    logo_url?: string
    support_email?: string
    support_url?: string
    support_phone?: string
  }>
  created_at: Date
  base_currency: Generated<string>
}

export interface ApiKeysTable {
  merchant_id: string
  id: string
  role: 'service' | 'merchant' | 'bot' | 'finance' | 'platform'
  name: string
  livemode: boolean
  hash: Buffer
  hint: string
  created_at: Date
  last_used_at: Date | null
  expires_at: Date | null
}

export interface IdempotencyKeysTable {
  merchant_id: string
  key: string
  fingerprint: Buffer
  resource_id: string
  locked_until: Date | null
  status: number | null
  body: string | null
  created_at: Date
}

export interface CustomersTable {
  merchant_id: string
  id: string
  name: string | null
  email: string | null
  phone: string | null
  description: string | null
  address: JsonOrNull<Record<string, string | null>>
  shipping: JsonOrNull<Record<string, unknown>>
  metadata: Json<Metadata>
  livemode: boolean
  deleted_at: Date | null
  created_at: Date
}

export interface CustomerRefsTable {
  merchant_id: string
  customer_id: string
  provider: string
  connection: Generated<string>
  ref: string
  created_at: Date
}

export interface PaymentIntentsTable {
  merchant_id: string
  id: string
  thread_id: string | null
  participant_id: string | null
  customer_id: string | null
  status:
    | 'requires_payment_method'
    | 'requires_confirmation'
    | 'requires_action'
    | 'processing'
    | 'requires_capture'
    | 'succeeded'
    | 'canceled'
  capture_method: 'automatic' | 'manual'
  amount: bigint
  currency: string
  amount_authorized: Generated<bigint>
  amount_capturable: Generated<bigint>
  amount_captured: Generated<bigint>
  amount_refunded: Generated<bigint>
  amount_refund_pending: Generated<bigint>
  description: string | null
  metadata: Json<Metadata>
  options: Json<Record<string, unknown>>
  payment_method: string | null
  return_url: string | null
  next_action: JsonOrNull<Record<string, unknown>>
  last_payment_error: JsonOrNull<Record<string, unknown>>
  latest_charge_id: string | null
  cancellation_reason: string | null
  canceled_at: Date | null
  expires_at: Date | null
  provider: string
  provider_ref: string | null
  page_ref: string | null
  page_url: string | null
  page_expires_at: Date | null
  conflict: string | null
  version: Generated<number>
  livemode: boolean
  created_at: Date
  updated_at: Date
  attribution: JsonOrNull<Record<string, unknown>>
  provider_connection_id: string | null
  route: JsonOrNull<Record<string, unknown>>
  page_handover: JsonOrNull<Record<string, unknown>>
}

export interface ChargesTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  status: 'pending' | 'succeeded' | 'failed'
  amount: bigint
  amount_captured: bigint
  amount_refunded: Generated<bigint>
  currency: string
  captured: boolean
  failure_code: string | null
  failure_message: string | null
  decline_code: string | null
  method: JsonOrNull<Record<string, unknown>>
  provider: string
  provider_ref: string
  fee: JsonOrNull<{ ref: string; amount: string; currency: string; available_on: number }>
  created_at: Date
  dispute_id: string | null
  refund_block: 'charge_disputed' | 'refund_disputed_payment' | null
  operation_id: string | null
}

export interface OperationsTable {
  merchant_id: string
  id: string
  payment_intent_id: string
  refund_id: string | null
  kind: 'authorize' | 'capture' | 'cancel' | 'increment' | 'page' | 'close_page' | 'refund' | 'cancel_refund'
  request_id: string
  state: 'created' | 'sent' | 'succeeded' | 'failed' | 'unknown' | 'conflicted'
  amount: bigint | null
  command: Json<Record<string, unknown>>
  answer: JsonOrNull<Record<string, unknown>>
  reason: string | null
  attempts: Generated<number>
  next_attempt_at: Date
  created_at: Date
  sent_at: Date | null
  finished_at: Date | null
}
