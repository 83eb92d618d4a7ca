import type { Currency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { postShareReturned } from '#ledger/bill-rules.ts'
import { readDiscounted } from '#ledger/discount-repo.ts'
import { postDiscountReturned } from '#ledger/discount-rules.ts'
import { readHeld } from '#ledger/held-repo.ts'
import { readGivenBack } from '#ledger/marketplace-repo.ts'
import { postRefundedForSeller, sellerPart } from '#ledger/marketplace-rules.ts'
import type { Posting } from '#ledger/posting.ts'
import { postRefunded, postRefundFailed } from '#ledger/posting-rules.ts'
import { postLedger, readRefundable } from '#ledger/repo.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { showCharge } from '#payments/charge-view.ts'
import { billOf, type IntentRow } from '#payments/intent-view.ts'
import { findCharges, findIntent } from '#payments/repo.ts'
import { saleOfCharge } from '#payments/transfer.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { type RefundEffect, type RefundStatus, stepRefund } from './refund-machine.ts'
import { type RefundRow, showRefund } from './refund-view.ts'
import { moveTotals, updateRefund } from './repo.ts'

export interface RefundNews {
  status: RefundStatus
  providerRef?: string
  failureReason?: string | undefined
  /** Of its amount, what the merchant never received for its own discount. */
  discount?: bigint | undefined
  /** When the provider made it; the ledger's date of a refund however late we hear of it. */
  createdAt?: Date
}

/**
 * Brings a refund to the provider's view, with the payment's totals, the ledger and the events, in the caller's
 * transaction. The intent row must be locked. The same news twice changes nothing the second time.
 */
export const applyRefund = async (
  tx: Tx,
  deps: PaymentDeps,
  intent: IntentRow,
  row: RefundRow,
  news: RefundNews,
): Promise<RefundRow> => {
  const now = deps.clock.now()
  const step = stepRefund(row.status, news.status)
  const isNewRef = news.providerRef !== undefined && news.providerRef !== row.provider_ref
  if (step === 'stale' || (step === 'same' && !isNewRef)) return row
  const ref = news.providerRef === undefined ? {} : { provider_ref: news.providerRef }
  if (step === 'same') return updateRefund(tx, row, ref, now)
  const saved = await updateRefund(
    tx,
    row,
    { ...ref, status: news.status, failure_reason: news.failureReason ?? null },
    now,
  )
  const isPast = step.book === 'refund' && news.createdAt !== undefined && news.createdAt < now
  const effectiveAt = isPast ? (news.createdAt ?? now) : now
  await book(tx, intent, saved, step, { now, effectiveAt, discount: news.discount ?? 0n })
  await moveTotals(tx, saved, BigInt(step.pending) * saved.amount, BigInt(step.refunded) * saved.amount, now)
  await appendEvents(tx, await eventsOf(tx, deps, row, saved, step))
  return saved
}

const book = async (
  tx: Tx,
  intent: IntentRow,
  refund: RefundRow,
  step: RefundEffect,
  { now, effectiveAt, discount }: { now: Date; effectiveAt: Date; discount: bigint },
): Promise<void> => {
  if (step.book === undefined) return
  const currency = refund.currency as Currency
  const event = {
    refundId: showId('refund', refund.id),
    amount: refund.amount,
    currency,
    effectiveAt,
    refs: { provider: intent.provider, ...(refund.provider_ref === null ? {} : { object: refund.provider_ref }) },
  }
  const postings =
    step.book === 'refund'
      ? [
          ...((await postReturnedBySeller(tx, refund, event)) ?? (await postReturned(tx, intent, event))),
          ...(discount > 0n ? [await postDiscount(tx, intent, event, discount)] : []),
        ]
      : [postRefundFailed(event)]
  const links = {
    merchantId: refund.merchant_id,
    paymentIntentId: intent.id,
    refundId: refund.id,
    threadId: intent.thread_id,
  }
  await postLedger(
    tx,
    postings.flatMap((posting) => (posting ? [{ ...links, posting }] : [])),
    now,
  )
}

/** What was passed on is the seller's to bear; undefined: it was passed on to nobody. */
const postReturnedBySeller = async (
  tx: Tx,
  refund: RefundRow,
  event: Parameters<typeof postRefunded>[0],
): Promise<(Posting | undefined)[] | undefined> => {
  const [charge] = await findCharges(tx, refund.merchant_id, [refund.charge_id])
  const sale = charge && saleOfCharge(charge)
  if (!sale) return undefined
  const { merchant_id: merchantId, payment_intent_id: paymentIntentId } = refund
  const given = await readGivenBack(tx, { merchantId, paymentIntentId, currency: event.currency })
  const owed = least(event.amount, given.owed)
  const fresh = event.amount - owed
  const { seller } = sale
  const fee = fresh - sellerPart(sale, given.borne, fresh)
  return [postRefundedForSeller({ ...event, seller, sellerFunds: 'transferred', owed, fee })]
}

/** What a bill still holds of its share goes back as it came; all else takes back revenue. */
const postReturned = async (
  tx: Tx,
  intent: IntentRow,
  event: Parameters<typeof postRefunded>[0],
): Promise<(Posting | undefined)[]> => {
  const payment = { merchantId: intent.merchant_id, paymentIntentId: intent.id, currency: event.currency }
  const left = (await readRefundable(tx, [payment])).get(intent.id)
  const billId = billOf(intent)
  const held = billId === undefined ? 0n : ((await readHeld(tx, [payment])).get(intent.id) ?? 0n)
  if (billId === undefined || held === 0n) return [postRefunded({ ...event, ...(left ? { left } : {}) })]
  // A refund that failed after it was booked is owed already, and settled first.
  const owed = least(event.amount, left?.owed ?? 0n)
  const returned = least(event.amount - owed, held)
  return [
    postShareReturned({ ...event, billId, amount: returned }),
    postRefunded({ ...event, amount: event.amount - returned, ...(left ? { left } : {}) }),
  ]
}

const postDiscount = async (tx: Tx, intent: IntentRow, event: Parameters<typeof postRefunded>[0], amount: bigint) => {
  const { merchant_id: merchantId, id: paymentIntentId } = intent
  const left = await readDiscounted(tx, { merchantId, paymentIntentId, currency: event.currency })
  return postDiscountReturned({ ...event, total: event.amount, amount, left })
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)

const eventsOf = async (tx: Tx, deps: PaymentDeps, before: RefundRow, refund: RefundRow, step: RefundEffect) => {
  const intent = await findIntent(tx, refund.merchant_id, refund.payment_intent_id)
  const [charge] = await findCharges(tx, refund.merchant_id, [refund.charge_id])
  if (!intent || !charge) return []
  const view = showRefund(refund, intent.thread_id)
  const common = {
    merchantId: refund.merchant_id,
    threadId: intent.thread_id,
    paymentIntentId: intent.id,
    livemode: intent.livemode,
    createdAt: deps.clock.now(),
  }
  const previousAttributes = { status: before.status }
  return [
    { ...common, type: 'refund.updated', objectId: refund.id, object: view, previousAttributes },
    ...(refund.status === 'failed'
      ? [{ ...common, type: 'refund.failed', objectId: refund.id, object: view, previousAttributes }]
      : []),
    ...(step.refunded === 1
      ? [{ ...common, type: 'charge.refunded', objectId: charge.id, object: showCharge(charge, intent) }]
      : []),
    ...(step.refunded === -1
      ? [{ ...common, type: 'charge.updated', objectId: charge.id, object: showCharge(charge, intent) }]
      : []),
  ]
}
