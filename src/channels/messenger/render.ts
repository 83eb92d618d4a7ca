import type { Card } from '#channels/card.ts'
import { bodyOf, type PostbackButton, placeButtons, shownCard } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter, lengthOf } from '#channels/fit.ts'
import { fieldOf, pickTemplate } from '#channels/template-fields.ts'
import { buttonLimits, limits } from './limits.ts'
import { receiptPayload } from './receipt.ts'
import { type MessengerSettings, messengerSettings } from './settings.ts'

/** https://developers.facebook.com/docs/messenger-platform/reference/send-api */
export const renderMessenger = (request: RenderRequest): Rendered => {
  const settings = messengerSettings.parse(request.connection.settings)
  const fit = createFitter()
  const message = messageOf(request, settings, fit)
  return {
    method: `POST /${settings.page_id}/messages`,
    payload: {
      recipient: { id: request.threadExternalId },
      messaging_type: messagingTypeOf(request),
      message: { ...message, metadata: request.messageId },
    },
    text: (isFree(request) ? shownCard(request.content) : request.content.card)?.plainText ?? request.content.text,
    warnings: fit.warnings,
  }
}

const isFree = ({ rung }: RenderRequest): boolean => rung === 'window'

/** Never MESSAGE_TAG: the tags for receipts ended in April 2026, and HUMAN_AGENT is for people. */
const messagingTypeOf = ({ rung, content: { card } }: RenderRequest): 'RESPONSE' | 'UPDATE' | 'UTILITY' => {
  if (rung === 'utility') return 'UTILITY'
  const isAnswer = !card || card.type === 'payment_request' || card.type === 'checkout_summary'
  return isAnswer ? 'RESPONSE' : 'UPDATE'
}

const messageOf = (request: RenderRequest, settings: MessengerSettings, fit: Fitter): Record<string, unknown> => {
  if (request.edits !== undefined) throw new CardRefusedError('Messenger: a message that was sent cannot be changed')
  if (request.rung === 'utility') return utilityMessage(request, settings)
  if (request.rung !== 'window') throw new CardRefusedError(`Messenger: there is no way by ${request.rung}`)
  const { card: own, text } = request.content
  const card = shownCard(request.content)
  if (!card || !own) return { text: fit.text('text', text, limits.text) }
  return cardMessage(card, own.sentence, settings, fit)
}

/** …/send-messages/utility-messages: the template lies in `message.template`, without an attachment. */
const utilityMessage = (request: RenderRequest, settings: MessengerSettings): Record<string, unknown> => {
  if (!settings.utility_messages) throw new CardRefusedError('utility messages are off in the connection’s settings')
  const { card, template } = pickTemplate(request, settings.utility_templates)
  const parameters = template.body.map((field) => ({ type: 'text', text: fieldOf(card, field) }))
  return {
    template: {
      name: template.name,
      language: { code: template.language },
      components: parameters.length > 0 ? [{ type: 'body', parameters }] : [],
    },
  }
}

/** `amountSentence`: the card's own, which says the amount. */
const cardMessage = (
  card: Card,
  amountSentence: string,
  settings: MessengerSettings,
  fit: Fitter,
): Record<string, unknown> => {
  if (card.type === 'receipt' && card.receipt?.status === 'paid') {
    const postbacks = card.buttons.filter(({ kind }) => kind === 'postback')
    const links = card.buttons.filter((button) => button.kind === 'url' && button.url !== card.receipt?.url)
    if (links.length > 0) fit.warn(`links: the receipt has its own, ${links.length} left out`)
    const { quickReplies } = placeButtons({ ...card, buttons: postbacks }, { ...buttonLimits, max: 0 }, fit)
    return withQuickReplies(template(receiptPayload(card, card.receipt, fit)), quickReplies)
  }
  const { buttons, quickReplies } = placeButtons(card, buttonLimits, fit)
  const shown = buttons.map((button) =>
    button.kind === 'url'
      ? { type: 'web_url', title: button.label, url: button.url, ...webviewOf(button.url, settings) }
      : { type: 'postback', title: button.label, payload: button.payload },
  )
  if (card.image) return withQuickReplies(template(genericPayload(card, amountSentence, shown, fit)), quickReplies)
  if (shown.length === 0) return withQuickReplies({ text: fit.text('text', card.plainText, limits.text) }, quickReplies)
  const text = fit.text('text', `${card.title}\n${bodyOf(card)}`, limits.buttonText)
  return withQuickReplies(template({ template_type: 'button', text, buttons: shown }), quickReplies)
}

const genericPayload = (card: Card, amountSentence: string, buttons: readonly object[], fit: Fitter) => ({
  template_type: 'generic',
  elements: [
    {
      title: fit.text('title', card.title || amountSentence, limits.title),
      subtitle: fit.text('subtitle', subtitleOf(card, amountSentence, fit), limits.subtitle),
      ...(card.image ? { image_url: card.image.url } : {}),
      ...(buttons.length > 0 ? { buttons } : {}),
    },
  ],
})

/** The amount must not be what is cut: words that leave no room for it are left out. */
const subtitleOf = ({ sentence }: Card, amountSentence: string, fit: Fitter): string => {
  if (sentence === amountSentence || lengthOf(sentence) <= limits.subtitle) return sentence
  fit.warn(`text: ${limits.subtitle} characters beside a picture, left out`)
  return amountSentence
}

const template = (payload: Record<string, unknown>): Record<string, unknown> => ({
  attachment: { type: 'template', payload },
})

/** They vanish with the next message, so that they never carry the way to pay. */
const withQuickReplies = (message: Record<string, unknown>, replies: readonly PostbackButton[]) =>
  replies.length === 0
    ? message
    : {
        ...message,
        quick_replies: replies.map(({ label, payload }) => ({ content_type: 'text', title: label, payload })),
      }

/** Messenger refuses extensions for a domain that the page has not listed; desktop has none and takes `fallback_url`. */
const webviewOf = (url: string, { webview_domain: domain }: MessengerSettings): object => {
  const isListed = domain !== undefined && URL.canParse(url) && new URL(url).hostname === domain
  return isListed
    ? { webview_height_ratio: 'tall', messenger_extensions: true, fallback_url: url }
    : { webview_height_ratio: 'tall' }
}
