import type { Message } from '#messages/schemas.ts'
import { fill } from '#pages/checkout/fill.ts'
import { showAmount } from '#pages/checkout/order.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import { type Html, html, nothing, safeUrl } from '#pages/web/html.ts'
import type { Language } from '#pages/web/locale.ts'
import { type Fragment, fragment } from './fragment.ts'

export interface ChatWords {
  language: Language
  texts: Texts
  /** Paths of a payment's pages. */
  link: (intent: string, page: 'pay' | 'receipts') => string | undefined
}

/** A message as a piece of the page, with its card as it stands now. */
export const messageFragment = (message: Message, words: ChatWords): Fragment => {
  const side = message.direction === 'in' ? 'me' : 'bot'
  const look = `item ${side}${message.card ? ` ${message.card.type}` : ''}`
  return fragment('messages', message.id, message.id, { tag: 'li', class: look }, inner(message, words))
}

const inner = (message: Message, words: ChatWords): Html => {
  const { card, text } = message
  const said = html`<p class="bubble"><bdi>${text}</bdi></p>`
  switch (card?.type) {
    case undefined:
      return said
    case 'payment_request':
    case 'checkout_summary':
    case 'reminder':
      return html`${said}${requestCard(card, words)}`
    case 'bill_progress':
      return html`${said}${billCard(card, words)}`
    case 'receipt':
    case 'refund_notice':
      return noticeCard(card, message, words)
    default:
      return card satisfies never
  }
}

type CardOf<T extends string> = Extract<NonNullable<Message['card']>, { type: T }>
type RequestCard = CardOf<'payment_request' | 'checkout_summary' | 'reminder'>

const requestCard = (card: RequestCard, words: ChatWords): Html => {
  const show = amounts(card.currency, words)
  const summary = card.type === 'checkout_summary' ? card : undefined
  return html`<article class="card"><div class="card-body"><h3><bdi>${card.title}</bdi></h3>
${summary ? html`<ul class="lines">${summary.lines.map(({ name, quantity, amount }) => html`<li><span><bdi>${name}</bdi>${quantity > 1 ? html` <span class="times">×${quantity}</span>` : nothing}</span><span class="sum">${show(amount)}</span></li>`)}</ul>` : nothing}
${summary ? html`<dl class="totals">${summary.totals.slice(0, -1).map(({ label, amount }) => html`<div><dt>${label}</dt><dd class="sum">${show(amount)}</dd></div>`)}</dl>` : nothing}
<p class="card-total">${show(card.amount)}</p>
${requestAction(card, words)}</div></article>`
}

const isOpen = (status: string): boolean => status === 'requires_payment_method' || status === 'requires_confirmation'

/** In a window of its own: no site may show the payment page inside itself. */
const requestAction = (
  { status, checkout_url, amount, currency }: RequestCard,
  { language, texts }: ChatWords,
): Html => {
  const link = (label: Html) =>
    html`<a class="button" href="${safeUrl(checkout_url)}" target="_blank" rel="noopener"><span>${label}</span></a>`
  if (isOpen(status)) return link(fill(texts.pay, { amount: showAmount(BigInt(amount), currency, language.tag) }))
  if (status === 'requires_action') return link(html`${texts.confirm}`)
  if (status === 'succeeded') return html`<p class="badge good">✓ ${texts.receipt.paid}</p>`
  if (status === 'canceled') return html`<p class="badge">${texts.states.canceled.title}</p>`
  return html`<p class="badge">${status === 'requires_capture' ? texts.states.authorised.title : texts.states.processing.title}</p>`
}

const billCard = (card: CardOf<'bill_progress'>, words: ChatWords): Html => {
  const show = amounts(card.currency, words)
  const { receipt } = words.texts
  const marks = { open: '', paid: `✓ ${receipt.paid}`, refunded: receipt.refund.succeeded, canceled: '—' }
  return html`<article class="card"><div class="card-body"><h3><bdi>${card.title}</bdi></h3>
<progress value="${card.amount_paid}" max="${card.amount}" aria-label="${receipt.paid}"></progress>
<p class="card-bill">${show(card.amount_paid)} / ${show(card.amount)}</p>
<ul class="lines">${card.shares.map(
    ({ name, amount_text, status, checkout_url }) =>
      html`<li><span><bdi>${name}</bdi> <span class="times">${marks[status]}</span></span><span class="sum">${
        checkout_url && status === 'open'
          ? html`<a href="${safeUrl(checkout_url)}" target="_blank" rel="noopener"><bdi>${amount_text}</bdi></a>`
          : html`<bdi>${amount_text}</bdi>`
      }</span></li>`,
  )}</ul></div></article>`
}

const noticeCard = (card: CardOf<'receipt' | 'refund_notice'>, message: Message, words: ChatWords): Html => {
  const { texts, link } = words
  const isReceipt = card.type === 'receipt'
  const title = isReceipt ? texts.receipt.title : texts.receipt.refund[card.status]
  const receipt = message.payment_intent ? link(message.payment_intent, 'receipts') : undefined
  return html`<article class="card notice-card"><span class="sign" aria-hidden="true">${isReceipt ? '✓' : '↩'}</span>
<div class="card-body"><h3>${title}</h3><p class="card-total">${amounts(card.currency, words)(card.amount)}</p>
<p class="via"><bdi>${message.text}</bdi></p>
${receipt ? html`<a class="more" href="${safeUrl(receipt)}" target="_blank" rel="noopener">${texts.showReceipt}</a>` : nothing}</div></article>`
}

const amounts =
  (currency: string, { language }: ChatWords) =>
  (amount: number): Html =>
    html`<bdi>${showAmount(BigInt(amount), currency, language.tag).replace('-', '−')}</bdi>`
