import type { Api } from './api.ts'
import { type Bouquet, pricesOf, type ShopCurrency } from './bouquets.ts'
import type { Diary } from './diary.ts'
import type { Heard } from './ear.ts'
import {
  type Intent,
  intentListShape,
  intentShape,
  type Message,
  messageListShape,
  messageShape,
  refundShape,
  type Thread,
  threadShape,
} from './shapes.ts'
import { understand } from './wish.ts'
import type { DemoWords } from './words.ts'

export interface Conversation {
  thread: Thread
  words: DemoWords
  /** Where the payer comes back to. */
  chatUrl: string
}

export interface Clients {
  /** May ask for payments, never refund. */
  bot: Api
  /** May refund. */
  shop: Api
  diary: Diary
}

/** Marks on messages, in their metadata: what the chat draws beside the text, and what the shop is asked. */
export const showsWindow = 'bouquets'
export const refundMark = 'refund_request'
/** Said on the demo's own page, where the answer is made at once. */
const answeredMark = 'answered'

const dayInSeconds = 86_400

/** The bot: posts what was said, understands it, answers. Everything goes through the public API. */
export const hear = async (clients: Clients, talk: Conversation, text: string): Promise<void> => {
  await post(clients, talk, { from: visitorIn(talk.thread) ?? 'bot', text, metadata: { [answeredMark]: 'yes' } })
  await answer(clients, talk, text)
}

/** The bot hears of a message that came another way: through the widget on a shop's own page. */
export const hearOf = async (clients: Clients, said: Heard, open: (thread: Thread) => Conversation): Promise<void> => {
  if (said.direction === 'out' || said.metadata[answeredMark] !== undefined) return
  const thread = await clients.bot.get(`/v1/threads/${said.thread}`, threadShape)
  await answer(clients, open(thread), said.text)
}

/** The shop grants what was asked for in this very thread; anything else it does not find. */
export const grantRefund = async ({ bot, shop, diary }: Clients, thread: Thread, intentId: string): Promise<void> => {
  const { data: messages } = await bot.get(messagesPath(thread, 100), messageListShape)
  if (!messages.some(({ metadata }) => metadata[refundMark] === intentId)) return
  const params = { payment_intent: intentId, reason: 'requested_by_customer' }
  const at = diary.now()
  const refund = await shop.post('/v1/refunds', params, refundShape)
  const call = { method: 'POST', path: '/v1/refunds', params } as const
  diary.write(thread.id, { at, who: 'shop', call, resultPath: `/v1/refunds/${refund.id}` })
}

export const isRefundable = ({ status, amount_received, amount_refunded }: Intent): boolean =>
  status === 'succeeded' && amount_refunded < amount_received

const visitorIn = ({ participants }: Thread): string | undefined =>
  participants.find(({ external_id }) => external_id === 'visitor')?.id

const messagesPath = ({ id }: Thread, limit?: number): string =>
  `/v1/threads/${id}/messages${limit === undefined ? '' : `?limit=${limit}`}`

const answer = async (clients: Clients, talk: Conversation, text: string): Promise<unknown> => {
  const { words } = talk
  const wish = understand(text, words)
  switch (wish.kind) {
    case 'buy':
      return sell(clients, talk, wish)
    case 'show':
      return post(clients, talk, { text: words.window, metadata: { show: showsWindow } })
    case 'delivery':
      return post(clients, talk, { text: words.deliveryAnswer })
    case 'refund':
      return askForRefund(clients, talk)
    case 'help':
      return post(clients, talk, { text: words.helpAnswer })
    case 'thanks':
      return post(clients, talk, { text: words.welcome })
    case 'unknown':
      return post(clients, talk, { text: words.unknown })
    default:
      return wish satisfies never
  }
}

type MessageParams = Record<string, string | Record<string, string>>

const post = async ({ bot, diary }: Clients, { thread }: Conversation, params: MessageParams): Promise<Message> => {
  const path = messagesPath(thread)
  const at = diary.now()
  const message = await bot.post(path, params, messageShape)
  const call = { method: 'POST', path, params } as const
  if (params.from === undefined) diary.write(thread.id, { at, who: 'bot', call, resultPath: path })
  return message
}

interface Order {
  bouquet: Bouquet
  currency: ShopCurrency
}

const sell = async (clients: Clients, talk: Conversation, { bouquet, currency }: Order): Promise<void> => {
  const { bot, diary } = clients
  const { thread, words, chatUrl } = talk
  const participant = visitorIn(thread)
  const name = `Bouquet “${bouquet.name}”`
  const prices = pricesOf(bouquet, currency)
  const params = {
    amount: prices.bouquet + prices.delivery,
    currency,
    thread: thread.id,
    ...(participant ? { participant } : {}),
    description: name,
    metadata: { sku: bouquet.sku },
    amount_details: {
      line_items: [{ product_name: name, quantity: 1, unit_cost: prices.bouquet }],
      shipping: { amount: prices.delivery },
    },
    expires_in: dayInSeconds,
    return_url: chatUrl,
  }
  const path = '/v1/payment_intents'
  const at = diary.now()
  const intent = await bot.post(path, params, intentShape)
  const call = { method: 'POST', path, params } as const
  diary.write(thread.id, { at, who: 'bot', call, resultPath: `${path}/${intent.id}` })
  await post(clients, talk, { payment_intent: intent.id, text: words.chosen })
}

const askForRefund = async (clients: Clients, talk: Conversation): Promise<void> => {
  const { thread, words } = talk
  const { data: intents } = await clients.bot.get(`/v1/payment_intents?thread=${thread.id}&limit=100`, intentListShape)
  const { data: messages } = await clients.bot.get(messagesPath(thread, 100), messageListShape)
  const paid = intents.filter(isRefundable)
  const asked = new Set(messages.map(({ metadata }) => metadata[refundMark]))
  const next = paid.find(({ id }) => !asked.has(id))
  if (next) await post(clients, talk, { text: words.refundAsked, metadata: { [refundMark]: next.id } })
  else await post(clients, talk, { text: paid.length > 0 ? words.refundTwice : words.refundNothing })
}
