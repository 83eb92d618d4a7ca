import { sql } from 'kysely'
import type { Db, Tx } from '#platform/database.ts'
import { entriesOfSeal, sums, transactionOfSeal } from './seal-repo.ts'
import type { KeptSum } from './verify-books.ts'

export const readMerchantIds = async (db: Db): Promise<string[]> => {
  const rows = await db.selectFrom('merchants').select('merchant_id').orderBy('merchant_id').execute()
  return rows.map((row) => row.merchant_id)
}

const turnover = sql`debit, credit, base_debit as "baseDebit", base_credit as "baseCredit"`

/** Roll-ups of a merchant, by `account day`. */
export const readRollups = async (db: Db, merchantId: string, span: 'day' | 'month'): Promise<KeptSum[]> => {
  const { rows } = await sql<KeptSum>`select account_id || ' ' || starts_on as key, ${turnover}
    from ledger_rollups where merchant_id = ${merchantId} and span = ${span}`.execute(db)
  return rows
}

/**
 * Hours of a merchant whose sums are not those of their sealed entries, by `account hour` (2026-11-30T10, UTC), up to
 * `limit`. Added up by the database: where every customer has a wallet they are nearly as many as the entries.
 */
export const readWrongHours = async (tx: Tx, merchantId: string, limit: number): Promise<string[]> => {
  await sql`set local statement_timeout = 0`.execute(tx)
  const { rows } = await sql<{ key: string }>`
    select account_id || ' ' || to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24') as key
    from (
      select e.account_id, date_trunc('hour', t.effective_at, 'UTC') as starts_at, ${sums}
      from ledger_seals s cross join ${transactionOfSeal} cross join ${entriesOfSeal}
      where s.merchant_id = ${merchantId} group by 1, 2
    ) c full join (select * from ledger_hours where merchant_id = ${merchantId}) k using (account_id, starts_at)
    where (c.debit, c.credit, c.base_debit, c.base_credit) is distinct from (k.debit, k.credit, k.base_debit, k.base_credit)
    order by starts_at, account_id limit ${limit}`.execute(tx)
  return rows.map((row) => row.key)
}

/** Marks of a merchant at a seq, by account. */
export const readMarks = async (db: Db, merchantId: string, seq: bigint): Promise<KeptSum[]> => {
  const { rows } = await sql<KeptSum>`select account_id::text as key, ${turnover}
    from ledger_marks where merchant_id = ${merchantId} and seq = ${seq}`.execute(db)
  return rows
}

/** Guarded balances that are not the sum of their account's entries, and guarded accounts without one. */
export const readWrongGuards = async (
  db: Db,
  merchantId: string,
): Promise<{ accountId: string; kept: bigint | null; counted: bigint }[]> => {
  const { rows } = await sql<{ accountId: string; kept: bigint | null; counted: bigint }>`
    select a.id as "accountId", g.balance as kept, coalesce(sum(e.amount), 0)::bigint as counted
    from ledger_accounts a
    left join ledger_guarded_balances g on g.merchant_id = a.merchant_id and g.account_id = a.id
    left join ledger_entries e on e.merchant_id = a.merchant_id and e.account_id = a.id
    where a.merchant_id = ${merchantId} and (g.account_id is not null or a.code in ('2020', '2030', '2031', '2032'))
    group by a.id, g.balance having g.balance is distinct from coalesce(sum(e.amount), 0)`.execute(db)
  return rows
}

/** Transactions that seals and roll-ups cannot speak for yet. */
export const countWithoutSeal = async (db: Db, merchantId: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select (select count(*) from ledger_transactions where merchant_id = ${merchantId})::int
      - (select count(*) from ledger_seals where merchant_id = ${merchantId})::int as count`.execute(db)
  return rows[0]?.count ?? 0
}

/** Accounts by id, as people call them: `1110 eur`, `2020 eur of u1`. */
export const readAccountNames = async (db: Db, merchantId: string): Promise<Map<string, string>> => {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, code || ' ' || currency || case holder when '' then '' else ' of ' || holder end as name
    from ledger_accounts where merchant_id = ${merchantId}`.execute(db)
  return new Map(rows.map(({ id, name }) => [id, name]))
}
