import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { requestCard, showMessage, summaryCard } from './message-view.ts'
import { insertMessage, listIntents, type MessageRow, type NewMessage, type ThreadRow } from './repo.ts'
import { type Card, cardSchema, type Message } from './schemas.ts'

type Shown = NewMessage & Partial<Pick<MessageRow, 'route' | 'failure'>>

/** Messages of one thread as clients read them: requests by their payments as those stand now, the others as stored. */
export const showMessages = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  rows: readonly Shown[],
): Promise<Message[]> => {
  const asked = rows.flatMap((row) => (isRequest(row) && row.payment_intent_id ? [row.payment_intent_id] : []))
  const intents = asked.length === 0 ? [] : await listIntents(tx, thread.merchant_id, [...new Set(asked)])
  const byId = new Map(intents.map((intent) => [intent.id, intent]))
  const shown: Message[] = []
  for (const row of rows) {
    const intent = isRequest(row) ? byId.get(row.payment_intent_id ?? '') : undefined
    const card = intent ? await showRequest(tx, deps, thread, row, intent) : row.card && cardSchema.parse(row.card)
    shown.push(showMessage(row, card))
  }
  return shown
}

const isRequest = ({ kind }: Pick<Shown, 'kind'>): boolean =>
  kind === 'payment_request' || kind === 'checkout_summary' || kind === 'reminder'

const showRequest = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  row: Shown,
  intent: Awaited<ReturnType<typeof listIntents>>[number],
): Promise<Card> => {
  const url = deps.checkoutUrl(row.merchant_id, intent.id)
  if (row.kind !== 'checkout_summary' || row.checkout_id === null)
    return requestCard(row.kind === 'reminder' ? 'reminder' : 'payment_request', intent, url)
  const read = await readCard(tx, deps, await readVoice(tx, thread), row, undefined)
  return summaryCard(intent, url, row.checkout_id, read?.card.type === 'checkout_summary' ? read.card : undefined)
}

type MessageEvent =
  | 'thread.message.created'
  | 'thread.message.updated'
  | 'thread.message.undeliverable'
  | 'thread.message.received'

/** Tells of a message. `more`: what only this event says. The caller wakes `outbox.drain` after its commit. */
export const tellMessage = (
  tx: Tx,
  row: Shown,
  event: { type: MessageEvent; object: object; livemode: boolean; at: Date },
): Promise<void> =>
  appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type: event.type,
      objectId: row.id,
      threadId: row.thread_id,
      paymentIntentId: row.payment_intent_id,
      object: event.object,
      livemode: event.livemode,
      createdAt: event.at,
    },
  ])

/** Stores a message and its event; undefined, and nothing done, when it is there already. */
export const addMessage = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  row: NewMessage,
  livemode: boolean,
): Promise<Message | undefined> => {
  if (!(await insertMessage(tx, row))) return undefined
  const [object] = await showMessages(tx, deps, thread, [row])
  if (!object) return undefined
  await tellMessage(tx, row, { type: 'thread.message.created', object, livemode, at: row.created_at })
  return object
}
