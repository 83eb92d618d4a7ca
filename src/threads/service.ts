import { findConnection } from '#connections/repo.ts'
import type { Clock } from '#kernel/clock.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import { claimThread, findThreadOf, lockPlace, type Place } from './place-repo.ts'
import {
  findParticipant,
  findThread,
  insertThread,
  listParticipants,
  listTimeline,
  lockThread,
  type ThreadRow,
  updateThread,
  upsertParticipant,
} from './repo.ts'
import type { ParticipantReference, Thread, ThreadInput, ThreadReference, ThreadUpdate } from './schemas.ts'
import { showThread } from './thread-view.ts'

export type ThreadService = ReturnType<typeof createThreadService>

interface Scope {
  merchantId: string
  livemode: boolean
}

export const createThreadService = ({ db, clock }: { db: Database; clock: Clock }) => ({
  /** Finds the thread of (channel, external id) or creates it; fields that are sent are brought up to date. */
  upsert: (scope: Scope, id: string, input: ThreadInput): Promise<Thread> =>
    inTransaction(db, scope.merchantId, async (tx) => {
      const row = await upsertThread(tx, scope, id, input, clock.now())
      return showWhole(tx, row)
    }),

  retrieve: (merchantId: string, id: string): Promise<Thread> =>
    inTransaction(db, merchantId, async (tx) => showWhole(tx, await requireThread(tx, merchantId, id))),

  update: (scope: Scope, id: string, update: ThreadUpdate): Promise<Thread> =>
    inTransaction(db, scope.merchantId, async (tx) => {
      const row = await requireThread(tx, scope.merchantId, id)
      await applyUpdate(tx, row, update, clock.now())
      return showWhole(tx, await requireThread(tx, scope.merchantId, id))
    }),

  list: (merchantId: string, query: ListQuery & { channel?: string | undefined; external_id?: string | undefined }) =>
    inTransaction(db, merchantId, async (tx) => {
      let select = tx.selectFrom('threads').selectAll().where('merchant_id', '=', merchantId)
      if (query.channel) select = select.where('channel', '=', query.channel)
      if (query.external_id) select = select.where('external_id', '=', query.external_id)
      const page = await readPage(select, query, 'thread')
      const people = await listParticipants(
        tx,
        merchantId,
        page.rows.map((row) => row.id),
      )
      const data = page.rows.map((row) =>
        showThread(
          row,
          people.filter((one) => one.thread_id === row.id),
        ),
      )
      return listAnswer('/v1/threads', data, page.hasMore)
    }),

  /** Everything that happened in the thread, oldest first. */
  timeline: (merchantId: string, id: string, query: { limit: number; starting_after?: string | undefined }) =>
    inTransaction(db, merchantId, async (tx) => {
      const thread = await requireThread(tx, merchantId, id)
      const after = query.starting_after
      const cursor = after === undefined ? undefined : requireUuid('event', after, 'timeline item', 'starting_after')
      const rows = await listTimeline(tx, merchantId, thread.id, cursor, query.limit + 1)
      const data = rows.slice(0, query.limit).map((row) => ({
        id: showId('event', row.id),
        object: 'timeline_item' as const,
        type: row.type,
        created: unixSeconds(row.created_at),
        data: row.data,
      }))
      return listAnswer(`/v1/threads/${id}/timeline`, data, rows.length > query.limit)
    }),
})

/** The thread that a payment names, found or created in the payment's own transaction. */
export const resolveThread = async (tx: Tx, scope: Scope, reference: ThreadReference, now: Date): Promise<ThreadRow> =>
  typeof reference === 'string'
    ? requireThread(tx, scope.merchantId, reference, 'thread')
    : upsertThread(tx, scope, newUuid(), reference, now)

/** The participant that is asked to pay; an id must belong to the thread. */
export const resolveParticipant = async (
  tx: Tx,
  merchantId: string,
  threadId: string,
  reference: ParticipantReference,
  now: Date,
): Promise<string> => {
  if (typeof reference !== 'string') {
    return upsertParticipant(tx, {
      merchant_id: merchantId,
      id: newUuid(),
      thread_id: threadId,
      external_id: reference.external_id,
      role: reference.role,
      name: reference.name ?? null,
      locale: reference.locale ?? null,
      created_at: now,
    })
  }
  const uuid = parseId('participant', reference)
  const row = uuid && (await findParticipant(tx, merchantId, uuid))
  if (!row || row.thread_id !== threadId) throw notFound('participant', reference, 'participant')
  return row.id
}

export const requireThread = async (tx: Tx, merchantId: string, id: string, param = 'id'): Promise<ThreadRow> => {
  const row = await findThread(tx, merchantId, requireUuid('thread', id, 'thread', param))
  if (!row) throw notFound('thread', id, param)
  return row
}

const showWhole = async (tx: Tx, row: ThreadRow): Promise<Thread> =>
  showThread(row, await listParticipants(tx, row.merchant_id, [row.id]))

const upsertThread = async (tx: Tx, scope: Scope, id: string, input: ThreadInput, now: Date): Promise<ThreadRow> => {
  const { channel, external_id: externalId, connection, ...update } = input
  const connectionId =
    connection === undefined ? undefined : await requireConnection(tx, scope.merchantId, connection, channel)
  const place = { merchantId: scope.merchantId, channel, externalId, connectionId }
  const { row, isNew } = await openThread(tx, place, { livemode: scope.livemode, id }, update, now)
  if (isNew) return row
  await applyUpdate(tx, row, update, now)
  return (await findThread(tx, scope.merchantId, row.id)) ?? row
}

/** Finds the thread of a place, or creates it with its event; a new one begins with `fields`. */
export const openThread = async (
  tx: Tx,
  place: Place,
  { livemode, id = newUuid() }: { livemode: boolean; id?: string },
  fields: ThreadUpdate,
  now: Date,
): Promise<{ row: ThreadRow; isNew: boolean }> => {
  const known = await findThreadOf(tx, place)
  if (known) return { row: await claim(tx, known, place), isNew: false }
  // Whoever comes at the same moment waits here and then finds it, also when one knows the connection and one does not.
  await lockPlace(tx, place)
  const meanwhile = await findThreadOf(tx, place)
  if (meanwhile) return { row: await claim(tx, meanwhile, place), isNew: false }
  const row = await insertThread(tx, {
    merchant_id: place.merchantId,
    id,
    channel: place.channel,
    external_id: place.externalId,
    connection_id: place.connectionId ?? null,
    locale: fields.locale ?? null,
    title: fields.title ?? null,
    metadata: mergeMetadata({}, fields.metadata ?? {}),
    created_at: now,
    updated_at: now,
  })
  for (const participant of fields.participants ?? [])
    await resolveParticipant(tx, place.merchantId, id, participant, now)
  await appendEvents(tx, [
    {
      merchantId: place.merchantId,
      type: 'thread.created',
      objectId: id,
      threadId: id,
      paymentIntentId: null,
      object: await showWhole(tx, row),
      livemode,
      createdAt: now,
    },
  ])
  return { row, isNew: true }
}

const claim = async (tx: Tx, row: ThreadRow, { connectionId }: Place): Promise<ThreadRow> => {
  if (connectionId === undefined || row.connection_id !== null) return row
  await claimThread(tx, row, connectionId)
  return { ...row, connection_id: connectionId }
}

const requireConnection = async (tx: Tx, merchantId: string, id: string, channel: string): Promise<string> => {
  const row = await findConnection(tx, merchantId, requireUuid('connection', id, 'connection', 'connection'))
  if (!row) throw notFound('connection', id, 'connection')
  if (row.channel === channel) return row.id
  const message = `The connection '${id}' is one of ${row.channel}; this thread's channel is ${channel}.`
  throw new AppError('parameter_invalid_string', { message, param: 'connection' })
}

const applyUpdate = async (tx: Tx, row: ThreadRow, update: ThreadUpdate, now: Date): Promise<void> => {
  const { locale, title, metadata, participants = [] } = update
  if (metadata === undefined && locale === undefined && title === undefined && participants.length === 0) return
  // Two bots may write to one thread at once: what is merged must be read under the lock.
  const current = (await lockThread(tx, row.merchant_id, row.id)) ?? row
  if (locale !== undefined || title !== undefined || metadata !== undefined) {
    await updateThread(tx, row.merchant_id, row.id, {
      ...(locale === undefined ? {} : { locale }),
      ...(title === undefined ? {} : { title }),
      ...(metadata === undefined ? {} : { metadata: mergeMetadata(current.metadata, metadata) }),
      updated_at: now,
    })
  }
  for (const participant of participants) await resolveParticipant(tx, row.merchant_id, row.id, participant, now)
}
