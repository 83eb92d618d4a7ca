import { allocate } from '#kernel/money.ts'
import { type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'
import type { CaptureParts } from './revenue.ts'

/**
 * A discount of the merchant's own, which the provider took off the price: the sale was booked whole, and that much of
 * it never arrives. Dr 4090 · 2310 / Cr 1110. It lowers the price, and with it the tax on the price, pro rata by largest
 * remainder (the taxable amount is what the buyer pays: Directive 2006/112/EC, articles 73, 79 and 90); a tip is no part
 * of the price. Without `parts` all of it is sales. What others pay for the payer arrives with the rest and is no entry.
 */
export const postDiscounted = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; amount: bigint; parts?: CaptureParts },
): Posting | undefined => {
  const { providerChargeRef: ref, total, parts } = event
  const amount = partOf('a discount', event.amount, total)
  const price = parts ? { sales: parts.goods + parts.shipping, tax: parts.tax } : { sales: total, tax: 0n }
  const legs = discountLegs(amount, price)
  return posting(event, { ref, kind: 'discount', description: `Own discount on ${ref}` }, [
    ['4090', legs.sales],
    ['2310', legs.tax],
    ['1110', -amount],
  ])
}

/** What of a payment's discounts has not been given back yet, by the account that was debited. */
export interface Discounted {
  readonly sales: bigint
  readonly tax: bigint
}

/**
 * The discount's part of a refund: the refund is booked whole, but what never arrived does not leave again.
 * Dr 1110 / Cr 4090 · 2310, pro rata of what is *left* of each, so that the last refund takes exactly the rest. Without
 * `left` all of it was sales.
 */
export const postDiscountReturned = (
  event: MoneyEvent & { refundId: string; total: bigint; amount: bigint; left?: Discounted | undefined },
): Posting | undefined => {
  const amount = partOf('a discount', event.amount, notNegative('a refund', event.total))
  const { refundId: ref, left = { sales: amount, tax: 0n } } = event
  const legs = discountLegs(amount, left)
  return posting(event, { ref, kind: 'discount_refund', description: `Own discount in refund ${ref}` }, [
    ['1110', amount],
    ['4090', -legs.sales],
    ['2310', -legs.tax],
  ])
}

/** How a discount falls on a price and the tax in it. What exceeds both, a tip perhaps, is the merchant's to bear. */
const discountLegs = (amount: bigint, { sales, tax }: Discounted): Discounted => {
  const base = notNegative('a price', sales) + notNegative('tax', tax)
  if (base === 0n) return { sales: amount, tax: 0n }
  const [, taxed = 0n] = allocate(amount < base ? amount : base, [sales, tax])
  return { sales: amount - taxed, tax: taxed }
}
