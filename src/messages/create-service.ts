import { isChannelId } from '#channels/channel.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { type CarrierRow, findCarrier } from './card-repo.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { draftMessage } from './draft.ts'
import { renderFor } from './preview-service.ts'
import { remindAt } from './reminder.ts'
import {
  findCheckout,
  findMessage,
  findThread,
  type IntentRow,
  isParticipant,
  listIntents,
  type NewMessage,
  recordHeard,
  type ThreadRow,
} from './repo.ts'
import type { Message, MessageInput } from './schemas.ts'
import { addMessage, showMessages } from './view-service.ts'

export interface Scope {
  merchantId: string
  livemode: boolean
}

/** A message as it would be stored, and what would carry it. */
export interface Draft {
  thread: ThreadRow
  row: NewMessage
  carrier: CarrierRow | undefined
}

export const readDraft = async (
  tx: Tx,
  deps: CardDeps,
  { merchantId }: Scope,
  id: string,
  threadId: string,
  input: MessageInput,
): Promise<Draft> => {
  checkInput(input)
  const thread = await requireThread(tx, merchantId, threadId)
  const participantId = await readAuthor(tx, thread, input.from)
  const target = await readTarget(tx, thread, input)
  const carrier = await findCarrier(tx, thread)
  const row = draftMessage(thread, {
    id,
    direction: participantId === null ? 'out' : 'in',
    kind: target ? (target.checkoutId === null ? 'payment_request' : 'checkout_summary') : 'text',
    text: input.text ?? '',
    has_own_words: (input.text ?? '') !== '',
    payment_intent_id: target?.intent.id ?? null,
    checkout_id: target?.checkoutId ?? null,
    participant_id: participantId,
    metadata: mergeMetadata({}, input.metadata ?? {}),
    created_at: deps.clock.now(),
    isCarried: carrier !== undefined,
  })
  return { thread, row, carrier }
}

/** Stores a message and tells of it. A request repeated after a crash answers what it made. */
export const createMessage = async (
  tx: Tx,
  deps: CardDeps,
  scope: Scope,
  { thread, row, carrier }: Draft,
): Promise<{ message: Message; isDue: boolean }> => {
  const voice = await readVoice(tx, thread)
  const read = await readCard(tx, deps, voice, row, carrier)
  const worded = row.text === '' && read ? { ...row, text: read.card.sentence } : row
  const isAsking = read?.state === 'open' && read.expiresAt
  const whole = isAsking
    ? {
        ...worded,
        remind_at: remindAt(
          { expiresAt: read.expiresAt ?? null, askedAt: row.created_at },
          voice.theme.reminderBeforeMs,
        ),
      }
    : worded
  // What the platform would refuse is refused here, where somebody can still change it.
  if (carrier && row.direction === 'out' && isChannelId(carrier.channel)) {
    renderFor(deps, carrier, {
      threadExternalId: thread.external_id,
      locale: voice.locale,
      content: { text: whole.text, ...(read ? { card: read.card } : {}) },
      rung: 'window',
      messageId: showId('message', row.id),
      now: row.created_at,
    })
  }
  const added = await addMessage(tx, deps, thread, whole, scope.livemode)
  if (added) {
    if (row.direction === 'in') await recordHeard(tx, thread, row.created_at)
    return { message: added, isDue: whole.next_attempt_at !== null }
  }
  const stored = (await findMessage(tx, scope.merchantId, row.id)) ?? whole
  const [message] = await showMessages(tx, deps, thread, [stored])
  if (!message) throw new AppError('internal_error', { cause: new Error('message vanished') })
  return { message, isDue: false }
}

const checkInput = (input: MessageInput): void => {
  const isAsking = input.payment_intent !== undefined || input.checkout !== undefined
  if (input.text === undefined && !isAsking) {
    throw new AppError('parameter_missing', {
      message: 'Send text, or payment_intent or checkout for a card, or a text beside one of them.',
      param: 'text',
    })
  }
  if (input.payment_intent !== undefined && input.checkout !== undefined) {
    const message = 'A checkout has its own payment intent: send one of them.'
    throw new AppError('parameters_exclusive', { message, param: 'checkout' })
  }
  if (isAsking && input.from !== 'bot') {
    const message = 'Only the bot asks for a payment: leave out from, or payment_intent and checkout.'
    throw new AppError('parameters_exclusive', { message, param: 'from' })
  }
}

export const requireThread = async (tx: Tx, merchantId: string, id: string): Promise<ThreadRow> => {
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

interface Target {
  intent: IntentRow
  checkoutId: string | null
}

const readTarget = async (tx: Tx, thread: ThreadRow, input: MessageInput): Promise<Target | undefined> => {
  if (input.checkout !== undefined) return readCheckout(tx, thread, input.checkout)
  if (input.payment_intent === undefined) return undefined
  return { intent: await requirePayable(tx, thread, input.payment_intent), checkoutId: null }
}

const readCheckout = async (tx: Tx, thread: ThreadRow, id: string): Promise<Target> => {
  const param = 'checkout'
  const row = await findCheckout(tx, thread.merchant_id, requireUuid('checkout', id, 'checkout', param))
  if (!row) throw notFound('checkout', id, param)
  if (row.thread_id !== null && row.thread_id !== thread.id) {
    const message = `The checkout '${id}' belongs to another thread. Send the card there.`
    throw new AppError('payment_intent_invalid_parameter', { message, param })
  }
  const [intent] =
    row.payment_intent_id === null ? [] : await listIntents(tx, thread.merchant_id, [row.payment_intent_id])
  const isOver = row.status === 'completed' || row.status === 'canceled' || row.status === 'expired'
  if (!intent || isOver || intent.status === 'succeeded' || intent.status === 'canceled') {
    const message = `The checkout '${id}' is ${row.status}; there is nothing to pay.`
    throw new AppError('checkout_unexpected_state', { message, param })
  }
  return { intent, checkoutId: row.id }
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
