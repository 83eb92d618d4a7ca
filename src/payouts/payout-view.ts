import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { PayoutRow } from './payout-repo.ts'
import type { Payout } from './schemas.ts'

/** Stripe's payout, and what Stripe does not have: parts, composition and the bank's confirmation. `entryIds`: by the provider's ref. */
export const showPayout = (row: PayoutRow, entryIds: ReadonlyMap<string, string>): Payout => {
  const entry = (ref: string | null): string | null => {
    const id = ref === null ? undefined : entryIds.get(ref)
    return id === undefined ? null : showId('balanceTransaction', id)
  }
  return {
    id: showId('payout', row.id),
    object: 'payout',
    amount: toJsonAmount(row.amount),
    application_fee: null,
    application_fee_amount: null,
    arrival_date: unixSeconds(row.arrival_date),
    automatic: row.automatic,
    balance_transaction: entry(row.entry_ref),
    created: unixSeconds(row.created_at),
    currency: row.currency,
    description: row.description,
    destination: null,
    failure_balance_transaction: entry(row.failure_entry_ref),
    failure_code: row.failure_code,
    failure_message: row.failure_message,
    livemode: row.livemode,
    metadata: {},
    method: row.method,
    original_payout: null,
    payout_method: null,
    reconciliation_status: reconciliation[row.composition],
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: row.statement_descriptor,
    status: row.status,
    trace_id: row.trace_ref === null ? null : { status: 'supported', value: row.trace_ref },
    type: 'bank_account',
    provider: row.provider,
    provider_payout: row.provider_ref,
    provider_amount: toJsonAmount(row.provider_amount),
    connection: row.connection === '' ? null : showId('connection', row.connection),
    composition: row.composition,
    composed_amount: row.composed_amount === null ? null : toJsonAmount(row.composed_amount),
    confirmed_by: row.confirmed_by,
    bank_reference: row.bank_reference,
    received_at: row.received_at && unixSeconds(row.received_at),
  }
}

const reconciliation = {
  pending: 'in_progress',
  complete: 'completed',
  partial: 'completed',
  unavailable: 'not_applicable',
} as const satisfies Record<PayoutRow['composition'], string>
