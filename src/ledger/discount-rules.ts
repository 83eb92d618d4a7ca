import { type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'

/**
 * A discount of the merchant's own, which the provider took off the price: the sale was booked whole, and that much of
 * it never arrives. Dr 4090 / Cr 1110. What others pay for the payer arrives with the rest and is no entry. Whether it
 * lowers the tax on the sale is for the merchant's tax adviser; it is not booked by itself.
 */
export const postDiscounted = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; amount: bigint },
): Posting | undefined => {
  const amount = partOf('a discount', event.amount, event.total)
  const ref = event.providerChargeRef
  return posting(event, { ref, kind: 'discount', description: `Own discount on ${ref}` }, [
    ['4090', amount],
    ['1110', -amount],
  ])
}

/**
 * The discount's part of a refund: the refund is booked whole, but what never arrived does not leave again.
 * Dr 1110 / Cr 4090.
 */
export const postDiscountReturned = (
  event: MoneyEvent & { refundId: string; total: bigint; amount: bigint },
): Posting | undefined => {
  const amount = partOf('a discount', event.amount, notNegative('a refund', event.total))
  const { refundId: ref } = event
  return posting(event, { ref, kind: 'discount_refund', description: `Own discount in refund ${ref}` }, [
    ['1110', amount],
    ['4090', -amount],
  ])
}
