import { type RawBuilder, sql } from 'kysely'
import { showId } from '#kernel/ids.ts'
import type { Db, Tx } from '#platform/database.ts'
import type { Movement } from './balance-movements.ts'
import type { SealedTransaction } from './canonical.ts'

/** A transaction as the sealer and the verification read it. */
export interface Sealable extends Omit<SealedTransaction, 'seq' | 'entries'> {
  readonly merchantId: string
  /** UUID. */
  readonly transactionId: string
  /** The day it took effect (UTC): 2026-11-30. */
  readonly day: string
  readonly entries: readonly SealableEntry[]
}

/** With the number of the database transaction that wrote it. */
export type Final = Sealable & { readonly xid: string }

export type SealableEntry = SealedTransaction['entries'][number] & { readonly accountId: string }

interface Row extends Omit<Sealable, 'entries'> {
  readonly id: string
}

/** UTC text with six digits, made by the database: JavaScript's dates have three. */
const moment = (column: string): RawBuilder<string> =>
  sql`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const idColumns = sql`t.merchant_id as "merchantId", t.id as "transactionId", t.xid::text as xid`
const columns = sql`t.event_key as "eventKey", t.kind, t.description, ${moment('t.effective_at')} as "effectiveAt",
  ${moment('t.original_effective_at')} as "originalEffectiveAt", ${moment('t.created_at')} as "createdAt",
  ${moment('t.value_at')} as "valueAt", t.payment_intent_id as "paymentIntent", t.refund_id as refund,
  t.thread_id as thread, t.reverses_id as reverses, t.base_currency as "baseCurrency", t.refs,
  (t.effective_at at time zone 'UTC')::date as day`

/** How far the sealer is, and which database system this is. */
export interface SealerState {
  /** False after a restore into another system, whose transaction numbers are others. */
  readonly isAtHome: boolean
  readonly lastXid: string
  readonly lastId: string
}

/** Whether this transaction may seal; held until its end. */
export const tryLockSealer = async (tx: Tx): Promise<boolean> => {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtext('ledger_sealer')) as locked`.execute(tx)
  return rows[0]?.locked ?? false
}

export const readSealer = async (db: Db): Promise<SealerState> => {
  const { rows } = await sql<SealerState>`
    select cluster = (select system_identifier::text from pg_control_system()) as "isAtHome",
      last_xid::text as "lastXid", last_id as "lastId" from ledger_sealer`.execute(db)
  const [state] = rows
  if (!state) throw new Error('the table ledger_sealer is empty')
  return state
}

/**
 * What is final and has no seal, in the order of (xid, id). A transaction number below the snapshot's xmin belongs to
 * nobody who still writes, so no row can ever appear among these later; the horizon and the rows are of one snapshot.
 */
export const readFinal = async (tx: Tx, state: SealerState, limit: number): Promise<Final[]> => {
  const { rows } = await sql<Row & Final>`
    select ${idColumns}, ${columns} from ledger_transactions t
    where (t.xid, t.id) > (${state.lastXid}::xid8, ${state.lastId}::uuid)
      and t.xid < pg_snapshot_xmin(pg_current_snapshot()) and ${unsealed}
    order by t.xid, t.id limit ${limit}`.execute(tx)
  return withEntries(tx, rows)
}

/** Everything without a seal, by id. Only while nobody else writes: see `stopWriters`. */
export const readRest = async (tx: Tx, limit: number): Promise<Final[]> => {
  const { rows } = await sql<Row & Final>`
    select ${idColumns}, ${columns} from ledger_transactions t where ${unsealed} order by t.id limit ${limit}`.execute(
    tx,
  )
  return withEntries(tx, rows)
}

/**
 * Look-ups one by one and no joins, here and wherever a few thousand rows are followed into large tables: a planner
 * that has no statistics yet, as of a ledger's first minutes, reads all of the table for each of them.
 */
export const unsealed = sql<boolean>`(select s.seq from ledger_seals s
  where s.merchant_id = t.merchant_id and s.transaction_id = t.id) is null`

/** The transaction `t` of each seal `s`. */
export const transactionOfSeal = sql`lateral (select * from ledger_transactions t
  where t.merchant_id = s.merchant_id and t.id = s.transaction_id limit 1) t`

/** The entries `e` of each seal `s`. */
export const entriesOfSeal = sql`lateral (select * from ledger_entries e
  where e.merchant_id = s.merchant_id and e.transaction_id = s.transaction_id offset 0) e`

/** Waits for those who are booking and keeps others from it until the end of this transaction. */
export const stopWriters = async (tx: Tx): Promise<void> => {
  await sql`select ledger_stop_writers()`.execute(tx)
}

/** Adds their entries to transactions and shows their ids as the seal has them. */
const withEntries = async <R extends Row>(db: Db, rows: readonly R[]): Promise<(R & Sealable)[]> => {
  if (rows.length === 0) return []
  const { rows: entries } = await sql<SealableEntry & { transactionId: string }>`
    select e.transaction_id as "transactionId", e.line, e.account_id as "accountId", a.code as account, a.holder,
      e.currency, e.amount, e.base_amount as "baseAmount"
    from unnest(${rows.map((row) => row.merchantId)}::uuid[], ${rows.map((row) => row.transactionId)}::uuid[])
      as s (merchant_id, transaction_id)
    cross join ${entriesOfSeal}
    cross join lateral (select code, holder from ledger_accounts a
      where a.merchant_id = e.merchant_id and a.id = e.account_id limit 1) a
    order by e.transaction_id, e.line`.execute(db)
  const byTransaction = Map.groupBy(entries, (entry) => entry.transactionId)
  return rows.map((row) => ({
    ...row,
    id: showId('ledgerTransaction', row.transactionId),
    paymentIntent: row.paymentIntent && showId('paymentIntent', row.paymentIntent),
    refund: row.refund && showId('refund', row.refund),
    thread: row.thread && showId('thread', row.thread),
    reverses: row.reverses && showId('ledgerTransaction', row.reverses),
    entries: byTransaction.get(row.transactionId) ?? [],
  }))
}

/** A sealed transaction and its seal. `isThere` is false when the transaction is gone, which nothing but force can do. */
export interface Sealed extends Sealable {
  readonly seq: bigint
  /** Hexadecimal. */
  readonly hash: string
  readonly isThere: boolean
}

/** Sealed transactions of a merchant with seq > `after`, by seq. */
export const readSealed = async (db: Db, merchantId: string, after: bigint, limit: number): Promise<Sealed[]> => {
  const { rows } = await sql<Row & Omit<Sealed, keyof Sealable>>`
    select s.merchant_id as "merchantId", s.transaction_id as "transactionId", s.seq, encode(s.hash, 'hex') as hash,
      t.id is not null as "isThere", ${columns}
    from ledger_seals s left join ${transactionOfSeal} on true
    where s.merchant_id = ${merchantId} and s.seq > ${after} order by s.seq limit ${limit}`.execute(db)
  return withEntries(db, rows)
}

export interface Head {
  readonly seq: bigint
  readonly hash: Buffer
}

/** The last seal of each merchant that has one. */
export const readHeads = async (db: Db, merchantIds: readonly string[]): Promise<Map<string, Head>> => {
  const { rows } = await sql<Head & { merchant_id: string }>`
    select m.merchant_id, s.seq, s.hash from unnest(${merchantIds}::uuid[]) as m (merchant_id)
    cross join lateral (select seq, hash from ledger_seals s where s.merchant_id = m.merchant_id
      order by seq desc limit 1) s`.execute(db)
  return new Map(rows.map(({ merchant_id: id, seq, hash }) => [id, { seq, hash }]))
}

export interface Seal {
  readonly merchantId: string
  readonly seq: bigint
  readonly transactionId: string
  readonly hash: Buffer
}

export const insertSeals = async (tx: Tx, seals: readonly Seal[], now: Date): Promise<void> => {
  await sql`insert into ledger_seals (merchant_id, seq, transaction_id, hash, sealed_at)
    select *, ${now}::timestamptz from unnest(${seals.map((seal) => seal.merchantId)}::uuid[],
      ${seals.map((seal) => seal.seq)}::bigint[], ${seals.map((seal) => seal.transactionId)}::uuid[],
      ${seals.map((seal) => seal.hash)}::bytea[])`.execute(tx)
}

/** Adds movements to their day and their month. */
export const addToRollups = async (tx: Tx, movements: readonly Movement[]): Promise<void> => {
  await sql`
    with moved as (
      select * from unnest(${movements.map((one) => one.merchantId)}::uuid[], ${movements.map((one) => one.accountId)}::uuid[],
        ${movements.map((one) => one.day)}::date[], ${movements.map((one) => one.debit)}::bigint[],
        ${movements.map((one) => one.credit)}::bigint[], ${movements.map((one) => one.baseDebit)}::bigint[],
        ${movements.map((one) => one.baseCredit)}::bigint[]) as m (merchant_id, account_id, day, debit, credit, base_debit, base_credit)
    )
    insert into ledger_rollups as r (merchant_id, account_id, span, starts_on, debit, credit, base_debit, base_credit)
    select merchant_id, account_id, 'day', day, debit, credit, base_debit, base_credit from moved
    union all
    select merchant_id, account_id, 'month', date_trunc('month', day)::date, sum(debit)::bigint, sum(credit)::bigint,
      sum(base_debit)::bigint, sum(base_credit)::bigint from moved group by 1, 2, 4
    on conflict (merchant_id, span, account_id, starts_on) do update set debit = r.debit + excluded.debit,
      credit = r.credit + excluded.credit, base_debit = r.base_debit + excluded.base_debit,
      base_credit = r.base_credit + excluded.base_credit`.execute(tx)
}

export const markEvery = 1024n

/** Writes the marks of a merchant at `seq`, a multiple of `markEvery`: the last marks and what was sealed since. */
export const insertMarks = async (tx: Tx, merchantId: string, seq: bigint): Promise<void> => {
  await sql`insert into ledger_mark_points (merchant_id, seq, effective_until)
    select ${merchantId}::uuid, ${seq}::bigint, greatest(max(t.effective_at), (select effective_until from ledger_mark_points
      where merchant_id = ${merchantId} and seq = ${seq - markEvery}::bigint))
    from ledger_seals s cross join ${transactionOfSeal}
    where s.merchant_id = ${merchantId} and s.seq > ${seq - markEvery} and s.seq <= ${seq}`.execute(tx)
  await sql`insert into ledger_marks (merchant_id, account_id, seq, debit, credit, base_debit, base_credit)
    select ${merchantId}::uuid, m.account_id, ${seq}::bigint, m.debit + coalesce(last.debit, 0),
      m.credit + coalesce(last.credit, 0), m.base_debit + coalesce(last.base_debit, 0),
      m.base_credit + coalesce(last.base_credit, 0)
    from (
      select e.account_id, ${sums} from ledger_seals s cross join ${entriesOfSeal}
      where s.merchant_id = ${merchantId} and s.seq > ${seq - markEvery} and s.seq <= ${seq} group by 1
    ) m left join lateral (
      select * from ledger_marks k where k.merchant_id = ${merchantId} and k.account_id = m.account_id
      order by k.seq desc limit 1
    ) last on true`.execute(tx)
}

/** What the entries `e` came to, all of it ≥ 0. */
export const sums = sql`
  coalesce(sum(e.amount) filter (where e.amount > 0), 0)::bigint as debit,
  coalesce(-sum(e.amount) filter (where e.amount < 0), 0)::bigint as credit,
  coalesce(sum(e.base_amount) filter (where e.base_amount > 0), 0)::bigint as base_debit,
  coalesce(-sum(e.base_amount) filter (where e.base_amount < 0), 0)::bigint as base_credit`

export const moveSealer = async (tx: Tx, last: { xid: string; id: string }, now: Date): Promise<void> => {
  await sql`update ledger_sealer set last_xid = ${last.xid}::xid8, last_id = ${last.id}::uuid, updated_at = ${now}`.execute(
    tx,
  )
}

/** Begins to count anew in this database system: all below its xmin is sealed, whoever writes now is above it. */
export const settleSealer = async (tx: Tx, now: Date): Promise<void> => {
  await sql`update ledger_sealer set cluster = (select system_identifier::text from pg_control_system()),
    last_xid = pg_snapshot_xmin(pg_current_snapshot()), last_id = '00000000-0000-0000-0000-000000000000',
    updated_at = ${now}`.execute(tx)
}

/** The first transaction that waits for its seal, of any merchant, if there is one. */
export const readWaiting = async (db: Db): Promise<{ since: Date; isFinal: boolean } | undefined> => {
  const state = await readSealer(db)
  if (!state.isAtHome) return { since: new Date(0), isFinal: true }
  const { rows } = await sql<{ since: Date; isFinal: boolean }>`
    select t.created_at as since, t.xid < pg_snapshot_xmin(pg_current_snapshot()) as "isFinal" from ledger_transactions t
    where ${behind(state)} and ${unsealed} order by t.xid, t.id limit 1`.execute(db)
  return rows[0]
}

/** Where transactions without a seal can be. The upper bound keeps numbers of another system out of the way. */
export const behind = (state: SealerState): RawBuilder<boolean> => {
  if (!state.isAtHome) return sql`true`
  return sql`(t.xid, t.id) > (${state.lastXid}::xid8, ${state.lastId}::uuid) and t.xid < pg_snapshot_xmax(pg_current_snapshot())`
}

/** The last transaction of a merchant that has no seal yet, in the sealer's order. */
export const readLastUnsealed = async (
  db: Db,
  merchantId: string,
): Promise<{ xid: string; id: string } | undefined> => {
  const { rows } = await sql<{ xid: string; id: string }>`
    select t.xid::text as xid, t.id from ledger_transactions t
    where t.merchant_id = ${merchantId} and ${behind(await readSealer(db))} and ${unsealed}
    order by t.xid desc, t.id desc limit 1`.execute(db)
  return rows[0]
}

/** Whether a merchant has a transaction without a seal up to (xid, id). */
export const isWaiting = async (db: Db, merchantId: string, upTo: { xid: string; id: string }): Promise<boolean> => {
  const { rows } = await sql<{ waits: boolean }>`
    select exists (select from ledger_transactions t where t.merchant_id = ${merchantId}
      and ${behind(await readSealer(db))} and (t.xid, t.id) <= (${upTo.xid}::xid8, ${upTo.id}::uuid) and ${unsealed}) as waits`.execute(
    db,
  )
  return rows[0]?.waits ?? false
}
