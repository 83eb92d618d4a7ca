import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { RefundStatus } from './refund-machine.ts'

export interface RefundRow {
  merchant_id: string
  id: string
  payment_intent_id: string
  charge_id: string
  status: RefundStatus
  amount: bigint
  currency: string
  reason: string | null
  failure_reason: string | null
  metadata: Record<string, string>
  provider: string
  provider_ref: string | null
  version: number
  created_at: Date
  updated_at: Date
}

/** The refund as clients read it: Stripe's object with `thread` beside it. */
export const showRefund = (row: RefundRow, threadId: string | null) => ({
  id: showId('refund', row.id),
  object: 'refund' as const,
  amount: toJsonAmount(row.amount),
  balance_transaction: null,
  charge: showId('charge', row.charge_id),
  created: unixSeconds(row.created_at),
  currency: row.currency,
  customer: null,
  customer_account: null,
  metadata: row.metadata,
  payment_intent: showId('paymentIntent', row.payment_intent_id),
  payment_method: null,
  provider: row.provider,
  provider_id: row.provider_ref,
  reason: row.reason,
  receipt_number: null,
  source_transfer_reversal: null,
  status: row.status,
  thread: threadId && showId('thread', threadId),
  transfer_reversal: null,
  ...(row.failure_reason === null ? {} : { failure_reason: row.failure_reason }),
})
export type RefundView = ReturnType<typeof showRefund>
