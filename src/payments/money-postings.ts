import { postSharePaid } from '#ledger/bill-rules.ts'
import { postDiscounted } from '#ledger/discount-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { postAuthorized, postCaptured, postFee, postReleased } from '#ledger/posting-rules.ts'
import type { LedgerItem } from '#ledger/repo.ts'
import { type CaptureParts, nextParts } from '#ledger/revenue.ts'
import type { ProviderCharge, ProviderPayment } from '#providers/provider.ts'
import { billOf, type IntentRow } from './intent-view.ts'
import { partsOf } from './parts.ts'
import type { MoneyFact } from './provider-news.ts'
import { postSale } from './transfer-postings.ts'

/** What the ledger books of what happened to a payment's money. `booked`: what its earlier captures were booked as. */
export const moneyPostings = (
  row: IntentRow,
  facts: readonly MoneyFact[],
  charge: ProviderCharge,
  { now, booked }: { now: Date; booked?: CaptureParts | undefined },
): LedgerItem[] => {
  const fees = [...(charge.fee ? [charge.fee] : []), ...(charge.moreFees ?? [])]
  const event = {
    providerChargeRef: charge.ref,
    currency: row.currency as ProviderPayment['currency'],
    effectiveAt: effectiveTime(facts, charge, now),
    ...settlement(row, charge, fees.at(-1)),
  }
  const billId = billOf(row)
  const post = (fact: MoneyFact): Posting | undefined | (Posting | undefined)[] => {
    switch (fact.kind) {
      case 'authorized':
        return postAuthorized({ ...event, total: fact.total, before: fact.before })
      case 'released':
        return postReleased({ ...event, total: fact.total, before: fact.before })
      case 'captured': {
        const { total, before } = fact
        if (charge.transfer && billId === undefined)
          return postSale({ ...event, total, before }, charge.transfer, charge)
        return billId === undefined
          ? postCaptured({ ...event, total, before, ...partsIn(row, total - before, booked) })
          : postSharePaid({ ...event, amount: total, billId })
      }
      case 'discounted':
        return postDiscounted({
          ...event,
          total: charge.amountCaptured,
          amount: fact.amount,
          ...(billId === undefined ? partsIn(row, charge.amountCaptured, undefined) : {}),
        })
      case 'fee': {
        const fee = fees.find(({ ref }) => ref === fact.ref)
        const { amount = 0n, applicationFee, currency = event.currency } = fee ?? {}
        const booked = { balanceRef: fact.ref, amount, applicationFee, currency }
        return postFee({ ...event, ...settlement(row, charge, fee), ...booked })
      }
      default:
        return fact satisfies never
    }
  }
  const links = { merchantId: row.merchant_id, paymentIntentId: row.id, refundId: null, threadId: row.thread_id }
  return facts.flatMap((fact) => post(fact)).flatMap((posting) => (posting ? [{ ...links, posting }] : []))
}

const settlement = (row: IntentRow, charge: ProviderCharge, fee: ProviderCharge['fee']) => ({
  ...(fee ? { valueAt: fee.availableOn } : {}),
  refs: { provider: row.provider, object: charge.ref, ...(fee ? { balance_transaction: fee.ref } : {}) },
})

/**
 * When it happened at the provider, however late we hear of it: a charge says when it was made. A capture of an earlier
 * authorisation, an increment and a late fee carry no time of their own; they happened when we heard of them.
 */
const effectiveTime = (facts: readonly MoneyFact[], charge: ProviderCharge, now: Date): Date => {
  const isFirstNews = facts.every((fact) =>
    fact.kind === 'authorized' ? fact.before === 0n : fact.kind !== 'released',
  )
  const isNew = isFirstNews && facts.some((fact) => fact.kind !== 'fee')
  return isNew && charge.createdAt < now ? charge.createdAt : now
}

const partsIn = (row: IntentRow, amount: bigint, booked: CaptureParts | undefined) => {
  const order = booked === undefined ? undefined : partsOf(row, row.amount)
  const parts = order && booked ? nextParts(order, booked, amount) : partsOf(row, amount)
  return parts ? { parts } : {}
}
