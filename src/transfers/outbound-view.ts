import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import { isOutboundOpen } from './outbound-machine.ts'
import type { OutboundRow } from './repo.ts'
import type { OutboundPayment } from './schemas.ts'

/** The payment as clients read it. What the recipient's app needs is told only while it waits for them. */
export const showOutbound = (row: OutboundRow): OutboundPayment => ({
  id: showId('outboundPayment', row.id),
  object: 'outbound_payment',
  amount: toJsonAmount(row.amount),
  cancelable: isOutboundOpen(row.status) && row.is_sent,
  created: unixSeconds(row.created_at),
  currency: row.currency,
  customer: row.customer_id && showId('customer', row.customer_id),
  description: row.description,
  failure_code: row.failure_code,
  failure_message: row.failure_message,
  livemode: row.livemode,
  metadata: row.metadata,
  next_action: row.status === 'requires_recipient_action' ? nextAction(row.confirmation) : null,
  participant: row.participant_id && showId('participant', row.participant_id),
  provider: row.provider,
  provider_id: row.provider_ref,
  recipient: row.payee,
  status: row.status,
  thread: row.thread_id && showId('thread', row.thread_id),
})

const nextAction = (confirmation: OutboundRow['confirmation']): OutboundPayment['next_action'] => {
  if (confirmation === null) return null
  const { action, params } = confirmation as { action: string; params: Record<string, string> }
  return { type: action, [action]: params }
}

export const accountOfOutbound = (row: OutboundRow): ProviderAccount => ({
  merchantId: row.merchant_id,
  provider: row.provider,
  connectionId: row.provider_connection_id,
})
