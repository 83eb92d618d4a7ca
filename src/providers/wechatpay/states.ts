import type { PaymentState, RefundState } from '#providers/provider.ts'
import { UnmappedError } from './amounts.ts'

/**
 * `trade_state`. REFUND is an order that was paid and of which something was, or is to be, given back: what became of
 * that is asked of the refund. The last three exist for payment codes only.
 */
export const paymentStates = {
  NOTPAY: 'requires_payment_method',
  SUCCESS: 'succeeded',
  REFUND: 'succeeded',
  CLOSED: 'canceled',
  REVOKED: 'canceled',
  USERPAYING: 'processing',
  PAYERROR: 'requires_payment_method',
} as const satisfies Record<string, PaymentState>

/**
 * A refund's status, in the spellings of the domestic and the overseas product. ABNORMAL: the bank would not take the
 * money back; it has left the merchant and waits until the merchant says where to send it, so it is not given up.
 */
export const refundStates = {
  SUCCESS: 'succeeded',
  PROCESSING: 'pending',
  ABNORMAL: 'requires_action',
  CLOSED: 'failed',
  CLOSE: 'failed',
  REFUNDCLOSE: 'failed',
} as const satisfies Record<string, RefundState>

/** Reads a table; a key outside it stops loudly instead of becoming the nearest state. */
export const lookUp = <T extends string>(table: Readonly<Record<string, T>>, key: unknown, what: string): T => {
  const found = typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
  if (found === undefined) throw new UnmappedError(what, key)
  return found
}
