import type { Channel, ChannelCapabilities, Connection, SendAnswer } from '#channels/channel.ts'
import { failureOfStatus } from '#channels/http.ts'
import type { ChannelFailure, FailureReason } from '#channels/inbound.ts'
import { readJsonObject } from '#channels/inbound-fields.ts'
import type { Clock } from '#kernel/clock.ts'
import { sha256 } from '#platform/crypto.ts'
import type { Outbound, OutboundAnswer } from '#platform/outbound.ts'
import { signatureHeaders } from '#platform/outbound-signature.ts'
import { limits } from './limits.ts'
import { renderCustom } from './render.ts'
import { customSecrets, customSettings } from './settings.ts'
import { isSignedV0 } from './signature.ts'
import { readUpdates } from './updates.ts'

export interface CustomOptions {
  /** Calls addresses that merchants chose; gives up within 10 s. */
  outbound: Outbound
  clock: Clock
}

/**
 * The merchant's own chat system. Our messages go to it as Standard Webhooks (https://www.standardwebhooks.com), whose
 * `webhook-id` stays the same when one is repeated; its updates come signed in Slack's way, in
 * `Parley-Request-Timestamp` and `Parley-Signature`.
 */
export const createCustomChannel = (options: CustomOptions): Channel => ({
  id: 'custom',
  settings: customSettings,
  secrets: customSecrets,
  capabilities: (settings) => capabilitiesOf(settings.edits === true),
  test: (connection) => testSystem(options, connection),
  render: renderCustom,
  send: async (connection, rendered, { key }) => {
    const answer = await post(options, connection, { id: key, body: rendered.payload })
    return readSend(answer, typeof rendered.payload.id === 'string' ? rendered.payload.id : undefined)
  },
  receive: ({ body, headers, connection, now }) => {
    const signed = { timestamp: headers['parley-request-timestamp'], signature: headers['parley-signature'] }
    if (!isSignedV0(body, signed, connection.secrets.signing_secret ?? '', now)) {
      return { ok: false, reason: 'Parley-Signature is missing, wrong or older than 300 s' }
    }
    const updates = readUpdates(readJsonObject(body), now)
    return updates ? { ok: true, updates } : { ok: false, reason: 'not an update: see docs/channels/custom.md' }
  },
})

const capabilitiesOf = (editMessage: boolean): ChannelCapabilities => ({
  nativePay: [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: false,
  expiry: undefined,
  editMessage,
  receipt: 'message',
  window: { hours: null, afterWindow: 'none' },
  buttons: { max: limits.buttons, titleMax: limits.buttonTitle, urlMax: limits.url },
  text: { max: limits.text },
  idempotentSend: true,
  ratePerSecond: 50,
})

const post = (
  { outbound, clock }: CustomOptions,
  { settings, secrets }: Pick<Connection, 'settings' | 'secrets'>,
  message: { id: string; body: unknown },
): Promise<OutboundAnswer> => {
  const body = JSON.stringify(message.body)
  const signed = signatureHeaders(secrets.signing_secret ?? '', { id: message.id, body, at: clock.now() })
  const { url } = customSettings.parse(settings)
  return outbound.post({ url, headers: { 'content-type': 'application/json', ...signed }, body })
}

/** Without an answer, or with a 5xx, it may have been shown; it is repeated with the same id. */
const readSend = (answer: OutboundAnswer, ref: string | undefined): SendAnswer => {
  if (!answer.ok) return { outcome: 'unknown', reason: answer.error }
  const { status, retryAfter } = answer
  if (status >= 200 && status < 300) return { outcome: 'sent', ref }
  if (status >= 500) return { outcome: 'unknown', reason: `HTTP ${status}` }
  const wait =
    retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? { retryAfterMs: Number(retryAfter) * 1000 } : {}
  return { outcome: 'refused', failure: failureOf(status), ...wait }
}

const failureOf = (status: number): ChannelFailure => {
  const [reason, advice] = table[status] ?? []
  return reason && advice ? { reason, code: `HTTP ${status}`, advice } : failureOfStatus(status)
}

const table: Readonly<Record<number, readonly [FailureReason, string] | undefined>> = {
  400: ['content_refused', 'Your chat system refuses this message: look at its log.'],
  401: ['connection_broken', 'Your chat system does not accept the signature: compare the signing secret.'],
  403: ['connection_broken', 'Your chat system does not accept the signature: compare the signing secret.'],
  404: ['recipient_unavailable', 'Your chat system does not know this thread.'],
  410: ['recipient_unavailable', 'Your chat system does not have this thread any more.'],
  413: ['content_refused', 'Your chat system takes no message of this length.'],
  422: ['content_refused', 'Your chat system refuses this message: look at its log.'],
}

/** The signed question `{"type":"ping"}`, which must be answered with 2xx. */
const testSystem = async (
  options: CustomOptions,
  connection: Omit<Connection, 'externalId' | 'name'>,
): ReturnType<Channel['test']> => {
  const { name, url } = customSettings.parse(connection.settings)
  const refusal = options.outbound.refusal(url)
  if (refusal !== undefined) return { ok: false, failure: brokenBy('url', `The address cannot be called: ${refusal}.`) }
  const answer = await post(options, connection, { id: `ping_${connection.id}`, body: { type: 'ping' } })
  if (!answer.ok) return { ok: false, failure: brokenBy('no_answer', `The address did not answer: ${answer.error}.`) }
  if (answer.status < 200 || answer.status >= 300) return { ok: false, failure: failureOf(answer.status) }
  // One system stays one, whatever its address becomes.
  return { ok: true, externalId: `custom_${sha256(name.toLowerCase()).toString('hex').slice(0, 16)}`, name }
}

const brokenBy = (code: string, advice: string): ChannelFailure => ({ reason: 'connection_broken', code, advice })
