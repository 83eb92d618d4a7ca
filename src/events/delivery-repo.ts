import type { Insertable, Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { DeliveriesTable } from '#platform/tables-records.ts'

export type DeliveryRow = Selectable<DeliveriesTable>
/** A delivery with what its event says of it. */
export type ShownDeliveryRow = DeliveryRow & { event_type: string | null; livemode: boolean | null }

export const selectDeliveries = (db: Db, merchantId: string) =>
  db
    .selectFrom('deliveries')
    .selectAll('deliveries')
    .select((eb) => [
      eb
        .selectFrom('events')
        .select('events.type')
        .whereRef('events.merchant_id', '=', 'deliveries.merchant_id')
        .whereRef('events.id', '=', 'deliveries.event_id')
        .as('event_type'),
      eb
        .selectFrom('events')
        .select('events.livemode')
        .whereRef('events.merchant_id', '=', 'deliveries.merchant_id')
        .whereRef('events.id', '=', 'deliveries.event_id')
        .as('livemode'),
    ])
    .where('deliveries.merchant_id', '=', merchantId)

/** Returns the ids of the rows that are new: an event goes to an endpoint once, however often it is fanned out. */
export const insertDeliveries = async (db: Db, rows: Insertable<DeliveriesTable>[]): Promise<string[]> => {
  if (rows.length === 0) return []
  const inserted = await db
    .insertInto('deliveries')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['merchant_id', 'event_id', 'endpoint_id']).doNothing())
    .returning('id')
    .execute()
  return inserted.map((row) => row.id)
}

/**
 * Takes a due delivery for one attempt, until the lease ends. Of two workers that try, one gets the row; when a
 * worker dies, the row is due again after its lease.
 */
export const claimDelivery = (
  db: Db,
  merchantId: string,
  id: string,
  lease: { now: Date; until: Date },
): Promise<DeliveryRow | undefined> =>
  db
    .updateTable('deliveries')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), next_attempt_at: lease.until }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', lease.now)
    .returningAll()
    .executeTakeFirst()

type DeliveryChange = Pick<DeliveryRow, 'state' | 'last_status' | 'last_error' | 'finished_at'> & {
  next_attempt_at?: Date
}

/** Writes how an attempt ended. False when the row has moved on: a later attempt, a success, a deleted endpoint. */
export const recordAttempt = async (db: Db, claimed: DeliveryRow, change: DeliveryChange): Promise<boolean> => {
  const updated = await db
    .updateTable('deliveries')
    .set(change)
    .where('merchant_id', '=', claimed.merchant_id)
    .where('id', '=', claimed.id)
    .where('state', '=', 'pending')
    // A success counts whichever attempt brought it, a failure only if no later attempt is under way.
    .$if(change.state !== 'succeeded', (query) => query.where('attempts', '=', claimed.attempts))
    .returning('id')
    .executeTakeFirst()
  return updated !== undefined
}

/** Due at once, with the whole schedule before it again. */
export const restartDelivery = async (db: Db, merchantId: string, id: string, now: Date): Promise<void> => {
  await db
    .updateTable('deliveries')
    .set({ state: 'pending', attempts: 0, next_attempt_at: now, finished_at: null })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .execute()
}

/** Deliveries whose time has come, the longest waiting first, across merchants. */
export const dueDeliveries = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('deliveries')
    .select(['id', 'merchant_id', 'next_attempt_at'])
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
