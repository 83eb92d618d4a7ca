import type { PostingKind } from './kinds.ts'
import { type Line, type MoneyEvent, notNegative, type Posting, partOf, posting } from './posting.ts'

/**
 * Disputes: all of one dispute carry its id as `refs.object`, and 1150 over them is zero once it is closed. `part` names
 * the movement where a dispute has several of a kind: the provider's balance transaction.
 */
type DisputeEvent = MoneyEvent & { readonly disputeRef: string; readonly amount: bigint; readonly part?: string }

interface SoldPart {
  readonly seller: string
  readonly amount: bigint
}

/** Opened, the provider withdraws the amount and its fee: Dr 1150 · 5020 / Cr 1110. */
export const postDisputed = (event: DisputeEvent & { fee?: bigint }): Posting | undefined => {
  const amount = notNegative('a disputed amount', event.amount)
  const fee = notNegative('a dispute fee', event.fee ?? 0n)
  return posting(event, subject(event, 'dispute', 'Dispute opened'), [
    ['1150', amount],
    ['5020', fee],
    ['1110', -amount - fee],
  ])
}

/**
 * Lost: Dr 5050 / Cr 1150. `taxRelief` is the part of it that is VAT which the law of the merchant's country lets it
 * take back (Dr 2310); without it all is a loss. `share` is the part that a bill still holds for the payer: it went back
 * to them before it was a sale (Dr 2031). `sold` is the part that a seller bears who has the money: the platform was
 * debited, and the seller owes it (Dr 1210).
 */
export const postDisputeLost = (
  event: DisputeEvent & { taxRelief?: bigint; share?: { billId: string; amount: bigint }; sold?: SoldPart | undefined },
): Posting | undefined => {
  const amount = notNegative('a lost dispute', event.amount)
  const held = partOf('a held share', event.share?.amount ?? 0n, amount)
  const sold = partOf("the seller's part", event.sold?.amount ?? 0n, amount - held)
  const relief = partOf('a tax relief', event.taxRelief ?? 0n, amount - held - sold)
  const share: Line = ['2031', held, event.share?.billId]
  return posting(event, subject(event, 'dispute_lost', 'Dispute lost'), [
    ...(held === 0n ? [] : [share]),
    ['1210', sold, event.sold?.seller],
    ['5050', amount - held - sold - relief],
    ['2310', relief],
    ['1150', -amount],
  ])
}

/** Given up as lost, and then given back after all: Dr 1150 / Cr 5050, or 1210 for the part that a seller owed. */
export const postDisputeRegained = (event: DisputeEvent & { sold?: SoldPart | undefined }): Posting | undefined => {
  const amount = notNegative('a regained loss', event.amount)
  const sold = partOf("the seller's part", event.sold?.amount ?? 0n, amount)
  return posting(event, subject(event, 'dispute_lost', 'Dispute regained'), [
    ['1150', amount],
    ['1210', -sold, event.sold?.seller],
    ['5050', -(amount - sold)],
  ])
}

/** Won, the provider gives the amount back: Dr 1110 / Cr 1150. */
export const postDisputeWon = (event: DisputeEvent): Posting | undefined => {
  const amount = notNegative('a won dispute', event.amount)
  return posting(event, subject(event, 'dispute_reversal', 'Dispute won'), [
    ['1110', amount],
    ['1150', -amount],
  ])
}

/** The fee given back, where the provider does so: Dr 1110 / Cr 5020. */
export const postDisputeFeeReturned = (event: DisputeEvent): Posting | undefined => {
  const amount = notNegative('a returned dispute fee', event.amount)
  return posting(event, subject(event, 'dispute_fee_reversal', 'Dispute fee returned'), [
    ['1110', amount],
    ['5020', -amount],
  ])
}

const subject = ({ disputeRef, part }: DisputeEvent, kind: PostingKind, what: string) => ({
  ref: disputeRef,
  kind,
  ...(part === undefined ? {} : { part }),
  description: `${what} ${disputeRef}`,
})
