import { z } from 'zod'
import type { Channel, ChannelCapabilities, Connection, Rendered, SendAnswer } from '#channels/channel.ts'
import { clip } from '#channels/fit.ts'
import { type Answered, failureOfStatus, toSendAnswer, unreachedFailure } from '#channels/http.ts'
import { readJsonObject } from '#channels/inbound-fields.ts'
import type { Processor } from '#channels/payments.ts'
import { type Currency, currencies } from '#kernel/currencies.ts'
import { isEqual } from '#platform/crypto.ts'
import { type Ask, createAsk } from './client.ts'
import { failureOf, readRefusal, readSendRefusal } from './errors.ts'
import { initDataMaxAgeMs, verifyInitData } from './init-data.ts'
import { limits } from './limits.ts'
import { toTelegramAmount } from './money.ts'
import { createTelegramPayments } from './payments.ts'
import { callbackOf, type MessageKind, showMessageRef } from './refs.ts'
import { renderTelegram } from './render.ts'
import { type TelegramSettings, telegramSecrets, telegramSettings } from './settings.ts'
import { readUpdate } from './updates.ts'

export interface TelegramOptions {
  /** A Bot API server, if not Telegram's own. */
  apiBase?: string | undefined
  processors?: { readonly stripe?: Processor | undefined }
  now?: () => Date
}

/** Ten seconds is what Telegram gives for everything, thinking included. */
const answerTimeoutMs = 3000

/** Telegram: a bot talks to people and groups, and takes money itself, in Stars or through a processor. */
export const createTelegramChannel = (options: TelegramOptions): Channel => {
  const { apiBase = 'https://api.telegram.org', processors = {}, now = () => new Date() } = options
  const ask = createAsk(apiBase)
  return {
    id: 'telegram',
    settings: telegramSettings,
    secrets: telegramSecrets,
    capabilities: (settings) => capabilitiesOf(telegramSettings.parse(settings)),
    test: (connection) => testBot(ask, connection),
    render: renderTelegram,
    send: (connection, rendered) => send(ask, connection, rendered),
    receive: ({ body, headers, connection, now: at }) => {
      const secret = connection.secrets.secret_token ?? ''
      const isTelegrams = secret !== '' && isEqual(headers['x-telegram-bot-api-secret-token'] ?? '', secret)
      if (!isTelegrams) return { ok: false, reason: 'X-Telegram-Bot-Api-Secret-Token is missing or wrong' }
      const update = readJsonObject(body)
      if (typeof update?.update_id !== 'number') return { ok: false, reason: 'not an update of the Bot API' }
      return { ok: true, updates: [readUpdate(update, at)] }
    },
    // A tapped button turns its wheel until somebody has answered; in the 200 that costs no call.
    replyTo: ([update]) => {
      const id = update?.kind === 'message' ? callbackOf(update.messageRef) : undefined
      return id === undefined ? undefined : JSON.stringify({ method: 'answerCallbackQuery', callback_query_id: id })
    },
    answerPreCheckout: (connection, { queryRef }, answer) => {
      const refusal = answer.ok ? {} : { error_message: clip(answer.message, limits.errorMessage) }
      const body = { pre_checkout_query_id: queryRef, ok: answer.ok, ...refusal }
      return isTaken(ask(connection, 'answerPreCheckoutQuery', body, answerTimeoutMs))
    },
    answerShipping: (connection, { queryRef }, answer) => {
      const said = answer.ok
        ? { shipping_options: shippingOptions(answer) }
        : { error_message: clip(answer.message, limits.errorMessage) }
      const body = { shipping_query_id: queryRef, ok: answer.ok, ...said }
      return isTaken(ask(connection, 'answerShippingQuery', body, answerTimeoutMs))
    },
    identify: (connection, proof, at) => {
      const age = { now: at, maxAgeMs: initDataMaxAgeMs }
      const verdict = verifyInitData(proof, connection.secrets.bot_token ?? '', age)
      if (!verdict.ok) return undefined
      const { userId, name, locale } = verdict.data
      return { threadId: userId, personId: userId, name, ...(locale === undefined ? {} : { locale }) }
    },
    payments: createTelegramPayments({ ask, processors, now }),
  }
}

const capabilitiesOf = ({ psp, stars, invoice_links, mini_app }: TelegramSettings): ChannelCapabilities => {
  const money = psp === undefined ? [] : currencies.filter((code) => code !== 'xtr')
  const inStars = stars ? ['xtr'] : []
  return {
    nativePay: [...money, ...inStars] as Currency[],
    invoiceLinks: [...(invoice_links ? money : []), ...inStars] as Currency[],
    knowsOpener: mini_app,
    veto: true,
    shipping: psp !== undefined,
    tips: psp !== undefined,
    partialRefund: psp === 'stripe',
    expiry: undefined,
    editMessage: true,
    receipt: 'message',
    window: { hours: null, afterWindow: 'none' },
    buttons: { max: limits.buttons, titleMax: limits.button, urlMax: limits.url },
    text: { max: limits.text },
    idempotentSend: false,
    ratePerSecond: 30,
  }
}

const bot = z.object({
  ok: z.literal(true),
  result: z.object({ id: z.int(), first_name: z.string(), username: z.string().optional() }),
})

const testBot = async (ask: Ask, connection: Pick<Connection, 'settings' | 'secrets'>): ReturnType<Channel['test']> => {
  const answer = await ask(connection, 'getMe', {})
  if (answer.outcome !== 'answered') return { ok: false, failure: unreachedFailure(answer.reason) }
  const { data } = bot.safeParse(answer.body)
  if (answer.status === 200 && data) {
    const { id, username, first_name } = data.result
    return { ok: true, externalId: `${id}`, name: (username === undefined ? first_name : `@${username}`).slice(0, 200) }
  }
  const refusal = readRefusal(answer)
  return { ok: false, failure: refusal ? failureOf(refusal) : failureOfStatus(answer.status) }
}

const sent = z.object({
  ok: z.literal(true),
  result: z.union([
    z.object({ message_id: z.int(), chat: z.object({ id: z.int() }) }),
    // A changed message of inline mode comes without itself.
    z.literal(true),
  ]),
})

const send = async (ask: Ask, connection: Connection, { method, payload }: Rendered): Promise<SendAnswer> => {
  const isInvoice = method === 'sendInvoice'
  const needsToken = isInvoice && !('provider_token' in payload)
  const body = needsToken ? { ...payload, provider_token: connection.secrets.provider_token ?? '' } : payload
  return toSendAnswer(await ask(connection, method, body), (answer) => readSend(answer, method, payload))
}

const kinds: Readonly<Record<string, MessageKind | undefined>> = {
  sendInvoice: 'invoice',
  editMessageReplyMarkup: 'invoice',
  sendPhoto: 'photo',
  editMessageCaption: 'photo',
}

const readSend = (answer: Answered, method: string, payload: Rendered['payload']): SendAnswer => {
  const { data } = sent.safeParse(answer.body)
  const ref = (chat: unknown, message: unknown) => showMessageRef(Number(chat), Number(message), kinds[method])
  if (answer.status === 200 && data) {
    const { result } = data
    return { outcome: 'sent', ref: result === true ? undefined : ref(result.chat.id, result.message_id) }
  }
  // It shows what it should already: an earlier answer was lost.
  if (readRefusal(answer)?.description.includes('message is not modified'))
    return { outcome: 'sent', ref: ref(payload.chat_id, payload.message_id) }
  const topic = payload.message_thread_id
  return readSendRefusal(answer, typeof topic === 'number' ? topic : undefined)
}

type ShippingAnswer = Extract<Parameters<NonNullable<Channel['answerShipping']>>[2], { ok: true }>

/** A price that Telegram cannot say leaves its option out. */
const shippingOptions = ({ options, currency }: ShippingAnswer) =>
  options.flatMap(({ id, title, prices }) => {
    const shown = prices.map(({ label, amount }) => ({ label, amount: toTelegramAmount(amount, currency) }))
    return shown.every(({ amount }) => amount !== undefined) ? [{ id, title, prices: shown }] : []
  })

const isTaken = async (call: ReturnType<Ask>): Promise<boolean> => {
  const answer = await call
  return answer.outcome === 'answered' && answer.status === 200 && readRefusal(answer) === undefined
}
