import { isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import { type Fragment, fragment } from '#pages/chat/fragment.ts'
import { curlOf } from '#pages/web/curl.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import { isRefundable } from './bot.ts'
import type { Entries, Intent } from './shapes.ts'
import { type Line, lineKey, type Story } from './story.ts'

/** The engineer's side, in English and in decimals: the shop's orders, the numbers, and line by line what happened. */
export const panelFragments = (story: Story, publicUrl: string): Fragment[] => [
  counts(story),
  ...shop(story),
  ...story.lines.map((line) => lineFragment(line, publicUrl)),
]

export const jsonHref = (path: string): string => `/demo/json?path=${encodeURIComponent(path)}`

const names: Record<Line['kind'], string> = {
  call: 'API call',
  routing: 'Decision',
  provider: 'To provider',
  webhook: 'Webhook',
  event: 'Event',
  ledger: 'Ledger',
  message: 'Chat',
}

const lineFragment = (line: Line, publicUrl: string): Fragment => {
  const time = line.at.slice(11, 23)
  return fragment(
    'lines',
    `line-${line.id}`,
    lineKey(line),
    { tag: 'li', class: `line ${line.kind}` },
    html`<div class="line-head"><span class="kind">${names[line.kind]}</span><a class="line-text" href="${jsonHref(line.path)}">${shorten(line.text)}</a><time datetime="${line.at}">${time}</time></div>
${line.entries ? entriesTable(line.entries) : nothing}
<details class="curl"><summary>curl</summary><pre tabindex="0"><code>${curlOf(publicUrl, line.call)}</code></pre></details>`,
  )
}

/** Ids are for machines: the link has them whole. */
const shorten = (text: string): string => text.replaceAll(/\b([a-z]{2,4}_)[0-9a-z]{22}([0-9a-z]{4})\b/g, '$1…$2')

const decimal = (amount: number, currency: string): string => {
  if (!isCurrency(currency)) return String(amount)
  return toDecimalString(BigInt(amount < 0 ? -amount : amount), currency)
}

const entriesTable = (entries: Entries): Html =>
  html`<table class="entries"><thead class="unseen"><tr><th scope="col">Account</th><th scope="col">Debit</th><th scope="col">Credit</th></tr></thead><tbody>${entries.map(
    ({ account, name, currency, amount }) =>
      html`<tr><td><span class="code">${account}</span> ${name}</td>${
        amount >= 0
          ? html`<td class="money">${decimal(amount, currency)}</td><td></td>`
          : html`<td></td><td class="money">${decimal(amount, currency)}</td>`
      }</tr>`,
  )}</tbody></table>`

const counts = ({ intents, lines }: Story): Fragment => {
  const count = (kind: Line['kind']) => lines.filter((line) => line.kind === kind).length
  const entries = lines.flatMap((line) => line.entries ?? [])
  const numbers: [string, number][] = [
    ['payments', intents.length],
    ['webhooks', count('webhook')],
    ['events', count('event')],
    ['ledger entries', entries.length],
  ]
  return fragment(
    'counts',
    'numbers',
    '',
    { tag: 'div', class: 'numbers' },
    html`<dl>${numbers.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${entries.length === 0 ? html`<p class="balance">Nothing is booked yet.</p>` : balances(entries)}`,
  )
}

/** Of each currency: debit and credit are the same. */
const balances = (entries: Entries): Html[] =>
  [...new Set(entries.map(({ currency }) => currency))].map((currency) => {
    const amounts = entries.filter((entry) => entry.currency === currency).map(({ amount }) => amount)
    const debit = amounts.reduce((sum, amount) => (amount > 0 ? sum + amount : sum), 0)
    const credit = amounts.reduce((sum, amount) => (amount < 0 ? sum - amount : sum), 0)
    return html`<p class="balance">Debit ${decimal(debit, currency)} ${debit === credit ? '=' : '≠'} credit ${decimal(credit, currency)} ${currency.toUpperCase()}${debit === credit ? html` <span class="good">✓</span>` : nothing}</p>`
  })

/** What the shop's people see: orders that were paid, and requests that only they may grant. */
const shop = ({ intents, refundRequests }: Story): Fragment[] =>
  intents
    .filter(({ status }) => status === 'succeeded')
    .map((intent) =>
      fragment(
        'shop',
        `order-${intent.id}`,
        String(intent.created),
        { tag: 'li', class: 'order' },
        order(intent, refundRequests.has(intent.id)),
      ),
    )

const order = (intent: Intent, isAsked: boolean): Html => {
  const { id, amount_received, amount_refunded, currency, description } = intent
  const sum = html`<span class="money">${decimal(amount_received, currency)} ${currency.toUpperCase()}</span>`
  if (amount_refunded > 0) return html`<span>${description} ${sum}</span><span class="badge">Refunded</span>`
  if (!isAsked || !isRefundable(intent))
    return html`<span>${description} ${sum}</span><span class="badge good">Paid</span>`
  return html`<span>${description} ${sum}<br><strong>The customer asks for a refund.</strong></span>
<form method="post" action="/demo/grant" data-say><button class="button small-button" name="payment_intent" value="${id}">Grant</button></form>`
}
