import type { Selectable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ParticipantsTable, ThreadsTable } from '#platform/tables.ts'

export type ThreadRow = Selectable<ThreadsTable>
export type ParticipantRow = Selectable<ParticipantsTable>

export const findThread = (db: Db, merchantId: string, id: string): Promise<ThreadRow | undefined> =>
  db.selectFrom('threads').selectAll().where('merchant_id', '=', merchantId).where('id', '=', id).executeTakeFirst()

export const lockThread = (db: Db, merchantId: string, id: string): Promise<ThreadRow | undefined> =>
  db
    .selectFrom('threads')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

export const insertThread = (
  db: Db,
  row: Pick<
    ThreadRow,
    | 'merchant_id'
    | 'id'
    | 'channel'
    | 'external_id'
    | 'connection_id'
    | 'locale'
    | 'title'
    | 'metadata'
    | 'created_at'
    | 'updated_at'
  >,
): Promise<ThreadRow> =>
  db
    .insertInto('threads')
    .values({ ...row, metadata: JSON.stringify(row.metadata) })
    .returningAll()
    .executeTakeFirstOrThrow()

export const updateThread = async (
  db: Db,
  merchantId: string,
  id: string,
  set: { locale?: string; title?: string; metadata?: Record<string, string>; updated_at: Date },
): Promise<void> => {
  const { metadata, ...rest } = set
  await db
    .updateTable('threads')
    .set({ ...rest, ...(metadata ? { metadata: JSON.stringify(metadata) } : {}) })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .execute()
}

export const listParticipants = (
  db: Db,
  merchantId: string,
  threadIds: readonly string[],
): Promise<ParticipantRow[]> =>
  threadIds.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('participants')
        .selectAll()
        .where('merchant_id', '=', merchantId)
        .where('thread_id', 'in', [...threadIds])
        .orderBy('id')
        .execute()

/** Finds or creates by (thread, external id); name and locale are refreshed when given. Returns the id. */
export const upsertParticipant = async (db: Db, row: ParticipantRow): Promise<string> => {
  const { name, locale } = row
  const saved = await db
    .insertInto('participants')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['merchant_id', 'thread_id', 'external_id']).doUpdateSet({
        role: row.role,
        ...(name === null ? {} : { name }),
        ...(locale === null ? {} : { locale }),
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return saved.id
}

export const findParticipant = (db: Db, merchantId: string, id: string): Promise<ParticipantRow | undefined> =>
  db
    .selectFrom('participants')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** What happened in a thread, oldest first: its events, which carry the object as it was then. */
export const listTimeline = (db: Db, merchantId: string, threadId: string, after: string | undefined, limit: number) =>
  db
    .selectFrom('events')
    .select(['id', 'type', 'data', 'created_at'])
    .where('merchant_id', '=', merchantId)
    .where('thread_id', '=', threadId)
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute()
