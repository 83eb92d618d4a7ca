import { sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { MessageRow, ThreadRow } from './repo.ts'

/** Messages and reminders whose time has come, the longest waiting first, across merchants. */
export const findDue = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('messages')
    .select(['merchant_id', 'id', 'next_attempt_at'])
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

export const findReminding = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('messages')
    .select(['merchant_id', 'id'])
    .where('remind_at', '<=', now)
    .orderBy('remind_at')
    .limit(limit)
    .execute()

export const lockMessage = (db: Db, merchantId: string, id: string): Promise<MessageRow | undefined> =>
  db
    .selectFrom('messages')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()

type MessageChange = Partial<
  Pick<
    MessageRow,
    | 'text'
    | 'state'
    | 'route'
    | 'attempts'
    | 'next_attempt_at'
    | 'sending_since'
    | 'sent_at'
    | 'platform_ref'
    | 'revision'
    | 'sent_revision'
    | 'remind_at'
    | 'failure'
    | 'rendered'
    | 'card'
  >
>

/** Writes a change of a locked message and returns the row as it is now. */
export const updateMessage = (
  db: Db,
  { merchant_id, id }: Pick<MessageRow, 'merchant_id' | 'id'>,
  { failure, rendered, card, ...plain }: MessageChange,
): Promise<MessageRow> =>
  db
    .updateTable('messages')
    .set({
      ...plain,
      ...(failure === undefined ? {} : { failure: failure && JSON.stringify(failure) }),
      ...(rendered === undefined ? {} : { rendered: rendered && JSON.stringify(rendered) }),
      ...(card === undefined ? {} : { card: card && JSON.stringify(card) }),
    })
    .where('merchant_id', '=', merchant_id)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Kinds that may wait for their hour: what comes after them does not wait with them. */
const patient = ['reminder', 'bill_progress'] as const

/** An earlier message of the thread that has still to go out: this one must not overtake it. */
export const findEarlier = (db: Db, { merchant_id, thread_id, id }: MessageRow) =>
  db
    .selectFrom('messages')
    .select(['id', 'next_attempt_at'])
    .where('merchant_id', '=', merchant_id)
    .where('thread_id', '=', thread_id)
    .where('id', '<', id)
    .where('state', '=', 'queued')
    .where('next_attempt_at', 'is not', null)
    .where('kind', 'not in', [...patient])
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()

/**
 * Lets go what only waited for its turn behind a message of the thread: the next one, and what need not wait for it.
 * What has an hour of its own is looked at and waits on. Returns their ids.
 */
export const releaseNext = async (db: Db, row: MessageRow, now: Date): Promise<string[]> => {
  const waiting = await db
    .selectFrom('messages')
    .select(['id', 'kind'])
    .where('merchant_id', '=', row.merchant_id)
    .where('thread_id', '=', row.thread_id)
    .where('id', '>', row.id)
    .where('state', '=', 'queued')
    .where('next_attempt_at', 'is not', null)
    .where('attempts', '=', 0)
    .orderBy('id')
    .limit(100)
    .execute()
  const isPatient = ({ kind }: { kind: string }) => kind === 'reminder' || kind === 'bill_progress'
  const next = waiting.find((one) => !isPatient(one))
  const ids = waiting.filter((one) => one === next || isPatient(one)).map(({ id }) => id)
  if (ids.length === 0) return []
  await db
    .updateTable('messages')
    .set({ next_attempt_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', 'in', ids)
    .where('next_attempt_at', '>', now)
    .where('attempts', '=', 0)
    .execute()
  return ids
}

/**
 * The connection's next free moment to send, taken: however many processes ask, they get moments that are a rate apart.
 * `isTaken` is false when it lies too far ahead (the platform asked to wait, or many wait already): then nothing is
 * taken, and `at` says when to ask again.
 */
export const takeSlot = async (
  db: Db,
  connection: { merchantId: string; id: string },
  given: { ratePerSecond: number; now: Date; aheadMs: number },
): Promise<{ isTaken: boolean; at: Date }> => {
  const { now } = given
  const next = sql<Date>`greatest(coalesce(send_after, ${now}), ${now})`
  const taken = await db
    .updateTable('connections')
    .set({ send_after: sql<Date>`${next} + make_interval(secs => ${1 / given.ratePerSecond})` })
    .where('merchant_id', '=', connection.merchantId)
    .where('id', '=', connection.id)
    .where(next, '<=', new Date(now.getTime() + given.aheadMs))
    .returning('send_after')
    .executeTakeFirst()
  if (taken?.send_after) {
    return { isTaken: true, at: new Date(taken.send_after.getTime() - 1000 / given.ratePerSecond) }
  }
  const row = await db
    .selectFrom('connections')
    .select('send_after')
    .where('merchant_id', '=', connection.merchantId)
    .where('id', '=', connection.id)
    .executeTakeFirst()
  return { isTaken: false, at: row?.send_after ?? now }
}

/** Messages that ask for a payment and stand in a chat. */
export const findRequests = (db: Db, merchantId: string, intentId: string): Promise<MessageRow[]> =>
  db
    .selectFrom('messages')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .where('direction', '=', 'out')
    .where('kind', 'in', ['payment_request', 'checkout_summary', 'reminder'])
    .orderBy('id')
    .limit(100)
    .forNoKeyUpdate()
    .execute()

export const findByDedupeKey = (
  db: Db,
  { merchant_id, id }: Pick<ThreadRow, 'merchant_id' | 'id'>,
  dedupeKey: string,
): Promise<MessageRow | undefined> =>
  db
    .selectFrom('messages')
    .selectAll()
    .where('merchant_id', '=', merchant_id)
    .where('thread_id', '=', id)
    .where('dedupe_key', '=', dedupeKey)
    .forNoKeyUpdate()
    .executeTakeFirst()

/** Outbound messages that a platform's receipt names; ids of messages may repeat across connections. */
export const findReceipted = (
  db: Db,
  connection: { merchantId: string; id: string; channel: string },
  named: readonly string[] | { threadId: string; upTo: Date },
): Promise<MessageRow[]> => {
  const query = db
    .selectFrom('messages as m')
    .innerJoin('threads as t', (join) =>
      join.onRef('t.merchant_id', '=', 'm.merchant_id').onRef('t.id', '=', 'm.thread_id'),
    )
    .selectAll('m')
    .where('m.merchant_id', '=', connection.merchantId)
    .where('m.direction', '=', 'out')
    .where((eb) =>
      eb.or([
        // What the merchant's own system took for another channel comes back under that system's connection.
        eb.and([eb('m.route', '=', 'merchant'), eb.val(connection.channel === 'custom')]),
        eb.and([
          eb('t.channel', '=', connection.channel),
          eb.or([eb('t.connection_id', '=', connection.id), eb('t.connection_id', 'is', null)]),
        ]),
      ]),
    )
    .orderBy('m.id')
    .limit(500)
    .forNoKeyUpdate('m')
  return isRefs(named)
    ? query.where('m.platform_ref', 'in', named.length === 0 ? [''] : [...named]).execute()
    : query
        .where('t.external_id', '=', named.threadId)
        .where('m.sent_at', '<=', named.upTo)
        .where('m.state', 'in', ['sent', 'delivered', 'unconfirmed'])
        .execute()
}

const isRefs = (named: readonly string[] | { threadId: string; upTo: Date }): named is readonly string[] =>
  Array.isArray(named)
