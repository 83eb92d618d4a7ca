import { type Html, html, nothing } from '#pages/web/html.ts'
import { orderedLines, totals } from './bill-view.ts'
import { codeField, deliveryChoice, tipChoice } from './choices-view.ts'
import { addressFields, contactFields, type Drawing, sentenceOf } from './fields-view.ts'
import { fill } from './fill.ts'
import { askedOf, typedOf } from './form-fields.ts'
import { linkTo, type Scene } from './frame.ts'
import { bridgeWords } from './hand-over-view.ts'
import { hasKept, keepChoice, keptButtons, removeButtons } from './kept-view.ts'
import { showAmount } from './order.ts'

/**
 * An order on one page: what it is, what is still asked, what it costs, one button. A plain form; the script only
 * redraws what is marked as live when a choice changes the total.
 */
export const orderView = (scene: Scene): Html => {
  const { checkout } = scene
  if (!checkout) return nothing
  const { cart, row } = checkout
  const typed = scene.form?.typed ?? typedOf(cart, row.currency, scene.language.tag)
  const drawing: Drawing = { ...scene, checkout, typed, asked: askedOf(cart) }
  return html`${orderedLines(checkout, scene.language)}
<form class="order" method="post" action="${linkTo(scene)}" novalidate>
<button name="do" value="update" hidden></button>
${contactFields(drawing)}
${addressFields(drawing)}
<div data-live id="choices">${deliveryChoice(drawing)}
${tipChoice(drawing)}
${codeField(drawing)}</div>
<div data-live id="bill">${totals(checkout, scene.language)}</div>
${checkout.quote.total === 0n || hasKept(scene) ? nothing : keepChoice(scene)}
<div class="act" data-live id="act">${payButton(drawing)}</div>
</form>
<p class="unseen" role="status" data-live id="said">${showAmount(checkout.quote.total, row.currency, scene.language.tag)}</p>`
}

/** It says what will be paid, and sends what it said. */
const payButton = (drawing: Drawing): Html => {
  const { checkout, language, texts } = drawing
  const { row, quote } = checkout
  const amount = showAmount(quote.total, row.currency, language.tag)
  const total = html`<input type="hidden" name="total" value="${quote.total}">`
  if (quote.total > 0n && hasKept(drawing))
    return html`${total}${keptButtons(drawing, quote.total, { another: html`${texts.kept.another}` })}${removeButtons(drawing)}`
  return html`${total}
<button class="button" name="do" value="pay"><span>${quote.total === 0n ? texts.order.place : fill(texts.pay, { amount })}</span></button>`
}

/** What has to be read before going on; the focus begins here. */
export const orderAlert = (scene: Scene): Html => {
  const { checkout, form, notice, texts, language, page } = scene
  if (form && form.problems.length > 0 && checkout) {
    const drawing: Drawing = { ...scene, checkout, typed: form.typed, asked: askedOf(checkout.cart) }
    return alert(
      html`<p>${texts.order.check}</p><ul>${form.problems.map(({ field, code }) => html`<li><a href="#${field === 'shipping_option' ? 'delivery' : field}">${sentenceOf(drawing, code)}</a></li>`)}</ul>`,
    )
  }
  switch (notice?.kind) {
    case undefined:
      return nothing
    case 'changed': {
      const amount = showAmount(checkout?.quote.total ?? page.intent.amount, page.intent.currency, language.tag)
      return alert(html`<p>${fill(texts.order.totalChanged, { amount })}</p>`)
    }
    case 'refused':
      return alert(
        html`${notice.words ? html`<p dir="auto">${notice.words}</p><p>${texts.nothingCharged}</p>` : html`<p>${fill(texts.order.refused, { merchant: page.merchant.name })}</p>`}`,
      )
    case 'other':
      return alert(html`<p>${texts.askedOfOther}</p>`)
    case 'canceled':
    case 'failed':
    case 'silent':
      return alert(html`<p>${bridgeWords(scene, notice.kind)}</p>`)
    case 'later':
      return alert(html`<p>${texts.order.tryLater}</p>`)
    default:
      return notice satisfies never
  }
}

const alert = (inner: Html): Html =>
  html`<div class="alert" role="alert" id="alert" tabindex="-1" autofocus>${inner}</div>`
