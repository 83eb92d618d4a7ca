import { type Selectable, sql } from 'kysely'
import { atOnce, type Database, type Db } from '#platform/database.ts'
import type { ConnectionsTable } from '#platform/tables-chat.ts'

export type ConnectionRow = Selectable<ConnectionsTable>

/** Those that are there; a deleted one only keeps threads together. */
export const selectConnections = (db: Db, merchantId: string) =>
  db.selectFrom('connections').selectAll().where('merchant_id', '=', merchantId).where('deleted_at', 'is', null)

export const findConnection = (db: Db, merchantId: string, id: string): Promise<ConnectionRow | undefined> =>
  selectConnections(db, merchantId).where('id', '=', id).executeTakeFirst()

export const lockConnection = (db: Db, merchantId: string, id: string): Promise<ConnectionRow | undefined> =>
  selectConnections(db, merchantId).where('id', '=', id).forNoKeyUpdate().executeTakeFirst()

/** At most two: enough to tell whether there is exactly one. */
export const findActive = (db: Db, merchantId: string, channel: ConnectionRow['channel']): Promise<ConnectionRow[]> =>
  selectConnections(db, merchantId)
    .where('channel', '=', channel)
    .where('status', '=', 'active')
    .orderBy('id')
    .limit(2)
    .execute()

/** The active veto endpoint of each merchant that has one. */
export const findVetoes = (db: Database, merchants: readonly string[]): Promise<ConnectionRow[]> =>
  atOnce<ConnectionRow>(db, merchants, {
    text: `select c.* from unnest($1::uuid[]) as w (merchant_id) cross join lateral (
        select * from connections where merchant_id = w.merchant_id and channel = 'veto' and status = 'active'
          and deleted_at is null order by id limit 1
      ) as c`,
    values: [[...new Set(merchants)]],
  })

/** Of whatever merchants: webhooks name nothing else. Only the maintenance role may ask. */
export const findByIds = (db: Db, ids: readonly string[]): Promise<ConnectionRow[]> =>
  db
    .selectFrom('connections')
    .selectAll()
    .where('deleted_at', 'is', null)
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .execute()

/** Whoever has connected an account. Only the maintenance role may ask. */
export const findByExternalId = (
  db: Db,
  channel: ConnectionRow['channel'],
  externalId: string,
): Promise<ConnectionRow[]> =>
  db
    .selectFrom('connections')
    .selectAll()
    .where('channel', '=', channel)
    .where('external_id', '=', externalId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .execute()

/** The row of an account that was connected before and deleted since. */
export const lockDeleted = (
  db: Db,
  { merchant_id, channel, external_id }: Pick<ConnectionRow, 'merchant_id' | 'channel' | 'external_id'>,
): Promise<ConnectionRow | undefined> =>
  db
    .selectFrom('connections')
    .selectAll()
    .where('merchant_id', '=', merchant_id)
    .where('channel', '=', channel)
    .where('external_id', '=', external_id)
    .where('deleted_at', 'is not', null)
    .forNoKeyUpdate()
    .executeTakeFirst()

/** Undefined when the account is connected already; the same id again (a repeated request) answers what it made. */
export const insertConnection = async (db: Db, row: ConnectionRow): Promise<ConnectionRow | undefined> => {
  const saved = await db
    .insertInto('connections')
    .values({
      ...row,
      settings: JSON.stringify(row.settings),
      secret_hints: JSON.stringify(row.secret_hints),
      failure: row.failure && JSON.stringify(row.failure),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  return saved ?? findConnection(db, row.merchant_id, row.id)
}

export type ConnectionChange = Partial<
  Pick<
    ConnectionRow,
    | 'name'
    | 'status'
    | 'settings'
    | 'secrets'
    | 'secrets_key'
    | 'secret_hints'
    | 'failure'
    | 'checked_at'
    | 'deleted_at'
    | 'livemode'
    | 'created_at'
  >
>

export const updateConnection = (
  db: Db,
  row: Pick<ConnectionRow, 'merchant_id' | 'id'>,
  { settings, secret_hints, failure, ...plain }: ConnectionChange,
  now: Date,
): Promise<ConnectionRow> =>
  db
    .updateTable('connections')
    .set({
      ...plain,
      ...(settings === undefined ? {} : { settings: JSON.stringify(settings) }),
      ...(secret_hints === undefined ? {} : { secret_hints: JSON.stringify(secret_hints) }),
      ...(failure === undefined ? {} : { failure: failure && JSON.stringify(failure) }),
      updated_at: now,
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Never earlier than what was asked for before. */
export const postponeConnection = async (db: Db, merchantId: string, id: string, until: Date): Promise<void> => {
  await db
    .updateTable('connections')
    .set({ send_after: sql`greatest(send_after, ${until})` })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .execute()
}

/** Across merchants, in the order of their ids: only the maintenance role may ask. Deleted ones too. */
export const findSealedOtherwise = (
  db: Db,
  keyId: string,
  after: string | undefined,
  limit: number,
): Promise<ConnectionRow[]> =>
  db
    .selectFrom('connections')
    .selectAll()
    .where('secrets_key', '<>', keyId)
    .$if(after !== undefined, (query) => query.where('id', '>', after ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute()

/** False when somebody has sealed it anew meanwhile: that is newer. */
export const rewrapConnection = async (
  db: Db,
  row: Pick<ConnectionRow, 'merchant_id' | 'id' | 'secrets'>,
  secrets: Buffer,
  keyId: string,
): Promise<boolean> => {
  const saved = await db
    .updateTable('connections')
    .set({ secrets, secrets_key: keyId })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .where('secrets', '=', row.secrets)
    .returning('id')
    .executeTakeFirst()
  return saved !== undefined
}
