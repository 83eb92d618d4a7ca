import { type Html, html } from '#sandbox/kit/html.ts'
import { formatAmount } from '../rules/currencies.ts'
import type { Row } from '../store/documents.ts'

export type FormState = {
  method: string
  cardNumber: string
  exp: string
  cvc: string
  name: string
  fault: { field: 'number' | 'exp' | 'cvc'; message: string } | null
  alert: string | null
}

export const EMPTY_FORM: FormState = {
  method: 'card',
  cardNumber: '',
  exp: '',
  cvc: '',
  name: '',
  fault: null,
  alert: null,
}

/** Tapping one fills the form in, without a script: it is an ordinary link to this page. */
export const TEST_CARDS = [
  { key: 'success', number: '4242 4242 4242 4242', what: 'Succeeds' },
  { key: 'mastercard', number: '5555 5555 5555 4444', what: 'Succeeds' },
  { key: 'declined', number: '4000 0000 0000 0002', what: 'Declined' },
  { key: 'funds', number: '4000 0000 0000 9995', what: 'Insufficient funds' },
  { key: 'expired', number: '4000 0000 0000 0069', what: 'Expired card' },
  { key: 'bank', number: '4000 0000 0000 3220', what: '3-D Secure' },
  { key: 'dispute', number: '4000 0000 0000 0259', what: 'Disputed later' },
  { key: 'refund', number: '4000 0000 0000 5126', what: 'Refund fails' },
] as const

export function checkoutView(session: Row<'checkout.session'>, form: FormState): Html {
  const { doc, hidden } = session
  const locale = localeOf(doc.locale)
  const isSetup = doc.mode === 'setup'
  const total = isSetup ? 'Save a card' : formatAmount(doc.amount_total ?? 0, doc.currency ?? 'usd', locale)
  const items = hidden.lineItems.map(
    ({ description, quantity, amount_total, currency }) =>
      html`<li><span>${description} <span class="muted">×${quantity}</span></span><span>${formatAmount(amount_total, currency, locale)}</span></li>`,
  )
  return html`<div class="card">
<div class="head"><h1>Checkout</h1><span class="mode">Test mode</span></div>
<p class="amount">${total}</p>
<ul class="items">${items}</ul>
${form.alert !== null && html`<p class="alert" role="alert">${form.alert}</p>`}
<form method="post" action="/c/pay/${doc.id}" novalidate>
${methodChoice(doc.payment_method_types, form.method)}
<div class="card-fields">${cardFields(form)}</div>
<button id="pay" type="submit">${isSetup ? total : `Pay ${total}`}</button>
</form>
<p class="foot"><span>Simulated by the sandbox</span>${doc.cancel_url !== null && html`<a id="cancel" href="${doc.cancel_url}">Cancel and go back</a>`}</p>
</div>
${testCards(doc.id)}`
}

export function localeOf(locale: string | null): string {
  if (locale === null || locale === 'auto') return 'en'
  try {
    return new Intl.Locale(locale).toString()
  } catch {
    return 'en'
  }
}

function methodChoice(types: readonly string[], chosen: string): Html | null {
  if (!types.includes('sepa_debit')) return null
  const options = [
    ['card', 'Card'],
    ['bank', 'Pay by bank (settles later)'],
    ['bank_fails', 'Pay by bank (fails later)'],
  ].filter(([value]) => value !== 'card' || types.includes('card'))
  const fallback = types.includes('card') ? 'card' : 'bank'
  const selected = options.some(([value]) => value === chosen) ? chosen : fallback
  return html`<fieldset><legend>How would you like to pay?</legend>${options.map(
    ([value = '', label = '']) =>
      html`<label class="choice"><input type="radio" name="method" value="${value}"${value === selected && CHECKED}>${label}</label>`,
  )}</fieldset>`
}

function cardFields(form: FormState): Html {
  const { fault } = form
  const input = (id: string, label: string, value: string, field: string, hints: Html) => html`<div class="field">
<label for="${id}">${label}</label>
<input type="text" id="${id}" name="${id}" value="${value}" ${hints}${fault?.field === field && html` aria-invalid="true" aria-describedby="${id}-error" autofocus`}>
${fault?.field === field && html`<p class="error" id="${id}-error">${fault.message}</p>`}
</div>`
  const digits = (autocomplete: string, placeholder: string, max: number) =>
    html`inputmode="numeric" autocomplete="${autocomplete}" placeholder="${placeholder}" maxlength="${max}"`
  return html`${input('card_number', 'Card number', form.cardNumber, 'number', digits('cc-number', '1234 1234 1234 1234', 24))}
<div class="pair">
${input('exp', 'Expires', form.exp, 'exp', digits('cc-exp', 'MM / YY', 9))}
${input('cvc', 'Security code', form.cvc, 'cvc', digits('cc-csc', 'CVC', 4))}
</div>
${input('name', 'Name on card', form.name, 'name', html`autocomplete="cc-name" maxlength="120"`)}`
}

function testCards(sessionId: string): Html {
  const rows = TEST_CARDS.map(
    ({ key, number, what }) =>
      html`<tr><td><a href="/c/pay/${sessionId}?card=${key}">${number}</a></td><td>${what}</td></tr>`,
  )
  return html`<details><summary>Test cards: tap one to fill it in</summary><table>${rows}</table></details>`
}

const CHECKED: Html = { markup: ' checked' }
