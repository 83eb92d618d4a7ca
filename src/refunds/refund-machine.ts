export const refundStatuses = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const
export type RefundStatus = (typeof refundStatuses)[number]

/** How a refund's step moves the payment's totals and the ledger. Amounts are of the whole refund. */
export interface RefundEffect {
  /** Reserved on the payment: the refund is under way. */
  pending: -1 | 0
  /** Counted as refunded. */
  refunded: -1 | 0 | 1
  book: 'refund' | 'refund_failure' | undefined
}

const none: RefundEffect = { pending: 0, refunded: 0, book: undefined }
const succeed: RefundEffect = { pending: -1, refunded: 1, book: 'refund' }
const giveUp: RefundEffect = { pending: -1, refunded: 0, book: undefined }
/** A bank may send money back days after the provider called the refund done. */
const comeBack: RefundEffect = { pending: 0, refunded: -1, book: 'refund_failure' }

const steps: Record<RefundStatus, Partial<Record<RefundStatus, RefundEffect>>> = {
  pending: { requires_action: none, succeeded: succeed, failed: giveUp, canceled: giveUp },
  requires_action: { pending: none, succeeded: succeed, failed: giveUp, canceled: giveUp },
  succeeded: { failed: comeBack },
  failed: {},
  canceled: {},
}

/** What the provider's state means for ours: an effect, nothing new (`same`), or old news (`stale`). */
export const stepRefund = (ours: RefundStatus, theirs: RefundStatus): RefundEffect | 'same' | 'stale' =>
  ours === theirs ? 'same' : (steps[ours][theirs] ?? 'stale')

export const isRefundOpen = (status: RefundStatus): boolean => status === 'pending' || status === 'requires_action'
