import { toJsonAmount } from '#kernel/money.ts'
import type { Quote, QuotedLine } from './cart.ts'
import type { Labels } from './labels.ts'

/** Types of the Agentic Commerce Protocol's totals (2026-04-17, `Total`) that a checkout has. Amounts are ≥ 0. */
export interface TotalView {
  type: 'items_base_amount' | 'discount' | 'subtotal' | 'fulfillment' | 'tax' | 'tip' | 'total'
  display_text: string
  amount: number
  description?: string
}

/**
 * subtotal − discount + fulfillment + tax + tip = total. Tax that the prices contain has no row of its own, for it would
 * be counted twice; the total's description says how much it is.
 */
export const showTotals = (quote: Quote, labels: Labels, code?: string): TotalView[] => {
  const isOnTop = quote.taxBehavior === 'exclusive'
  const taxText = `${labels.taxIncluded} (${quote.taxes.map(({ rate }) => `${rate} %`).join(', ')})`
  return [
    row('items_base_amount', labels.items, quote.base),
    row('subtotal', labels.subtotal, quote.base),
    ...some('discount', code === undefined ? labels.discount : `${labels.discount} (${code})`, quote.discount),
    ...some('fulfillment', labels.delivery, quote.shipping),
    ...(isOnTop ? some('tax', labels.tax, quote.tax) : []),
    ...some('tip', labels.tip, quote.tip),
    {
      ...row('total', labels.total, quote.total),
      ...(!isOnTop && quote.tax > 0n ? { description: taxText } : {}),
    },
  ]
}

/** The same of one line: items_base_amount − discount = subtotal, + tax = total. */
export const showLineTotals = (line: QuotedLine, labels: Labels): TotalView[] => {
  const net = line.amount - line.discount
  return [
    row('items_base_amount', labels.items, line.amount),
    ...some('discount', labels.discount, line.discount),
    row('subtotal', labels.subtotal, net),
    ...some('tax', labels.tax, line.total - net),
    row('total', labels.total, line.total),
  ]
}

const row = (type: TotalView['type'], display_text: string, amount: bigint): TotalView => ({
  type,
  display_text,
  amount: toJsonAmount(amount),
})

const some = (type: TotalView['type'], text: string, amount: bigint): TotalView[] =>
  amount === 0n ? [] : [row(type, text, amount)]
