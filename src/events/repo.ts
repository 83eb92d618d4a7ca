import { type ExpressionBuilder, type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { Tables } from '#platform/tables.ts'
import type { EventsTable } from '#platform/tables-records.ts'

export type EventRow = Selectable<EventsTable>

export const findEvent = (db: Db, merchantId: string, id: string): Promise<EventRow | undefined> =>
  db.selectFrom('events').selectAll().where('merchant_id', '=', merchantId).where('id', '=', id).executeTakeFirst()

interface EventFilter {
  /** Exact names, groups such as `charge.*`, or `*`; none means all. */
  types: readonly string[]
  deliverySuccess: boolean | undefined
}

/** Events of a merchant, to be paged. */
export const selectEvents = (db: Db, merchantId: string, filter: EventFilter) => {
  return db
    .selectFrom('events')
    .selectAll('events')
    .where('events.merchant_id', '=', merchantId)
    .$if(filter.types.length > 0 && !filter.types.includes('*'), (query) =>
      query.where((eb) =>
        eb.or(
          filter.types.map((type) =>
            type.endsWith('.*')
              ? eb(sql<boolean>`starts_with(events.type, ${type.slice(0, -1)})`, '=', true)
              : eb('events.type', '=', type),
          ),
        ),
      ),
    )
    .$if(filter.deliverySuccess === true, (query) => query.where((eb) => eb.not(eb.exists(unfinished(eb)))))
    .$if(filter.deliverySuccess === false, (query) => query.where((eb) => eb.exists(unfinished(eb))))
}

const unfinished = (eb: ExpressionBuilder<Tables, 'events'>) =>
  eb
    .selectFrom('deliveries')
    .select('deliveries.id')
    .whereRef('deliveries.merchant_id', '=', 'events.merchant_id')
    .whereRef('deliveries.event_id', '=', 'events.id')
    .where('deliveries.state', '<>', 'succeeded')

/** How many deliveries each event still waits for. */
export const countPending = async (db: Db, merchantId: string, eventIds: string[]): Promise<Map<string, number>> => {
  if (eventIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('deliveries')
    .select(['event_id', sql<number>`count(*)::int`.as('pending')])
    .where('merchant_id', '=', merchantId)
    .where('event_id', 'in', eventIds)
    .where('state', '=', 'pending')
    .groupBy('event_id')
    .execute()
  return new Map(rows.map((row) => [row.event_id, row.pending]))
}

export interface OutboxKey {
  merchant_id: string
  event_id: string
  /** As text: a JavaScript date would drop the microseconds and find the same row again. */
  at: string
}

/** Oldest first, across merchants; `after` continues behind a row. */
export const readOutbox = (maintenance: Db, after: OutboxKey | undefined, limit: number): Promise<OutboxKey[]> =>
  maintenance
    .selectFrom('outbox')
    .select(['merchant_id', 'event_id', sql<string>`created_at::text`.as('at')])
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(created_at, event_id) > (${after?.at}::timestamptz, ${after?.event_id}::uuid)`),
    )
    .orderBy('created_at')
    .orderBy('event_id')
    .limit(limit)
    .execute()

/**
 * Locks the outbox rows that nobody else is working on and reads their events, oldest first. Not a join: without
 * statistics, as on a young database, the planner read every event of the merchant for each drain (measured: 1,900
 * rows per event told).
 */
export const claimOutbox = (db: Db, merchantId: string, eventIds: readonly string[]): Promise<EventRow[]> => {
  const claimed = db
    .selectFrom('outbox')
    .select('event_id')
    .where('merchant_id', '=', merchantId)
    .where('event_id', 'in', [...eventIds])
    .forUpdate()
    .skipLocked()
  return db
    .with(
      (cte) => cte('claimed').materialized(),
      () => claimed,
    )
    .selectFrom('events')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where(sql<boolean>`id = any(array(select event_id from claimed))`)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
}

export const deleteOutbox = async (db: Db, merchantId: string, eventIds: readonly string[]): Promise<void> => {
  await db
    .deleteFrom('outbox')
    .where('merchant_id', '=', merchantId)
    .where('event_id', 'in', [...eventIds])
    .execute()
}

/** When the oldest event was written that has not been told yet. */
export const oldestInOutbox = async (maintenance: Db): Promise<Date | undefined> => {
  const row = await maintenance
    .selectFrom('outbox')
    .select('created_at')
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst()
  return row?.created_at
}
