import { createHmac } from 'node:crypto'
import {
  type FakeReply,
  type FakeServer,
  type FakeUpdate,
  type Fault,
  readJson,
  startFakeServer,
} from './fake-server.ts'

export interface SentLine {
  id: string
  to: string
  message: LineMessage
}

export interface LineMessage {
  type: string
  text?: string
  altText?: string
  contents?: Record<string, unknown>
  quickReply?: { items: { action: LineAction }[] }
}

interface LineAction {
  type: string
  label?: string
  uri?: string
  data?: string
}

export interface FakeLine extends FakeServer {
  readonly sent: SentLine[]
  readonly faults: Fault[]
  /** A person, or whoever writes in a group: `{ type: 'group', groupId, userId }`. */
  person(source: string | Record<string, string>): {
    says(text: string): FakeUpdate
    taps(data: string): FakeUpdate
    follows(): FakeUpdate
  }
  update(...events: Record<string, unknown>[]): FakeUpdate
}

export interface FakeLineOptions {
  token: string
  secret: string
  now?: () => Date
}

const destination = 'U0000000000000000000000000000b0t0'

/** LINE's Messaging API as far as an account needs it: limits, retry keys, errors, signed events. */
export const startFakeLine = async ({ token, secret, now = () => new Date() }: FakeLineOptions): Promise<FakeLine> => {
  const sent: SentLine[] = []
  const faults: Fault[] = []
  const accepted = new Map<string, SentLine[]>()
  let ids = 0

  const push = (body: Record<string, unknown>, key: string | undefined): FakeReply => {
    const { to, messages } = body as { to?: string; messages?: LineMessage[] }
    if (key !== undefined && !/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(key))
      return lineError(400, 'X-Line-Retry-Key is invalid')
    const before = key === undefined ? undefined : accepted.get(key)
    if (before) {
      const json = { message: 'The retry key is already accepted', sentMessages: before.map(({ id }) => ({ id })) }
      return { status: 409, json, headers: { 'x-line-accepted-request-id': 'r_1' } }
    }
    if (!/^[UCRp]\w+$/.test(to ?? '')) return lineError(400, "The property, 'to', in the request body is invalid")
    if (!messages || messages.length < 1 || messages.length > 5) return lineError(400, 'messages')
    const complaint = messages.flatMap(complainOf)[0]
    if (complaint) return lineError(400, `A message (messages[0]) in the request body is invalid: ${complaint}`)
    const now = messages.map((message) => {
      ids += 1
      return { id: `${ids}`, to: to ?? '', message }
    })
    sent.push(...now)
    if (key !== undefined) accepted.set(key, now)
    return { status: 200, json: { sentMessages: now.map(({ id }) => ({ id, quoteToken: 'q' })) } }
  }

  const server = await startFakeServer(({ method, path, headers, body }) => {
    const fault = faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    if (headers.authorization !== `Bearer ${token}`) return lineError(401, 'Authentication failed.')
    if (method === 'GET' && path === '/v2/bot/info') return { status: 200, json: botInfo }
    if (method !== 'POST' || path !== '/v2/bot/message/push') return lineError(404, 'Not found')
    const key = headers['x-line-retry-key']
    const reply = push(readJson(body), Array.isArray(key) ? key[0] : key)
    return fault === 'lost' ? 'cut' : reply
  })

  const update = (...events: Record<string, unknown>[]): FakeUpdate => {
    const body = Buffer.from(JSON.stringify({ destination, events }))
    const signature = createHmac('sha256', secret).update(body).digest('base64')
    return { body, headers: { 'content-type': 'application/json', 'x-line-signature': signature }, query: {} }
  }

  const person: FakeLine['person'] = (source) => {
    const event = (content: Record<string, unknown>): FakeUpdate => {
      ids += 1
      return update({
        mode: 'active',
        timestamp: now().getTime(),
        source: typeof source === 'string' ? { type: 'user', userId: source } : source,
        webhookEventId: `01EVENT${ids}`,
        deliveryContext: { isRedelivery: false },
        replyToken: `reply_${ids}`,
        ...content,
      })
    }
    return {
      says: (text) => event({ type: 'message', message: { id: `${ids}00`, type: 'text', text } }),
      taps: (data) => event({ type: 'postback', postback: { data } }),
      follows: () => event({ type: 'follow' }),
    }
  }
  return { ...server, sent, faults, person, update }
}

const botInfo = {
  userId: destination,
  basicId: '@fleurs',
  displayName: 'Fleurs de Nanterre',
  chatMode: 'bot',
  markAsReadMode: 'auto',
}

export const lineError = (status: number, message: string): FakeReply => ({ status, json: { message } })

/** https://developers.line.biz/en/reference/messaging-api/ : what the OpenAPI document does not say. */
export const complainOf = (message: LineMessage): string[] => {
  const { type, text, altText, contents, quickReply } = message
  if (type === 'text') return limit('text', text, 5000)
  if (type !== 'flex') return ['type']
  const components = everyObject(contents)
  return [
    ...limit('altText', altText, 1500),
    ...(JSON.stringify(contents).length > 30_000 || Buffer.byteLength(JSON.stringify(contents)) > 30 * 1024
      ? ['a bubble of more than 30 KB']
      : []),
    ...components.flatMap((one) => (one.type === 'text' ? limit('text', one.text, 2000) : [])),
    ...components.flatMap((one) => (one.type === 'box' ? count('contents', one.contents, 1, 100) : [])),
    ...components.flatMap(({ action }) => (isAction(action) ? complainOfAction(action) : [])),
    ...(quickReply ? count('quickReply', quickReply.items, 1, 13) : []),
    ...(quickReply?.items ?? []).flatMap(({ action }) => complainOfAction(action)),
  ]
}

const complainOfAction = ({ type, label, uri, data }: LineAction): string[] => [
  ...limit('label', label, 20),
  ...(type === 'uri' ? limit('uri', uri, 1000) : limit('data', data, 300)),
]

const isAction = (value: unknown): value is LineAction => typeof value === 'object' && value !== null && 'type' in value

const everyObject = (value: unknown): Record<string, unknown>[] => {
  if (Array.isArray(value)) return value.flatMap(everyObject)
  if (typeof value !== 'object' || value === null) return []
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(everyObject)]
}

const limit = (name: string, text: unknown, max: number): string[] =>
  typeof text === 'string' && text.length > 0 && text.length <= max ? [] : [`${name}: 1 to ${max} characters`]

const count = (name: string, items: unknown, min: number, max: number): string[] =>
  Array.isArray(items) && items.length >= min && items.length <= max ? [] : [`${name}: ${min} to ${max}`]
