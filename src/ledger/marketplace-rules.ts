import { type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'

/** The books of a platform that sells for others: what it owes a seller is 2010 and 2011, what a seller owes it 1210. `part`: which of several. */
type SellerEvent = MoneyEvent & { readonly seller: string; readonly amount: bigint; readonly part?: string }

/** Captured for a seller: Dr 1110 / Cr 2010. */
export const postCapturedForSeller = (event: SellerEvent & { providerChargeRef: string }): Posting | undefined => {
  const amount = notNegative('a capture', event.amount)
  const { providerChargeRef: ref, seller } = event
  return posting(event, { ref, kind: 'capture', ...partIn(event), description: `Captured ${ref} for ${seller}` }, [
    ['1110', amount],
    ['2010', -amount, seller],
  ])
}

/** The platform's fee, `tax` of it VAT: Dr 2010 / Cr 4030 · 2310. */
export const postApplicationFee = (event: SellerEvent & { feeRef: string; tax?: bigint }): Posting | undefined => {
  const amount = notNegative('an application fee', event.amount)
  const tax = partOf('the tax', event.tax ?? 0n, amount)
  const { feeRef: ref, seller } = event
  return posting(event, { ref, kind: 'application_fee', ...partIn(event), description: `Application fee ${ref}` }, [
    ['2010', amount, seller],
    ['4030', -(amount - tax)],
    ['2310', -tax],
  ])
}

/**
 * The platform's fee given back by itself: Dr 4096 · 2310 / Cr 2010, or 1110 where the seller has it at once (`isPaid`),
 * as after a transfer that went with the charge.
 */
export const postApplicationFeeRefunded = (
  event: SellerEvent & { feeRefundRef: string; tax?: bigint; isPaid?: boolean },
): Posting | undefined => {
  const amount = notNegative('an application fee', event.amount)
  const tax = partOf('the tax', event.tax ?? 0n, amount)
  const { feeRefundRef: ref, seller, isPaid = false } = event
  return posting(event, { ref, kind: 'application_fee_refund', description: `Application fee returned ${ref}` }, [
    ['4096', amount - tax],
    ['2310', tax],
    isPaid ? ['1110', -amount] : ['2010', -amount, seller],
  ])
}

/**
 * Refunded for a seller, who bears all but the application fee that is given back with it (`fee`, `feeTax` of it VAT).
 * Taken from where the seller's money is: pending Dr 2010 / Cr 1110, available Dr 2011 / Cr 1120; once it has been paid
 * the seller owes it, Dr 1210 / Cr 1120, or Cr 1110 where it was transferred with the charge and the provider takes
 * refunds from what is pending. Always with Dr 4096 · 2310 for the fee. An earlier refund that failed is owed to the
 * payer already and settled first, as in `postRefunded`: Dr 2040 for `owed`.
 */
export const postRefundedForSeller = (
  event: SellerEvent & {
    refundId: string
    sellerFunds: 'pending' | 'available' | 'paid' | 'transferred'
    owed?: bigint
    fee?: bigint
    feeTax?: bigint
  },
): Posting | undefined => {
  const amount = notNegative('a refund', event.amount)
  const owed = partOf('what is owed', event.owed ?? 0n, amount)
  const fee = partOf('the application fee', event.fee ?? 0n, amount - owed)
  const tax = partOf('the tax', event.feeTax ?? 0n, fee)
  const { refundId: ref, seller, sellerFunds } = event
  const [owner, balance] = bearers[sellerFunds]
  return posting(event, { ref, kind: 'refund', description: `Refund ${ref} for ${seller}` }, [
    ['2040', owed],
    [owner, amount - owed - fee, seller],
    ['4096', fee - tax],
    ['2310', tax],
    [balance, -amount],
  ])
}

const bearers = {
  pending: ['2010', '1110'],
  available: ['2011', '1120'],
  paid: ['1210', '1120'],
  transferred: ['1210', '1110'],
} as const

/**
 * Paid to the seller, by a transfer at the provider: Dr 2011 / Cr 1120. One that goes with the charge itself does not
 * wait until the money is available: Dr 2010 / Cr 1110 (`isPending`).
 */
export const postTransferred = (
  event: SellerEvent & { transferRef: string; isPending?: boolean },
): Posting | undefined => {
  const amount = notNegative('a transfer', event.amount)
  const { transferRef: ref, seller, isPending = false } = event
  return posting(event, { ref, kind: 'transfer', ...partIn(event), description: `Transfer ${ref} to ${seller}` }, [
    [isPending ? '2010' : '2011', amount, seller],
    [isPending ? '1110' : '1120', -amount],
  ])
}

/**
 * Taken back from the seller: Dr 1120 / Cr 1210 for what the seller owes (`owed`), 2011 for the rest. Of a transfer that
 * went with its charge (`isPending`): Dr 1110 / Cr 1210, 2010.
 */
export const postTransferReversed = (
  event: SellerEvent & { reversalRef: string; owed?: bigint; isPending?: boolean },
): Posting | undefined => {
  const amount = notNegative('a transfer reversal', event.amount)
  const owed = partOf('what is owed', event.owed ?? 0n, amount)
  const { reversalRef: ref, seller, isPending = false } = event
  return posting(event, { ref, kind: 'transfer_reversal', description: `Transfer reversed ${ref}` }, [
    [isPending ? '1110' : '1120', amount],
    ['1210', -owed, seller],
    [isPending ? '2010' : '2011', -(amount - owed), seller],
  ])
}

/** What was sold for a seller and passed on with the charge: minor units, before any fee. */
export interface Sale {
  readonly seller: string
  readonly captured: bigint
  readonly transferred: bigint
}

/**
 * What the seller bears of the next `amount` that the payer gets back after `before` did: in the proportion of what was
 * passed on, rounded down in all, so that the last of it takes exactly the rest. The platform bears what it had kept.
 */
export const sellerPart = ({ captured, transferred }: Sale, before: bigint, amount: bigint): bigint => {
  const upTo = (total: bigint): bigint => (total >= captured ? transferred : (transferred * total) / captured)
  return upTo(before + amount) - upTo(before)
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

const partIn = ({ part }: SellerEvent) => (part === undefined ? {} : { part })
