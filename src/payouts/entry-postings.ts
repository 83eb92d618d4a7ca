import type { Money } from '#kernel/money.ts'
import { postAdjusted } from '#ledger/correction-rules.ts'
import { postConverted } from '#ledger/fx-rules.ts'
import { postApplicationFeeRefunded, postTransferReversed } from '#ledger/marketplace-rules.ts'
import { postReserveHeld, postReserveReleased } from '#ledger/payout-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { postFee } from '#ledger/posting-rules.ts'
import type { BalanceEntryKind, ProviderBalanceEntry } from '#providers/money.ts'

/** What an entry is booked from; `sourceAmount` is what its charge or refund says, in the payer's currency. */
export type BookableEntry = Pick<
  ProviderBalanceEntry,
  'ref' | 'kind' | 'type' | 'amount' | 'fee' | 'applicationFee' | 'net' | 'currency' | 'availableOn' | 'createdAt'
> & { readonly provider: string; readonly sourceRef: string | null }

/** Whose word the books follow for entries of a kind: that of the slice it comes from, or the entry's own. */
export const isOfSource = (kind: BalanceEntryKind): boolean => sourced.has(kind)

const sourced: ReadonlySet<BalanceEntryKind> = new Set([
  'charge',
  'charge_failure',
  'refund',
  'refund_failure',
  'dispute',
  'dispute_reversal',
  'transfer',
  'application_fee',
])

/** What comes back from a seller, or goes to one, after a sale: booked with the entry, once it is known whose sale it was. */
export const isOfSale = (kind: BalanceEntryKind): boolean =>
  kind === 'transfer_reversal' || kind === 'application_fee_refund'

/** In the seller's account: Dr 1110 / Cr 1210 for what was taken back, Dr 4096 / Cr 1110 for a fee that was returned. */
export const postingsOfSale = (entry: BookableEntry, seller: string): Posting[] => {
  const event = { ...eventOf(entry), seller }
  const { ref, kind, net } = entry
  if (kind === 'transfer_reversal')
    return present(postTransferReversed({ ...event, reversalRef: ref, amount: net, owed: net, isPending: true }))
  return present(postApplicationFeeRefunded({ ...event, feeRefundRef: ref, amount: -net, isPaid: true }))
}

/** Entries of a payout are booked with the payout. */
export const isOfPayout = (kind: BalanceEntryKind): boolean => kind === 'payout' || kind === 'payout_reversal'

/**
 * What is left to book of an entry whose charge, refund or dispute is booked by its own slice: the fee, under the same
 * key as there, so that it is booked once whoever hears of it first; and the conversion, where the provider keeps another
 * currency than the payer paid. A dispute's fee is the dispute's (5020).
 */
export const postingsBeside = (entry: BookableEntry, sourceAmount: Money | undefined): Posting[] => {
  const event = eventOf(entry)
  const hasOwnFee = entry.kind === 'dispute' || entry.kind === 'dispute_reversal'
  const isConverted = sourceAmount !== undefined && sourceAmount.currency !== entry.currency
  return [
    isConverted
      ? postConverted({
          ...event,
          balanceRef: entry.ref,
          from: sourceAmount,
          to: { amount: entry.amount, currency: entry.currency },
        })
      : undefined,
    hasOwnFee
      ? undefined
      : postFee({ ...event, balanceRef: entry.ref, amount: entry.fee, applicationFee: entry.applicationFee }),
  ].filter((posting) => posting !== undefined)
}

/** The entry itself, where nobody else books it. What it is for nobody knows: 2090, until a person says. */
export const postingsOf = (entry: BookableEntry): Posting[] => {
  const event = eventOf(entry)
  const { ref, net } = entry
  switch (entry.kind) {
    case 'fee':
    case 'payout_fee':
      return present(postFee({ ...event, balanceRef: ref, amount: -net }))
    case 'reserve_hold':
    case 'reserve_release':
      return present(
        net < 0n
          ? postReserveHeld({ ...event, reserveRef: ref, amount: -net })
          : postReserveReleased({ ...event, reserveRef: ref, amount: net }),
      )
    default:
      return present(
        postAdjusted({
          ...event,
          adjustmentRef: ref,
          description: `Unidentified ${entry.type} ${ref}`,
          legs: [
            { code: '1110', currency: entry.currency, amount: net },
            { code: '2090', currency: entry.currency, amount: -net },
          ],
        }),
      )
  }
}

const present = (posting: Posting | undefined): Posting[] => (posting ? [posting] : [])

const eventOf = (entry: BookableEntry) => ({
  currency: entry.currency,
  effectiveAt: entry.createdAt,
  valueAt: entry.availableOn,
  refs: {
    provider: entry.provider,
    balance_transaction: entry.ref,
    ...(entry.sourceRef === null ? {} : { object: entry.sourceRef }),
  },
})
