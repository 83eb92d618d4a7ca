import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { MessagesTable, ThreadsTable } from '#platform/tables.ts'

export type MessageRow = Selectable<MessagesTable>
/** What a message begins with; the rest comes with its delivery. */
export type NewMessage = Pick<
  MessageRow,
  | 'checkout_id'
  | 'bill_id'
  | 'platform_ref'
  | 'next_attempt_at'
  | 'remind_at'
  | 'merchant_id'
  | 'id'
  | 'thread_id'
  | 'direction'
  | 'kind'
  | 'text'
  | 'card'
  | 'payment_intent_id'
  | 'participant_id'
  | 'dedupe_key'
  | 'state'
  | 'metadata'
  | 'created_at'
  | 'has_own_words'
>
export type ThreadRow = Pick<Selectable<ThreadsTable>, (typeof threadColumns)[number]>
const threadColumns = [
  'merchant_id',
  'id',
  'channel',
  'external_id',
  'locale',
  'connection_id',
  'last_inbound_at',
  'consents',
  'unreachable_since',
  'reachable_at',
] as const
export type IntentRow = Awaited<ReturnType<typeof listIntents>>[number]

export const findThread = (db: Db, merchantId: string, id: string): Promise<ThreadRow | undefined> =>
  db
    .selectFrom('threads')
    .select(threadColumns)
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

export const isParticipant = async (db: Db, thread: ThreadRow, id: string): Promise<boolean> => {
  const row = await db
    .selectFrom('participants')
    .select('id')
    .where('merchant_id', '=', thread.merchant_id)
    .where('id', '=', id)
    .where('thread_id', '=', thread.id)
    .executeTakeFirst()
  return row !== undefined
}

/** What cards show of payments. */
export const listIntents = (db: Db, merchantId: string, ids: string[]) =>
  db
    .selectFrom('payment_intents')
    .select(['id', 'thread_id', 'status', 'amount', 'currency', 'description', 'expires_at', 'livemode'])
    .where('merchant_id', '=', merchantId)
    .where('id', 'in', ids)
    .execute()

export const selectMessages = (db: Db, thread: ThreadRow) =>
  db.selectFrom('messages').selectAll().where('merchant_id', '=', thread.merchant_id).where('thread_id', '=', thread.id)

export const findMessage = (db: Db, merchantId: string, id: string): Promise<MessageRow | undefined> =>
  db.selectFrom('messages').selectAll().where('merchant_id', '=', merchantId).where('id', '=', id).executeTakeFirst()

/** False when it is there already: the same request again, or the same reason (`dedupe_key`) told again. */
export const insertMessage = async (db: Db, row: NewMessage): Promise<boolean> => {
  const inserted = await db
    .insertInto('messages')
    .values({ ...row, card: row.card && JSON.stringify(row.card), metadata: JSON.stringify(row.metadata) })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted !== undefined
}

export const findCheckout = (db: Db, merchantId: string, id: string) =>
  db
    .selectFrom('checkouts')
    .select(['id', 'thread_id', 'status', 'payment_intent_id'])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** The person wrote, and the merchant's bot passes it on: the platform's window counts from then. */
export const recordHeard = async (db: Db, thread: ThreadRow, at: Date): Promise<void> => {
  await db
    .updateTable('threads')
    .set({
      last_inbound_at: sql<Date>`greatest(last_inbound_at, ${at})`,
      reachable_at: sql<Date>`greatest(reachable_at, ${at})`,
    })
    .where('merchant_id', '=', thread.merchant_id)
    .where('id', '=', thread.id)
    .execute()
}
