import type { Insertable } from 'kysely'
import { payoutsConfirmedBy } from '#accounts/settings.ts'
import { newUuid } from '#kernel/ids.ts'
import { oneLine } from '#ledger/posting.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { PayoutsTable } from '#platform/tables-payouts.ts'
import type { ProviderBalanceEntry, ProviderPayout } from '#providers/money.ts'
import type { AccountKey } from './account-repo.ts'
import { type Arrival, arrivalOf, arrivedAs, payoutPostings } from './arrival-service.ts'
import { readFunds, tellBalance } from './balance-service.ts'
import type { PayoutDeps } from './claim-service.ts'
import { findEntryIds, insertEntries } from './entry-repo.ts'
import { judgePayout, type PayoutVerdict } from './payout-news.ts'
import { insertPart, type PayoutRow, readSettings, updatePayout } from './payout-repo.ts'
import { showPayout } from './payout-view.ts'

/** What is known of a merchant's part of a payout. */
export interface PartNews {
  readonly account: AccountKey
  readonly payout: ProviderPayout
  readonly merchantId: string
  readonly amount: bigint
  readonly isWhole: boolean
  /** What the entries in it add up to, when they have been told just now. */
  readonly told?: bigint
  readonly out?: ProviderBalanceEntry
  readonly back?: ProviderBalanceEntry
}

/**
 * Brings a merchant's part of a payout to the provider's view: row, entries, ledger and events in one transaction.
 * Running it twice with the same view changes nothing the second time.
 */
export const applyPayout = (deps: PayoutDeps, news: PartNews): Promise<void> =>
  inTransaction(deps.db, news.merchantId, async (tx) => {
    const { merchantId, payout } = news
    const now = deps.clock.now()
    const before = await readFunds(tx, merchantId)
    const { row, isNew } = await insertPart(tx, newRow(news, now))
    const confirmedBy = payoutsConfirmedBy(await readSettings(tx, merchantId))
    const known = isNew ? undefined : { status: row.status, confirmedBy: row.confirmed_by }
    const verdict = judgePayout(known, payout.state, confirmedBy)
    await insertEntries(tx, entryRows(news, row))
    const arrival = verdict.steps.includes('paid') ? await arrivalOf(tx, row, payout, now) : undefined
    const postings = await payoutPostings(tx, row, news, { steps: verdict.steps, arrival, now })
    await postLedger(tx, postings, now)
    const saved = await save(tx, now, news, row, { verdict, arrival })
    await tell(tx, now, { before: row, saved, verdict, isNew })
    await tellBalance(tx, deps, { merchantId, livemode: row.livemode, entries: 0, before, items: postings })
  })

const newRow = ({ account, payout, merchantId, amount }: PartNews, now: Date) =>
  ({
    merchant_id: merchantId,
    id: newUuid(),
    ...account,
    provider_ref: payout.ref,
    status: 'pending',
    amount,
    provider_amount: payout.amount,
    currency: payout.currency,
    composition: payout.automatic ? 'pending' : 'unavailable',
    composed_amount: null,
    automatic: payout.automatic,
    method: payout.method,
    arrival_date: payout.arrivalDate,
    description: payout.description === undefined ? null : oneLine(payout.description),
    statement_descriptor: payout.statementDescriptor ?? null,
    failure_code: null,
    failure_message: null,
    trace_ref: null,
    entry_ref: payout.entryRef ?? null,
    failure_entry_ref: null,
    confirmed_by: null,
    bank_reference: null,
    received_at: null,
    paid_transaction_id: null,
    livemode: payout.livemode,
    created_at: payout.createdAt,
    updated_at: now,
  }) satisfies Insertable<PayoutsTable>

/** The merchant's share of the payout's own entries. */
const entryRows = ({ account, payout, isWhole, out, back }: PartNews, row: PayoutRow) => {
  const entry = (kind: 'payout' | 'payout_reversal', from: ProviderBalanceEntry, amount: bigint) => {
    const fee = isWhole ? from.fee : 0n
    return {
      merchant_id: row.merchant_id,
      id: newUuid(),
      ...account,
      provider_ref: from.ref,
      kind,
      type: from.type,
      reporting_category: from.category,
      amount,
      fee,
      net: amount - fee,
      currency: row.currency,
      description: from.description === undefined ? null : oneLine(from.description),
      source_kind: 'payout' as const,
      source_ref: payout.ref,
      charge_ref: null,
      booked: 'elsewhere' as const,
      available_on: from.availableOn,
      payout_ref: kind === 'payout' && payout.automatic ? payout.ref : null,
      created_at: from.createdAt,
    }
  }
  return [
    ...(out ? [entry('payout', out, -row.amount)] : []),
    ...(back ? [entry('payout_reversal', back, row.amount)] : []),
  ]
}

/** What the provider says of it now, and what the books say. */
const save = async (
  tx: Tx,
  now: Date,
  { payout, told }: PartNews,
  row: PayoutRow,
  booked: { verdict: PayoutVerdict; arrival: Arrival | undefined },
): Promise<PayoutRow> => {
  const { verdict, arrival } = booked
  const change = {
    status: verdict.status,
    arrival_date: payout.arrivalDate,
    failure_code: payout.failureCode ?? row.failure_code,
    failure_message: payout.failureMessage ?? row.failure_message,
    trace_ref: payout.traceRef ?? row.trace_ref,
    entry_ref: payout.entryRef ?? row.entry_ref,
    failure_entry_ref: payout.failureEntryRef ?? row.failure_entry_ref,
    ...(told === undefined
      ? {}
      : { composed_amount: told, composition: told === payout.amount ? ('complete' as const) : ('partial' as const) }),
    ...(arrival ? arrivedAs('provider', arrival) : {}),
    ...(verdict.steps.includes('unpaid') ? notArrived : {}),
  }
  const isSame = Object.entries(change).every(([name, value]) => same(row[name as keyof PayoutRow], value))
  return isSame ? row : updatePayout(tx, row, { ...change, updated_at: now })
}

const same = (a: unknown, b: unknown): boolean =>
  a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b

const notArrived = { confirmed_by: null, bank_reference: null, received_at: null, paid_transaction_id: null }

const tell = async (
  tx: Tx,
  now: Date,
  told: { before: PayoutRow; saved: PayoutRow; verdict: PayoutVerdict; isNew: boolean },
): Promise<void> => {
  const { before, saved, verdict, isNew } = told
  const isComposed = before.composed_amount === null && saved.composed_amount !== null
  const hasChanged = saved !== before && verdict.events.length === 0 && !isComposed
  const types = [
    ...verdict.events,
    ...(hasChanged && !isNew ? ['payout.updated'] : []),
    ...(isComposed ? ['payout.reconciliation_completed'] : []),
  ]
  const object = showPayout(saved, await findEntryIds(tx, saved))
  await appendEvents(
    tx,
    types.map((type) => ({
      merchantId: saved.merchant_id,
      type,
      objectId: saved.id,
      threadId: null,
      paymentIntentId: null,
      object,
      livemode: saved.livemode,
      createdAt: now,
    })),
  )
}
