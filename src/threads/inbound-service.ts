import type { Connection } from '#channels/channel.ts'
import type { InboundMove, InboundSender, Touch } from '#channels/inbound.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { findThreadOf, insertAlias, lockPlace, recordOnThread, recordPerson, renameThread } from './place-repo.ts'
import { lockThread, type ThreadRow } from './repo.ts'
import { openThread } from './service.ts'
import { attributionOf, cleanTouch, mergeTouch } from './touch.ts'

type At = Pick<Connection, 'merchantId' | 'id' | 'channel' | 'livemode'>

/**
 * Somebody wrote, or came: finds or creates the thread and the person, and remembers when and how. Any number of times
 * and in any order the result is the same. `now` is our time, `at` the platform's.
 */
export const recordInbound = async (
  tx: Tx,
  connection: At,
  from: InboundSender,
  { at, touch, now, isMessage = true }: { at: Date; touch?: Touch | undefined; now: Date; isMessage?: boolean },
): Promise<{ thread: ThreadRow; participantId: string }> => {
  const { row: found } = await openThread(
    tx,
    placeOf(connection, from.threadId),
    { livemode: connection.livemode },
    {},
    now,
  )
  // Two updates of one thread may be worked off at once: what is merged must be read under the lock.
  const row = (await lockThread(tx, connection.merchantId, found.id)) ?? found
  const kept = touch && cleanTouch(touch, at)
  const thread = await recordOnThread(tx, row, {
    // A person who only followed a link has written nothing: no window opens.
    ...(isMessage ? { lastInboundAt: at } : {}),
    reachableAt: at,
    ...(isLocale(from.locale) ? { locale: from.locale } : {}),
    ...(from.threadTitle ? { title: from.threadTitle.slice(0, 200) } : {}),
    ...(kept ? { touches: mergeTouch(attributionOf(row) ?? undefined, kept) } : {}),
  })
  const participantId = await recordPerson(tx, {
    merchant_id: connection.merchantId,
    id: newUuid(),
    thread_id: thread.id,
    external_id: from.personId.slice(0, 255),
    name: from.name?.slice(0, 200) || null,
    locale: isLocale(from.locale) ? from.locale : null,
    created_at: now,
  })
  return { thread, participantId }
}

/** The person blocked the account or let it in again, at the platform's time `at`; of no interest in an unknown place. */
export const recordReach = async (
  tx: Tx,
  connection: At,
  { kind, threadId }: { kind: 'reachable' | 'unreachable'; threadId: string },
  at: Date,
): Promise<void> => {
  const thread = await findThreadOf(tx, placeOf(connection, threadId))
  if (thread) await recordOnThread(tx, thread, kind === 'reachable' ? { reachableAt: at } : { unreachableSince: at })
}

/**
 * The platform gave a conversation another id. Its thread takes it and keeps the old one as an alias; when the new id
 * has a thread already, because its first message was heard before, the old id leads there.
 */
export const moveThread = async (
  tx: Tx,
  connection: At,
  { fromThreadId, toThreadId }: Pick<InboundMove, 'fromThreadId' | 'toThreadId'>,
  now: Date,
): Promise<void> => {
  if (fromThreadId === toThreadId) return
  const [from, to] = [placeOf(connection, fromThreadId), placeOf(connection, toThreadId)]
  // Always in one order, so that two moves never wait for each other.
  for (const place of [from, to].sort((a, b) => (a.externalId < b.externalId ? -1 : 1))) await lockPlace(tx, place)
  const [old, current] = [await findThreadOf(tx, from), await findThreadOf(tx, to)]
  const thread = current ?? old
  if (!thread) return
  if (!current) await renameThread(tx, thread, toThreadId, now)
  await insertAlias(tx, {
    merchantId: connection.merchantId,
    connectionId: connection.id,
    externalId: fromThreadId,
    threadId: thread.id,
    now,
  })
}

const placeOf = (connection: At, externalId: string) => ({
  merchantId: connection.merchantId,
  channel: connection.channel,
  externalId,
  connectionId: connection.id,
})

const isLocale = (text: string | undefined): text is string =>
  text !== undefined && text.length <= 35 && /^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/.test(text)
