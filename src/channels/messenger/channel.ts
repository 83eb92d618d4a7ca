import { z } from 'zod'
import type { Channel, ChannelCapabilities, Connection } from '#channels/channel.ts'
import { type Answered, callJson, failureOfStatus, toSendAnswer, unreachedFailure } from '#channels/http.ts'
import { readJsonObject } from '#channels/inbound-fields.ts'
import { answerMetaHandshake, isSignedByMeta } from '#channels/meta-signature.ts'
import { failureIn, readSend } from './errors.ts'
import { buttonLimits, limits } from './limits.ts'
import { renderMessenger } from './render.ts'
import { messengerSecrets, messengerSettings } from './settings.ts'
import { readUpdates } from './updates.ts'

export interface MessengerOptions {
  /** The Graph API, if not Meta's own. */
  apiBase?: string | undefined
}

/** Facebook Messenger: a page talks to people. It takes no money; a link leads to the hosted page. */
export const createMessengerChannel = ({ apiBase = 'https://graph.facebook.com' }: MessengerOptions): Channel => ({
  id: 'messenger',
  settings: messengerSettings,
  secrets: messengerSecrets,
  capabilities: (settings) => capabilitiesOf(settings.utility_messages === true),
  test: (connection) => testPage(apiBase, connection),
  render: renderMessenger,
  send: async (connection, rendered) => {
    const { page_id: pageId, graph_version: version } = messengerSettings.parse(connection.settings)
    const answer = await callJson({
      url: `${apiBase}/${version}/${pageId}/messages`,
      headers: authorization(connection),
      body: rendered.payload,
    })
    return toSendAnswer(answer, readSend)
  },
  receive: ({ body, headers, connection, now }) => {
    const isSigned = isSignedByMeta(body, headers['x-hub-signature-256'], connection.secrets.app_secret ?? '')
    if (!isSigned) return { ok: false, reason: 'X-Hub-Signature-256 is missing or wrong' }
    const json = readJsonObject(body)
    if (json?.object !== 'page') return { ok: false, reason: 'not an update of a page' }
    return { ok: true, updates: readUpdates(json, connection.externalId, now) }
  },
  handshake: ({ query, connection }) => answerMetaHandshake(query, connection.secrets.verify_token ?? ''),
})

const capabilitiesOf = (hasUtility: boolean): ChannelCapabilities => ({
  nativePay: [],
  veto: false,
  shipping: false,
  tips: false,
  partialRefund: false,
  expiry: undefined,
  editMessage: false,
  receipt: 'template',
  window: { hours: 24, afterWindow: hasUtility ? 'utility' : 'none' },
  buttons: { max: buttonLimits.max, titleMax: buttonLimits.title, urlMax: buttonLimits.url },
  text: { max: limits.text },
  idempotentSend: false,
  ratePerSecond: 40,
})

const page = z.object({ id: z.string().min(1).max(30), name: z.string().max(500) })

const testPage = async (
  apiBase: string,
  connection: Pick<Connection, 'settings' | 'secrets'>,
): ReturnType<Channel['test']> => {
  const { page_id: pageId, graph_version: version } = messengerSettings.parse(connection.settings)
  const answer = await callJson({ url: `${apiBase}/${version}/me?fields=id,name`, headers: authorization(connection) })
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const { data } = page.safeParse(answer.body)
  if (answer.status !== 200 || !data) return { ok: false, failure: refusalOf(answer) }
  if (data.id === pageId) return { ok: true, externalId: data.id, name: data.name.slice(0, 200) }
  const advice = `The access token is of page ${data.id}, not of page_id: take the token of that page.`
  return { ok: false, failure: { reason: 'connection_broken', code: 'other_page', advice } }
}

const refusalOf = (answer: Answered) => failureIn(answer) ?? failureOfStatus(answer.status)

const authorization = ({ secrets }: Pick<Connection, 'secrets'>) => ({
  authorization: `Bearer ${secrets.page_access_token ?? ''}`,
})
