import { allocate } from '#kernel/money.ts'
import { postBillCompleted, postSharePaid, postShareReturned } from './bill-rules.ts'
import { postAdjusted, postRounded, reversePosting } from './correction-rules.ts'
import { postDiscounted, postDiscountReturned } from './discount-rules.ts'
import {
  postDisputed,
  postDisputeFeeReturned,
  postDisputeLost,
  postDisputeRegained,
  postDisputeWon,
} from './dispute-rules.ts'
import { postConverted, postExchangeDifference, postTranslated } from './fx-rules.ts'
import type { PostingKind } from './kinds.ts'
import {
  postApplicationFee,
  postApplicationFeeRefunded,
  postCapturedForSeller,
  postRefundedForSeller,
  postTransferReversed,
  postTransferred,
  postWrittenOff,
} from './marketplace-rules.ts'
import { postOutboundGivenBack, postOutboundPosted, postOutboundReturned, postOutboundSent } from './outbound-rules.ts'
import {
  postPayoutCreated,
  postPayoutFailed,
  postPayoutFee,
  postPayoutPaid,
  postReserveHeld,
  postReserveReleased,
  postSettled,
  postTipsPaid,
} from './payout-rules.ts'
import { type Line, type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'
import { type CaptureParts, revenueLines } from './revenue.ts'
import {
  postPacketClaimed,
  postPacketExpired,
  postPacketFunded,
  postToppedUp,
  postTransferAccepted,
  postTransferDeclined,
  postTransferOffered,
  postWalletTransferred,
} from './wallet-rules.ts'

/**
 * Authorised: Dr 9010 / Cr 9011. `total` is all that the charge is authorised for, `before` what was authorised (and
 * booked) earlier: an increment books the difference.
 */
export const postAuthorized = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; before?: bigint },
): Posting | undefined => {
  const { providerChargeRef: ref, total, before = 0n } = event
  const amount = notNegative('an increment', total - notNegative('an authorisation', before))
  const part = before === 0n ? {} : { part: total.toString() }
  return posting(event, { ref, kind: 'auth', ...part, description: `Authorised ${ref}` }, [
    ['9010', amount],
    ['9011', -amount],
  ])
}

/**
 * Released on capture, cancellation or expiry: Dr 9011 / Cr 9010. `total` is all that is released of the charge so far,
 * `before` what was earlier: a charge that is captured in parts gives up its hold in parts.
 */
export const postReleased = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; before?: bigint },
): Posting | undefined => {
  const { providerChargeRef: ref, total, before = 0n } = event
  const amount = notNegative('a release', total - notNegative('a release', before))
  const part = before === 0n ? {} : { part: total.toString() }
  return posting(event, { ref, kind: 'auth_release', ...part, description: `Released ${ref}` }, [
    ['9011', amount],
    ['9010', -amount],
  ])
}

/**
 * Captured, we are the merchant: Dr 1110 / Cr 4010 · 4020 · 2310 · 2060. `total` is all that is captured of the charge
 * so far, `before` what was (and was booked) earlier. `parts` are those of the difference; without them it is sales.
 */
export const postCaptured = (
  event: MoneyEvent & { providerChargeRef: string; total: bigint; before?: bigint; parts?: CaptureParts },
): Posting | undefined => {
  const { providerChargeRef: ref, total, before = 0n, parts } = event
  const amount = notNegative('a capture', total - notNegative('a capture', before))
  const part = before === 0n ? {} : { part: total.toString() }
  return posting(event, { ref, kind: 'capture', ...part, description: `Captured ${ref}` }, [
    ['1110', amount],
    ...revenueLines(ref, amount, parts),
  ])
}

/**
 * The provider's fee: Dr 5010 (+ 1230 for VAT that is recoverable) / Cr 1110. A fee given back is negative. Where the
 * seller of a marketplace bears it, Dr 2010. What of it a platform gets (`applicationFee`) is a line of its own.
 */
export const postFee = (
  event: MoneyEvent & {
    balanceRef: string
    amount: bigint
    applicationFee?: bigint | undefined
    recoverableTax?: bigint
    seller?: string
  },
): Posting | undefined => {
  const { balanceRef: ref, amount, applicationFee = 0n, recoverableTax = 0n, seller } = event
  const sign = amount < 0n ? -1n : 1n
  if (applicationFee !== 0n) partOf('an application fee', sign * applicationFee, sign * (amount - recoverableTax))
  const subject = {
    ref,
    kind: 'fee',
    description: applicationFee === 0n ? `Processing fee ${ref}` : `Processing and application fee ${ref}`,
    refs: { balance_transaction: ref },
  } as const
  const bearer = (part: bigint): Line => (seller === undefined ? ['5010', part] : ['2010', part, seller])
  return posting(event, subject, [
    bearer(amount - recoverableTax - applicationFee),
    bearer(applicationFee),
    ['1230', recoverableTax],
    ['1110', -amount],
  ])
}

/**
 * What of a payment may still be refunded, by the account that the refund debits: 4090 for goods and shipping, 2310
 * for tax, 2060 for tips, and 2040 for refunds that failed after they were booked and are owed since.
 */
export interface Refundable {
  readonly sales: bigint
  readonly tax: bigint
  readonly tip: bigint
  readonly owed: bigint
}

/** What may be refunded right after a capture. */
export const refundableOf = (parts: CaptureParts): Refundable => ({
  sales: parts.goods + parts.shipping,
  tax: parts.tax,
  tip: parts.tip,
  owed: 0n,
})

/**
 * Refunded: Dr 4090 · 2310 · 2060 / Cr 1110. An earlier refund that failed is owed already (2040) and is settled
 * first, so that the revenue is not taken back twice. The rest falls pro rata on what is *left* of each leg: no leg
 * can exceed what was captured, and the last refund takes exactly the rest. (Pro rata on the captured total would
 * not do: by largest remainder a part may shrink while the whole grows.) Without `left` all of it is sales.
 */
export const postRefunded = (
  event: MoneyEvent & { refundId: string; amount: bigint; left?: Refundable },
): Posting | undefined => {
  const { refundId: ref, left = { sales: event.amount, tax: 0n, tip: 0n, owed: 0n } } = event
  const amount = notNegative('a refund', event.amount)
  if (amount === 0n) return undefined
  const parts = refundLegs(amount, left)
  return posting(event, { ref, kind: 'refund', description: `Refund ${ref}` }, [
    ['2040', parts.owed],
    ['4090', parts.sales],
    ['2310', parts.tax],
    ['2060', parts.tip],
    ['1110', -amount],
  ])
}

/** How a refund falls on the legs of its payment. */
const refundLegs = (amount: bigint, left: Refundable): Refundable => {
  for (const [name, part] of Object.entries(left)) notNegative(name, part)
  const open = left.sales + left.tax + left.tip
  if (amount > open + left.owed) throw new RangeError(`a refund of ${amount} exceeds the ${open + left.owed} left`)
  const owed = amount < left.owed ? amount : left.owed
  if (amount === owed) return { owed, sales: 0n, tax: 0n, tip: 0n }
  const [sales = 0n, tax = 0n, tip = 0n] = allocate(amount - owed, [left.sales, left.tax, left.tip])
  return { owed, sales, tax, tip }
}

/**
 * A refund that had been booked and then failed at the issuer: the money is back at the provider but the payer is
 * still owed it, so the sale is not restored. Dr 1110 / Cr 2040.
 */
export const postRefundFailed = (event: MoneyEvent & { refundId: string; amount: bigint }): Posting | undefined => {
  const amount = notNegative('a refund', event.amount)
  const { refundId: ref } = event
  return posting(event, { ref, kind: 'refund_failure', description: `Refund failed ${ref}` }, [
    ['1110', amount],
    ['2040', -amount],
  ])
}

/** A failed refund paid another way, from the bank: Dr 2040 / Cr 1010. */
export const postRefundRepaid = (event: MoneyEvent & { refundId: string; amount: bigint }): Posting | undefined => {
  const amount = notNegative('a refund', event.amount)
  const { refundId: ref } = event
  return posting(event, { ref, kind: 'refund_repaid', description: `Failed refund paid by transfer ${ref}` }, [
    ['2040', amount],
    ['1010', -amount],
  ])
}

/** The rules of every kind, as the compiler insists: where somebody looks who wants to know what is booked when. */
export const postingRules = {
  auth: { postAuthorized },
  auth_release: { postReleased },
  capture: { postCaptured, postCapturedForSeller },
  discount: { postDiscounted },
  fee: { postFee },
  refund: { postRefunded, postRefundedForSeller },
  discount_refund: { postDiscountReturned },
  refund_failure: { postRefundFailed },
  refund_repaid: { postRefundRepaid },
  dispute: { postDisputed },
  dispute_lost: { postDisputeLost, postDisputeRegained },
  dispute_reversal: { postDisputeWon },
  dispute_fee_reversal: { postDisputeFeeReturned },
  settle: { postSettled },
  payout: { postPayoutCreated },
  payout_failure: { postPayoutFailed },
  payout_paid: { postPayoutPaid },
  payout_fee: { postPayoutFee },
  outbound_payment: { postOutboundSent },
  outbound_payment_posted: { postOutboundPosted },
  outbound_payment_failure: { postOutboundGivenBack },
  outbound_payment_return: { postOutboundReturned },
  reserve_hold: { postReserveHeld },
  reserve_release: { postReserveReleased },
  application_fee: { postApplicationFee },
  application_fee_refund: { postApplicationFeeRefunded },
  transfer: { postTransferred },
  transfer_reversal: { postTransferReversed },
  write_off: { postWrittenOff },
  fx_settle: { postConverted },
  fx_translate: { postTranslated },
  fx_gain: { postExchangeDifference },
  fx_loss: { postExchangeDifference },
  topup: { postToppedUp },
  hold: { postPacketFunded },
  claim: { postPacketClaimed },
  expire: { postPacketExpired },
  wallet_transfer: { postWalletTransferred },
  transfer_offer: { postTransferOffered },
  transfer_accept: { postTransferAccepted },
  transfer_decline: { postTransferDeclined },
  bill_share: { postSharePaid },
  bill_complete: { postBillCompleted },
  bill_cancel: { postShareReturned },
  tip_payout: { postTipsPaid },
  adjustment: { postAdjusted },
  reversal: { reversePosting },
  rounding: { postRounded },
} as const satisfies Record<PostingKind, Readonly<Record<string, unknown>>>
