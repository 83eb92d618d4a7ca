import { sql } from 'kysely'
import { showId } from '#kernel/ids.ts'
import { readBalances } from '#ledger/balance-repo.ts'
import { behind, readSealer, unsealed } from '#ledger/seal-repo.ts'
import type { Db, Tx } from '#platform/database.ts'
import type { ClosingFacts } from './checklist.ts'
import { firstDay, type Month, monthOf, nextMonth, startOf } from './month.ts'
import type { Lock } from './period.ts'
import { byCode, type CodeBalance } from './trial-balance.ts'

/** One decision about a merchant's books at a time. Payments go on: they only need the merchant to stay. */
export const lockBooks = async (tx: Tx, merchantId: string): Promise<{ baseCurrency: string }> =>
  tx
    .selectFrom('merchants')
    .select('base_currency as baseCurrency')
    .where('merchant_id', '=', merchantId)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()

/** The history of a merchant's periods, the oldest first. */
export const readLocks = (tx: Tx, merchantId: string): Promise<Lock[]> =>
  tx
    .selectFrom('ledger_period_locks as l')
    .innerJoin('ledger_proposals as p', (join) =>
      join.onRef('p.merchant_id', '=', 'l.merchant_id').onRef('p.id', '=', 'l.proposal_id'),
    )
    .select(['l.number', 'l.action', 'l.closed_until as closedUntil', 'l.proposal_id as proposalId'])
    .select(['l.as_of_seq as asOfSeq', 'l.trial_balance_sha256 as sha256', 'l.created_at as createdAt'])
    .select(['p.reason', 'p.proposed_by as proposedBy', 'p.decided_by as decidedBy'])
    .where('l.merchant_id', '=', merchantId)
    .orderBy('l.number')
    .execute()

export interface NewLock {
  readonly merchantId: string
  readonly number: number
  readonly action: Lock['action']
  readonly closedUntil: string
  readonly proposalId: string
  readonly asOfSeq?: bigint
  readonly sha256?: Buffer
}

export const insertLock = async (tx: Tx, lock: NewLock, now: Date): Promise<void> => {
  await tx
    .insertInto('ledger_period_locks')
    .values({
      merchant_id: lock.merchantId,
      number: lock.number,
      action: lock.action,
      closed_until: lock.closedUntil,
      proposal_id: lock.proposalId,
      as_of_seq: lock.asOfSeq ?? null,
      trial_balance_sha256: lock.sha256 ?? null,
      created_at: now,
    })
    .execute()
}

/** Merchants whose last lock says `closing`. */
export const findClosing = async (db: Db): Promise<string[]> => {
  const { rows } = await sql<{ merchant_id: string }>`
    select merchant_id from (
      select distinct on (merchant_id) merchant_id, action from ledger_period_locks order by merchant_id, number desc
    ) last where action = 'closing'`.execute(db)
  return rows.map((row) => row.merchant_id)
}

/** First moment that may be booked on; undefined while no period is closed. */
export const readOpenFrom = async (tx: Tx, merchantId: string): Promise<Date | undefined> => {
  const { rows } = await sql<{ at: Date | null }>`select ledger_open_from(${merchantId}::uuid) as at`.execute(tx)
  return rows[0]?.at ?? undefined
}

/** Months of the first and of the last entry; undefined while nothing is booked. */
export const readBookedMonths = async (
  tx: Tx,
  merchantId: string,
): Promise<{ first: Month; last: Month } | undefined> => {
  const row = await tx
    .selectFrom('ledger_transactions')
    .select((select) => [select.fn.min('effective_at').as('first'), select.fn.max('effective_at').as('last')])
    .where('merchant_id', '=', merchantId)
    .executeTakeFirst()
  return row?.first ? { first: monthOf(row.first), last: monthOf(row.last) } : undefined
}

/** Number after the last one that a transaction now in progress may carry. */
export const readBarrier = async (db: Db): Promise<string> => {
  const { rows } = await sql<{ barrier: string }>`
    select pg_snapshot_xmax(pg_current_snapshot())::text as barrier`.execute(db)
  return rows[0]?.barrier ?? '0'
}

/** Whether everyone who was writing at the barrier has ended. */
export const isPassed = async (db: Db, barrier: string): Promise<boolean> => {
  const { rows } = await sql<{ passed: boolean }>`
    select pg_snapshot_xmin(pg_current_snapshot()) >= ${barrier}::xid8 as passed`.execute(db)
  return rows[0]?.passed ?? false
}

/** All that is booked up to the end of a month, by code and currency; with `asOfSeq` only what is sealed up to there. */
export const readMonthEnd = async (
  tx: Tx,
  merchantId: string,
  month: Month,
  asOfSeq?: bigint,
): Promise<CodeBalance[]> => byCode(await readBalances(tx, merchantId, { before: startOf(nextMonth(month)), asOfSeq }))

/** What the check-list of a month is made of. */
export const readFacts = async (
  tx: Tx,
  merchantId: string,
  month: Month,
  baseCurrency: string,
  now: Date,
): Promise<ClosingFacts> => ({
  month,
  baseCurrency,
  balances: await readMonthEnd(tx, merchantId, month),
  unsealed: await readUnsealed(tx, merchantId, month, now),
  open: await readOpenItems(tx, merchantId, month, now),
  unvalued: await readUnvalued(tx, merchantId, month),
  proposals: await readOpenProposals(tx, merchantId, month),
  conflicts: await readConflicts(tx, merchantId, month),
})

const readUnsealed = async (tx: Tx, merchantId: string, month: Month, now: Date): Promise<ClosingFacts['unsealed']> => {
  const { rows } = await sql<ClosingFacts['unsealed']>`
    select count(*)::int as count,
      coalesce(greatest(0, extract(epoch from ${now}::timestamptz - min(t.created_at))), 0)::int as seconds
    from ledger_transactions t where t.merchant_id = ${merchantId} and t.effective_at < ${startOf(nextMonth(month))}
      and ${behind(await readSealer(tx))} and ${unsealed}`.execute(tx)
  return rows[0] ?? { count: 0, seconds: 0 }
}

/** Accounts of what is under way that are not empty, with the days since each was empty last. */
const readOpenItems = async (tx: Tx, merchantId: string, month: Month, now: Date): Promise<ClosingFacts['open']> => {
  const { rows } = await sql<ClosingFacts['open'][number]>`
    with moved as (
      select a.id, a.code, a.currency, t.effective_at,
        sum(e.amount) over (partition by a.id order by t.effective_at, t.id, e.line) as balance,
        sum(e.amount) over (partition by a.id) as final
      from ledger_accounts a
      join ledger_entries e on e.merchant_id = a.merchant_id and e.account_id = a.id
      join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
      where a.merchant_id = ${merchantId} and a.code in ('1140', '1150', '2030', '2031', '2032')
        and t.effective_at < ${startOf(nextMonth(month))}
    ), account as (
      select m.code, m.currency, m.final, min(m.effective_at) as since from moved m
      where m.final <> 0 and m.effective_at >= coalesce(
        (select max(z.effective_at) from moved z where z.id = m.id and z.balance = 0), '-infinity')
        and m.balance <> 0
      group by m.id, m.code, m.currency, m.final
    )
    select code, currency, sum(final)::bigint as balance,
      greatest(0, extract(day from ${now}::timestamptz - min(since)))::int as days
    from account group by code, currency order by code, currency`.execute(tx)
  return rows
}

/** Entries of the month in a foreign currency for which no rate was known. Where one was, a small amount may be worth 0. */
const readUnvalued = async (tx: Tx, merchantId: string, month: Month): Promise<ClosingFacts['unvalued']> => {
  const { rows } = await sql<ClosingFacts['unvalued'][number]>`
    select e.currency, count(*)::int as entries
    from ledger_transactions t join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
    where t.merchant_id = ${merchantId} and t.effective_at >= ${startOf(month)}
      and t.effective_at < ${startOf(nextMonth(month))} and e.currency <> t.base_currency and e.base_amount = 0
      and not exists (select from ledger_exchange_rates r where r.merchant_id = t.merchant_id
        and r.currency = e.currency and r.effective_on <= (t.effective_at at time zone 'UTC')::date
        and r.created_at <= t.created_at)
    group by e.currency order by e.currency`.execute(tx)
  return rows
}

const readOpenProposals = async (tx: Tx, merchantId: string, month: Month): Promise<string[]> => {
  const rows = await tx
    .selectFrom('ledger_proposals')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('status', '=', 'proposed')
    .where('kind', 'in', ['adjustment', 'reversal'])
    .where(sql<string>`content ->> 'effectiveAt'`, '<', startOf(nextMonth(month)).toISOString())
    .orderBy('id')
    .execute()
  return rows.map((row) => showId('ledgerProposal', row.id))
}

/** Payments that began in the month; their ids carry the time. */
const readConflicts = async (tx: Tx, merchantId: string, month: Month): Promise<string[]> => {
  const bound = (day: string) => sql<string>`parley_uuid_at(${day}::date::timestamp at time zone 'UTC')`
  const rows = await tx
    .selectFrom('payment_intents')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('conflict', 'is not', null)
    .where('id', '>=', bound(firstDay(month)))
    .where('id', '<', bound(firstDay(nextMonth(month))))
    .orderBy('id')
    .limit(20)
    .execute()
  return rows.map((row) => showId('paymentIntent', row.id))
}
