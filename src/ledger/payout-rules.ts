import type { PostingKind } from './kinds.ts'
import { type MoneyEvent, notNegative, type Posting, posting } from './posting.ts'

/** Money of a seller that becomes available with the platform's own. */
export interface SellerShare {
  readonly seller: string
  readonly amount: bigint
}

/**
 * Funds become available, once per batch (the provider's `available_on` day): Dr 1120 / Cr 1110, and for a marketplace
 * Dr 2010 / Cr 2011 per seller. A batch of more refunds than charges is negative.
 */
export const postSettled = (
  event: MoneyEvent & { batchRef: string; amount: bigint; sellers?: readonly SellerShare[] },
): Posting | undefined => {
  const { batchRef: ref, amount, sellers = [] } = event
  return posting(event, { ref, kind: 'settle', description: `Funds available ${ref}` }, [
    ['1120', amount],
    ['1110', -amount],
    ...sellers.flatMap(
      (share) =>
        [
          ['2010', share.amount, share.seller],
          ['2011', -share.amount, share.seller],
        ] as const,
    ),
  ])
}

/**
 * Payouts: all of one payout carry its id as `refs.payout`, and 1140 over them is zero once it is paid or failed. A
 * payout of more refunds than charges is negative: the bank pays.
 */
type PayoutEvent = MoneyEvent & { readonly payoutRef: string; readonly amount: bigint }

/** Created, on its way to the bank: Dr 1140 / Cr 1120. */
export const postPayoutCreated = (event: PayoutEvent): Posting | undefined => {
  const { amount } = event
  return posting(event, subject(event, 'payout', 'Payout'), [
    ['1140', amount],
    ['1120', -amount],
  ])
}

/** Failed or cancelled: Dr 1120 / Cr 1140. */
export const postPayoutFailed = (event: PayoutEvent): Posting | undefined => {
  const { amount } = event
  return posting(event, subject(event, 'payout_failure', 'Payout failed'), [
    ['1120', amount],
    ['1140', -amount],
  ])
}

/** Seen on the bank statement, whose line `bankRef` names: Dr 1010 / Cr 1140. */
export const postPayoutPaid = (event: PayoutEvent & { bankRef: string }): Posting | undefined => {
  const { amount, bankRef, payoutRef: payout } = event
  const description = `Payout ${payout} received as ${bankRef}`
  return posting(event, { ref: bankRef, kind: 'payout_paid', description, refs: { payout } }, [
    ['1010', amount],
    ['1140', -amount],
  ])
}

/** What an instant payout costs: Dr 5030 / Cr 1120. A fee given back is negative. */
export const postPayoutFee = (event: PayoutEvent): Posting | undefined => {
  const { amount } = event
  return posting(event, subject(event, 'payout_fee', 'Payout fee'), [
    ['5030', amount],
    ['1120', -amount],
  ])
}

type ReserveEvent = MoneyEvent & {
  readonly reserveRef: string
  readonly amount: bigint
  /** Whether it is held from money that is available already, not from pending money. */
  readonly available?: boolean
}

/** Held back by the provider: Dr 1130 / Cr 1110, or 1120. */
export const postReserveHeld = (event: ReserveEvent): Posting | undefined => {
  const amount = notNegative('a reserve', event.amount)
  const { reserveRef: ref, available = false } = event
  return posting(event, { ref, kind: 'reserve_hold', description: `Reserve held ${ref}` }, [
    ['1130', amount],
    [available ? '1120' : '1110', -amount],
  ])
}

/** Released by the provider: Dr 1110, or 1120 / Cr 1130. */
export const postReserveReleased = (event: ReserveEvent): Posting | undefined => {
  const amount = notNegative('a reserve', event.amount)
  const { reserveRef: ref, available = false } = event
  return posting(event, { ref, kind: 'reserve_release', description: `Reserve released ${ref}` }, [
    [available ? '1120' : '1110', amount],
    ['1130', -amount],
  ])
}

/** Tips passed on to those they were meant for: Dr 2060 / Cr 1010. */
export const postTipsPaid = (event: MoneyEvent & { bankRef: string; amount: bigint }): Posting | undefined => {
  const amount = notNegative('tips', event.amount)
  const { bankRef: ref } = event
  return posting(event, { ref, kind: 'tip_payout', description: `Tips paid out ${ref}` }, [
    ['2060', amount],
    ['1010', -amount],
  ])
}

const subject = ({ payoutRef }: PayoutEvent, kind: PostingKind, what: string) => ({
  ref: payoutRef,
  kind,
  description: `${what} ${payoutRef}`,
  refs: { payout: payoutRef },
})
