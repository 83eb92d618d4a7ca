import { type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'

/** The books of a platform that sells for others: what it owes a seller is 2010 and 2011, what a seller owes it 1210. */
type SellerEvent = MoneyEvent & { readonly seller: string; readonly amount: bigint }

/** Captured for a seller: Dr 1110 / Cr 2010. */
export const postCapturedForSeller = (event: SellerEvent & { providerChargeRef: string }): Posting | undefined => {
  const amount = notNegative('a capture', event.amount)
  const { providerChargeRef: ref, seller } = event
  return posting(event, { ref, kind: 'capture', description: `Captured ${ref} for ${seller}` }, [
    ['1110', amount],
    ['2010', -amount, seller],
  ])
}

/** The platform's fee, `tax` of it VAT: Dr 2010 / Cr 4030 · 2310. */
export const postApplicationFee = (event: SellerEvent & { feeRef: string; tax?: bigint }): Posting | undefined => {
  const amount = notNegative('an application fee', event.amount)
  const tax = partOf('the tax', event.tax ?? 0n, amount)
  const { feeRef: ref, seller } = event
  return posting(event, { ref, kind: 'application_fee', description: `Application fee ${ref}` }, [
    ['2010', amount, seller],
    ['4030', -(amount - tax)],
    ['2310', -tax],
  ])
}

/** The platform's fee given back by itself: Dr 4096 · 2310 / Cr 2010. */
export const postApplicationFeeRefunded = (
  event: SellerEvent & { feeRefundRef: string; tax?: bigint },
): Posting | undefined => {
  const amount = notNegative('an application fee', event.amount)
  const tax = partOf('the tax', event.tax ?? 0n, amount)
  const { feeRefundRef: ref, seller } = event
  return posting(event, { ref, kind: 'application_fee_refund', description: `Application fee returned ${ref}` }, [
    ['4096', amount - tax],
    ['2310', tax],
    ['2010', -amount, seller],
  ])
}

/**
 * Refunded for a seller, who bears all but the application fee that is given back with it (`fee`, `feeTax` of it VAT).
 * Taken from where the seller's money is: pending Dr 2010 / Cr 1110, available Dr 2011 / Cr 1120; once it has been paid
 * the seller owes it, Dr 1210 / Cr 1120. Always with Dr 4096 · 2310 for the fee.
 */
export const postRefundedForSeller = (
  event: SellerEvent & {
    refundId: string
    sellerFunds: 'pending' | 'available' | 'paid'
    fee?: bigint
    feeTax?: bigint
  },
): Posting | undefined => {
  const amount = notNegative('a refund', event.amount)
  const fee = partOf('the application fee', event.fee ?? 0n, amount)
  const tax = partOf('the tax', event.feeTax ?? 0n, fee)
  const { refundId: ref, seller, sellerFunds } = event
  const [owner, balance] = bearers[sellerFunds]
  return posting(event, { ref, kind: 'refund', description: `Refund ${ref} for ${seller}` }, [
    [owner, amount - fee, seller],
    ['4096', fee - tax],
    ['2310', tax],
    [balance, -amount],
  ])
}

const bearers = { pending: ['2010', '1110'], available: ['2011', '1120'], paid: ['1210', '1120'] } as const

/** Paid to the seller, by a transfer at the provider: Dr 2011 / Cr 1120. */
export const postTransferred = (event: SellerEvent & { transferRef: string }): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferRef: ref, seller } = event
  return posting(event, { ref, kind: 'transfer', description: `Transfer ${ref} to ${seller}` }, [
    ['2011', amount, seller],
    ['1120', -amount],
  ])
}

/** Taken back from the seller: Dr 1120 / Cr 1210 for what the seller owes (`owed`), 2011 for the rest. */
export const postTransferReversed = (
  event: SellerEvent & { reversalRef: string; owed?: bigint },
): Posting | undefined => {
  const amount = notNegative('a transfer reversal', event.amount)
  const owed = partOf('what is owed', event.owed ?? 0n, amount)
  const { reversalRef: ref, seller } = event
  return posting(event, { ref, kind: 'transfer_reversal', description: `Transfer reversed ${ref}` }, [
    ['1120', amount],
    ['1210', -owed, seller],
    ['2011', -(amount - owed), seller],
  ])
}

/** What a seller owes and will not pay: Dr 5060 / Cr 1210. */
export const postWrittenOff = (event: SellerEvent & { writeOffRef: string }): Posting | undefined => {
  const amount = notNegative('a write-off', event.amount)
  const { writeOffRef: ref, seller } = event
  return posting(event, { ref, kind: 'write_off', description: `Written off ${ref} of ${seller}` }, [
    ['5060', amount],
    ['1210', -amount, seller],
  ])
}
