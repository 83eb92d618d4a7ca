import type { Selectable } from 'kysely'
import { isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { JobHandlers } from '#platform/queue.ts'
import type { EventsTable } from '#platform/tables-records.ts'
import { firstState, showMessage } from './message-view.ts'
import { type Notice, receiptOf, refundNotice } from './notice.ts'
import { findThread, insertMessage, type NewMessage } from './repo.ts'
import { type Message, paidIntent, toldRefund } from './schemas.ts'
import type { MessageService } from './service.ts'
import { say } from './words.ts'

export const messageJobs = (messages: MessageService): Pick<JobHandlers, 'message.send'> => ({
  'message.send': ({ id, merchant = '' }) => messages.send(merchant, id),
})

/**
 * Follows payments and refunds of a thread: a receipt, or a notice, in the transaction that tells of the event. The
 * dedupe key makes it one message, however often and by however many events it is told.
 */
export const createMessageSubscriber =
  () =>
  async (tx: Tx, event: Selectable<EventsTable>): Promise<void> => {
    if (event.thread_id === null) return
    const notice = noticeOf(event)
    if (!notice) return
    const thread = await findThread(tx, event.merchant_id, event.thread_id)
    if (!thread) return
    const row: NewMessage = {
      merchant_id: event.merchant_id,
      id: newUuid(),
      thread_id: thread.id,
      direction: 'out',
      kind: notice.card.type,
      text: textOf(notice, thread.locale),
      card: notice.card,
      payment_intent_id: event.payment_intent_id,
      participant_id: null,
      dedupe_key: notice.dedupeKey,
      state: firstState(thread.channel, 'out'),
      metadata: {},
      created_at: event.created_at,
    }
    await addMessage(tx, row, showMessage(row, notice.card), event.livemode)
  }

const noticeOf = ({ type, data }: { type: string; data: unknown }): Notice | undefined => {
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

const textOf = ({ sentence, card }: Notice, locale: string | null): string => {
  if (!isCurrency(card.currency)) throw new RangeError(`unknown currency ${card.currency}`)
  return say(sentence, BigInt(card.amount), card.currency, locale)
}

/** Stores a message and its event; false, and nothing done, when it is there already. */
export const addMessage = async (tx: Tx, row: NewMessage, shown: Message, livemode: boolean): Promise<boolean> => {
  if (!(await insertMessage(tx, row))) return false
  await appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type: 'thread.message.created',
      objectId: row.id,
      threadId: row.thread_id,
      paymentIntentId: row.payment_intent_id,
      object: shown,
      livemode,
      createdAt: row.created_at,
    },
  ])
  return true
}
