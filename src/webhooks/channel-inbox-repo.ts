import type { Selectable } from 'kysely'
import { atOnce, type Database, type Db } from '#platform/database.ts'
import type { ChannelUpdatesTable } from '#platform/tables-chat.ts'

export type UpdateRow = Selectable<ChannelUpdatesTable>

/** One update on its way into the table; `content` is JSON text. */
export interface UpdateArrival {
  merchantId: string
  id: string
  connectionId: string
  channel: string
  ref: string
  type: string
  content: string
  state: UpdateRow['state']
  reason: string | null
  occurredAt: Date
  receivedAt: Date
}

export interface UpdateKey {
  merchantId: string
  id: string
}

export interface UpdateEnd extends UpdateKey {
  state: UpdateRow['state']
  reason: string | null
  nextAttemptAt?: Date
  processedAt: Date | null
}

const merchantsOf = (items: readonly UpdateKey[]): string[] => items.map((item) => item.merchantId)

/** Keeps what arrived; an update that is here already is not kept again. Returns the ids of the new rows. */
export const insertUpdates = async (db: Database, arrivals: readonly UpdateArrival[]): Promise<Set<string>> => {
  const rows = await atOnce<{ id: string }>(db, merchantsOf(arrivals), {
    name: 'keep_channel_updates',
    // In one order, so that two batches with the same updates wait for each other instead of deadlocking.
    text: `insert into channel_updates (merchant_id, id, connection_id, channel, ref, type, content, state, reason,
        next_attempt_at, occurred_at, received_at, processed_at)
      select "merchantId", id, "connectionId", channel, ref, type, content::jsonb, state, reason, "receivedAt", "occurredAt",
        "receivedAt", case when state = 'received' then null else "receivedAt" end
      from json_to_recordset($1::json) as x ("merchantId" uuid, id uuid, "connectionId" uuid, channel text, ref text,
        type text, content text, state text, reason text, "occurredAt" timestamptz, "receivedAt" timestamptz)
      order by "merchantId", "connectionId", ref
      on conflict (merchant_id, connection_id, ref) do nothing returning id`,
    values: [JSON.stringify(arrivals)],
  })
  return new Set(rows.map((row) => row.id))
}

/** Takes those of the updates that wait; a crash gives them back when the lease ends. */
export const claimUpdates = (db: Database, keys: readonly UpdateKey[], now: Date, until: Date): Promise<UpdateRow[]> =>
  atOnce<UpdateRow>(db, merchantsOf(keys), {
    name: 'claim_channel_updates',
    // Row by row, so that the primary key is used also while the table has no statistics.
    text: `update channel_updates u set attempts = u.attempts + 1, next_attempt_at = $3
      from unnest($1::uuid[], $2::uuid[]) as w (merchant_id, id) cross join lateral (
        select from channel_updates c where c.merchant_id = w.merchant_id and c.id = w.id and c.state = 'received'
          and c.next_attempt_at <= $4 for update skip locked
      ) as free
      where u.merchant_id = w.merchant_id and u.id = w.id
      returning u.merchant_id, u.id, u.connection_id, u.channel, u.ref, u.type, u.content, u.state, u.reason, u.attempts,
        u.next_attempt_at, u.occurred_at, u.received_at, u.processed_at`,
    values: [merchantsOf(keys), keys.map((key) => key.id), until, now],
  })

export const endUpdates = async (db: Database, ends: readonly UpdateEnd[]): Promise<void> => {
  await atOnce(db, merchantsOf(ends), {
    name: 'end_channel_updates',
    text: `update channel_updates u set state = x.state, reason = x.reason, processed_at = x."processedAt",
        next_attempt_at = coalesce(x."nextAttemptAt", u.next_attempt_at)
      from json_to_recordset($1::json) as x ("merchantId" uuid, id uuid, state text, reason text,
        "nextAttemptAt" timestamptz, "processedAt" timestamptz)
      where u.merchant_id = x."merchantId" and u.id = x.id and u.state = 'received'`,
    values: [JSON.stringify(ends)],
  })
}

/** Ends an update in the transaction of what it caused; false when it has been ended already. */
export const endUpdate = async (db: Db, { merchantId, id }: UpdateKey, now: Date): Promise<boolean> => {
  const ended = await db
    .updateTable('channel_updates')
    .set({ state: 'processed', reason: null, processed_at: now })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', '=', 'received')
    .returning('id')
    .executeTakeFirst()
  return ended !== undefined
}

/** Across merchants: only the maintenance role may ask. */
export const findDueUpdates = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('channel_updates')
    .select(['merchant_id', 'id', 'next_attempt_at'])
    .where('state', '=', 'received')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

export const findUpdate = (db: Db, merchantId: string, id: string): Promise<UpdateRow | undefined> =>
  db
    .selectFrom('channel_updates')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** Puts a parked update back; undefined when it is not parked. */
export const unparkUpdate = (db: Db, merchantId: string, id: string, now: Date): Promise<UpdateRow | undefined> =>
  db
    .updateTable('channel_updates')
    .set({ state: 'received', reason: null, attempts: 0, next_attempt_at: now, processed_at: null })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', '=', 'parked')
    .returningAll()
    .executeTakeFirst()
