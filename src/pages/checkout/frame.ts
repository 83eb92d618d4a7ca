import type { Texts } from '#pages/texts/text-names.ts'
import { type Html, html, nothing, safeUrl } from '#pages/web/html.ts'
import type { Language } from '#pages/web/locale.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import { fill } from './fill.ts'
import { channelName, type Line, linesOf, showAmount } from './order.ts'

/** Everything a view is drawn from. */
export interface Scene {
  page: PaymentPage
  language: Language
  texts: Texts
  /** Path of the checkout page, without query. */
  path: string
  now: Date
}

export const merchantHeader = ({ page, texts }: Pick<Scene, 'page' | 'texts'>): Html => {
  const { name, settings } = page.merchant
  const channel = channelName(page.thread?.channel)
  return html`<header class="who">
${settings.logo_url ? html`<img class="logo" src="${safeUrl(settings.logo_url)}" alt="" width="40" height="40">` : html`<span class="logo" aria-hidden="true">${[...name][0]}</span>`}
<div><p class="name"><bdi>${name}</bdi></p>${channel ? html`<p class="via">${fill(texts.via, { channel })}</p>` : nothing}</div>
${page.intent.livemode ? nothing : html`<span class="pill">${texts.test.mode}</span>`}
</header>`
}

export const billLines = (lines: readonly Line[], currency: string, tag: string): Html =>
  lines.length === 0
    ? nothing
    : html`<ul class="lines">${lines.map(
        ({ name, quantity, amount }) =>
          html`<li><span><bdi>${name}</bdi>${quantity > 1 ? html` <span class="times">×${quantity}</span>` : nothing}</span><span class="sum"><bdi>${showAmount(amount, currency, tag)}</bdi></span></li>`,
      )}</ul>`

/** What it is for, unless the lines below say the same. */
export const whatFor = ({ intent }: PaymentPage, texts: Texts): Html => {
  const { description } = intent
  const isSaid = linesOf(intent, texts).some(({ name }) => name === description)
  return description && !isSaid ? html`<p class="what"><bdi>${description}</bdi></p>` : nothing
}

/** Back to where the payment was asked for: a link where the shop gave one, else the app's name. */
export const backToChat = ({ page, texts }: Pick<Scene, 'page' | 'texts'>, look = 'button'): Html => {
  const url = page.intent.return_url
  if (url !== null && /^https?:\/\//i.test(url)) return html`<a class="${look}" href="${url}">${texts.backToChat}</a>`
  const channel = channelName(page.thread?.channel)
  return channel ? html`<p class="hint">${fill(texts.backToChannel, { channel })}</p>` : nothing
}
