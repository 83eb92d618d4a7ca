import { createHmac } from 'node:crypto'
import {
  type FakeReply,
  type FakeServer,
  type FakeUpdate,
  type Fault,
  readJson,
  startFakeServer,
} from './fake-server.ts'
import { complainOfMessage, type MessengerMessage } from './messenger-limits.ts'

export interface SentMessenger {
  id: string
  psid: string
  messagingType: string
  message: MessengerMessage
}

export interface FakeMessenger extends FakeServer {
  readonly sent: SentMessenger[]
  readonly faults: Fault[]
  person(psid: string): FakePerson
  /** Signs as Meta does: over the body with non-ASCII escaped. */
  update(...messaging: Record<string, unknown>[]): FakeUpdate
}

export interface FakePerson {
  says(text: string, more?: Record<string, unknown>): FakeUpdate
  taps(payload: string, title?: string): FakeUpdate
  /** A quick reply. */
  picks(payload: string, title: string): FakeUpdate
  /** Comes by an advertisement or a link into the thread. */
  comes(referral: Record<string, unknown>): FakeUpdate
  /** Everything up to now. */
  reads(): FakeUpdate
}

export interface FakeMessengerOptions {
  pageId: string
  token: string
  appSecret: string
  now?: () => Date
}

const windowMs = 24 * 3_600_000

/** Facebook's Graph API as far as a page needs it: limits, window, unknown persons, order numbers, errors. */
export const startFakeMessenger = async (options: FakeMessengerOptions): Promise<FakeMessenger> => {
  const { pageId, token, appSecret, now = () => new Date() } = options
  const sent: SentMessenger[] = []
  const faults: Fault[] = []
  const heardAt = new Map<string, number>()
  let ids = 0

  const send = (body: Record<string, unknown>): FakeReply => {
    const {
      recipient,
      messaging_type: messagingType,
      message,
    } = body as {
      recipient?: { id?: string }
      messaging_type?: string
      message?: MessengerMessage
    }
    const psid = recipient?.id ?? ''
    const heard = heardAt.get(psid)
    if (heard === undefined) return graphError(100, 'No matching user found', 2018001)
    if (!['RESPONSE', 'UPDATE', 'UTILITY'].includes(messagingType ?? '')) return graphError(100, 'messaging_type')
    const isOpen = now().getTime() - heard < windowMs
    if (messagingType !== 'UTILITY' && !isOpen) return graphError(10, 'sent outside of allowed window', 2018278)
    const complaint = message ? complainOfMessage(message, messagingType === 'UTILITY') : 'no message'
    if (complaint !== undefined) return graphError(100, complaint)
    const number = orderNumberOf(message)
    if (number !== undefined && sent.some((one) => one.psid === psid && orderNumberOf(one.message) === number))
      return graphError(100, 'order_number must be unique')
    ids += 1
    sent.push({ id: `m_${ids}`, psid, messagingType: messagingType ?? '', message: message ?? {} })
    return { status: 200, json: { recipient_id: psid, message_id: `m_${ids}` } }
  }

  const server = await startFakeServer(({ method, path, headers, body }) => {
    const fault = faults.shift()
    if (fault !== undefined && fault !== 'lost') return fault
    if (headers.authorization !== `Bearer ${token}`) return graphError(190, 'Invalid OAuth access token.', 460)
    if (method === 'GET' && /^\/v\d+\.\d\/me$/.test(path))
      return { status: 200, json: { id: pageId, name: 'Fleurs de Nanterre' } }
    if (method !== 'POST' || !new RegExp(`^/v\\d+\\.\\d/${pageId}/messages$`).test(path))
      return graphError(100, 'Unsupported request')
    const reply = send(readJson(body))
    return fault === 'lost' ? 'cut' : reply
  })

  const update = (...messaging: Record<string, unknown>[]): FakeUpdate => {
    const entry = [{ id: pageId, time: now().getTime(), messaging }]
    const body = Buffer.from(escapeNonAscii(JSON.stringify({ object: 'page', entry })))
    const signature = `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
    return { body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature }, query: {} }
  }

  const person = (psid: string): FakePerson => {
    const event = (content: Record<string, unknown>, isHeard = true): FakeUpdate => {
      if (isHeard) heardAt.set(psid, now().getTime())
      return update({ sender: { id: psid }, recipient: { id: pageId }, timestamp: now().getTime(), ...content })
    }
    const mid = (): string => {
      ids += 1
      return `mid.${ids}`
    }
    return {
      says: (text, more = {}) => event({ message: { mid: mid(), text, ...more } }),
      taps: (payload, title = 'Tap') => event({ postback: { mid: mid(), title, payload } }),
      picks: (payload, title) => event({ message: { mid: mid(), text: title, quick_reply: { payload } } }),
      comes: (referral) => event({ referral: { type: 'OPEN_THREAD', ...referral } }),
      reads: () => event({ read: { watermark: now().getTime() } }, false),
    }
  }
  return { ...server, sent, faults, person, update }
}

export const graphError = (code: number, message: string, subcode?: number): FakeReply => ({
  status: code === 190 ? 401 : code === 2 ? 503 : 400,
  json: {
    error: {
      message: `(#${code}) ${message}`,
      type: 'OAuthException',
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      fbtrace_id: 'A1b2',
    },
  },
})

export const escapeNonAscii = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII is meant
  text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const orderNumberOf = (message: MessengerMessage | undefined): string | undefined =>
  message?.attachment?.payload.order_number
