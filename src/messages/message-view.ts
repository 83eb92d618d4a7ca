import type { Card as ComposedCard } from '#channels/card.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { IntentRow, MessageRow, NewMessage } from './repo.ts'
import type { Card, Message } from './schemas.ts'

export const showMessage = (
  row: NewMessage & Partial<Pick<MessageRow, 'route' | 'failure'>>,
  card: Card | null,
): Message => ({
  id: showId('message', row.id),
  object: 'thread.message',
  created: unixSeconds(row.created_at),
  thread: showId('thread', row.thread_id),
  direction: row.direction,
  from: row.participant_id === null ? 'bot' : showId('participant', row.participant_id),
  kind: row.kind,
  text: row.text,
  card,
  state: row.state,
  route: row.route ?? null,
  failure: (row.failure ?? null) as Message['failure'],
  payment_intent: row.payment_intent_id === null ? null : showId('paymentIntent', row.payment_intent_id),
  checkout: row.checkout_id === null ? null : showId('checkout', row.checkout_id),
  bill: row.bill_id === null ? null : showId('bill', row.bill_id),
  metadata: row.metadata,
})

/** A request to pay, drawn from the payment as it is now. */
export const requestCard = <T extends 'payment_request' | 'reminder'>(
  type: T,
  intent: IntentRow,
  checkoutUrl: string,
) => ({
  type,
  title: intent.description ?? '',
  amount: toJsonAmount(intent.amount),
  currency: intent.currency,
  status: intent.status,
  checkout_url: checkoutUrl,
  expires_at: intent.expires_at && unixSeconds(intent.expires_at),
})

/** The same with what is bought; `order` undefined: just then the order is being changed. */
export const summaryCard = (
  intent: IntentRow,
  checkoutUrl: string,
  checkoutId: string,
  order: Pick<ComposedCard, 'lines' | 'totals'> | undefined,
): Card => ({
  ...requestCard('payment_request', intent, checkoutUrl),
  type: 'checkout_summary',
  checkout: showId('checkout', checkoutId),
  lines: (order?.lines ?? []).map(({ name, quantity, unitAmount, amount }) => ({
    name,
    quantity,
    unit_amount: toJsonAmount(unitAmount),
    amount: toJsonAmount(amount),
  })),
  totals: (order?.totals ?? []).map(({ kind, label, amount }) => ({ type: kind, label, amount: toJsonAmount(amount) })),
})

export const progressCard = (card: ComposedCard, bill: BillShown): Card => ({
  type: 'bill_progress',
  title: card.title,
  amount: toJsonAmount(card.amount),
  currency: card.currency,
  bill: showId('bill', bill.id),
  status: bill.status,
  amount_paid: toJsonAmount(card.progress?.paid ?? 0n),
  shares: (card.progress?.shares ?? []).map(({ name, amountText, state, url }) => ({
    name,
    amount_text: amountText,
    status: state,
    checkout_url: url ?? null,
  })),
})

interface BillShown {
  id: string
  status: Extract<Card, { type: 'bill_progress' }>['status']
}
