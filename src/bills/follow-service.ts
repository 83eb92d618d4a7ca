import type { Currency } from '#kernel/currencies.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { postBillCompleted } from '#ledger/bill-rules.ts'
import { readHeld } from '#ledger/held-repo.ts'
import { postLedger } from '#ledger/repo.ts'
import { scaleParts } from '#ledger/revenue.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { intentLinks } from '#payments/link-service.ts'
import { lockIntent } from '#payments/repo.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { billAfter, counted, isPaid, shareAfter } from './bill-progress.ts'
import type { ShareRow, WholeBill } from './bill-rows.ts'
import { showBill } from './bill-view.ts'
import { type BillChange, findUncounted, lockBill, planRefunds, readBill, updateBill, updateShare } from './repo.ts'
import type { Bill } from './schemas.ts'

export type BillEvent = 'bill.created' | 'bill.updated' | 'bill.paid' | 'bill.closed' | 'bill.canceled' | 'bill.expired'

/**
 * Brings the shares of a bill to where their payments stand, and the bill to where its shares stand, with the event
 * that tells of it. The same news twice changes nothing the second time.
 */
export const followPayments = async (tx: Tx, deps: PaymentDeps, merchantId: string, billId: string): Promise<void> => {
  const whole = await lockBill(tx, merchantId, billId)
  if (!whole) return
  const followed = await followShares(tx, deps, whole)
  const after = billAfter(followed.whole)
  if (!followed.isNew && after.status === whole.bill.status) return
  await saveBill(tx, deps, followed.whole, after, after.status === whole.bill.status ? 'bill.updated' : 'bill.paid')
}

export interface Followed {
  whole: WholeBill
  /** What of each share's payment has not been given back, and is not about to be. */
  left: bigint[]
  isNew: boolean
}

/** The locked bill with every share as its payment says. What came late for a canceled share is planned to go back. */
export const followShares = async (tx: Tx, deps: PaymentDeps, { bill, shares }: WholeBill): Promise<Followed> => {
  const now = deps.clock.now()
  const followed: ShareRow[] = []
  const left: bigint[] = []
  // Under their locks: what is refunded while this runs must not be booked as a sale.
  const intents = await lockPayments(tx, bill, shares)
  const planned = await findUncounted(tx, bill.merchant_id, bill.id)
  for (const [share, intent] of intents) {
    const paid = {
      captured: intent.amount_captured,
      refunded: intent.amount_refunded,
      isCanceled: intent.status === 'canceled',
    }
    const after = shareAfter(share, paid)
    const isNew = Object.entries(after).some(([name, value]) => share[name as keyof typeof after] !== value)
    if (isNew) await updateShare(tx, share, after, now)
    const leaving = planned.get(share.id) ?? 0n
    const rest = intent.amount_captured - intent.amount_refunded - intent.amount_refund_pending - leaving
    if (after.status === 'canceled' && rest > 0n) await planReturn(tx, share, rest, now)
    left.push(rest)
    followed.push(isNew ? { ...share, ...after, updated_at: now } : share)
  }
  return { whole: { bill, shares: followed }, left, isNew: followed.some((share, index) => share !== shares[index]) }
}

const lockPayments = async (
  tx: Tx,
  { merchant_id: merchantId }: WholeBill['bill'],
  shares: readonly ShareRow[],
): Promise<[ShareRow, IntentRow][]> => {
  const locked: [ShareRow, IntentRow][] = []
  for (const share of shares) {
    const intent = await lockIntent(tx, merchantId, share.payment_intent_id)
    if (!intent) throw new Error('a share without its payment')
    locked.push([share, intent])
  }
  return locked
}

/** Once for each share: its own id stands for the request. */
const planReturn = (tx: Tx, share: ShareRow, amount: bigint, now: Date): Promise<void> =>
  planRefunds(tx, [refundPlan(share, share.id, amount, now)])

export const refundPlan = (share: ShareRow, requestId: string, amount: bigint, now: Date, reason?: string) => ({
  merchant_id: share.merchant_id,
  id: newUuid(),
  bill_id: share.bill_id,
  share_id: share.id,
  request_id: requestId,
  amount,
  reason: reason ?? null,
  state: 'planned' as const,
  created_at: now,
  updated_at: now,
})

/** Writes the bill with its event; a bill that asks for nothing more is booked as sold, as far as it is paid. */
export const saveBill = async (
  tx: Tx,
  deps: PaymentDeps,
  whole: WholeBill,
  change: BillChange,
  type: BillEvent,
): Promise<Bill> => {
  const now = deps.clock.now()
  const before = whole.bill
  const bill = await updateBill(tx, before, change, now)
  if (before.status === 'open' && bill.status !== 'open' && bill.status !== 'canceled')
    await bookSale(tx, deps, { ...whole, bill })
  const saved = await readBill(tx, bill.merchant_id, bill.id)
  if (!saved) throw new Error('a bill vanished')
  return tellBill(tx, deps, saved, type, before.status === bill.status ? {} : { status: before.status })
}

export const tellBill = async (
  tx: Tx,
  deps: PaymentDeps,
  whole: WholeBill,
  type: BillEvent,
  previousAttributes: object = {},
): Promise<Bill> => {
  const { bill } = whole
  const shown = viewBill(deps, whole)
  await appendEvents(tx, [
    {
      merchantId: bill.merchant_id,
      type,
      objectId: bill.id,
      threadId: bill.thread_id,
      paymentIntentId: null,
      object: shown,
      previousAttributes,
      livemode: bill.livemode,
      createdAt: deps.clock.now(),
    },
  ])
  return shown
}

export const viewBill = (deps: PaymentDeps, whole: WholeBill): Bill =>
  showBill(whole, (id) => intentLinks(deps, { merchant_id: whole.bill.merchant_id, id }).checkoutUrl)

/** What is held of each paid share becomes revenue, its tax and its tip apart. */
const bookSale = async (tx: Tx, deps: PaymentDeps, { bill, shares }: WholeBill): Promise<void> => {
  const now = deps.clock.now()
  const paid = counted(shares).filter(isPaid)
  const currency = bill.currency as Currency
  const held = await readHeld(
    tx,
    paid.map((share) => ({ merchantId: bill.merchant_id, paymentIntentId: share.payment_intent_id, currency })),
  )
  const items = paid.flatMap((share) => {
    const total = held.get(share.payment_intent_id) ?? 0n
    const posting = postBillCompleted({
      billId: showId('bill', bill.id),
      part: showId('billShare', share.id),
      total,
      parts: scaleParts(partsOf(share), total),
      currency,
      effectiveAt: now,
    })
    const links = { merchantId: bill.merchant_id, refundId: null, threadId: bill.thread_id }
    return posting ? [{ ...links, paymentIntentId: share.payment_intent_id, posting }] : []
  })
  await postLedger(tx, items, now)
}

const partsOf = ({ amount, tax, tip }: ShareRow) => ({ goods: amount - tax - tip, shipping: 0n, tax, tip })
