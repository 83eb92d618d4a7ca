import { stripeEventTypes } from './stripe-event-types.ts'

/** Event types of ours that Stripe does not have. */
export const ownEventTypes = [
  'balance.negative',
  'bill.canceled',
  'bill.closed',
  'bill.created',
  'bill.expired',
  'bill.paid',
  'bill.updated',
  'checkout.canceled',
  'checkout.completed',
  'checkout.created',
  'checkout.expired',
  'checkout.updated',
  'connection.broken',
  'dispute.evidence_due',
  'export.ready',
  'ledger.adjustment.approved',
  'ledger.adjustment.proposed',
  'ledger.adjustment.rejected',
  'ledger.period.closed',
  'ledger.period.reopened',
  'outbound_payment.canceled',
  'outbound_payment.created',
  'outbound_payment.failed',
  'outbound_payment.posted',
  'outbound_payment.requires_recipient_action',
  'outbound_payment.returned',
  'payment_intent.conflicted',
  'payment_intent.updated',
  'thread.created',
  'thread.message.created',
  'thread.message.received',
  'thread.message.updated',
  'thread.message.undeliverable',
  'webhook_endpoint.disabled',
] as const

const known: ReadonlySet<string> = new Set([...stripeEventTypes, ...ownEventTypes])

export const isKnownEventType = (type: string): boolean => known.has(type)

/** Whether an endpoint asked for events of this type. */
export const wants = (enabledEvents: readonly string[], type: string): boolean =>
  enabledEvents.includes('*') || enabledEvents.includes(type)
