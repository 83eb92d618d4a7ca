import type { InboundReceipt } from '#channels/inbound.ts'
import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { afterRefusal, isForward } from './ladder.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { findReceipted } from './outbox-repo.ts'
import { findThread, type MessageRow, type ThreadRow } from './repo.ts'
import { changeState, endMessage } from './state-service.ts'

/**
 * What a platform says became of our messages. States only go forward; a failure goes on down the ladder. False when it
 * is about none of ours. Throws while it may be about one whose answer is not recorded yet: told again, it will be known.
 */
export const applyReceipt = async (
  deps: OutboxDeps,
  merchantId: string,
  connectionId: string,
  update: InboundReceipt,
): Promise<boolean> => {
  const { found, wake } = await inTransaction(deps.db, merchantId, async (tx) => {
    const connection = await findChannel(tx, merchantId, connectionId)
    if (!connection) return { found: 0, wake: [] }
    const rows = await findReceipted(tx, { merchantId, id: connectionId, ...connection }, update.messageRefs)
    const due: string[] = []
    for (const row of rows) {
      const thread = await findThread(tx, merchantId, row.thread_id)
      if (thread) due.push(...(await applyTo(tx, deps, thread, row, update, connection.livemode)))
    }
    return { found: rows.length, wake: due }
  })
  for (const id of wake) deps.queue.wake('message.send', { id, merchant: merchantId })
  if (found > 0) deps.queue.wake('outbox.drain', { id: newUuid() })
  if (found === 0 && Array.isArray(update.messageRefs) && (await isSending(deps, merchantId)))
    throw new Error('a receipt came before the answer to its message was recorded')
  return found > 0
}

/** Of receipts for messages that others send through the same account there is no end; only ours are waited for. */
const isSending = (deps: OutboxDeps, merchantId: string): Promise<boolean> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const row = await tx
      .selectFrom('messages')
      .select('id')
      .where('merchant_id', '=', merchantId)
      .where('next_attempt_at', 'is not', null)
      .where('sending_since', 'is not', null)
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  })

const findChannel = (tx: Tx, merchantId: string, id: string) =>
  tx
    .selectFrom('connections')
    .select(['channel', 'livemode'])
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** Returns the messages that may go now. */
const applyTo = async (
  tx: Tx,
  deps: OutboxDeps,
  thread: ThreadRow,
  row: MessageRow,
  { state, failure }: InboundReceipt,
  livemode: boolean,
): Promise<string[]> => {
  if (state !== 'failed') {
    if (!isForward(row.state, state)) return []
    await changeState(tx, deps, thread, row, { state }, livemode)
    return []
  }
  // What has been delivered has not failed, whatever is told later; what is on its way again is another try.
  if (row.state !== 'sent' && row.state !== 'unconfirmed') return []
  const told = failure ?? { reason: 'unknown' as const, code: 'failed', advice: 'The platform gives no reason.' }
  const step = afterRefusal(told, { attempt: row.attempts + 1, retryAfterMs: undefined, random: Math.random() })
  const isLast = row.route === 'merchant'
  if (step.step === 'give_up' || told.reason === 'unknown' || (step.step === 'next_rung' && isLast)) {
    return endMessage(tx, deps, thread, row, { state: 'undeliverable', failure: told }, livemode)
  }
  const now = deps.clock.now()
  const again = {
    state: 'queued' as const,
    failure: { ...told },
    platform_ref: null,
    sending_since: null,
    attempts: row.attempts + 1,
    route: step.step === 'next_rung' && row.route !== 'window' ? ('merchant' as const) : row.route,
    next_attempt_at: step.step === 'next_rung' ? now : addMs(now, step.afterMs),
  }
  await changeState(tx, deps, thread, row, again, livemode)
  return step.step === 'next_rung' ? [row.id] : []
}
