import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { Channel, ChannelCapabilities, Connection } from '#channels/channel.ts'
import { callJson, toSendAnswer, unreachedFailure } from '#channels/http.ts'
import { readJsonObject } from '#channels/inbound-fields.ts'
import { isEqual, sha256 } from '#platform/crypto.ts'
import { failureOf, readSend } from './errors.ts'
import { buttonLimits, limits } from './limits.ts'
import { renderLine } from './render.ts'
import { lineSecrets, lineSettings } from './settings.ts'
import { readUpdates } from './updates.ts'

export interface LineOptions {
  /** The Messaging API, if not LINE's own. */
  apiBase?: string | undefined
}

/** LINE: an official account talks to people, groups and rooms. It takes no money; a link leads to the hosted page. */
export const createLineChannel = ({ apiBase = 'https://api.line.me' }: LineOptions): Channel => ({
  id: 'line',
  settings: lineSettings,
  secrets: lineSecrets,
  capabilities: () => capabilities,
  test: (connection) => testAccount(apiBase, connection),
  render: renderLine,
  send: async (connection, rendered, { key }) => {
    const answer = await callJson({
      url: `${apiBase}/v2/bot/message/push`,
      headers: { ...authorization(connection), 'x-line-retry-key': toRetryKey(key) },
      body: rendered.payload,
    })
    return toSendAnswer(answer, readSend)
  },
  receive: ({ body, headers, connection, now }) => {
    const isSigned = isSignedByLine(body, headers['x-line-signature'], connection.secrets.channel_secret ?? '')
    if (!isSigned) return { ok: false, reason: 'X-Line-Signature is missing or wrong' }
    const json = readJsonObject(body)
    if (!Array.isArray(json?.events)) return { ok: false, reason: 'not an update of LINE' }
    return { ok: true, updates: readUpdates(json, now) }
  },
})

const capabilities: ChannelCapabilities = {
  nativePay: [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: false,
  expiry: undefined,
  editMessage: false,
  receipt: 'message',
  window: { hours: null, afterWindow: 'none' },
  buttons: { max: buttonLimits.max, titleMax: buttonLimits.title, urlMax: buttonLimits.url },
  text: { max: limits.text },
  idempotentSend: true,
  ratePerSecond: 200,
}

/** Base 64 of the HMAC-SHA256 with the channel secret, over the bytes as they came. */
export const isSignedByLine = (body: Uint8Array, header: string | undefined, channelSecret: string): boolean =>
  header !== undefined &&
  channelSecret !== '' &&
  isEqual(header, createHmac('sha256', channelSecret).update(body).digest('base64'))

/** LINE takes only UUIDs: any other key is hashed into one (RFC 9562, version 8). */
const toRetryKey = (key: string): string => {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(key)) return key.toLowerCase()
  const hex = sha256(key).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const bot = z.object({ userId: z.string().min(1).max(100), displayName: z.string(), basicId: z.string().default('') })

const testAccount = async (apiBase: string, connection: Pick<Connection, 'secrets'>): ReturnType<Channel['test']> => {
  const answer = await callJson({ url: `${apiBase}/v2/bot/info`, headers: authorization(connection) })
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const { data } = bot.safeParse(answer.body)
  if (answer.status !== 200 || !data) return { ok: false, failure: failureOf(answer) }
  // With the account's @id: the link back into the chat is made of it.
  const name = [data.displayName.slice(0, 150), data.basicId].filter(Boolean).join(' ')
  return { ok: true, externalId: data.userId, name: name.slice(0, 200) }
}

const authorization = ({ secrets }: Pick<Connection, 'secrets'>) => ({
  authorization: `Bearer ${secrets.channel_access_token ?? ''}`,
})
