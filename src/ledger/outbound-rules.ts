import type { PostingKind } from './kinds.ts'
import { type MoneyEvent, notNegative, type Posting, posting } from './posting.ts'

/**
 * Money sent to a person: all of one payment carry its id as `refs.object`, and 1140 over them is zero once it is over.
 * `available`: whether the provider's account tells what is available; else its balance is one, and stands on 1110.
 */
type OutboundEvent = MoneyEvent & {
  readonly outboundPaymentId: string
  readonly amount: bigint
  readonly available?: boolean
}

/** The provider has taken it from the balance: Dr 1140 / Cr 1110, or 1120. */
export const postOutboundSent = (event: OutboundEvent): Posting | undefined => {
  const amount = amountOf(event)
  return posting(event, subject(event, 'outbound_payment', 'sent'), [
    ['1140', amount],
    [sourceOf(event), -amount],
  ])
}

/** The person has it: Dr 5070 / Cr 1140. What it was for only the merchant knows; an adjustment says so. */
export const postOutboundPosted = (event: OutboundEvent): Posting | undefined => {
  const amount = amountOf(event)
  return posting(event, subject(event, 'outbound_payment_posted', 'received'), [
    ['5070', amount],
    ['1140', -amount],
  ])
}

/** Failed or cancelled on its way: Dr 1110, or 1120 / Cr 1140. */
export const postOutboundGivenBack = (event: OutboundEvent): Posting | undefined => {
  const amount = amountOf(event)
  return posting(event, subject(event, 'outbound_payment_failure', 'given back'), [
    [sourceOf(event), amount],
    ['1140', -amount],
  ])
}

/** Come back after the person had it: Dr 1110, or 1120 / Cr 5070. */
export const postOutboundReturned = (event: OutboundEvent): Posting | undefined => {
  const amount = amountOf(event)
  return posting(event, subject(event, 'outbound_payment_return', 'returned'), [
    [sourceOf(event), amount],
    ['5070', -amount],
  ])
}

const amountOf = ({ amount }: OutboundEvent): bigint => notNegative('an outbound payment', amount)

const sourceOf = ({ available = false }: OutboundEvent) => (available ? '1120' : '1110')

const subject = ({ outboundPaymentId: ref }: OutboundEvent, kind: PostingKind, what: string) => ({
  ref,
  kind,
  description: `Outbound payment ${ref} ${what}`,
})
