import type { Channel, ChannelCapabilities, Connection, SendAnswer } from '#channels/channel.ts'
import { callJson, toSendAnswer } from '#channels/http.ts'
import type { Clock } from '#kernel/clock.ts'
import { type AccessTokens, createAccessTokens } from './access-tokens.ts'
import { isFromWechat, openEnvelope } from './envelope.ts'
import { errorCodeOf, isSpentToken, readSend } from './errors.ts'
import { buttonLimits, limits } from './limits.ts'
import { paths, renderWechat } from './render.ts'
import { wechatSecrets, wechatSettings } from './settings.ts'
import { readUpdate } from './updates.ts'

export interface WechatOptions {
  /** WeChat's API, if not its own address; merchants outside China may use another of its hosts. */
  apiBase?: string | undefined
  clock: Clock
}

/**
 * WeChat: an official account or a mini program talks to people. A card leads to the hosted page, which opens inside
 * WeChat; payment by JSAPI comes with the provider.
 */
export const createWechatChannel = ({ apiBase = 'https://api.weixin.qq.com', clock }: WechatOptions): Channel => {
  const tokens = createAccessTokens(apiBase, clock)
  return {
    id: 'wechat',
    settings: wechatSettings,
    secrets: wechatSecrets,
    capabilities: capabilitiesOf,
    test: (connection) => testAccount(tokens, connection),
    render: renderWechat,
    send: async (connection, rendered) => {
      const path = Object.values(paths).find((known) => rendered.method === `POST ${known}`)
      if (!path) return { outcome: 'refused', failure: unknownCall }
      const post = (token: string) =>
        callJson({
          url: `${apiBase}${path}?access_token=${encodeURIComponent(token)}`,
          body: rendered.payload,
          timeoutMs: 5000,
        })
      return withToken(tokens, connection, post)
    },
    receive: (input) => {
      const opened = openEnvelope(input)
      return opened.ok ? { ok: true, updates: readUpdate(opened.message, input.now) } : opened
    },
    handshake: (input) => {
      const { echostr = '' } = input.query
      // What is echoed is a plain word, whoever asks.
      return isFromWechat(input) && /^\w{1,100}$/.test(echostr) ? { status: 200, body: echostr } : undefined
    },
    acknowledgement: { contentType: 'text/plain', body: 'success' },
  }
}

const unknownCall = {
  reason: 'content_refused',
  code: 'unknown_call',
  advice: 'The message was made for another kind of account: send it again.',
} as const

type Post = (token: string) => ReturnType<typeof callJson>

/** A spent token is refused before anything is done with it, so that one more try is safe. */
const withToken = async (tokens: AccessTokens, connection: Connection, post: Post): Promise<SendAnswer> => {
  const first = await tokens.get(connection)
  if (!first.ok) return { outcome: 'refused', failure: first.failure }
  const answer = await post(first.token)
  if (answer.outcome !== 'answered' || !isSpentToken(errorCodeOf(answer))) return toSendAnswer(answer, readSend)
  tokens.drop(connection, first.token)
  const second = await tokens.get(connection)
  if (!second.ok) return { outcome: 'refused', failure: second.failure }
  return toSendAnswer(await post(second.token), readSend)
}

const capabilitiesOf = (stored: Connection['settings']): ChannelCapabilities => {
  const settings = wechatSettings.safeParse(stored).data
  const hasTemplates = Object.keys(settings?.templates ?? {}).length > 0
  const hasConsents = Object.keys(settings?.subscribe_templates ?? {}).length > 0
  const afterWindow =
    settings?.kind === 'mini_program' ? (hasConsents ? 'consent' : 'none') : hasTemplates ? 'template' : 'none'
  return {
    nativePay: [],
    veto: false,
    shipping: false,
    tips: false,
    partialRefund: false,
    expiry: undefined,
    editMessage: false,
    receipt: 'message',
    window: { hours: settings?.window_hours ?? 48, afterWindow },
    buttons: { max: buttonLimits.max, titleMax: buttonLimits.title, urlMax: buttonLimits.url },
    text: { max: limits.text },
    // Only template messages carry an id that WeChat remembers.
    idempotentSend: false,
    ratePerSecond: 20,
  }
}

/** The token proves AppID and AppSecret; WeChat has no call that tells the account's name. */
const testAccount = async (
  tokens: AccessTokens,
  connection: Pick<Connection, 'settings' | 'secrets'>,
): ReturnType<Channel['test']> => {
  const settings = wechatSettings.parse(connection.settings)
  if (settings.security === 'safe' && !connection.secrets.encoding_aes_key) {
    const advice = 'The safe mode needs encoding_aes_key: copy the EncodingAESKey from the WeChat console.'
    return { ok: false, failure: { reason: 'connection_broken', code: 'encoding_aes_key', advice } }
  }
  const answer = await tokens.get(connection)
  if (!answer.ok) return answer
  return { ok: true, externalId: settings.app_id, name: settings.name ?? settings.app_id }
}
