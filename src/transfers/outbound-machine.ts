import { addMs } from '#kernel/clock.ts'
import type { TransferState } from '#providers/transfers.ts'

export const outboundStatuses = [
  'processing',
  'requires_recipient_action',
  'posted',
  'failed',
  'canceled',
  'returned',
] as const

export type OutboundStatus = (typeof outboundStatuses)[number]

/** What the ledger books of a step, in this order. */
export type OutboundBooking = 'sent' | 'posted' | 'given_back' | 'returned'

export interface OutboundStep {
  status: OutboundStatus
  /** Whether the money has left the balance by now, if only to come back. */
  isSent: boolean
  books: readonly OutboundBooking[]
}

const statusOf = {
  pending: 'processing',
  requires_action: 'requires_recipient_action',
  succeeded: 'posted',
  failed: 'failed',
  canceled: 'canceled',
  returned: 'returned',
} as const satisfies Record<TransferState, OutboundStatus>

const toEnd: Record<OutboundStatus, readonly OutboundBooking[]> = {
  processing: [],
  requires_recipient_action: [],
  posted: ['posted'],
  failed: ['given_back'],
  canceled: ['given_back'],
  returned: ['posted', 'returned'],
}

/**
 * What the provider's state means for ours: a step, nothing new (`same`), old news (`stale`), or two ends that cannot both
 * be true (`conflict`). `isSent`: whether the money has been booked as on its way.
 */
export const stepOutbound = (
  ours: { status: OutboundStatus; isSent: boolean },
  theirs: TransferState,
): OutboundStep | 'same' | 'stale' | 'conflict' => {
  const status = statusOf[theirs]
  if (isOutboundOpen(ours.status)) {
    if (ours.isSent && ours.status === status) return 'same'
    // Of what failed before anybody knew of it, nothing has moved.
    const hasMoved = ours.isSent || (status !== 'failed' && status !== 'canceled')
    const first: readonly OutboundBooking[] = ours.isSent ? [] : ['sent']
    return { status, isSent: hasMoved, books: hasMoved ? [...first, ...toEnd[status]] : [] }
  }
  if (ours.status === status) return 'same'
  if (ours.status === 'posted' && status === 'returned') return { status, isSent: true, books: ['returned'] }
  if (ours.status === 'returned' && status === 'posted') return 'stale'
  return isOutboundOpen(status) ? 'stale' : 'conflict'
}

/** On its way: neither arrived nor given up. */
export const isOutboundOpen = (status: OutboundStatus): boolean =>
  status === 'processing' || status === 'requires_recipient_action'

const minute = 60_000
const day = 24 * 60 * minute

/** When to ask again after what is under way: more and more rarely, but never no more, for money is on its way. */
export const nextOutboundCheck = (createdAt: Date, now: Date): Date => {
  const ageMs = now.getTime() - createdAt.getTime()
  return addMs(now, Math.min(Math.max(ageMs, 10 * minute), day)) // exact: a wait, not money
}
