import { allocate } from '#kernel/money.ts'
import { type Cart, type CartLine, chosenOption, type Quote } from './cart.ts'
import { containedIn, parseRate, shareOf } from './rate.ts'

/**
 * The price of a cart with `discount` (≤ the lines' sum) off its goods. The discount is spread over the lines, and the
 * tax of each rate is rounded once, halves up, and spread over what it falls on: both by largest remainder, so that
 * the parts add up to the unit. The order of the lines changes no amount.
 */
export const priceCart = (cart: Cart, discount: bigint): Omit<Quote, 'messages'> => {
  const amounts = cart.lines.map(({ quantity, unitAmount }) => BigInt(quantity) * unitAmount)
  const base = sum(amounts)
  const discounts = spread(discount, amounts, cart.lines)
  const option = chosenOption(cart)
  const shipping = option?.amount ?? 0n
  const taxed = [
    ...cart.lines.map(({ taxRate }, index) => ({ rate: taxRate, amount: at(amounts, index) - at(discounts, index) })),
    { rate: option?.taxRate, amount: shipping },
  ]
  const { parts: taxParts, taxes } = taxOf(taxed, cart.taxBehavior)
  const tax = sum(taxParts)
  const isOnTop = cart.taxBehavior === 'exclusive'
  const tip = cart.tip.amount
  const lines = amounts.map((amount, index) => {
    const net = amount - at(discounts, index)
    const lineTax = at(taxParts, index)
    return { amount, discount: at(discounts, index), tax: lineTax, total: isOnTop ? net + lineTax : net }
  })
  const shippingTax = at(taxParts, cart.lines.length)
  const goods = base - discount
  return {
    lines,
    base,
    discount,
    shipping,
    tax,
    taxBehavior: cart.taxBehavior,
    taxes,
    tip,
    total: goods + shipping + tip + (isOnTop ? tax : 0n),
    parts: isOnTop
      ? { goods, shipping, tax, tip }
      : { goods: goods - (tax - shippingTax), shipping: shipping - shippingTax, tax, tip },
  }
}

/** Spreads an amount over the lines. Ties go by what the lines are, not by where they stand. */
const spread = (amount: bigint, weights: readonly bigint[], lines: readonly CartLine[]): bigint[] => {
  if (amount === 0n) return weights.map(() => 0n)
  const order = weights
    .map((weight, index) => ({ weight, index, rate: lines[index]?.taxRate ?? '' }))
    .sort((a, b) => compare(b.weight, a.weight) || compare(a.rate, b.rate))
  const parts = allocate(
    amount,
    order.map(({ weight }) => weight),
  )
  const byIndex = new Map(order.map(({ index }, place) => [index, at(parts, place)]))
  return weights.map((_, index) => byIndex.get(index) ?? 0n)
}

interface Taxed {
  rate: string | undefined
  amount: bigint
}

/** Tax by rate: the whole of a rate is rounded once, then spread over what it falls on. */
const taxOf = (taxed: readonly Taxed[], behavior: Quote['taxBehavior']) => {
  const parts = taxed.map(() => 0n)
  const taxes: { rate: string; amount: bigint }[] = []
  const groups = Map.groupBy(taxed.keys(), (index) => parseRate(taxed[index]?.rate ?? '0'))
  for (const [rate, indexes] of [...groups].sort(([a], [b]) => compare(b, a))) {
    const amounts = indexes.map((index) => taxed[index]?.amount ?? 0n)
    const whole = sum(amounts)
    if (rate === 0n || whole === 0n) continue
    const tax = behavior === 'exclusive' ? shareOf(whole, rate) : containedIn(whole, rate)
    for (const [place, part] of allocate(tax, amounts).entries()) parts[at(indexes, place)] = part
    taxes.push({ rate: taxed[at(indexes, 0)]?.rate ?? '0', amount: tax })
  }
  return { parts, taxes }
}

const compare = <T extends bigint | string>(a: T, b: T): number => (a === b ? 0 : a < b ? -1 : 1)

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

const at = <T>(list: readonly T[], index: number): T => {
  const one = list[index]
  if (one === undefined) throw new RangeError(`nothing at ${index}`)
  return one
}
