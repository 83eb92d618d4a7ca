import { parseId } from '#kernel/ids.ts'
import type { Card, PaidIntent, ToldRefund } from './schemas.ts'

/** What a thread is told about an event. */
export interface Notice {
  sentence: 'receipt' | 'refunded' | 'refundFailed'
  card: Extract<Card, { type: 'receipt' | 'refund_notice' }>
  /** Names the reason, so that it is told once. */
  dedupeKey: string
}

export const receiptOf = ({ id, amount_received, currency, description }: PaidIntent): Notice => ({
  sentence: 'receipt',
  card: { type: 'receipt', title: description ?? '', amount: amount_received, currency },
  dedupeKey: `receipt:${requireUuid('paymentIntent', id)}`,
})

/** A refund that had succeeded may still fail later; both are told, each once. */
export const refundNotice = ({ id, amount, currency }: ToldRefund, status: 'succeeded' | 'failed'): Notice => {
  const uuid = requireUuid('refund', id)
  return {
    sentence: status === 'succeeded' ? 'refunded' : 'refundFailed',
    card: { type: 'refund_notice', title: '', amount, currency, refund: id, status },
    dedupeKey: status === 'succeeded' ? `refund:${uuid}` : `refund_failed:${uuid}`,
  }
}

const requireUuid = (kind: 'paymentIntent' | 'refund', id: string): string => {
  const uuid = parseId(kind, id)
  if (uuid === undefined) throw new RangeError(`event about '${id}', which is no ${kind}`)
  return uuid
}
