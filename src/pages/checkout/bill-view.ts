import { chosenOption } from '#checkout/cart.ts'
import type { Checkout } from '#checkout/checkout-view.ts'
import { labelsFor } from '#checkout/labels.ts'
import { type Html, html, nothing } from '#pages/web/html.ts'
import type { Language } from '#pages/web/locale.ts'
import { billLines } from './frame.ts'
import { showAmount } from './order.ts'

/** The lines of an order, before discount and tax. */
export const orderedLines = ({ row, cart, quote }: Checkout, { tag }: Language): Html =>
  billLines(
    cart.lines.map(({ name, quantity }, index) => ({ name, quantity, amount: quote.lines[index]?.amount ?? 0n })),
    row.currency,
    tag,
  )

/** From the lines' sum to the total, as it was computed; nothing where the two are the same. */
export const totals = (checkout: Checkout, { locale, tag }: Language): Html => {
  const { row, cart, quote } = checkout
  const labels = labelsFor(locale)
  const isOnTop = quote.taxBehavior === 'exclusive'
  const rows = [
    ...(quote.discount > 0n ? [{ name: named(labels.discount, cart.promotionCode), amount: -quote.discount }] : []),
    ...(chosenOption(cart) ? [{ name: chosenOption(cart)?.title ?? labels.delivery, amount: quote.shipping }] : []),
    ...(isOnTop && quote.tax > 0n ? [{ name: labels.tax, amount: quote.tax }] : []),
    ...(quote.tip > 0n ? [{ name: labels.tip, amount: quote.tip }] : []),
  ]
  const show = (amount: bigint) => html`<bdi>${showAmount(amount, row.currency, tag).replace('-', '−')}</bdi>`
  const included = !isOnTop && quote.tax > 0n
  if (rows.length === 0 && !included && cart.lines.length < 2) return nothing
  const line = (name: string, amount: bigint) => html`<div><dt>${name}</dt><dd class="sum">${show(amount)}</dd></div>`
  return html`<dl class="totals">${rows.length > 0 ? line(labels.subtotal, quote.base) : nothing}${rows.map(({ name, amount }) => line(name, amount))}
<div class="total"><dt>${labels.total}${included ? html` <span class="times">${labels.taxIncluded}: ${show(quote.tax)}</span>` : nothing}</dt><dd class="sum">${show(quote.total)}</dd></div></dl>`
}

const named = (label: string, code: string | undefined): string => (code === undefined ? label : `${label} (${code})`)
