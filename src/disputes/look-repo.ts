import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { DisputeLooksTable } from '#platform/tables-returns.ts'
import type { DisputeRow, MovementRow } from './dispute-view.ts'

export type LookRow = Selectable<DisputeLooksTable>

/** Looks at the deployment's own account from now on. Does nothing when it is looked at already. */
export const ensureOwnLook = async (
  maintenance: Db,
  row: Pick<LookRow, 'id' | 'provider' | 'looked_until' | 'next_attempt_at' | 'created_at'>,
): Promise<void> => {
  await maintenance
    .insertInto('dispute_looks')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Looks at every connection to one of the providers, from when it was made on. */
export const ensureConnectionLooks = async (
  maintenance: Db,
  providers: readonly string[],
  { now, next }: { now: Date; next: Date },
): Promise<void> => {
  await sql`
    insert into dispute_looks (id, provider, connection, looked_until, next_attempt_at, created_at)
    select c.id, c.channel, c.id::text, c.created_at, ${next}::timestamptz, ${now}::timestamptz
    from connections c where c.channel = any(${providers}::text[])
      and not exists (select from dispute_looks l where l.id = c.id)
    on conflict do nothing`.execute(maintenance)
}

/** Takes an account that is due; a crash gives it back when the lease ends. */
export const claimLook = (maintenance: Db, id: string, now: Date, until: Date): Promise<LookRow | undefined> =>
  maintenance
    .updateTable('dispute_looks')
    .set({ next_attempt_at: until })
    .where('id', '=', id)
    .where('next_attempt_at', '<=', now)
    .returningAll()
    .executeTakeFirst()

type LookChange = Partial<
  Pick<LookRow, 'looked_until' | 'round_started_at' | 'round_cursor' | 'attempts' | 'last_error' | 'next_attempt_at'>
>

export const updateLook = async (maintenance: Db, id: string, change: LookChange): Promise<void> => {
  await maintenance.updateTable('dispute_looks').set(change).where('id', '=', id).execute()
}

export const findDueLooks = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('dispute_looks')
    .select('id')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** What is known of disputes at a provider, with their movements, across merchants. */
export const findKnown = async (
  maintenance: Db,
  provider: string,
  refs: readonly string[],
): Promise<{ row: DisputeRow; movements: MovementRow[] }[]> => {
  if (refs.length === 0) return []
  const rows = await maintenance
    .selectFrom('disputes')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_ref', 'in', [...refs])
    .execute()
  if (rows.length === 0) return []
  const ids = rows.map(({ id }) => id)
  const merchants = [...new Set(rows.map((row) => row.merchant_id))]
  const movements = await maintenance
    .selectFrom('dispute_movements')
    .selectAll()
    .where('merchant_id', 'in', merchants)
    .where('dispute_id', 'in', ids)
    .execute()
  return rows.map((row) => ({ row, movements: movements.filter((one) => one.dispute_id === row.id) }))
}

/** Whose connection it is. */
export const findLookOwner = async (maintenance: Db, connection: string): Promise<string | undefined> => {
  if (connection === '') return undefined
  const row = await maintenance
    .selectFrom('connections')
    .select('merchant_id')
    .where('id', '=', connection)
    .executeTakeFirst()
  return row?.merchant_id
}
