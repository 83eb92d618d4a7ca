import type { Card } from '#channels/card.ts'
import { bodyOf, placeButtons, shownCard } from '#channels/card-text.ts'
import { CardRefusedError, type Rendered, type RenderRequest } from '#channels/channel.ts'
import { createFitter, type Fitter } from '#channels/fit.ts'
import { linkOf, pickTemplate } from '#channels/template-fields.ts'
import { buttonLimits, limits } from './limits.ts'
import { type WechatSettings, wechatSettings } from './settings.ts'
import { blanks, subscribeBlanks } from './template-data.ts'

/** The calls that `send` makes. */
export const paths = {
  service: '/cgi-bin/message/custom/send',
  template: '/cgi-bin/message/template/send',
  subscribe: '/cgi-bin/message/subscribe/send',
} as const

export const renderWechat = (request: RenderRequest): Rendered => {
  if (request.edits !== undefined) throw new CardRefusedError('WeChat: a message that was sent cannot be changed')
  const settings = wechatSettings.parse(request.connection.settings)
  const fit = createFitter()
  const [path, payload, consent] = callOf(request, settings, fit)
  const { text } = request.content
  const card = request.rung === 'window' ? shownCard(request.content) : request.content.card
  return {
    method: `POST ${path}`,
    payload: { touser: request.threadExternalId, ...payload },
    text: card?.plainText ?? text,
    warnings: fit.warnings,
    ...(consent === undefined ? {} : { consent }),
  }
}

type Call = readonly [path: (typeof paths)[keyof typeof paths], payload: Record<string, unknown>, consent?: string]

const callOf = (request: RenderRequest, settings: WechatSettings, fit: Fitter): Call => {
  const isOfficial = settings.kind === 'official_account'
  if (request.rung === 'window') return [paths.service, serviceMessage(request, isOfficial, fit)]
  if (request.rung === 'template' && isOfficial) return [paths.template, templateMessage(request, settings, fit)]
  if (request.rung === 'consent' && !isOfficial) return subscribeMessage(request, settings, fit)
  throw new CardRefusedError(`WeChat: there is no way by ${request.rung} for ${settings.kind}`)
}

/** https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage */
const serviceMessage = ({ content }: RenderRequest, isOfficial: boolean, fit: Fitter): Record<string, unknown> => {
  const { text } = content
  const card = shownCard(content)
  if (!card) return textMessage(text, fit)
  const { buttons } = placeButtons(card, buttonLimits, fit)
  const url = buttons.find((button) => button.kind === 'url')?.url ?? card.receipt?.url
  const image = card.image?.url ?? card.merchant.logoUrl
  // A card of WeChat is a link; a mini program's needs a picture too.
  if (url === undefined || (!isOfficial && image === undefined)) return textMessage(card.plainText, fit)
  const title = fit.text('title', card.title || card.sentence, limits.title, 'bytes')
  const description = fit.text('description', bodyOf(card), limits.description, 'bytes')
  return isOfficial
    ? {
        msgtype: 'news',
        news: { articles: [{ title, description, url, ...(image === undefined ? {} : { picurl: image }) }] },
      }
    : { msgtype: 'link', link: { title, description, url, thumb_url: image } }
}

const textMessage = (text: string, fit: Fitter): Record<string, unknown> => ({
  msgtype: 'text',
  text: { content: fit.text('text', text, limits.text, 'bytes') },
})

/** `client_msg_id`: WeChat forgets a repeated one. */
const templateMessage = (request: RenderRequest, settings: WechatSettings, fit: Fitter): Record<string, unknown> => {
  const { card, template } = pickTemplate(request, settings.templates)
  return {
    template_id: template.id,
    ...urlOf(card),
    client_msg_id: request.messageId,
    data: blanks(card, template.data, fit),
  }
}

const urlOf = (card: Card): object => {
  const url = linkOf(card)
  return url === undefined ? {} : { url }
}

/** One for each time that the person said yes; the caller keeps count. */
const subscribeMessage = (request: RenderRequest, settings: WechatSettings, fit: Fitter): Call => {
  const { card, template } = pickTemplate(request, settings.subscribe_templates)
  const payload = {
    template_id: template.id,
    ...(template.page === undefined ? {} : { page: template.page }),
    data: subscribeBlanks(card, template.data, fit),
    miniprogram_state: settings.subscribe_state,
    lang: languageOf(request.locale),
  }
  return template.long_term ? [paths.subscribe, payload] : [paths.subscribe, payload, template.id]
}

const languageOf = (locale: string): string => {
  if (!/^zh\b/i.test(locale)) return 'en_US'
  return /hant|tw|hk|mo/i.test(locale) ? 'zh_TW' : 'zh_CN'
}
