import { addMs } from '#kernel/clock.ts'
import type { PageState, Texts } from '#pages/texts/text-names.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import { orderedLines, totals } from './bill-view.ts'
import { fieldsFrame } from './element-view.ts'
import { fill, fillText } from './fill.ts'
import {
  backToChat,
  billLines,
  languageSwitch,
  linkTo,
  merchantHeader,
  receiptPath,
  type Scene,
  whatFor,
} from './frame.ts'
import { handStateOf } from './hand-over.ts'
import { codeFigure, codeHint, handedAction } from './hand-over-view.ts'
import { hasKept, keepChoice, keptButtons, removeButtons } from './kept-view.ts'
import { marks } from './marks.ts'
import { appName, channelName, linesOf, showAmount } from './order.ts'
import { orderAlert, orderView } from './order-view.ts'
import { confirmationUrl, declineReason, isOrdering } from './state.ts'

/** The checkout in one of its states: one sentence, one action. */
export const checkoutView = (state: PageState, scene: Scene): Html => {
  const isForm = isOrdering(state, scene)
  return html`<main class="sheet${isForm ? ' with-form' : ''}" data-state="${state}">
${merchantHeader(scene)}
${orderAlert(scene)}
${headline(state, scene)}
${isForm ? orderView(scene) : bill(scene)}
${state === 'fields' ? fieldsFrame(scene) : nothing}
${isForm ? smallPrint(state, scene) : html`<div class="act">${action(state, scene)}${smallPrint(state, scene)}</div>`}
${languageSwitch(scene)}
</main>`
}

/** What was bought: the order's own numbers, else the payment's lines. */
export const bill = ({ page, checkout, language, texts }: Scene): Html =>
  checkout
    ? html`${orderedLines(checkout, language)}${totals(checkout, language)}`
    : billLines(linesOf(page.intent, texts), page.intent.currency, language.tag)

/** Without a payment to show: a wrong link, or nothing can be read. */
export const noticeView = (state: 'missing' | 'foreign' | 'unreachable', texts: Texts, retry?: string): Html => {
  const { title, sentence } = texts.states[state]
  return html`<main class="sheet notice" data-state="${state}">
<div class="hero">${marks[state]}<h1 class="title">${title}</h1><p class="sentence">${sentence}</p></div>
<div class="act">${retry ? html`<a class="button" href="${retry}">${state === 'foreign' ? texts.proceed : texts.tryAgain}</a>` : nothing}</div>
</main>`
}

export const checkoutTitle = (state: PageState, scene: Scene): string => {
  const { page, texts } = scene
  return state === 'payable'
    ? `${fillText(texts.pay, { amount: amountOf(scene) })} · ${page.merchant.name}`
    : `${fillText(titleOf(state, texts), { channel: appOf(scene) })} · ${page.merchant.name}`
}

const titleOf = (state: Exclude<PageState, 'payable'>, texts: Texts): string =>
  state === 'declined' ? texts.declined.title : texts.states[state].title

const appOf = ({ page, language }: Scene): string => appName(page.intent.provider, language.locale) ?? ''

const amountOf = ({ page, checkout, language }: Scene): string => {
  const { intent } = page
  const isSettled = intent.status === 'succeeded' && intent.amount_captured > 0n
  const amount = isSettled ? intent.amount_captured : (checkout?.quote.total ?? intent.amount)
  return showAmount(amount, intent.currency, language.tag)
}

const headline = (state: PageState, scene: Scene): Html => {
  const { page, texts } = scene
  const amount = html`<bdi>${amountOf(scene)}</bdi>`
  const what = whatFor(scene)
  if (state === 'payable')
    return html`<div class="hero" data-live id="hero"><h1 class="amount">${amount}</h1>${what}</div>`
  const sentence =
    state === 'declined'
      ? html`${texts.nothingCharged} ${texts.declined.reasons[declineReason(page.intent.last_payment_error)]}`
      : fill(texts.states[state].sentence, { merchant: page.merchant.name, channel: appOf(scene) })
  const title = html`<h1 class="title">${fill(titleOf(state, texts), { channel: appOf(scene) })}</h1>`
  if (state === 'scan')
    return html`<div class="hero scan">${title}<p class="amount">${amount}</p>${what}${codeFigure(scene, amountOf(scene))}<p class="sentence" role="status">${sentence}</p>${codeHint(scene)}</div>`
  return html`<div class="hero" data-live id="hero">${marks[state]}${title}<p class="sentence" role="status">${sentence}</p>
<p class="amount">${amount}</p>${what}</div>`
}

const action = (state: PageState, scene: Scene): Html => {
  const { page, texts } = scene
  const path = linkTo(scene)
  switch (state) {
    case 'payable':
      return payForm(scene, fill(texts.pay, { amount: amountOf(scene) }), html`${texts.kept.another}`)
    case 'declined':
      return payForm(scene, html`${texts.anotherCard}`, html`${texts.anotherCard}`, isAboutPerson(page.intent))
    case 'unreachable':
      return payForm(scene, html`${texts.tryAgain}`, html`${texts.kept.another}`)
    case 'working':
      return html`<a class="button quiet" href="${path}">${texts.proceed}</a>`
    case 'confirm': {
      const url = confirmationUrl(page.intent)
      return url && /^https?:/i.test(url)
        ? html`<a class="button" href="${url}">${texts.confirm}</a>`
        : handStateOf(scene) === 'fields'
          ? html`<a class="button" href="${linkTo(scene, { hand: 1 })}">${texts.confirm}</a>`
          : backToChat(scene)
    }
    case 'foreign':
      return html`<a class="button" href="${path}">${texts.proceed}</a>`
    case 'paid':
    case 'already':
    case 'refunded':
      return html`${backToChat(scene)}<a class="button quiet" href="${receiptPath(path)}">${texts.showReceipt}</a>`
    case 'scan':
    case 'lapsed':
    case 'inApp':
    case 'openApp':
    case 'fields':
      return handedAction(state, scene, amountOf(scene))
    case 'processing':
    case 'checking':
    case 'authorised':
    case 'expired':
    case 'canceled':
    case 'missing':
    case 'free':
    case 'placed':
    case 'unpayable':
      return backToChat(scene)
    default:
      return state satisfies never
  }
}

/** `label` where there is one way to pay, `another` below a card that is kept. */
const payForm = (scene: Scene, label: Html, another: Html, isKeptFirst = true): Html => {
  const { amount } = scene.page.intent
  const choice = keepChoice(scene)
  const buttons = hasKept(scene)
    ? keptButtons(scene, amount, { another, choice, isFirst: isKeptFirst })
    : html`${choice}<button class="button" type="submit"><span>${label}</span></button>`
  return html`<form method="post" action="${linkTo(scene)}"><input type="hidden" name="total" value="${amount}">${buttons}${removeButtons(scene)}</form>`
}

/** The bank wanted the person, not another card: with them here, the same card may well pay. */
const isAboutPerson = ({ last_payment_error }: Scene['page']['intent']): boolean =>
  declineReason(last_payment_error) === 'authentication'

const smallPrint = (state: PageState, scene: Scene): Html => {
  const { page, texts } = scene
  if (state !== 'payable' && state !== 'declined' && !isOrdering(state, scene)) return nothing
  const when = expiryText(scene)
  const cancel = page.intent.return_url === null ? nothing : backLink(scene)
  return html`${state === 'free' ? nothing : html`<p class="small">${whereToPay(scene)}</p>`}
${when || cancel !== nothing ? html`<p class="small row">${when ? html`<span>${fill(texts.expires, { when })}</span>` : nothing}${cancel}</p>` : nothing}
${page.intent.livemode || state === 'free' || page.way === 'invoice' || appOf(scene) !== '' ? nothing : testCards(texts)}`
}

const whereToPay = (scene: Scene): Html => {
  const { page, texts } = scene
  if (page.way === 'invoice') return fill(texts.payInChat, { channel: channelName(page.thread?.channel) ?? '' })
  const channel = appOf(scene)
  const isHere = channel === '' && page.merchant.settings.hosted_page === 'element'
  if (isHere) return fill(texts.states.fields.sentence, { merchant: page.merchant.name })
  return channel === '' ? html`${texts.securePage}` : fill(texts.handover.payWith, { channel })
}

const backLink = ({ page, texts }: Scene): Html =>
  page.intent.return_url && /^https?:\/\//i.test(page.intent.return_url)
    ? html`<a href="${page.intent.return_url}">${texts.cancel}</a>`
    : nothing

const expiryText = ({ page, language, now }: Scene): string | undefined => {
  const { expires_at } = page.intent
  if (expires_at === null || expires_at > addMs(now, 90 * 86_400_000)) return undefined
  const minutes = Math.max(1, Math.floor((expires_at.getTime() - now.getTime()) / 60_000))
  const format = new Intl.RelativeTimeFormat(language.tag, { numeric: 'always' })
  if (minutes < 60) return format.format(minutes, 'minute')
  return minutes < 48 * 60
    ? format.format(Math.floor(minutes / 60), 'hour')
    : format.format(Math.floor(minutes / 1440), 'day')
}

const testCards = ({ test }: Texts): Html => {
  const cards = [
    ['4242 4242 4242 4242', test.succeeds],
    ['4000 0000 0000 0002', test.declines],
    ['4000 0025 0000 3155', test.confirms],
    ['4242 4242 4242 4241', test.wrong],
  ]
  return html`<details class="test"><summary>${test.cards}</summary><p>${test.hint}</p><dl>${cards.map(
    ([number, what]) => html`<div><dt><bdi dir="ltr">${number}</bdi></dt><dd>${what}</dd></div>`,
  )}</dl></details>`
}
