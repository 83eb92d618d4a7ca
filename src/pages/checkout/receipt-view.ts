import { showId } from '#kernel/ids.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import { type Html, html, nothing, safeUrl } from '#pages/web/html.ts'
import type { PaymentPage } from '#payments/page-service.ts'
import { countryName } from './countries.ts'
import { fill } from './fill.ts'
import { backToChat, languageSwitch, merchantHeader, receiptPath, type Scene, whatFor } from './frame.ts'
import { marks } from './marks.ts'
import { methodText, paidCharge, payerText, showAmount } from './order.ts'
import { bill } from './view.ts'

/** What was paid, to whom, when, how, and what came back since. */
export const receiptView = (scene: Scene): Html => {
  const { page, language, texts } = scene
  const { intent } = page
  const isReserved = intent.status === 'requires_capture'
  const amount = isReserved ? intent.amount_authorized || intent.amount : intent.amount_captured
  return html`<main class="sheet receipt" data-state="${isReserved ? 'authorised' : 'paid'}">
${merchantHeader(scene)}
<div class="hero">${isReserved ? marks.authorised : marks.paid}<h1 class="title">${isReserved ? texts.states.authorised.title : texts.receipt.paid}</h1>
<p class="amount"><bdi>${showAmount(amount, intent.currency, language.tag)}</bdi></p>
${whatFor(scene)}</div>
${amount === intent.amount ? bill(scene) : nothing}
${refundLines(scene)}
${facts(scene)}
${sentTo(scene)}
<div class="act">${contact(page, texts)}${backToChat(scene, 'button quiet')}</div>
${languageSwitch({ ...scene, path: receiptPath(scene.path) })}
</main>`
}

const refundLines = ({ page, language, texts }: Scene): Html => {
  const { intent } = page
  const shown = page.refunds.flatMap((refund) => {
    const label = refundLabel(refund.status, texts)
    return label ? [{ ...refund, label }] : []
  })
  if (shown.length === 0) return nothing
  const sum = (amount: bigint) => showAmount(amount, intent.currency, language.tag)
  return html`<ul class="lines refunds">${shown.map(
    ({ label, created_at, amount, status }) =>
      html`<li><span>${label} <span class="times">${day(created_at, language.tag)}</span></span><span class="sum">${status === 'failed' ? html`<s><bdi>${sum(amount)}</bdi></s>` : html`<bdi>${sum(-amount).replace('-', '−')}</bdi>`}</span></li>`,
  )}${intent.amount_refunded > 0n ? html`<li class="total"><span>${texts.receipt.kept}</span><span class="sum"><bdi>${sum(intent.amount_captured - intent.amount_refunded)}</bdi></span></li>` : nothing}</ul>`
}

/** A refund that was called off is no news to the payer. */
const refundLabel = (status: string, { receipt }: Texts): string | undefined => {
  if (status === 'succeeded') return receipt.refund.succeeded
  if (status === 'failed') return receipt.refund.failed
  return status === 'pending' || status === 'requires_action' ? receipt.refund.pending : undefined
}

const facts = ({ page, language, texts }: Scene): Html => {
  const charge = paidCharge(page.charges)
  const method = methodText(charge)
  const payer = payerText(charge, language.tag)
  const rows = [
    { name: texts.receipt.date, value: html`${moment(charge?.created_at ?? page.intent.updated_at, language.tag)}` },
    ...(method ? [{ name: texts.receipt.method, value: html`<bdi dir="ltr">${method}</bdi>` }] : []),
    ...(payer ? [{ name: texts.receipt.payer, value: html`<bdi>${payer}</bdi>` }] : []),
    {
      name: texts.receipt.number,
      value: html`<bdi dir="ltr" class="number">${showId('paymentIntent', page.intent.id)}</bdi>`,
    },
  ]
  return html`<dl class="facts">${rows.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

const sentTo = ({ checkout, language, texts }: Scene): Html => {
  const { address, buyer } = checkout?.cart ?? {}
  if (!address) return nothing
  const { line1, line2, city, state, postalCode, country } = address
  const lines = [
    address.name ?? buyer?.name,
    line1,
    line2,
    [postalCode, city].filter(Boolean).join(' '),
    state,
    countryName(country, language.tag),
  ].filter((line) => line !== undefined && line !== '')
  return html`<div class="sent-to"><p class="times">${texts.order.sendTo}</p><address>${lines.map((line) => html`<bdi>${line}</bdi><br>`)}</address></div>`
}

const contact = ({ merchant }: PaymentPage, texts: Texts): Html => {
  const { support_email, support_url, support_phone } = merchant.settings
  const phone = support_phone ? `tel:${support_phone.replaceAll(/[^+\d]/g, '')}` : undefined
  const url = support_email ? `mailto:${support_email}` : support_url || phone
  return url
    ? html`<p class="small row contact"><a href="${safeUrl(url)}">${fill(texts.receipt.contact, { merchant: merchant.name })}</a></p>`
    : nothing
}

const day = (date: Date, tag: string): string =>
  new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeZone: 'UTC' }).format(date)

/** With its time zone: the server does not know the payer's. */
const moment = (date: Date, tag: string): string =>
  new Intl.DateTimeFormat(tag, {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(date)
