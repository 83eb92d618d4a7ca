import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ProviderStatementsTable } from '#platform/tables-statements.ts'

export type StatementRow = Selectable<ProviderStatementsTable>

export interface StatedDay {
  merchant_id: string
  provider: string
  connection_id: string | null
  day: string
}

/**
 * Days on which money moved at an account and that nobody has planned to read yet. A refund may reach the provider a
 * little after we wrote it down, and then stand in the next day's statement.
 */
export const findUnreadDays = async (
  maintenance: Db,
  provider: string,
  span: { from: Date; to: Date; offsetMinutes: number },
): Promise<StatedDay[]> => {
  const { rows } = await sql<StatedDay>`
    with moved as (
      select merchant_id, payment_intent_id, created_at as at from charges
        where provider = ${provider} and status = 'succeeded' and created_at >= ${span.from} and created_at < ${span.to}
      union all
      select merchant_id, payment_intent_id, created_at + lag as at from refunds, (values (interval '0'), (interval '15 minutes')) as l (lag)
        where provider = ${provider} and created_at >= ${span.from} and created_at + lag < ${span.to}
    )
    select distinct m.merchant_id, ${provider}::text as provider, i.provider_connection_id as connection_id,
      to_char(m.at at time zone 'UTC' + make_interval(mins => ${span.offsetMinutes}::int), 'YYYY-MM-DD') as day
    from moved m join payment_intents i on i.merchant_id = m.merchant_id and i.id = m.payment_intent_id
    where not exists (select from provider_statements s where s.merchant_id = m.merchant_id and s.provider = ${provider}
      and s.connection_id is not distinct from i.provider_connection_id
      and s.day = (m.at at time zone 'UTC' + make_interval(mins => ${span.offsetMinutes}::int))::date)
    order by day limit 500`.execute(maintenance)
  return rows
}

/** Plans to read a day's statement. Nothing happens when somebody has planned it already. */
export const planStatement = async (tx: Db, id: string, stated: StatedDay, now: Date): Promise<void> => {
  await tx
    .insertInto('provider_statements')
    .values({ ...stated, id, state: 'due', reason: null, next_attempt_at: now, created_at: now, read_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export const findDueStatements = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('provider_statements')
    .select(['merchant_id', 'id'])
    .where('state', '=', 'due')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** Takes a statement that is due; a crash gives it back when the lease ends. */
export const claimStatement = (
  tx: Db,
  merchantId: string,
  id: string,
  { now, until }: { now: Date; until: Date },
): Promise<StatementRow | undefined> =>
  tx
    .updateTable('provider_statements')
    .set((set) => ({ attempts: set('attempts', '+', 1), next_attempt_at: until }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', '=', 'due')
    .where('next_attempt_at', '<=', now)
    .returningAll()
    .executeTakeFirst()

export const updateStatement = async (
  tx: Db,
  row: StatementRow,
  change: Partial<Pick<StatementRow, 'state' | 'lines' | 'fees' | 'reason' | 'next_attempt_at' | 'read_at'>>,
): Promise<void> => {
  await tx
    .updateTable('provider_statements')
    .set(change)
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .where('state', '=', 'due')
    .execute()
}

/** Whether payments were taken by an account on a day: its statement cannot be empty then. */
export const hasCharges = async (
  tx: Db,
  row: Pick<StatementRow, 'merchant_id' | 'provider' | 'connection_id'>,
  span: { from: Date; to: Date },
): Promise<boolean> => {
  const found = await tx
    .selectFrom('charges as c')
    .innerJoin('payment_intents as i', (join) =>
      join.onRef('i.merchant_id', '=', 'c.merchant_id').onRef('i.id', '=', 'c.payment_intent_id'),
    )
    .select('c.id')
    .where('c.merchant_id', '=', row.merchant_id)
    .where('c.provider', '=', row.provider)
    .where('c.status', '=', 'succeeded')
    .where('c.created_at', '>=', span.from)
    .where('c.created_at', '<', span.to)
    .where('i.provider_connection_id', 'is not distinct from', row.connection_id)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

export interface StatedCharge {
  readonly ref: string
  readonly intentId: string
  readonly amount: bigint
  readonly currency: string
}

/** The charges and payments that lines of a statement are about, by their refs, as far as they are this merchant's. */
export const matchLines = async (
  tx: Db,
  { merchant_id: merchantId, provider }: Pick<StatementRow, 'merchant_id' | 'provider'>,
  refs: { charges: readonly string[]; payments: readonly string[] },
): Promise<{ charges: Map<string, StatedCharge>; payments: Map<string, string> }> => {
  const charges = await sql<StatedCharge>`
    select provider_ref as ref, payment_intent_id as "intentId", amount_captured as amount, currency from charges
    where merchant_id = ${merchantId} and provider = ${provider} and provider_ref = any(${refs.charges}::text[])`.execute(
    tx,
  )
  const payments = await sql<{ ref: string; id: string }>`
    select coalesce(provider_ref, page_ref) as ref, id from payment_intents
    where merchant_id = ${merchantId} and provider = ${provider}
      and (provider_ref = any(${refs.payments}::text[]) or page_ref = any(${refs.payments}::text[]))`.execute(tx)
  return {
    charges: new Map(charges.rows.map((charge) => [charge.ref, charge])),
    payments: new Map(payments.rows.map(({ ref, id }) => [ref, id])),
  }
}
