import type { Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { WebhookEndpointsTable } from '#platform/tables-records.ts'

export type EndpointRow = Selectable<WebhookEndpointsTable>

export const findEndpoint = (db: Db, merchantId: string, id: string): Promise<EndpointRow | undefined> =>
  selectEndpoints(db, merchantId).where('id', '=', id).executeTakeFirst()

export const lockEndpoint = (db: Db, merchantId: string, id: string): Promise<EndpointRow | undefined> =>
  selectEndpoints(db, merchantId).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

export const selectEndpoints = (db: Db, merchantId: string) =>
  db.selectFrom('webhook_endpoints').selectAll().where('merchant_id', '=', merchantId)

/** Endpoints that are sent to. Held against deletion until the deliveries made from them are in the table. */
export const listEnabledEndpoints = (db: Db, merchantId: string) =>
  db
    .selectFrom('webhook_endpoints')
    .select(['id', 'enabled_events', 'livemode'])
    .where('merchant_id', '=', merchantId)
    .where('status', '=', 'enabled')
    .forKeyShare()
    .execute()

/** Does nothing when the row is there: the request is repeated after a crash and answers with what it made. */
export const insertEndpoint = async (db: Db, row: EndpointRow): Promise<void> => {
  await db
    .insertInto('webhook_endpoints')
    .values({ ...row, metadata: JSON.stringify(row.metadata) })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'id']).doNothing())
    .execute()
}

type EndpointChange = Partial<
  Pick<EndpointRow, 'url' | 'enabled_events' | 'description' | 'metadata' | 'status' | 'failing_since'>
>

export const updateEndpoint = (
  db: Db,
  merchantId: string,
  id: string,
  { metadata, ...set }: EndpointChange,
): Promise<EndpointRow> =>
  db
    .updateTable('webhook_endpoints')
    .set({ ...set, ...(metadata ? { metadata: JSON.stringify(metadata) } : {}) })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** A success ends a run of failures. Writes only when there was one: success is the hot path. */
export const markHealthy = async (db: Db, merchantId: string, id: string): Promise<void> => {
  await db
    .updateTable('webhook_endpoints')
    .set({ failing_since: null })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('failing_since', 'is not', null)
    .execute()
}

export const deleteEndpoint = async (db: Db, merchantId: string, id: string): Promise<boolean> => {
  const deleted = await db
    .deleteFrom('webhook_endpoints')
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
  return deleted !== undefined
}
