import { z } from 'zod'
import { parseId } from '#kernel/ids.ts'
import type { Card } from './schemas.ts'

/** What a thread is told about an event. */
export interface Notice {
  sentence: 'receipt' | 'refunded' | 'refundFailed'
  card: Extract<Card, { type: 'receipt' | 'refund_notice' }>
  /** Names the reason, so that it is told once. */
  dedupeKey: string
}

/** Events as the outbox has them, as far as they are read here. */
interface Told {
  type: string
  data: unknown
}

const paid = z.object({
  id: z.string(),
  amount_received: z.int(),
  currency: z.string(),
  description: z.string().nullish(),
})

const refund = z.object({ id: z.string(), amount: z.int(), currency: z.string(), status: z.string().nullish() })

export const noticeOf = (event: Told): Notice | undefined => {
  switch (event.type) {
    case 'payment_intent.succeeded':
      return receiptOf(paid.parse(event.data))
    case 'refund.created':
    case 'refund.updated': {
      const data = refund.parse(event.data)
      return data.status === 'succeeded' ? refundNotice(data, 'succeeded') : undefined
    }
    case 'refund.failed':
      return refundNotice(refund.parse(event.data), 'failed')
    default:
      return undefined
  }
}

const receiptOf = ({ id, amount_received, currency, description }: z.output<typeof paid>): Notice => ({
  sentence: 'receipt',
  card: { type: 'receipt', title: description ?? '', amount: amount_received, currency },
  dedupeKey: `receipt:${requireUuid('paymentIntent', id)}`,
})

/** A refund that had succeeded may still fail later; both are told, each once. */
const refundNotice = ({ id, amount, currency }: z.output<typeof refund>, status: 'succeeded' | 'failed'): Notice => {
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
