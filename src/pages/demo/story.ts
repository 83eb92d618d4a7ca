import type { ApiCall } from '#pages/web/curl.ts'
import { type Api, ApiRefusal } from './api.ts'
import { type Clients, refundMark } from './bot.ts'
import {
  type Chapter,
  type Entries,
  entriesShape,
  explanationShape,
  type Intent,
  intentListShape,
  type Message,
  messageListShape,
  type Thread,
} from './shapes.ts'

export interface Line {
  id: string
  at: string
  kind: 'call' | 'provider' | 'webhook' | 'event' | 'ledger' | 'message' | 'routing'
  text: string
  /** Where it can be read, and how. */
  path: string
  call: ApiCall
  entries?: Entries
}

/** All that a visitor may see: the thread, its payments, and what happened behind them. */
export interface Story {
  messages: readonly Message[]
  intents: readonly Intent[]
  lines: readonly Line[]
  /** Payments that the shop is asked to refund. */
  refundRequests: ReadonlySet<string>
}

/** Sorts lines by time; what one transaction wrote is told in the order of cause and effect. */
export const lineKey = ({ at, kind, id }: Line): string => `${at}${ranks.indexOf(kind)}${id}`

const ranks: readonly Line['kind'][] = ['call', 'provider', 'webhook', 'ledger', 'event', 'message']

export const emptyStory: Story = { messages: [], intents: [], lines: [], refundRequests: new Set() }

const explainedMax = 4

export const readStory = async (clients: Clients, thread: Thread): Promise<Story> => {
  const { bot, shop, diary } = clients
  const [messages, intents] = await Promise.all([
    bot.get(`/v1/threads/${thread.id}/messages?limit=100`, messageListShape),
    bot.get(`/v1/payment_intents?thread=${thread.id}&limit=100`, intentListShape),
  ])
  const explained = await Promise.all(
    intents.data.slice(0, explainedMax).map((intent) => explain(shop, intent, thread)),
  )
  const calls = diary.read(thread.id).map(
    ({ number, at, who, call, resultPath }): Line => ({
      id: `call-${number}`,
      at,
      kind: 'call',
      text: `${who}: ${call.method} ${call.path}`,
      path: resultPath,
      call,
    }),
  )
  const lines = [...calls, ...explained.flat()].sort((a, b) => (lineKey(a) < lineKey(b) ? 1 : -1))
  return {
    messages: [...messages.data].reverse(),
    intents: intents.data,
    lines,
    refundRequests: new Set(messages.data.flatMap(({ metadata }) => metadata[refundMark] ?? [])),
  }
}

const explain = async (shop: Api, { id }: Intent, thread: Thread): Promise<Line[]> => {
  const path = `/v1/payment_intents/${id}/explain`
  try {
    const { story } = await shop.get(path, explanationShape)
    return story.flatMap((chapter) => lineOf(chapter, id, thread))
  } catch (error) {
    if (error instanceof ApiRefusal && error.status < 500) return []
    throw error
  }
}

const lineOf = (chapter: Chapter, intentId: string, thread: Thread): Line[] => {
  const { id, at, kind, text, data } = chapter
  const line = (what: Line['kind'], path: string, words = text): Line => ({
    id,
    at,
    kind: what,
    text: words,
    path,
    call: { method: 'GET', path },
  })
  switch (kind) {
    case 'routing':
    case 'veto':
      return [line('routing', `/v1/payment_intents/${intentId}/explain`)]
    case 'operation':
      return [line('provider', `/v1/payment_intents/${intentId}/explain`)]
    case 'provider_event':
      return [line('webhook', `/v1/provider_events/${id}`)]
    case 'event':
      // The message itself is told already.
      return text.startsWith('thread.message.') ? [] : [line('event', `/v1/events/${id}`)]
    case 'ledger':
      return [{ ...line('ledger', `/v1/ledger/transactions/${id}`), entries: entriesShape.parse(data.entries) }]
    case 'message':
      return [line('message', `/v1/threads/${thread.id}/messages`)]
    default:
      return kind satisfies never
  }
}
