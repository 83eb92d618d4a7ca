import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { AccountRow } from './account-repo.ts'
import type { Turnover } from './balance-movements.ts'
import { dayOf, hourOf, hoursBefore, monthOf } from './balance-points.ts'
import { behind, entriesOfSeal, markEvery, readSealer, sums, transactionOfSeal, unsealed } from './seal-repo.ts'

/** Of what a balance is: everything booked, or less. Both bounds hold together. */
export interface BalancePoint {
  /** Only what took effect before. */
  readonly before?: Date | undefined
  /** Only what is sealed up to here; it must be sealed. Without it the unsealed tail counts as well. */
  readonly asOfSeq?: bigint | undefined
}

export interface BalanceFilter {
  readonly accountIds?: readonly string[] | undefined
  readonly currency?: string | undefined
  readonly types?: readonly AccountRow['type'][] | undefined
}

export type AccountBalance = Pick<AccountRow, 'id' | 'code' | 'name' | 'type' | 'currency' | 'holder'> & Turnover

/**
 * Accounts that have entries at a point, by code, currency and holder, with their turnover: one statement, hence one
 * snapshot, and it balances. It adds up roll-ups or marks and at most some thousand transactions at their edge: what
 * it costs depends on the number of accounts, not on the number of entries.
 */
export const readBalances = async (
  tx: Tx,
  merchantId: string,
  point: BalancePoint,
  filter: BalanceFilter = {},
): Promise<AccountBalance[]> => {
  const parts = await partsOf(tx, merchantId, point, filter.accountIds)
  const { rows } = await sql<AccountBalance>`
    select a.id, a.code, a.name, a.type, a.currency, a.holder, sum(p.debit)::bigint as debit, sum(p.credit)::bigint as credit,
      sum(p.base_debit)::bigint as "baseDebit", sum(p.base_credit)::bigint as "baseCredit"
    from (${sql.join(parts, sql` union all `)}) p
    join ledger_accounts a on a.merchant_id = ${merchantId} and a.id = p.account_id
    where ${narrowed(filter)} group by a.merchant_id, a.id having sum(p.debit) > 0 or sum(p.credit) > 0
    order by a.code, a.currency, a.holder`.execute(tx)
  return rows
}

const narrowed = ({ currency, types }: BalanceFilter): RawBuilder<unknown> =>
  sql.join(
    [
      sql`true`,
      ...(currency === undefined ? [] : [sql`a.currency = ${currency}`]),
      ...(types === undefined ? [] : [sql`a.type = any(${types}::text[])`]),
    ],
    sql` and `,
  )

/** Selects of (account_id, debit, credit, base_debit, base_credit) that add up to the turnovers at a point. */
const partsOf = async (
  tx: Tx,
  merchantId: string,
  point: BalancePoint,
  accountIds: readonly string[] | undefined,
): Promise<RawBuilder<unknown>[]> => {
  const { before, asOfSeq } = point
  const of = edges(merchantId, accountIds)
  if (asOfSeq === undefined) return [...of.rollups(before), of.tail(behind(await readSealer(tx)), before)]
  const marked = await readMarkPoint(tx, merchantId, point)
  if (before === undefined || asOfSeq - marked <= (await readHeadSeq(tx, merchantId)) - asOfSeq) {
    return [of.marks(marked), of.sealed(sql`s.seq > ${marked} and s.seq <= ${asOfSeq}`, before)]
  }
  return [...of.rollups(before), negated(of.sealed(sql`s.seq > ${asOfSeq}`, before))]
}

/** The last mark point up to which everything belongs to the point; 0 when there is none. */
const readMarkPoint = async (tx: Tx, merchantId: string, { before, asOfSeq }: BalancePoint): Promise<bigint> => {
  const last = ((asOfSeq ?? 0n) / markEvery) * markEvery
  if (before === undefined) return last
  const { rows } = await sql<{ seq: bigint }>`select seq from ledger_mark_points
    where merchant_id = ${merchantId} and seq <= ${last} and effective_until < ${before} order by seq desc limit 1`.execute(
    tx,
  )
  return rows[0]?.seq ?? 0n
}

/** Seq of a merchant's last seal, 0 when it has none. */
export const readHeadSeq = async (tx: Tx, merchantId: string): Promise<bigint> => {
  const { rows } = await sql<{ seq: bigint }>`
    select coalesce(max(seq), 0) as seq from ledger_seals where merchant_id = ${merchantId}`.execute(tx)
  return rows[0]?.seq ?? 0n
}

/** How many transactions a balance without `asOfSeq` counts that have no seal yet. */
export const countUnsealed = async (tx: Tx, merchantId: string, before: Date | undefined): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from ledger_transactions t
    where t.merchant_id = ${merchantId} and ${behind(await readSealer(tx))} and ${unsealed} and ${effectiveBefore(before)}`.execute(
    tx,
  )
  return rows[0]?.count ?? 0
}

const effectiveBefore = (before: Date | undefined): RawBuilder<unknown> =>
  before === undefined ? sql`true` : sql`t.effective_at < ${before}`

const edges = (merchantId: string, accountIds: readonly string[] | undefined) => {
  const only = (column: string) =>
    accountIds === undefined ? sql`true` : sql`${sql.ref(column)} = any(${accountIds}::uuid[])`
  const rollup = (where: RawBuilder<unknown>) => sql`
    select account_id, debit, credit, base_debit, base_credit from ledger_rollups where merchant_id = ${merchantId} and ${where} and ${only('account_id')}`
  const hours = (which: readonly Date[]) => sql`
    select account_id, debit, credit, base_debit, base_credit from ledger_hours where merchant_id = ${merchantId} and starts_at = any(${which}::timestamptz[]) and ${only('account_id')}`
  const transactions = (which: RawBuilder<unknown>, before: Date | undefined) => sql`
    select e.account_id, ${sums} from ledger_transactions t
    cross join lateral (select * from ledger_entries e
      where e.merchant_id = t.merchant_id and e.transaction_id = t.id offset 0) e
    where t.merchant_id = ${merchantId} and ${which} and ${effectiveBefore(before)} and ${only('e.account_id')}
    group by e.account_id`
  return {
    /** Everything sealed that took effect before: months, days of the last one, hours of the last day, and what came after. */
    rollups: (before: Date | undefined): RawBuilder<unknown>[] => {
      if (before === undefined) return [rollup(sql`span = 'month'`)]
      const day = dayOf(before)
      const hour = hourOf(before)
      return [
        rollup(sql`span = 'month' and starts_on < ${monthOf(before)}::date`),
        rollup(sql`span = 'day' and starts_on >= ${monthOf(before)}::date and starts_on < ${day}::date`),
        hours(hoursBefore(before)),
        ...(hour < before ? [transactions(sql`t.effective_at >= ${hour} and not (${unsealed})`, before)] : []),
      ]
    },
    sealed: (which: RawBuilder<unknown>, before: Date | undefined): RawBuilder<unknown> => sql`
      select e.account_id, ${sums} from ledger_seals s cross join ${transactionOfSeal} cross join ${entriesOfSeal}
      where s.merchant_id = ${merchantId} and ${which} and ${effectiveBefore(before)} and ${only('e.account_id')}
      group by e.account_id`,
    tail: (where: RawBuilder<unknown>, before: Date | undefined): RawBuilder<unknown> =>
      transactions(sql`${where} and ${unsealed}`, before),
    marks: (seq: bigint): RawBuilder<unknown> => sql`
      select a.id as account_id, k.debit, k.credit, k.base_debit, k.base_credit from ledger_accounts a
      cross join lateral (select * from ledger_marks m where m.merchant_id = a.merchant_id and m.account_id = a.id
        and m.seq <= ${seq} order by m.seq desc limit 1) k
      where a.merchant_id = ${merchantId} and ${only('a.id')}`,
  }
}

const negated = (part: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select account_id, -debit, -credit, -base_debit, -base_credit from (${part}) n`
