import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { IntentRow, NewMessage } from './repo.ts'
import type { Card, Message } from './schemas.ts'

export const showMessage = (row: NewMessage, card: Card | null): Message => ({
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
  payment_intent: row.payment_intent_id === null ? null : showId('paymentIntent', row.payment_intent_id),
  metadata: row.metadata,
})

/** A request to pay, drawn from the payment as it is now. */
export const requestCard = (intent: IntentRow, checkoutUrl: string): Card => ({
  type: 'payment_request',
  title: intent.description ?? '',
  amount: toJsonAmount(intent.amount),
  currency: intent.currency,
  status: intent.status,
  checkout_url: checkoutUrl,
  expires_at: intent.expires_at && unixSeconds(intent.expires_at),
})

/** Only the web chat reads its messages from us; what would carry the other channels' messages does not exist yet. */
export const firstState = (channel: string, direction: NewMessage['direction']): NewMessage['state'] =>
  channel === 'webchat' || direction === 'in' ? 'delivered' : 'queued'
