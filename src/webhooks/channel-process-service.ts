import type { Connection } from '#channels/channel.ts'
import type { Inbound, InboundMessage, InboundReceipt, Touch } from '#channels/inbound.ts'
import type { ConnectionService } from '#connections/service.ts'
import { delayMs, inboxSchedule } from '#kernel/backoff.ts'
import { addMs, type Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import type { NativePayments } from '#native/service.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import { changeConsents, endConsents } from '#threads/consent-repo.ts'
import { moveThread, recordInbound, recordReach } from '#threads/inbound-service.ts'
import type { ThreadRow } from '#threads/repo.ts'
import { endUpdate, type UpdateRow } from './channel-inbox-repo.ts'
import type { UpdateInbox } from './channel-inbox-service.ts'
import { unpackUpdate } from './channel-update.ts'
import { attemptsMax, judgeSync, type Verdict } from './verdict.ts'

/** What messages make of updates. */
export interface InboundMessages {
  /** A message of a person, once per platform's id of it, with the event that the merchant's bot hears. */
  addInbound(
    tx: Tx,
    message: { thread: ThreadRow; participantId: string; update: InboundMessage; at: Date; livemode: boolean },
  ): Promise<unknown>
  applyReceipt(
    merchantId: string,
    connectionId: string,
    update: InboundReceipt & { readonly at: Date },
  ): Promise<unknown>
}

export interface UpdateDeps {
  db: Database
  clock: Clock
  logger: Logger
  queue: JobQueue
  connections: Pick<ConnectionService, 'openAny' | 'markBroken'>
  messages: InboundMessages
  native: Pick<NativePayments, 'apply'>
  inbox: Pick<UpdateInbox, 'claim' | 'end'>
}

/**
 * Job: works off one update. Twice, at once, late or in another order: the rows are the same afterwards, because each
 * kind is told apart by the platform's own ids and times.
 */
export const processUpdate = async (deps: UpdateDeps, merchantId: string, id: string): Promise<void> => {
  const row = await deps.inbox.claim({ merchantId, id })
  if (!row) return
  try {
    const verdict = await judge(deps, row)
    if (verdict.state === 'parked')
      deps.logger.error({ update: row.ref, type: row.type, reason: verdict.reason }, 'parked a channel update')
    await deps.inbox.end({ merchantId, id, ...verdict, processedAt: deps.clock.now() })
  } catch (error) {
    await retryLater(deps, row, error)
  }
}

const retryLater = async (deps: UpdateDeps, row: UpdateRow, error: unknown): Promise<void> => {
  const now = deps.clock.now()
  const isLast = row.attempts >= attemptsMax
  deps.logger.warn({ err: error, update: row.ref, attempts: row.attempts }, 'an update could not be worked off yet')
  await deps.inbox.end({
    merchantId: row.merchant_id,
    id: row.id,
    state: isLast ? 'parked' : 'received',
    reason: (error instanceof Error ? error.message : String(error)).slice(0, 500),
    nextAttemptAt: addMs(now, delayMs(inboxSchedule, row.attempts, Math.random())),
    processedAt: isLast ? now : null,
  })
}

const done: Verdict = { state: 'processed', reason: null }
const ignored = (reason: string): Verdict => ({ state: 'ignored', reason })

const judge = async (deps: UpdateDeps, row: UpdateRow): Promise<Verdict> => {
  const update = unpackUpdate(row)
  const connection = await deps.connections.openAny(row.merchant_id, row.connection_id)
  const isMoney = update.kind === 'payment' || update.kind === 'refund'
  if (!connection) {
    if (isMoney) return { state: 'parked', reason: 'news of money for a connection that has been deleted' }
    return ignored('the connection has been deleted')
  }
  if (connection.status === 'disabled' && !isMoney && update.kind !== 'receipt')
    return ignored('the connection is disabled')
  return apply(deps, connection, update, row)
}

const apply = async (deps: UpdateDeps, connection: Connection, update: Inbound, row: UpdateRow): Promise<Verdict> => {
  switch (update.kind) {
    case 'message':
      return hear(deps, connection, update)
    case 'touch':
      await inTransaction(deps.db, connection.merchantId, (tx) => record(deps, tx, connection, update, false))
      return wakeAndEnd(deps)
    case 'consent':
      return countConsents(deps, connection, update, row)
    case 'reachable':
    case 'unreachable':
      await inTransaction(deps.db, connection.merchantId, (tx) => recordReach(tx, connection, update, update.at))
      return done
    case 'receipt':
      await deps.messages.applyReceipt(connection.merchantId, connection.id, update)
      return done
    case 'move':
      await inTransaction(deps.db, connection.merchantId, (tx) => moveThread(tx, connection, update, deps.clock.now()))
      return done
    case 'payment':
    case 'refund':
      return judgeSync(await deps.native.apply(connection, update))
    case 'notice':
      return notice(deps, connection, update)
    case 'pre_checkout':
    case 'shipping_query':
      return { state: 'processed', reason: 'answered when it was asked' }
    case 'ignored':
      return ignored('of no interest')
    case 'unknown':
      return { state: 'parked', reason: 'unknown type: nobody has said yet what it means' }
    default:
      return update satisfies never
  }
}

const hear = async (
  deps: UpdateDeps,
  connection: Connection,
  update: Extract<Inbound, { kind: 'message' }>,
): Promise<Verdict> => {
  await inTransaction(deps.db, connection.merchantId, async (tx) => {
    const { thread, participantId } = await record(deps, tx, connection, update, true)
    const { at } = update
    await deps.messages.addInbound(tx, { thread, participantId, update, at, livemode: connection.livemode })
  })
  return wakeAndEnd(deps)
}

/**
 * To count twice would be wrong: the update ends in the transaction that counts it. A withdrawal that is heard late also
 * takes what was agreed to since; one that is overtaken is made good by the platform's refusal.
 */
const countConsents = async (
  deps: UpdateDeps,
  connection: Connection,
  update: Extract<Inbound, { kind: 'consent' }>,
  { merchant_id: merchantId, id }: UpdateRow,
): Promise<Verdict> => {
  await inTransaction(deps.db, merchantId, async (tx) => {
    if (!(await endUpdate(tx, { merchantId, id }, deps.clock.now()))) return
    const { thread } = await record(deps, tx, connection, update, false)
    for (const template of update.accepted) await changeConsents(tx, thread, template, 1)
    for (const template of update.withdrawn) await endConsents(tx, thread, template)
  })
  return wakeAndEnd(deps)
}

const record = (
  { clock }: UpdateDeps,
  tx: Tx,
  connection: Connection,
  { from, at, touch }: { from: InboundMessage['from']; at: Date; touch?: Touch },
  isMessage: boolean,
) => recordInbound(tx, connection, from, { at, touch, now: clock.now(), isMessage })

const wakeAndEnd = ({ queue }: UpdateDeps): Verdict => {
  queue.wake('outbox.drain', { id: newUuid() })
  return done
}

const notice = async (
  deps: UpdateDeps,
  { merchantId, id }: Connection,
  { code, message, isFatal }: Extract<Inbound, { kind: 'notice' }>,
): Promise<Verdict> => {
  if (isFatal) await deps.connections.markBroken(merchantId, id, { reason: 'connection_broken', code, advice: message })
  else deps.logger.warn({ connection: id, code }, message)
  return { state: 'processed', reason: `${code}: ${message}`.slice(0, 500) }
}
