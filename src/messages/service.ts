import type { Channels } from '#channels/channel.ts'
import type { ConnectionService } from '#connections/service.ts'
import type { Clock } from '#kernel/clock.ts'
import { isCurrency } from '#kernel/currencies.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import type { JobQueue } from '#platform/queue.ts'
import { addMessage } from './jobs.ts'
import { firstState, requestCard, showMessage } from './message-view.ts'
import {
  findMessage,
  findThread,
  type IntentRow,
  isParticipant,
  listIntents,
  type MessageRow,
  type NewMessage,
  selectMessages,
  type ThreadRow,
} from './repo.ts'
import { type Card, cardSchema, type Message, type MessageInput } from './schemas.ts'
import { say } from './words.ts'

export interface MessageServiceOptions {
  db: Database
  channels: Channels
  connections: ConnectionService
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
  /** Where the payer opens a payment; both ids are UUIDs. */
  checkoutUrl: (merchantId: string, intentId: string) => string
}

interface Scope {
  merchantId: string
  livemode: boolean
}

export type MessageService = ReturnType<typeof createMessageService>

export const createMessageService = (options: MessageServiceOptions) => ({
  /** Job `message.send`. */
  send: async (_merchantId: string, _id: string): Promise<void> => undefined,
  sweep: async (): Promise<void> => undefined,
  create: async (scope: Scope, id: string, threadId: string, input: MessageInput): Promise<Message> => {
    checkInput(input)
    const message = await inTransaction(options.db, scope.merchantId, (tx) =>
      create(tx, options, scope, id, threadId, input),
    )
    options.queue.wake('outbox.drain', { id: newUuid() })
    return message
  },

  list: (merchantId: string, threadId: string, query: ListQuery) =>
    inTransaction(options.db, merchantId, async (tx) => {
      const thread = await requireThread(tx, merchantId, threadId)
      const page = await readPage(selectMessages(tx, thread), query, 'message')
      const cards = await readCards(tx, merchantId, page.rows, options)
      const data = page.rows.map((row) => showMessage(row, cards.get(row.id) ?? null))
      return listAnswer(`/v1/threads/${threadId}/messages`, data, page.hasMore)
    }),
})

const checkInput = (input: MessageInput): void => {
  if (input.text === undefined && input.payment_intent === undefined) {
    throw new AppError('parameter_missing', {
      message: 'Send text, or payment_intent for a card, or both.',
      param: 'text',
    })
  }
  if (input.payment_intent !== undefined && input.from !== 'bot') {
    const message = 'Only the bot asks for a payment: leave out from, or payment_intent.'
    throw new AppError('parameters_exclusive', { message, param: 'from' })
  }
}

const create = async (
  tx: Tx,
  { clock, checkoutUrl }: MessageServiceOptions,
  { merchantId, livemode }: Scope,
  id: string,
  threadId: string,
  input: MessageInput,
): Promise<Message> => {
  const thread = await requireThread(tx, merchantId, threadId)
  const participantId = await readAuthor(tx, thread, input.from)
  const intent = input.payment_intent === undefined ? undefined : await requirePayable(tx, thread, input.payment_intent)
  const direction = participantId === null ? 'out' : 'in'
  const row: NewMessage = {
    merchant_id: merchantId,
    id,
    thread_id: thread.id,
    direction,
    kind: intent ? 'payment_request' : 'text',
    text: input.text ?? requestText(intent, thread),
    card: null,
    payment_intent_id: intent?.id ?? null,
    participant_id: participantId,
    dedupe_key: null,
    state: firstState(thread.channel, direction),
    metadata: mergeMetadata({}, input.metadata ?? {}),
    created_at: clock.now(),
  }
  const shown = showMessage(row, intent ? requestCard(intent, checkoutUrl(merchantId, intent.id)) : null)
  if (await addMessage(tx, row, shown, livemode)) return shown
  // The request was repeated after a crash: answer with what it made.
  const stored = await findMessage(tx, merchantId, id)
  return stored ? showMessage(stored, shown.card) : shown
}

const requireThread = async (tx: Tx, merchantId: string, id: string): Promise<ThreadRow> => {
  const row = await findThread(tx, merchantId, requireUuid('thread', id, 'thread'))
  if (!row) throw notFound('thread', id)
  return row
}

const readAuthor = async (tx: Tx, thread: ThreadRow, from: string): Promise<string | null> => {
  if (from === 'bot') return null
  const uuid = parseId('participant', from)
  if (uuid === undefined || !(await isParticipant(tx, thread, uuid))) throw notFound('participant', from, 'from')
  return uuid
}

const requirePayable = async (tx: Tx, thread: ThreadRow, id: string): Promise<IntentRow> => {
  const param = 'payment_intent'
  const uuid = requireUuid('paymentIntent', id, 'payment_intent', param)
  const [intent] = await listIntents(tx, thread.merchant_id, [uuid])
  if (!intent) throw notFound('payment_intent', id, param)
  if (intent.thread_id !== null && intent.thread_id !== thread.id) {
    const message = `The payment intent '${id}' belongs to another thread. Send the card there.`
    throw new AppError('payment_intent_invalid_parameter', { message, param })
  }
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    const message = `The payment intent '${id}' is ${intent.status}; there is nothing left to pay.`
    throw new AppError('payment_intent_unexpected_state', { message, param })
  }
  return intent
}

const requestText = (intent: IntentRow | undefined, thread: ThreadRow): string =>
  intent && isCurrency(intent.currency) ? say('request', intent.amount, intent.currency, thread.locale) : ''

/** Cards by message: requests to pay as the payments stand now, the others as they were stored. */
const readCards = async (
  tx: Tx,
  merchantId: string,
  rows: readonly MessageRow[],
  { checkoutUrl }: MessageServiceOptions,
): Promise<Map<string, Card | null>> => {
  const asked = rows.flatMap((row) =>
    row.kind === 'payment_request' && row.payment_intent_id ? [row.payment_intent_id] : [],
  )
  const intents = asked.length === 0 ? [] : await listIntents(tx, merchantId, [...new Set(asked)])
  const byId = new Map(intents.map((intent) => [intent.id, intent]))
  return new Map(
    rows.map((row) => {
      const intent = row.kind === 'payment_request' ? byId.get(row.payment_intent_id ?? '') : undefined
      return [
        row.id,
        intent ? requestCard(intent, checkoutUrl(merchantId, intent.id)) : row.card && cardSchema.parse(row.card),
      ]
    }),
  )
}
