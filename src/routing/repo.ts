import type { Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ConnectionsTable } from '#platform/tables-chat.ts'
import type { Routing, Rule, Use } from './rule.ts'

/** A merchant's account at a provider, as far as routing goes. */
export type RoutedConnection = Pick<Selectable<ConnectionsTable>, 'id' | 'channel' | 'status' | 'livemode' | 'settings'>

export const findRouting = async (db: Db, merchantId: string): Promise<Routing> =>
  readRouting(
    await db
      .selectFrom('routings')
      .select(['rules', 'default_use'])
      .where('merchant_id', '=', merchantId)
      .executeTakeFirst(),
  )

/** The rules in a row, or none. */
export const readRouting = (row: { rules: object[] | null; default_use: object[] | null } | undefined): Routing => ({
  rules: (row?.rules ?? []) as Rule[],
  default: (row?.default_use ?? []) as Use[],
})

export const saveRouting = async (db: Db, merchantId: string, { rules, default: uses }: Routing, now: Date) => {
  const values = { rules: JSON.stringify(rules), default_use: JSON.stringify(uses), updated_at: now }
  await db
    .insertInto('routings')
    .values({ merchant_id: merchantId, created_at: now, ...values })
    .onConflict((conflict) => conflict.column('merchant_id').doUpdateSet(values))
    .execute()
}

/** Those that are there, whatever their state, the first connected first. */
export const findRouted = (db: Db, merchantId: string, providers: readonly string[]): Promise<RoutedConnection[]> =>
  db
    .selectFrom('connections')
    .select(['id', 'channel', 'status', 'livemode', 'settings'])
    .where('merchant_id', '=', merchantId)
    .where('channel', 'in', providers as ConnectionsTable['channel'][])
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .execute()
