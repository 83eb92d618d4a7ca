import type { Selectable } from 'kysely'
import { isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { EventsTable } from '#platform/tables-records.ts'
import { callPayer, needsPayer } from './call-service.ts'
import { findCarrier } from './card-repo.ts'
import { type CardDeps, readVoice } from './card-service.ts'
import { amountIn, sayOn } from './cards/card-parts.ts'
import { draftMessage } from './draft.ts'
import { type Notice, receiptOf, refundNotice } from './notice.ts'
import { findRequests, updateMessage } from './outbox-repo.ts'
import { canEdit, isThere, showProgress } from './progress-service.ts'
import { findThread, type ThreadRow } from './repo.ts'
import { paidIntent, toldRefund } from './schemas.ts'
import { addMessage } from './view-service.ts'

type Event = Selectable<EventsTable>

/**
 * Follows payments, refunds and bills of a thread, in the transaction that tells of the event: a receipt or a notice,
 * requests that are over, the progress of a bill. The dedupe keys make it one message, however often it is told. What
 * it has written is told in turn, and then, being committed, is sent without waiting for the sweep; changes of what was
 * sent, which nobody is told of, are sent `afterCommit`.
 */
export const createMessageSubscriber =
  (deps: CardDeps & { queue: Pick<JobQueue, 'wake'> }) =>
  async (tx: Tx, event: Event, afterCommit: (run: () => void) => void): Promise<void> => {
    if (event.thread_id === null) return
    if (event.type === 'thread.message.created' || event.type === 'thread.message.updated') {
      const { state, kind } = event.data as { state?: unknown; kind?: unknown }
      if (state === 'queued' || kind === 'bill_progress')
        deps.queue.wake('message.send', { id: event.object_id, merchant: event.merchant_id })
      return
    }
    const notice = noticeOf(event)
    const isEnd = event.type === 'payment_intent.succeeded' || event.type === 'payment_intent.canceled'
    const isBill = event.type.startsWith('bill.')
    const isCall = needsPayer(event)
    if (!notice && !isEnd && !isBill && !isCall) return
    const thread = await findThread(tx, event.merchant_id, event.thread_id)
    if (!thread) return
    if (notice) await addNotice(tx, deps, thread, event, notice)
    if (isEnd && event.payment_intent_id !== null) {
      const merchant = event.merchant_id
      for (const id of await endRequests(tx, deps, merchant, event.payment_intent_id))
        afterCommit(() => deps.queue.wake('message.send', { id, merchant }))
    }
    if (isCall) await callPayer(tx, deps, thread, event)
    if (isBill) await showProgress(tx, deps, thread, event)
  }

const noticeOf = ({ type, data }: Pick<Event, 'type' | 'data'>): Notice | undefined => {
  switch (type) {
    case 'payment_intent.succeeded':
      return receiptOf(paidIntent.parse(data))
    case 'refund.created':
    case 'refund.updated': {
      const refund = toldRefund.parse(data)
      return refund.status === 'succeeded' ? refundNotice(refund, 'succeeded') : undefined
    }
    case 'refund.failed':
      return refundNotice(toldRefund.parse(data), 'failed')
    default:
      return undefined
  }
}

const addNotice = async (tx: Tx, deps: CardDeps, thread: ThreadRow, event: Event, notice: Notice): Promise<void> => {
  const { card, sentence, dedupeKey } = notice
  if (!isCurrency(card.currency)) throw new RangeError(`unknown currency ${card.currency}`)
  const voice = await readVoice(tx, thread)
  const row = draftMessage(thread, {
    id: newUuid(),
    kind: card.type,
    text: sayOn(voice, sentence, { amount: amountIn(voice, BigInt(card.amount), card.currency) }),
    card,
    payment_intent_id: event.payment_intent_id,
    dedupe_key: dedupeKey,
    created_at: event.created_at,
    isCarried: (await findCarrier(tx, thread)) !== undefined,
  })
  await addMessage(tx, deps, thread, row, event.livemode)
}

/**
 * Requests that were sent are changed once, where the platform can: what is paid must not go on asking. Returns the ids
 * of those that are to be changed.
 */
const endRequests = async (tx: Tx, deps: CardDeps, merchantId: string, intentId: string): Promise<string[]> => {
  const due: string[] = []
  for (const row of await findRequests(tx, merchantId, intentId)) {
    const isReminding = row.remind_at !== null ? { remind_at: null } : {}
    const thread = await findThread(tx, merchantId, row.thread_id)
    const isFirst = row.revision === 1 && row.platform_ref !== null && isThere(row)
    const mayEdit = thread && isFirst && (await canEdit(tx, deps, thread))
    const change = mayEdit
      ? { ...isReminding, revision: row.revision + 1, next_attempt_at: deps.clock.now() }
      : isReminding
    if (Object.keys(change).length > 0) await updateMessage(tx, row, change)
    if (mayEdit) due.push(row.id)
  }
  return due
}
