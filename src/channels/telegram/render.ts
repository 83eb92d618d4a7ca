import type { Card } from '#channels/card.ts'
import { bodyOf, ownWords, shownCard } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { invoiceOf, nativeOffer } from './invoice.ts'
import { keyboardOf, payKeyboardOf } from './keyboard.ts'
import { limits } from './limits.ts'
import { parseMessageRef, parseThread } from './refs.ts'
import { type TelegramSettings, telegramSettings } from './settings.ts'

/** https://core.telegram.org/bots/api#available-methods. Bold comes as an entity, so that no text needs escaping. */
export const renderTelegram = (request: RenderRequest): Rendered => {
  const settings = telegramSettings.parse(request.connection.settings)
  if (request.rung !== 'window') throw new CardRefusedError(`Telegram: there is no way by ${request.rung}`)
  const fit = createFitter()
  const { text } = request.content
  const card = shownCard(request.content)
  const { method, payload } =
    request.edits === undefined ? newMessage(request, settings, fit) : changed(request, request.edits, settings, fit)
  return { method, payload, text: card?.plainText ?? text, warnings: fit.warnings }
}

interface Call {
  method: string
  payload: Record<string, unknown>
}

const newMessage = (request: RenderRequest, settings: TelegramSettings, fit: Fitter): Call => {
  const { text } = request.content
  const card = shownCard(request.content)
  const chat = parseThread(request.threadExternalId)
  if (!card)
    return { method: 'sendMessage', payload: { ...chat, text: fit.text('text', text, limits.text), ...withoutPreview } }
  const offer = nativeOffer(card, settings)
  if (offer) {
    const invoice = invoiceOf(card, offer, ownWords({ card: request.content.card ?? card, text }), fit)
    return { method: 'sendInvoice', payload: { ...chat, ...invoice } }
  }
  refuseUnpayable(card, settings)
  const keyboard = keyboardIn(card, settings, chat.chat_id, fit)
  if (card.image) {
    const { text: caption, entities } = boldTitle(card, limits.caption, fit)
    const payload = { ...chat, photo: card.image.url, caption, caption_entities: entities, ...keyboard }
    return { method: 'sendPhoto', payload }
  }
  return {
    method: 'sendMessage',
    payload: { ...chat, ...boldTitle(card, limits.text, fit), ...withoutPreview, ...keyboard },
  }
}

const withoutPreview = { link_preview_options: { is_disabled: true } }

/** What kind of message it was stands in its reference: each has its own method. */
const changed = (request: RenderRequest, edits: string, settings: TelegramSettings, fit: Fitter): Call => {
  const { chat_id, message_id, kind } = parseMessageRef(edits)
  const where = { chat_id, message_id }
  const { text } = request.content
  const card = shownCard(request.content)
  if (kind === 'invoice') {
    // Of an invoice only the buttons can change, and one that cannot be paid any more keeps none.
    const offer = card && nativeOffer(card, settings)
    const reply_markup = offer ? payKeyboardOf(card, fit) : undefined
    return { method: 'editMessageReplyMarkup', payload: { ...where, ...(reply_markup ? { reply_markup } : {}) } }
  }
  if (!card)
    return {
      method: 'editMessageText',
      payload: { ...where, text: fit.text('text', text, limits.text), ...withoutPreview },
    }
  const keyboard = keyboardIn(card, settings, chat_id, fit)
  if (kind === 'photo') {
    const { text: caption, entities } = boldTitle(card, limits.caption, fit)
    return { method: 'editMessageCaption', payload: { ...where, caption, caption_entities: entities, ...keyboard } }
  }
  const payload = { ...where, ...boldTitle(card, limits.text, fit), ...withoutPreview, ...keyboard }
  return { method: 'editMessageText', payload }
}

/** The hosted page leads to Stars only where the bot takes them. */
const refuseUnpayable = ({ type, currency }: Card, { stars }: TelegramSettings): void => {
  if (currency === 'xtr' && !stars && (type === 'payment_request' || type === 'checkout_summary'))
    throw new CardRefusedError('Telegram: currency: payments in Stars are off in the connection’s settings')
}

/** Mini Apps open from private chats only; those have positive ids. */
const keyboardIn = (card: Card, settings: TelegramSettings, chatId: number, fit: Fitter) => {
  const reply_markup = keyboardOf(card, fit, { isMiniApp: settings.mini_app && chatId > 0 })
  return reply_markup ? { reply_markup } : {}
}

const boldTitle = (card: Card, max: number, fit: Fitter) => {
  const text = fit.text('text', [card.title, bodyOf(card)].filter(Boolean).join('\n'), max)
  // Offsets and lengths are UTF-16 units, as in JavaScript.
  const length = Math.min(card.title.toWellFormed().length, text.length)
  return { text, entities: length > 0 ? [{ type: 'bold', offset: 0, length }] : [] }
}
