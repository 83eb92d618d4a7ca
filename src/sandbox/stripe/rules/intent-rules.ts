import { invalidRequest } from '../http/api-error.ts'
import type { Documents } from '../store/documents.ts'

type Intent = Documents['payment_intent']
type Status = Intent['status']
type Action = 'cancel' | 'capture' | 'confirm' | 'increment' | 'update'

const ALLOWED: Record<Action, readonly Status[]> = {
  cancel: ['requires_payment_method', 'requires_capture', 'requires_confirmation', 'requires_action'],
  capture: ['requires_capture'],
  confirm: ['requires_payment_method', 'requires_confirmation', 'requires_action'],
  increment: ['requires_capture'],
  update: [
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'requires_capture',
    'processing',
    'succeeded',
  ],
}

/** Refuses what the state machine does not allow, in Stripe's words. */
export function assertIntentAllows(action: Action, intent: Intent): void {
  const allowed = ALLOWED[action]
  if (allowed.includes(intent.status)) return
  throw invalidRequest(refusal(action, intent.status, allowed.join(', ')), {
    code: 'payment_intent_unexpected_state',
    payment_intent: intent,
  })
}

/** Amount, currency and method are settled once an attempt holds money. */
export function assertIntentIsOpen(param: string, intent: Intent): void {
  const open: readonly Status[] = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  if (open.includes(intent.status)) return
  throw invalidRequest(
    `This PaymentIntent's ${param} could not be updated because it has a status of ${intent.status}. You may only update the ${param} of a PaymentIntent with one of the following statuses: ${open.join(', ')}.`,
    { code: 'payment_intent_unexpected_state', payment_intent: intent, param },
  )
}

function refusal(action: Action, status: Status, allowed: string): string {
  switch (action) {
    case 'cancel':
      return `You cannot cancel this PaymentIntent because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be canceled: ${allowed}.`
    case 'capture':
      return `This PaymentIntent could not be captured because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be captured: ${allowed}.`
    case 'confirm':
      if (status === 'succeeded') {
        return 'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.'
      }
      return `You cannot confirm this PaymentIntent because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be confirmed: ${allowed}.`
    case 'increment':
      return `This PaymentIntent's authorization could not be incremented because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be incremented: ${allowed}.`
    case 'update':
      return `This PaymentIntent could not be updated because it has a status of ${status}.`
  }
}
