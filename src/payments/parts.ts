import { type CaptureParts, scaleParts } from '#ledger/revenue.ts'
import type { IntentRow } from './intent-view.ts'

/**
 * What a captured amount is made of: what the checkout says, else what the client sent as `amount_details`, if that adds
 * up. Undefined: nothing is known, all of it is sales. A capture of another amount falls on the parts pro rata.
 */
export const partsOf = (
  { amount, options }: Pick<IntentRow, 'amount' | 'options'>,
  captured: bigint,
): CaptureParts | undefined => {
  const parts = (options.parts as StoredParts | undefined)
    ? readParts(options.parts as StoredParts)
    : fromDetails(amount, options)
  if (!parts) return undefined
  const sum = parts.goods + parts.shipping + parts.tax + parts.tip
  return sum === captured ? parts : scaleParts(parts, captured)
}

type StoredParts = Record<'goods' | 'shipping' | 'tax' | 'tip', string>

const readParts = ({ goods, shipping, tax, tip }: StoredParts): CaptureParts => ({
  goods: BigInt(goods),
  shipping: BigInt(shipping),
  tax: BigInt(tax),
  tip: BigInt(tip),
})

interface Details {
  line_items?: { quantity: number; unit_cost: number }[]
  shipping?: { amount?: number }
  tax?: { total_tax_amount?: number }
}

const fromDetails = (amount: bigint, options: IntentRow['options']): CaptureParts | undefined => {
  const { line_items, shipping, tax } = (options.amount_details as Details | undefined) ?? {}
  const parts = { shipping: BigInt(shipping?.amount ?? 0), tax: BigInt(tax?.total_tax_amount ?? 0), tip: 0n }
  const goods = amount - parts.shipping - parts.tax
  const lines = line_items?.reduce((sum, line) => sum + BigInt(line.quantity) * BigInt(line.unit_cost), 0n)
  const isWhole = goods >= 0n && (lines === undefined || lines === goods)
  return isWhole && (parts.shipping > 0n || parts.tax > 0n) ? { goods, ...parts } : undefined
}
