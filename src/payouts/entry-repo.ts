import { type Insertable, type Selectable, sql } from 'kysely'
import type { Currency } from '#kernel/currencies.ts'
import type { Db, Tx } from '#platform/database.ts'
import type { BalanceTransactionsTable, UnclaimedEntriesTable } from '#platform/tables-payouts.ts'
import type { AccountKey } from './account-repo.ts'

export type EntryRow = Selectable<BalanceTransactionsTable>

/** What we know of a charge that entries come from. */
export interface KnownCharge {
  readonly ref: string
  readonly merchantId: string
  readonly paymentIntentId: string
  readonly threadId: string | null
  readonly amountCaptured: bigint
  readonly currency: Currency
  readonly livemode: boolean
  /** Whom it was passed on to, how much of it, and what the platform took of that; null: nobody, nothing. */
  readonly seller: string | null
  readonly transferred: bigint | null
  readonly applicationFee: bigint | null
}

/** Charges that this account made. What another account says of them is not believed. */
export const findCharges = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  refs: readonly string[],
): Promise<Map<string, KnownCharge>> => {
  const { rows } = await sql<KnownCharge>`
    select c.provider_ref as ref, c.merchant_id as "merchantId", i.id as "paymentIntentId", i.thread_id as "threadId",
      c.amount_captured as "amountCaptured", c.currency, i.livemode,
      c.method #>> '{transfer,destination}' as seller, (c.method #>> '{applicationFee,amount}')::bigint as "applicationFee",
      coalesce((c.method #>> '{transfer,amount}')::bigint, c.amount_captured) as transferred
    from charges c join payment_intents i on i.merchant_id = c.merchant_id and i.id = c.payment_intent_id
    where c.provider = ${provider} and c.provider_ref = any(${refs}::text[])
      and coalesce(i.provider_connection_id::text, '') = ${connection}`.execute(maintenance)
  return new Map(rows.map((row) => [row.ref, row]))
}

/** Amounts of refunds, in the payer's currency. */
export const findRefundAmounts = async (
  maintenance: Db,
  provider: string,
  refs: readonly string[],
): Promise<Map<string, bigint>> => {
  const rows = await maintenance
    .selectFrom('refunds')
    .select(['provider_ref', 'amount'])
    .where('provider', '=', provider)
    .where(sql<boolean>`provider_ref = any(${refs}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.provider_ref ?? '', row.amount]))
}

/** Whose entries of these are mirrored already. */
export const findClaimed = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  refs: readonly string[],
): Promise<Map<string, string>> => {
  const rows = await maintenance
    .selectFrom('balance_transactions')
    .select(['provider_ref', 'merchant_id'])
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where(sql<boolean>`provider_ref = any(${refs}::text[])`)
    .execute()
  return new Map(rows.map((row) => [row.provider_ref, row.merchant_id]))
}

/** Inserts those that are not here yet, and answers their ids. */
export const insertEntries = async (
  tx: Tx,
  rows: readonly Insertable<BalanceTransactionsTable>[],
): Promise<Set<string>> => {
  if (rows.length === 0) return new Set()
  const inserted = await tx
    .insertInto('balance_transactions')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['merchant_id', 'provider', 'connection', 'provider_ref']).doNothing())
    .returning('id')
    .execute()
  return new Set(inserted.map((row) => row.id))
}

/** Says which payout took entries; the first one that is said stays. */
export const putInPayout = async (
  tx: Tx,
  { provider, connection }: AccountKey,
  refs: readonly string[],
  payoutRef: string,
): Promise<void> => {
  await tx
    .updateTable('balance_transactions')
    .set({ payout_ref: payoutRef })
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where(sql<boolean>`provider_ref = any(${refs}::text[])`)
    .where('payout_ref', 'is', null)
    .execute()
}

/** What each merchant has in a payout: the sum of its entries but for the payout's own. */
export const sumPayoutParts = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  payoutRef: string,
): Promise<{ merchantId: string; amount: bigint }[]> => {
  const { rows } = await sql<{ merchantId: string; amount: bigint }>`
    select merchant_id as "merchantId", sum(net)::bigint as amount from balance_transactions
    where provider = ${provider} and connection = ${connection} and payout_ref = ${payoutRef}
      and not (kind in ('payout', 'payout_reversal') and source_ref = ${payoutRef})
    group by 1 order by 1`.execute(maintenance)
  return rows
}

const isUnsettled = sql<boolean>`settlement_id is null and kind not in ('payout', 'payout_reversal')`

/** Merchants with something of the account that could become available now. */
export const findDueMerchants = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  now: Date,
): Promise<string[]> => {
  const rows = await maintenance
    .selectFrom('balance_transactions')
    .select('merchant_id')
    .distinct()
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('available_on', '<=', now)
    .where(isUnsettled)
    .orderBy('merchant_id')
    .execute()
  return rows.map((row) => row.merchant_id)
}

/** When the next of it becomes available. */
export const nextAvailable = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  now: Date,
): Promise<Date | undefined> => {
  const row = await maintenance
    .selectFrom('balance_transactions')
    .select('available_on')
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('available_on', '>', now)
    .where(isUnsettled)
    .orderBy('available_on')
    .limit(1)
    .executeTakeFirst()
  return row?.available_on
}

/** Locks a merchant's entries that may become available now: one run books them, the other finds them booked. */
export const lockDue = (tx: Tx, merchantId: string, { provider, connection }: AccountKey, now: Date, limit: number) =>
  tx
    .selectFrom('balance_transactions')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('available_on', '<=', now)
    .where(isUnsettled)
    .where('booked', '<>', 'waiting')
    .orderBy('available_on')
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .execute()

/** Locks entries of an account whose charge, refund or dispute was not known when they came. */
export const lockWaiting = (tx: Tx, merchantId: string, { provider, connection }: AccountKey, limit: number) =>
  tx
    .selectFrom('balance_transactions')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('booked', '=', 'waiting')
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .execute()

export const markBooked = async (
  tx: Tx,
  merchantId: string,
  ids: readonly string[],
  booked: 'elsewhere' | 'here',
): Promise<void> => {
  if (ids.length === 0) return
  await tx
    .updateTable('balance_transactions')
    .set({ booked })
    .where('merchant_id', '=', merchantId)
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute()
}

export type UnclaimedRow = Selectable<UnclaimedEntriesTable>

/** Keeps entries that are nobody's; those that are here already learn which payout took them. */
export const keepUnclaimed = async (
  maintenance: Db,
  rows: readonly Insertable<UnclaimedEntriesTable>[],
): Promise<number> => {
  if (rows.length === 0) return 0
  const kept = await maintenance
    .insertInto('unclaimed_entries')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.columns(['provider', 'connection', 'provider_ref']).doUpdateSet({
        payout_ref: sql<string | null>`coalesce(unclaimed_entries.payout_ref, excluded.payout_ref)`,
      }),
    )
    .returning(sql<boolean>`xmax = 0`.as('is_new'))
    .execute()
  return kept.filter((row) => row.is_new).length
}

export const forgetUnclaimed = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  refs: readonly string[],
): Promise<void> => {
  if (refs.length === 0) return
  await maintenance
    .deleteFrom('unclaimed_entries')
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where(sql<boolean>`provider_ref = any(${refs}::text[])`)
    .execute()
}

/** Those of an account that it is time to match again; each is put off before, so that a crash does not repeat it at once. */
export const takeUnclaimed = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  now: Date,
  limit: number,
): Promise<UnclaimedRow[]> => {
  const { rows } = await sql<UnclaimedRow>`
    update unclaimed_entries set attempts = attempts + 1,
      next_attempt_at = case when attempts < 40 then ${now}::timestamptz + least(power(2, attempts), 24) * interval '1 hour' end
    where id = any(array(select id from unclaimed_entries where provider = ${provider} and connection = ${connection}
      and next_attempt_at <= ${now} order by next_attempt_at limit ${limit} for update skip locked))
    returning *`.execute(maintenance)
  return rows
}

export const countUnclaimed = async (maintenance: Db): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from unclaimed_entries`.execute(
    maintenance,
  )
  return rows[0]?.count ?? 0
}

/** Everybody who has a part in these entries. */
export const findMerchantsOf = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  refs: readonly string[],
): Promise<string[]> => {
  const rows = await maintenance
    .selectFrom('balance_transactions')
    .select('merchant_id')
    .distinct()
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where(sql<boolean>`provider_ref = any(${refs}::text[])`)
    .orderBy('merchant_id')
    .execute()
  return rows.map((row) => row.merchant_id)
}

/** Our ids of a payout's own entries, by the provider's. */
export const findEntryIds = async (
  tx: Tx,
  payout: { merchant_id: string; provider: string; connection: string; provider_ref: string },
): Promise<Map<string, string>> => {
  const rows = await tx
    .selectFrom('balance_transactions')
    .select(['provider_ref', 'id'])
    .where('merchant_id', '=', payout.merchant_id)
    .where('source_ref', '=', payout.provider_ref)
    .where('kind', 'in', ['payout', 'payout_reversal'])
    .execute()
  return new Map(rows.map((row) => [row.provider_ref, row.id]))
}
