import { type Fragment, fragment } from '#pages/chat/fragment.ts'
import { fill, fillText } from '#pages/checkout/fill.ts'
import { showAmount } from '#pages/checkout/order.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import type { Language } from '#pages/web/locale.ts'
import { refundMark, showsWindow } from './bot.ts'
import { type Bouquet, bouquetBySku, bouquets, pricesOf, type ShopCurrency } from './bouquets.ts'
import type { Intent, Message } from './shapes.ts'
import type { Story } from './story.ts'
import type { DemoWords } from './words.ts'

export interface Speech {
  language: Language
  texts: Texts
  words: DemoWords
}

/** The chat: the greeting, then what the thread holds, day by day, then the buttons to answer with. */
export const chatFragments = ({ messages, intents }: Story, speech: Speech, now: Date): Fragment[] => {
  const first = messages[0]
  const start = first ? new Date(first.created * 1000) : now
  const days = new Set<string>()
  const items = messages.flatMap((message) => {
    const day = dayOf(new Date(message.created * 1000))
    const key = `${day}T${message.id}`
    const separator =
      days.has(day) || day === dayOf(start) ? [] : [daySeparator(new Date(message.created * 1000), speech, now)]
    days.add(day)
    return [
      ...separator,
      fragment('messages', message.id, key, { tag: 'li', class: classOf(message) }, bubble(message, intents, speech)),
    ]
  })
  const greeting = fragment(
    'messages',
    'greeting',
    `${dayOf(start)}T#`,
    { tag: 'li', class: 'item bot' },
    says(html`${speech.words.greeting}`),
  )
  return [daySeparator(start, speech, now), greeting, ...items, replies(messages, intents, speech)]
}

const dayOf = (date: Date): string => date.toISOString().slice(0, 10)

const daySeparator = (date: Date, { language }: Speech, now: Date): Fragment => {
  const day = dayOf(date)
  const label =
    day === dayOf(now)
      ? new Intl.RelativeTimeFormat(language.tag, { numeric: 'auto' }).format(0, 'day')
      : new Intl.DateTimeFormat(language.tag, { dateStyle: 'medium', timeZone: 'UTC' }).format(date)
  return fragment('messages', `day-${day}`, `${day}`, { tag: 'li', class: 'day' }, html`<span>${label}</span>`)
}

const classOf = ({ direction, card }: Message): string =>
  `item ${direction === 'in' ? 'me' : 'bot'}${card ? ` ${card.type}` : ''}`

const says = (text: Html): Html => html`<p class="bubble">${text}</p>`

const bubble = (message: Message, intents: readonly Intent[], speech: Speech): Html => {
  const { card, text } = message
  const intent = intents.find(({ id }) => id === message.payment_intent)
  if (card?.type === 'payment_request') return html`${says(html`${text}`)}${paymentCard(intent, card, speech)}`
  if (card) return noticeCard(card, text, intent, speech)
  if (message.metadata.show === showsWindow) return html`${says(html`${text}`)}${shopWindow(speech)}`
  return says(html`<bdi>${text}</bdi>`)
}

const shopWindow = ({
  language,
  words,
}: Speech): Html => html`<form class="window" method="post" action="/demo/say" data-say>
${bouquets.map(
  ({
    sku,
    name,
    price,
  }) => html`<button class="bouquet" name="text" value="${fillText(words.buy.replace('{name}', '{merchant}'), { merchant: name })}">
<img src="/demo/art/${sku}.svg" alt="" width="160" height="100"><span class="bouquet-name">${name}</span><span class="bouquet-price"><bdi>${showAmount(BigInt(price), 'eur', language.tag)}</bdi></span></button>`,
)}
</form>`

type RequestCard = Extract<Message['card'], { type: 'payment_request' }>

const paymentCard = (intent: Intent | undefined, card: RequestCard, speech: Speech): Html => {
  const { language, texts } = speech
  const bouquet = bouquetBySku(intent?.metadata.sku)
  const amount = showAmount(BigInt(card.amount), card.currency, language.tag)
  const currency = card.currency === 'cny' ? 'cny' : 'eur'
  return html`<article class="card">
${bouquet ? html`<img class="picture" src="/demo/art/${bouquet.sku}.svg" alt="" width="320" height="200">` : nothing}
<div class="card-body"><h3><bdi>${card.title}</bdi></h3>
${bouquet ? bill(bouquet, currency, speech) : nothing}
<p class="card-total"><bdi>${amount}</bdi></p>
${cardAction(card, amount, speech)}
${isOpen(card.status) && currency === 'eur' ? testCards(texts) : nothing}</div></article>`
}

const bill = (bouquet: Bouquet, currency: ShopCurrency, { language, texts }: Speech): Html => {
  const prices = pricesOf(bouquet, currency)
  const sum = (amount: number) => html`<bdi>${showAmount(BigInt(amount), currency, language.tag)}</bdi>`
  return html`<p class="card-bill">${sum(prices.bouquet)} + ${texts.delivery} ${sum(prices.delivery)}</p>`
}

const isOpen = (status: string): boolean => status === 'requires_payment_method' || status === 'requires_confirmation'

/** A path, not the whole address: the chat and the checkout stay on the host that the visitor came by. */
const pathOf = (url: string): string => URL.parse(url)?.pathname ?? '/demo'

const cardAction = ({ status, checkout_url }: RequestCard, amount: string, { texts }: Speech): Html => {
  const path = pathOf(checkout_url)
  if (isOpen(status)) return html`<a class="button" href="${path}"><span>${fill(texts.pay, { amount })}</span></a>`
  if (status === 'requires_action') return html`<a class="button" href="${path}">${texts.confirm}</a>`
  if (status === 'succeeded') return html`<p class="badge good">✓ ${texts.receipt.paid}</p>`
  if (status === 'canceled') return html`<p class="badge">${texts.states.canceled.title}</p>`
  return html`<p class="badge">${status === 'requires_capture' ? texts.states.authorised.title : texts.states.processing.title}</p>`
}

type NoticeCard = Exclude<NonNullable<Message['card']>, RequestCard>

const noticeCard = (card: NoticeCard, text: string, intent: Intent | undefined, { language, texts }: Speech): Html => {
  const amount = showAmount(BigInt(card.amount), card.currency, language.tag)
  const isReceipt = card.type === 'receipt'
  const title = isReceipt
    ? texts.receipt.title
    : texts.receipt.refund[card.status === 'failed' ? 'failed' : 'succeeded']
  const sign = isReceipt ? '✓' : card.status === 'failed' ? '!' : '↩'
  const path = intent && pathOf(intent.checkout_url).replace(/^\/pay\//, '/receipts/')
  return html`<article class="card notice-card ${card.type}">
<p class="sign" aria-hidden="true">${sign}</p><div class="card-body"><h3>${title}</h3><p class="card-total"><bdi>${amount}</bdi></p><p class="card-bill">${text}</p>
${path ? html`<a class="more" href="${path}">${texts.showReceipt}</a>` : nothing}</div></article>`
}

const testCards = ({ test }: Texts): Html => html`<details class="test"><summary>${test.cards}</summary><dl>
<div><dt><bdi dir="ltr">4242 4242 4242 4242</bdi></dt><dd>${test.succeeds}</dd></div>
<div><dt><bdi dir="ltr">4000 0000 0000 0002</bdi></dt><dd>${test.declines}</dd></div>
<div><dt><bdi dir="ltr">4000 0025 0000 3155</bdi></dt><dd>${test.confirms}</dd></div>
<div><dt><bdi dir="ltr">4242 4242 4242 4241</bdi></dt><dd>${test.wrong}</dd></div>
</dl></details>`

/** What one may want to say next. */
const replies = (messages: readonly Message[], intents: readonly Intent[], { words }: Speech): Fragment => {
  const hasPaid = intents.some(({ status }) => status === 'succeeded')
  const isAsked = messages.some(({ metadata }) => metadata[refundMark] !== undefined)
  const options = [
    words.show,
    words.wechat,
    ...(hasPaid && !isAsked ? [words.refund] : []),
    words.delivery,
    ...(hasPaid && isAsked ? [words.refund] : []),
    words.help,
  ]
  return fragment(
    'replies',
    'options',
    '',
    { tag: 'div', class: 'options' },
    html`${options.map((text) => html`<button class="reply" name="text" value="${text}">${text}</button>`)}`,
  )
}
