import { toJsonAmount } from '#kernel/money.ts'
import { type Cart, chosenOption, type Quote } from './cart.ts'
import type { Labels } from './labels.ts'

/**
 * The order as lines that add up to the total, as Stripe's `amount_details` has them: the provider's page shows only
 * lines of quantity × unit cost, so a reduced line whose price no longer divides is shown as one piece.
 */
export const orderLines = (cart: Cart, quote: Quote, labels: Labels) => {
  const goods = cart.lines.flatMap(({ name, quantity, reference }, index) => {
    const { amount = 0n, discount = 0n } = quote.lines[index] ?? {}
    return lineOf(name, quantity, amount - discount, reference)
  })
  const isOnTop = quote.taxBehavior === 'exclusive'
  return [
    ...goods,
    ...extra(chosenOption(cart)?.title ?? labels.delivery, quote.shipping),
    ...extra(labels.tax, isOnTop ? quote.tax : 0n),
    ...extra(labels.tip, quote.tip),
  ]
}

const lineOf = (name: string, quantity: number, amount: bigint, reference: string | undefined) => {
  const code = reference === undefined ? {} : { product_code: reference }
  const isWhole = amount % BigInt(quantity) === 0n
  return isWhole
    ? [{ product_name: name, quantity, unit_cost: toJsonAmount(amount / BigInt(quantity)), ...code }]
    : [{ product_name: `${name} × ${quantity}`, quantity: 1, unit_cost: toJsonAmount(amount), ...code }]
}

const extra = (name: string, amount: bigint) =>
  amount === 0n ? [] : [{ product_name: name, quantity: 1, unit_cost: toJsonAmount(amount) }]
