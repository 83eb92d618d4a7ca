import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { ProviderEventsTable } from '#platform/tables-records.ts'
import type { ProviderNotice } from '#providers/notice.ts'

export type InboxRow = Selectable<ProviderEventsTable>

export interface Arrival {
  id: string
  provider: string
  connection: string
  notice: ProviderNotice
  body: Buffer
  receivedAt: Date
}

/** Keeps what arrived; a notification that is here already is not kept again. Returns the ids of the new rows. */
export const insertArrivals = async (db: Db, arrivals: readonly Arrival[]): Promise<Set<string>> => {
  const rows = arrivals.map(({ notice, body, ...arrival }) => ({
    id: arrival.id,
    provider: arrival.provider,
    connection: arrival.connection,
    ref: notice.ref,
    type: notice.type,
    body: `\\x${body.toString('hex')}`,
    notice: { subject: notice.subject, tags: notice.tags, livemode: notice.livemode },
    state: 'received',
    attempts: 0,
    next_attempt_at: arrival.receivedAt,
    provider_created_at: notice.createdAt,
    received_at: arrival.receivedAt,
  }))
  const { rows: inserted } = await sql<{ id: string }>`
    insert into provider_events select * from jsonb_populate_recordset(null::provider_events, ${JSON.stringify(rows)}::jsonb)
    on conflict (provider, connection, ref) do nothing returning id`.execute(db)
  return new Set(inserted.map((row) => row.id))
}

/** Takes those of the events that wait; a crash gives them back when the lease ends. */
export const claimEvents = async (db: Db, ids: readonly string[], now: Date, until: Date): Promise<InboxRow[]> => {
  // By an array of ids, so that the primary key is used also while the table has no statistics.
  const { rows } = await sql<InboxRow>`
    update provider_events set attempts = attempts + 1, next_attempt_at = ${until}
    where id = any(array(
      select id from provider_events
      where id = any(${ids}::uuid[]) and state = 'received' and next_attempt_at <= ${now}
      order by id for update skip locked
    )) returning *`.execute(db)
  return rows
}

export interface EventEnd {
  id: string
  state: 'processed' | 'ignored' | 'parked' | 'received'
  reason: string | null
  merchantId?: string | undefined
  paymentIntentId?: string | undefined
  nextAttemptAt?: Date
  processedAt: Date | null
}

export const endEvents = async (db: Db, ends: readonly EventEnd[]): Promise<void> => {
  const ids = ends.map((end) => end.id)
  await sql`
    update provider_events e set state = x.state, reason = x.reason, processed_at = x."processedAt",
      merchant_id = coalesce(x."merchantId", e.merchant_id),
      payment_intent_id = coalesce(x."paymentIntentId", e.payment_intent_id),
      next_attempt_at = coalesce(x."nextAttemptAt", e.next_attempt_at)
    from jsonb_to_recordset(${JSON.stringify(ends)}::jsonb) as x (id uuid, state text, reason text,
      "merchantId" uuid, "paymentIntentId" uuid, "nextAttemptAt" timestamptz, "processedAt" timestamptz)
    where e.id = any(${ids}::uuid[]) and e.id = x.id and e.state = 'received'`.execute(db)
}

export const findDueEvents = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('provider_events')
    .select(['id', 'next_attempt_at'])
    .where('state', '=', 'received')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** Puts a parked event back; false when it is not parked. */
export const unparkEvent = async (db: Db, id: string, now: Date): Promise<boolean> => {
  const row = await db
    .updateTable('provider_events')
    .set({ state: 'received', reason: null, attempts: 0, next_attempt_at: now, processed_at: null })
    .where('id', '=', id)
    .where('state', '=', 'parked')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Which payment a charge of the provider belongs to, when the notification names only the charge. */
export const matchCharge = (db: Db, provider: string, ref: string) =>
  db
    .selectFrom('charges')
    .select(['merchant_id', 'payment_intent_id as id'])
    .where('provider', '=', provider)
    .where('provider_ref', '=', ref)
    .executeTakeFirst()

export const matchRefund = (db: Db, provider: string, ref: string) =>
  db
    .selectFrom('refunds')
    .select(['merchant_id', 'payment_intent_id as id'])
    .where('provider', '=', provider)
    .where('provider_ref', '=', ref)
    .executeTakeFirst()

/** Whose connection an event came in through. */
export const findOwner = async (db: Db, connectionId: string): Promise<string | undefined> => {
  const row = await db.selectFrom('connections').select('merchant_id').where('id', '=', connectionId).executeTakeFirst()
  return row?.merchant_id
}
