import type { Card, CardReceipt, CardTotal } from '#channels/card.ts'
import { CardRefusedError } from '#channels/channel.ts'
import type { Fitter } from '#channels/fit.ts'
import { toDecimalString } from '#kernel/money.ts'
import { limits } from './limits.ts'

/**
 * https://developers.facebook.com/docs/messenger-platform/reference/templates/receipt
 * Amounts are decimals in major units. Messenger only shows them and checks no sum, so that we must.
 */
export const receiptPayload = (card: Card, receipt: CardReceipt, fit: Fitter): Record<string, unknown> => {
  const decimal = (amount: bigint): number => decimalOf(amount, card)
  const tips = card.totals.filter(({ kind }) => kind === 'tip')
  const address = addressOf(receipt, fit)
  return {
    template_type: 'receipt',
    recipient_name: fit.text('recipient_name', receipt.payerName || '–', limits.title),
    merchant_name: fit.text('merchant_name', card.merchant.name, limits.title),
    order_number: card.reference,
    currency: card.currency.toUpperCase(),
    payment_method: fit.text('payment_method', receipt.method || '–', limits.title),
    order_url: receipt.url,
    timestamp: String(Math.floor(receipt.paidAt.getTime() / 1000)),
    ...(address ? { address } : {}),
    summary: summaryOf(card, decimal),
    ...adjustmentsOf(card.totals, decimal, fit),
    elements: [
      // Of a quantity the template wants the price of all pieces: its own example adds up that way.
      ...fit.list('elements', card.lines, limits.receiptElements - tips.length).map((line) => ({
        title: fit.text('title', line.name, limits.title),
        ...(line.description ? { subtitle: fit.text('subtitle', line.description, limits.subtitle) } : {}),
        quantity: line.quantity,
        price: decimal(line.amount),
        currency: card.currency.toUpperCase(),
        ...(line.imageUrl ? { image_url: line.imageUrl } : {}),
      })),
      // The template knows no tip: it is shown, and added up, as one more element.
      ...tips.map((tip) => ({
        title: fit.text('title', tip.label, limits.title),
        quantity: 1,
        price: decimal(tip.amount),
        currency: card.currency.toUpperCase(),
      })),
    ],
  }
}

/** Digits, never arithmetic, make the decimal. What a double cannot carry back to the same digits is refused. */
const decimalOf = (amount: bigint, { currency }: Card): number => {
  const digits = toDecimalString(amount, currency)
  if (amount >= 1_000_000_000_000_000n) throw new CardRefusedError(`amount ${digits}: too large for a decimal number`)
  return Number(digits)
}

/** subtotal + shipping + tax − Σ adjustments = total. */
const summaryOf = (card: Card, decimal: (amount: bigint) => number): Record<string, number> => {
  const sum = (...kinds: CardTotal['kind'][]): bigint =>
    card.totals.filter(({ kind }) => kinds.includes(kind)).reduce((total, { amount }) => total + amount, 0n)
  const has = (kind: CardTotal['kind']): boolean => card.totals.some((total) => total.kind === kind)
  const lines = card.lines.reduce((total, { amount }) => total + amount, 0n)
  const goods = has('subtotal') ? sum('subtotal') : lines
  const total = has('total') ? sum('total') : card.amount
  const expected = goods + sum('tip', 'shipping', 'tax', 'discount')
  if (card.totals.length > 1 && expected !== total) {
    throw new CardRefusedError(
      `receipt: the parts add up to ${toDecimalString(expected, card.currency)}, the total says ${toDecimalString(total, card.currency)}`,
    )
  }
  return {
    ...(card.totals.length > 1 ? { subtotal: decimal(goods + sum('tip')) } : {}),
    ...(has('shipping') ? { shipping_cost: decimal(sum('shipping')) } : {}),
    ...(has('tax') ? { total_tax: decimal(sum('tax')) } : {}),
    total_cost: decimal(total),
  }
}

const adjustmentsOf = (totals: readonly CardTotal[], decimal: (amount: bigint) => number, fit: Fitter): object => {
  const discounts = totals.filter(({ kind }) => kind === 'discount')
  if (discounts.length === 0) return {}
  return {
    adjustments: discounts.map(({ label, amount }) => ({
      name: fit.text('adjustment', label, limits.title),
      amount: decimal(-amount),
    })),
  }
}

/** All of it or nothing: the template demands a state, and most countries have none. */
const addressOf = ({ address }: CardReceipt, fit: Fitter): object | undefined => {
  if (!address) return undefined
  const { line1, line2, city, postalCode, state, country } = address
  if (!line1 || !city || !postalCode || !state || !country) {
    fit.warn('address: needs street, city, postal code, state and country, left out')
    return undefined
  }
  return { street_1: line1, ...(line2 ? { street_2: line2 } : {}), city, postal_code: postalCode, state, country }
}
