import type Stripe from 'stripe'
import type { PaymentState, ProviderCharge, ProviderPage, RefundState } from '#providers/provider.ts'
import { UnmappedError } from './amounts.ts'

/** Stripe's enums are open; this is the closed part, so that an SDK which knows a new state does not compile here. */
export type Known<T> = T extends string ? (string extends T ? never : T) : never

export const paymentStates = {
  requires_payment_method: 'requires_payment_method',
  requires_confirmation: 'requires_confirmation',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'requires_capture',
  succeeded: 'succeeded',
  canceled: 'canceled',
} as const satisfies Record<Known<Stripe.PaymentIntent.Status>, PaymentState>

export const chargeStates = {
  pending: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
} as const satisfies Record<Known<Stripe.Charge.Status>, ProviderCharge['state']>

/** The SDK types a refund's state as plain text; these are the documented ones. */
export const refundStates = {
  pending: 'pending',
  requires_action: 'requires_action',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
} as const satisfies Record<RefundState, RefundState>

export const pageStates = {
  open: 'open',
  complete: 'complete',
  expired: 'expired',
} as const satisfies Record<Known<Stripe.Checkout.Session.Status>, ProviderPage['state']>

/** Reads a table; a key outside it stops loudly instead of becoming the nearest state. */
export const lookUp = <T extends string>(table: Readonly<Record<string, T>>, key: unknown, what: string): T => {
  const found = typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
  if (found === undefined) throw new UnmappedError(what, key)
  return found
}
