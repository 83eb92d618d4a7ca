import type { Card } from '#channels/card.ts'
import { bodyOf, shownCard, type UrlButton } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { fieldOf, linkOf, pickTemplate } from '#channels/template-fields.ts'
import { limits } from './limits.ts'
import { brazilianTerms, indianTerms, orderDetails } from './order.ts'
import { type WhatsappSettings, whatsappSettings } from './settings.ts'

type Json = Record<string, unknown>

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/messages */
export const renderWhatsapp = (request: RenderRequest): Rendered => {
  const settings = whatsappSettings.parse(request.connection.settings)
  if (request.edits !== undefined) throw new CardRefusedError('WhatsApp: a message that was sent cannot be changed')
  const fit = createFitter()
  const { text } = request.content
  const card = request.rung === 'window' ? shownCard(request.content) : request.content.card
  return {
    method: `POST /${settings.phone_number_id}/messages`,
    payload: {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: request.threadExternalId,
      ...messageOf(request, settings, fit),
      biz_opaque_callback_data: request.messageId,
    },
    text: card?.plainText ?? text,
    warnings: fit.warnings,
  }
}

const messageOf = (request: RenderRequest, settings: WhatsappSettings, fit: Fitter): Json => {
  const { rung, content, now } = request
  if (rung === 'template' || rung === 'utility') return templateMessage(request, settings)
  if (rung !== 'window') throw new CardRefusedError(`WhatsApp: there is no way by ${rung}`)
  const { text } = content
  const card = shownCard(content)
  if (!card) return textMessage(text, fit)
  const order = orderOf(card, settings, now, fit)
  if (order) return { type: 'interactive', interactive: order }
  const [link] = linksOf(card)
  if (link) return { type: 'interactive', interactive: linkCard(card, link, fit) }
  if (card.buttons.length > 0) return { type: 'interactive', interactive: replyCard(card, fit) }
  return textMessage([card.title, bodyOf(card)].filter(Boolean).join('\n'), fit)
}

const linksOf = (card: Card): UrlButton[] => card.buttons.filter((button) => button.kind === 'url')

const textMessage = (text: string, fit: Fitter): Json => ({
  type: 'text',
  text: { preview_url: false, body: fit.text('text', text, limits.text) },
})

/** An order in the country's own form, or the state of one. */
const orderOf = (card: Card, settings: WhatsappSettings, now: Date, fit: Fitter): Json | undefined => {
  if (card.type === 'receipt' && card.answers !== undefined) return orderStatus(card, card.answers, fit)
  if (card.type !== 'payment_request' && card.type !== 'checkout_summary') return undefined
  const terms =
    indianTerms(card, card.native, settings.india, fit) ??
    (settings.brazil.enabled ? brazilianTerms(card, linksOf(card)[0]) : undefined)
  if (terms && card.buttons.length > 1) fit.warn('buttons: an order has none of its own, left out')
  return terms && orderDetails(card, terms, now, fit)
}

/** There is no state for refunds: those are told in words. */
const orderStatus = (card: Card, reference: string, fit: Fitter): Json | undefined => {
  if (card.receipt?.status !== 'paid') return undefined
  const description = fit.text('description', card.title, limits.statusDescription)
  const timestamp = Math.floor(card.receipt.paidAt.getTime() / 1000)
  return {
    type: 'order_status',
    body: { text: fit.text('body', bodyOf(card) || card.title, limits.body) },
    action: {
      name: 'review_order',
      parameters: {
        reference_id: reference,
        order: { status: 'processing', description },
        ...(card.currency === 'brl' ? { payment: { status: 'captured', timestamp } } : {}),
      },
    },
  }
}

/** One button, and it leads to a page: works in every country. */
const linkCard = (card: Card, link: UrlButton, fit: Fitter): Json => {
  if (link.url.length > limits.url)
    throw new CardRefusedError(`WhatsApp: url: ${link.url.length} characters, at most ${limits.url}`)
  if (card.buttons.length > 1) fit.warn(`buttons: 1, ${card.buttons.length - 1} left out`)
  const body = card.image ? [card.title, bodyOf(card)].filter(Boolean).join('\n') : bodyOf(card)
  return {
    type: 'cta_url',
    header: card.image
      ? { type: 'image', image: { link: card.image.url } }
      : { type: 'text', text: fit.text('header', card.title || card.merchant.name, limits.header) },
    body: { text: fit.text('body', body || card.title, limits.body) },
    action: {
      name: 'cta_url',
      parameters: { display_text: fit.text('display_text', link.label, limits.displayText), url: link.url },
    },
    footer: { text: fit.text('footer', card.merchant.name, limits.footer) },
  }
}

const replyCard = (card: Card, fit: Fitter): Json => {
  const replies = card.buttons.filter((button) => button.kind === 'postback')
  return {
    type: 'button',
    body: { text: fit.text('body', [card.title, bodyOf(card)].filter(Boolean).join('\n'), limits.body) },
    action: {
      buttons: fit.list('buttons', replies, limits.replyButtons).map(({ label, payload }) => {
        if (payload.length > limits.replyId)
          throw new CardRefusedError(`WhatsApp: reply id: ${payload.length} characters, at most ${limits.replyId}`)
        return { type: 'reply', reply: { id: payload, title: fit.text('reply', label, limits.replyTitle) } }
      }),
    },
    footer: { text: fit.text('footer', card.merchant.name, limits.footer) },
  }
}

const templateMessage = (request: RenderRequest, settings: WhatsappSettings): Json => {
  const { card, template } = pickTemplate(request, settings.templates)
  const body = template.body.map((field) => ({ type: 'text', text: fieldOf(card, field) }))
  const link = template.link_base === undefined ? undefined : suffixOf(card, template.link_base)
  return {
    type: 'template',
    template: {
      name: template.name,
      language: { code: template.language },
      components: [
        ...(body.length > 0 ? [{ type: 'body', parameters: body }] : []),
        ...(link === undefined
          ? []
          : [{ type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: link }] }]),
      ],
    },
  }
}

/** A template's button has a fixed beginning; only the rest is ours to say. */
const suffixOf = (card: Card, base: string): string => {
  const link = linkOf(card)
  if (link === undefined || !link.startsWith(base) || link.length === base.length)
    throw new CardRefusedError(`WhatsApp: template: the link does not begin with link_base ${base}`)
  return link.slice(base.length)
}
