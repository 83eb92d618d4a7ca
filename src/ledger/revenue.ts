import { allocate } from '#kernel/money.ts'
import { type Line, notNegative } from './posting.ts'

/** What a captured amount is made of, from the order lines. */
export interface CaptureParts {
  readonly goods: bigint
  readonly shipping: bigint
  readonly tax: bigint
  readonly tip: bigint
}

/** The credits of a sale: 4010 · 4020 · 2310 · 2060. Throws when the parts do not add up to the total. */
export const revenueLines = (
  ref: string,
  total: bigint,
  parts: CaptureParts = { goods: total, shipping: 0n, tax: 0n, tip: 0n },
): readonly Line[] => {
  for (const [name, part] of Object.entries(parts)) notNegative(name, part)
  const sum = parts.goods + parts.shipping + parts.tax + parts.tip
  if (sum !== total) throw new RangeError(`the parts of ${ref} add up to ${sum}, not to ${total}`)
  return [
    ['4010', -parts.goods],
    ['4020', -parts.shipping],
    ['2310', -parts.tax],
    ['2060', -parts.tip],
  ]
}

/** The parts of a partial capture: the order's parts pro rata, by largest remainder. */
export const scaleParts = (parts: CaptureParts, total: bigint): CaptureParts => {
  const [goods = 0n, shipping = 0n, tax = 0n, tip = 0n] = allocate(total, [
    parts.goods,
    parts.shipping,
    parts.tax,
    parts.tip,
  ])
  return { goods, shipping, tax, tip }
}

/**
 * The parts of a further capture: pro rata of what earlier captures left of each of the order's parts, so that the last
 * one takes exactly the rest. What exceeds the order falls on its parts again.
 */
export const nextParts = (order: CaptureParts, booked: CaptureParts, amount: bigint): CaptureParts => {
  const rest = (name: keyof CaptureParts): bigint => (booked[name] < order[name] ? order[name] - booked[name] : 0n)
  const left = { goods: rest('goods'), shipping: rest('shipping'), tax: rest('tax'), tip: rest('tip') }
  const open = left.goods + left.shipping + left.tax + left.tip
  if (amount <= open) return scaleParts(left, amount)
  const more = scaleParts(order, amount - open)
  return {
    goods: left.goods + more.goods,
    shipping: left.shipping + more.shipping,
    tax: left.tax + more.tax,
    tip: left.tip + more.tip,
  }
}
