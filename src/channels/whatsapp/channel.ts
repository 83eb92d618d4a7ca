import { z } from 'zod'
import type { Channel, ChannelCapabilities, Connection } from '#channels/channel.ts'
import { callJson, failureOfStatus, toSendAnswer, unreachedFailure } from '#channels/http.ts'
import { readJsonObject } from '#channels/inbound-fields.ts'
import { answerMetaHandshake, isSignedByMeta } from '#channels/meta-signature.ts'
import type { Currency } from '#kernel/currencies.ts'
import { failureIn, readSend } from './errors.ts'
import { limits } from './limits.ts'
import { createWhatsappPayments, type Graph } from './payments.ts'
import { renderWhatsapp } from './render.ts'
import { type WhatsappSettings, whatsappSecrets, whatsappSettings } from './settings.ts'
import { readUpdates } from './updates.ts'

export interface WhatsappOptions {
  /** The Graph API, if not Meta's own. */
  apiBase?: string | undefined
  now?: () => Date
}

/** WhatsApp Business: a number talks to people. In India it takes money through a gateway, elsewhere a link leads on. */
export const createWhatsappChannel = (options: WhatsappOptions): Channel => {
  const { apiBase = 'https://graph.facebook.com', now = () => new Date() } = options
  const graph: Graph = ({ settings, secrets }, path, body) => {
    const { phone_number_id: id, graph_version: version } = whatsappSettings.parse(settings)
    return callJson({
      url: `${apiBase}/${version}/${id}${path.startsWith('?') ? path : `/${path}`}`,
      headers: { authorization: `Bearer ${secrets.access_token ?? ''}` },
      ...(body === undefined ? {} : { body }),
    })
  }
  return {
    id: 'whatsapp',
    settings: whatsappSettings,
    secrets: whatsappSecrets,
    capabilities: (settings) => capabilitiesOf(whatsappSettings.parse(settings)),
    test: (connection) => testNumber(graph, connection),
    render: renderWhatsapp,
    send: async (connection, { payload }) => toSendAnswer(await graph(connection, 'messages', payload), readSend),
    receive: ({ body, headers, connection, now: at }) => {
      const isSigned = isSignedByMeta(body, headers['x-hub-signature-256'], connection.secrets.app_secret ?? '')
      if (!isSigned) return { ok: false, reason: 'X-Hub-Signature-256 is missing or wrong' }
      const json = readJsonObject(body)
      if (json?.object !== 'whatsapp_business_account') return { ok: false, reason: 'not an update of WhatsApp' }
      return { ok: true, updates: readUpdates(json, connection.externalId, at) }
    },
    handshake: ({ query, connection }) => answerMetaHandshake(query, connection.secrets.verify_token ?? ''),
    payments: createWhatsappPayments({ graph, now }),
  }
}

const capabilitiesOf = ({ india, templates }: WhatsappSettings): ChannelCapabilities => ({
  nativePay: india ? ['inr' as Currency] : [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: true,
  expiry: { minSeconds: limits.leastExpirySeconds },
  editMessage: false,
  receipt: 'message',
  window: { hours: 24, afterWindow: Object.keys(templates).length > 0 ? 'template' : 'none' },
  buttons: { max: limits.replyButtons, titleMax: limits.displayText, urlMax: limits.url },
  text: { max: limits.text },
  idempotentSend: false,
  ratePerSecond: 80,
})

const phone = z.object({ id: z.string(), display_phone_number: z.string(), verified_name: z.string().default('') })

const testNumber = async (
  graph: Graph,
  connection: Pick<Connection, 'settings' | 'secrets'>,
): ReturnType<Channel['test']> => {
  const answer = await graph(connection, '?fields=id,display_phone_number,verified_name')
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const { data } = phone.safeParse(answer.body)
  if (answer.status !== 200 || !data) return { ok: false, failure: failureIn(answer) ?? failureOfStatus(answer.status) }
  const name = [data.verified_name, data.display_phone_number].filter(Boolean).join(' ')
  return { ok: true, externalId: data.id, name: name.slice(0, 200) }
}
