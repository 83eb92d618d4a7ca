import { sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ThreadRow } from './repo.ts'

/** What names a conversation: a channel's own id, at one of the merchant's connections if it is known which. */
export interface Place {
  merchantId: string
  channel: string
  externalId: string
  connectionId: string | undefined
}

/**
 * The thread of a place. With a connection: its own, else one that nobody has claimed. Without: the one that was written
 * to last. Ids that a conversation had before name it too, and first: the platform said where it went.
 */
export const findThreadOf = async (db: Db, place: Place): Promise<ThreadRow | undefined> => {
  const { merchantId, channel, externalId, connectionId } = place
  const threads = db
    .selectFrom('threads')
    .selectAll('threads')
    .where('threads.merchant_id', '=', merchantId)
    .where('channel', '=', channel)
  const named = threads
    .where('external_id', '=', externalId)
    .$if(connectionId !== undefined, (query) =>
      query.where((or) => or.or([or('connection_id', '=', connectionId ?? ''), or('connection_id', 'is', null)])),
    )
    .select(sql<number>`1`.as('rank'))
  const moved = threads
    .innerJoin('thread_aliases as alias', (join) =>
      join.onRef('alias.merchant_id', '=', 'threads.merchant_id').onRef('alias.thread_id', '=', 'threads.id'),
    )
    .where('alias.external_id', '=', externalId)
    .$if(connectionId !== undefined, (query) => query.where('alias.connection_id', '=', connectionId ?? ''))
    .select(sql<number>`0`.as('rank'))
  const found = await db
    .selectFrom(named.unionAll(moved).as('found'))
    .selectAll()
    .orderBy('rank')
    .orderBy((order) => sql`${order.ref('connection_id')} is null`)
    .orderBy('last_inbound_at', (order) => order.desc().nullsLast())
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  if (!found) return undefined
  const { rank: _rank, ...row } = found
  return row
}

/** Until the end of the transaction nobody else makes a thread of this conversation. */
export const lockPlace = async (db: Db, { merchantId, channel, externalId }: Place): Promise<void> => {
  const name = `thread:${merchantId}:${channel}:${externalId}`
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db)
}

/** A thread that was made before its connection was known belongs to it from now on. */
export const claimThread = async (db: Db, row: ThreadRow, connectionId: string): Promise<void> => {
  await db
    .updateTable('threads')
    .set({ connection_id: connectionId })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .where('connection_id', 'is', null)
    .execute()
}

/** Everything that is known of an inbound update's moment; columns that are absent stay. */
export const recordOnThread = async (
  db: Db,
  row: Pick<ThreadRow, 'merchant_id' | 'id'>,
  change: {
    lastInboundAt?: Date
    reachableAt?: Date
    unreachableSince?: Date
    locale?: string
    title?: string
    touches?: { first_touch: object; last_touch: object }
  },
): Promise<ThreadRow> =>
  db
    .updateTable('threads')
    .set({
      merchant_id: row.merchant_id,
      ...(change.lastInboundAt
        ? { last_inbound_at: sql<Date>`greatest(last_inbound_at, ${change.lastInboundAt})` }
        : {}),
      ...(change.reachableAt ? { reachable_at: sql<Date>`greatest(reachable_at, ${change.reachableAt})` } : {}),
      ...(change.unreachableSince
        ? { unreachable_since: sql<Date>`greatest(unreachable_since, ${change.unreachableSince})` }
        : {}),
      // What the merchant said of it stays.
      ...(change.locale === undefined ? {} : { locale: sql<string>`coalesce(locale, ${change.locale})` }),
      ...(change.title === undefined ? {} : { title: sql<string>`coalesce(title, ${change.title})` }),
      ...(change.touches
        ? {
            first_touch: JSON.stringify(change.touches.first_touch),
            last_touch: JSON.stringify(change.touches.last_touch),
          }
        : {}),
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Finds or creates the person; a role that the merchant gave stays. Returns the id. */
export const recordPerson = async (
  db: Db,
  row: {
    merchant_id: string
    id: string
    thread_id: string
    external_id: string
    name: string | null
    locale: string | null
    created_at: Date
  },
): Promise<string> => {
  const saved = await db
    .insertInto('participants')
    .values({ ...row, role: 'payer' })
    .onConflict((conflict) =>
      conflict.columns(['merchant_id', 'thread_id', 'external_id']).doUpdateSet({
        name: sql`coalesce(participants.name, excluded.name)`,
        locale: sql`coalesce(participants.locale, excluded.locale)`,
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return saved.id
}

/** The old id keeps naming the thread. */
export const insertAlias = async (
  db: Db,
  row: { merchantId: string; connectionId: string; externalId: string; threadId: string; now: Date },
): Promise<void> => {
  await db
    .insertInto('thread_aliases')
    .values({
      merchant_id: row.merchantId,
      connection_id: row.connectionId,
      external_id: row.externalId,
      thread_id: row.threadId,
      created_at: row.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['merchant_id', 'connection_id', 'external_id']).doUpdateSet({ thread_id: row.threadId }),
    )
    .execute()
}

export const renameThread = async (db: Db, row: ThreadRow, externalId: string, now: Date): Promise<void> => {
  await db
    .updateTable('threads')
    .set({ external_id: externalId, updated_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .execute()
}
