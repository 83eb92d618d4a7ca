import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ShareRow, WholeBill } from './bill-rows.ts'
import type { Bill } from './schemas.ts'

/** The bill as clients read it. `checkoutUrl` is asked for open shares only. */
export const showBill = ({ bill, shares }: WholeBill, checkoutUrl: (intentId: string) => string): Bill => ({
  id: showId('bill', bill.id),
  object: 'bill',
  amount: toJsonAmount(bill.amount),
  amount_paid: toJsonAmount(bill.amount_paid),
  amount_refunded: toJsonAmount(bill.amount_refunded),
  amount_remaining: toJsonAmount(remainingOf(shares)),
  closed_at: bill.closed_at && unixSeconds(bill.closed_at),
  created: unixSeconds(bill.created_at),
  currency: bill.currency,
  expires_at: bill.expires_at && unixSeconds(bill.expires_at),
  items: bill.items as Bill['items'],
  livemode: bill.livemode,
  metadata: bill.metadata,
  organizer: bill.organizer_id && showId('participant', bill.organizer_id),
  shares: shares.map((share) => showShare(share, checkoutUrl)),
  split: bill.split,
  status: bill.status,
  tax: toJsonAmount(bill.tax),
  thread: showId('thread', bill.thread_id),
  tip: toJsonAmount(bill.tip),
  title: bill.title,
})

const showShare = (share: ShareRow, checkoutUrl: (intentId: string) => string): Bill['shares'][number] => ({
  id: showId('billShare', share.id),
  object: 'bill.share',
  amount: toJsonAmount(share.amount),
  amount_paid: toJsonAmount(share.amount_paid),
  amount_refunded: toJsonAmount(share.amount_refunded),
  checkout_url: share.status === 'open' ? checkoutUrl(share.payment_intent_id) : null,
  is_rest: share.is_rest,
  name: share.name,
  participant: showId('participant', share.participant_id),
  payment_intent: showId('paymentIntent', share.payment_intent_id),
  refunds: share.refunds.map((id) => showId('refund', id)),
  status: share.status,
  tax: toJsonAmount(share.tax),
  tip: toJsonAmount(share.tip),
  weight: share.weight,
})

const remainingOf = (shares: readonly ShareRow[]): bigint =>
  shares.reduce((sum, share) => sum + (share.status === 'open' ? share.amount : 0n), 0n)
