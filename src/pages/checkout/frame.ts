import type { Checkout } from '#checkout/checkout-view.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import { type Locale, locales } from '#pages/texts/texts.ts'
import { type Html, html, nothing, safeUrl } from '#pages/web/html.ts'
import { type Language, languageNames } from '#pages/web/locale.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import type { FieldsAccess } from '#providers/fields.ts'
import type { PaySurface } from '#providers/handover.ts'
import { chatLink } from './chat-link.ts'
import { fill } from './fill.ts'
import type { FormChange } from './form-change.ts'
import type { Turn } from './hand-over.ts'
import { channelName, type Line, linesOf, showAmount } from './order.ts'

/** Everything a view is drawn from. */
export interface Scene {
  page: PaymentPage
  /** The order that is paid, where the payment belongs to one. */
  checkout?: Checkout | undefined
  language: Language
  /** The language, if the payer has switched to it: every link keeps it. */
  lang?: Locale | undefined
  texts: Texts
  /** Path of the checkout page, without query. */
  path: string
  now: Date
  /** Where this page is open. */
  surface: PaySurface
  /** Of a visit that is handed over on this page. */
  turn?: Turn
  /** Of fields that the provider's script shows on this page. */
  access?: FieldsAccess | undefined
  /** What was typed and could not be taken as it is. */
  form?: Pick<FormChange, 'typed' | 'problems'>
  notice?: Notice
  /** The payer wants the provider's page instead of its fields here. */
  isElsewhere?: boolean
  /** The payer has ticked the box: keep the card. */
  keep?: boolean
}

/** What a payer has to know before they tap again. `words`: the shop's own. */
export type Notice =
  | { kind: 'changed' | 'later' | 'other' | 'canceled' | 'failed' | 'silent' }
  | { kind: 'refused'; words: string | undefined }

/** A path of this payment in the language that was chosen. */
export const linkTo = (
  { path, lang }: Pick<Scene, 'path' | 'lang'>,
  query: Readonly<Record<string, string | number>> = {},
): string => {
  const entries = Object.entries({ ...query, ...(lang === undefined ? {} : { lang }) })
  return entries.length === 0 ? path : `${path}?${entries.map(([name, value]) => `${name}=${value}`).join('&')}`
}

export const receiptPath = (path: string): string => path.replace(/^\/pay\//, '/receipts/')

/** Who asks, and where. */
interface Asker extends Pick<PaymentPage, 'merchant' | 'thread'> {
  intent: { livemode: boolean }
}

export const merchantHeader = ({ page, texts }: { page: Asker; texts: Texts }): Html => {
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
export const whatFor = ({ page, checkout, texts }: Pick<Scene, 'page' | 'checkout' | 'texts'>): Html => {
  const { description } = page.intent
  const isSaid = checkout !== undefined || linesOf(page.intent, texts).some(({ name }) => name === description)
  return description && !isSaid ? html`<p class="what"><bdi>${description}</bdi></p>` : nothing
}

/** Back to where the payment was asked for: where the shop says, else to the chat app, else in words. */
export const backToChat = ({ page, texts }: Pick<Scene, 'page' | 'texts'>, look = 'button'): Html => {
  const url = page.intent.return_url ?? chatLink(page.thread)
  if (url && /^https?:\/\//i.test(url)) return html`<a class="${look}" href="${url}">${texts.backToChat}</a>`
  const channel = channelName(page.thread?.channel)
  if (!channel) return nothing
  // WeChat's own browser has no link back: its window is closed.
  const words = page.thread?.channel === 'wechat' ? texts.closePage : texts.backToChannel
  return html`<p class="hint">${fill(words, { channel })}</p>`
}

/** The same page in another language. Links, so that it works everywhere. */
export const languageSwitch = (scene: Pick<Scene, 'language' | 'texts' | 'path'>): Html => {
  const { language, texts, path } = scene
  return html`<details class="langs"><summary><span class="unseen">${texts.language}: </span><span lang="${language.locale}">${languageNames[language.locale]}</span></summary><ul>${locales
    .filter((locale) => locale !== language.locale)
    .map(
      (locale) =>
        html`<li><a href="${linkTo({ path, lang: locale })}" lang="${locale}" hreflang="${locale}">${languageNames[locale]}</a></li>`,
    )}</ul></details>`
}
