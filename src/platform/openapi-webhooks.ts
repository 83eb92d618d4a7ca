import type { z } from 'zod'
import type { ZodOpenApiPathsObject } from 'zod-openapi'
import { signatureParameters } from './openapi-call.ts'
import type { Route } from './route.ts'

/** The events that this service sends, and when. A test compares them with the code that appends events. */
export const sentEvents: Readonly<Record<string, string>> = {
  'balance.available': 'Money became available at a provider.',
  'balance.negative': 'The available balance fell below zero: refunds or disputes exceeded it.',
  'bill.canceled': 'A bill was canceled; everybody who had paid gets their money back.',
  'bill.closed': 'A bill was closed before everybody had paid.',
  'bill.created': 'A bill was split; its shares can be paid.',
  'bill.expired': 'The time of a bill is over; what was paid stays paid.',
  'bill.paid': 'Every share of a bill is paid.',
  'bill.updated': 'A share was paid, refunded or canceled, or the bill was changed.',
  'charge.captured': 'An authorised charge was captured.',
  'charge.dispute.closed': 'A dispute is won or lost, or an inquiry has ended.',
  'charge.dispute.created': 'A payer disputes a payment at their bank, or complains of it in their app.',
  'charge.dispute.funds_reinstated': 'The provider put money of a dispute back into your balance.',
  'charge.dispute.funds_withdrawn': 'The provider took the money of a dispute, and its fee, from your balance.',
  'charge.dispute.updated': 'A dispute changed: its status, its evidence, its deadline or its metadata.',
  'charge.failed': 'An attempt to pay failed.',
  'charge.pending': 'An attempt waits for an asynchronous payment method.',
  'charge.refunded': 'A refund of this charge succeeded.',
  'charge.succeeded': 'An attempt succeeded: the money is captured or authorised.',
  'charge.updated': 'The fee became known, the amount authorised grew, or a refund was taken back.',
  'checkout.canceled': 'A checkout was canceled, its payment too.',
  'checkout.completed': 'A checkout is paid, or cost nothing.',
  'checkout.created': 'A checkout was created.',
  'checkout.expired': 'The time of a checkout is over; it can no longer be paid.',
  'checkout.updated': 'A checkout was changed, or its payment began, waits or was declined.',
  'connection.broken': 'A platform refuses the credentials of a connection; nothing is sent until they are replaced.',
  'customer.created': 'A customer was created.',
  'customer.deleted': 'A customer was deleted.',
  'customer.updated': 'A customer was changed.',
  'dispute.evidence_due': 'Evidence of a dispute is due in seven days, two days, or twelve hours.',
  'export.ready': 'An export has succeeded; its file can be downloaded.',
  'ledger.adjustment.approved': 'An adjustment or a reversal was approved and booked.',
  'ledger.adjustment.proposed': 'An adjustment or a reversal waits for another person.',
  'ledger.adjustment.rejected': 'An adjustment or a reversal was rejected; nothing was booked.',
  'ledger.period.closed': 'A month was closed; its trial balance is final.',
  'ledger.period.reopened': 'A closed month was reopened.',
  'outbound_payment.canceled': 'An outbound payment was canceled; its money is back in the balance.',
  'outbound_payment.created': 'Money is to be sent to a person.',
  'outbound_payment.failed': 'An outbound payment failed; its money is back in the balance, if it had left it.',
  'outbound_payment.posted': 'A person has the money.',
  'outbound_payment.requires_recipient_action': 'A person must accept the money, by `next_action`.',
  'outbound_payment.returned': 'Money came back after a person had it.',
  'payment_intent.amount_capturable_updated': 'Money is authorised and can be captured.',
  'payment_intent.canceled': 'The payment intent was canceled or expired.',
  'payment_intent.conflicted':
    'The provider disagrees about amount, currency or state. Nothing was booked; a person must look.',
  'payment_intent.created': 'A payment intent was created.',
  'payment_intent.payment_failed': 'An attempt failed; the intent can be paid again.',
  'payment_intent.processing': 'The payer has done their part; the provider has not decided yet.',
  'payment_intent.requires_action': 'The payer must do something, for example 3-D Secure.',
  'payment_intent.succeeded': 'Paid.',
  'payment_intent.updated': 'A payment intent was changed by the API.',
  'payment_method.attached': 'A payer’s method of payment is kept for their next payments.',
  'payment_method.detached': 'A method of payment was removed, by the payer or by you; it charges nobody any more.',
  'payment_method.updated':
    'A kept method changed: you updated it, or its network replaced the card. `previous_attributes` says what it was.',
  'payout.canceled': 'A payout was canceled; its money is back in the balance.',
  'payout.created': 'Money is on its way to the bank.',
  'payout.failed': 'A payout failed, maybe after it was paid; its money is back in the balance.',
  'payout.paid': 'The provider says that a payout has arrived.',
  'payout.reconciliation_completed': 'All entries of a payout are known; its composition says whether they add up.',
  'payout.updated': 'A payout left, was confirmed from the bank statement, or changed otherwise.',
  'refund.created': 'A refund was created.',
  'refund.failed': 'A refund failed; its money is back.',
  'refund.updated': 'A refund changed its status or its metadata.',
  'setup_intent.canceled': 'A setup intent was canceled; nothing is kept by it.',
  'setup_intent.created': 'A setup intent was created.',
  'setup_intent.requires_action': 'The payer must do something before the method is kept, for example 3-D Secure.',
  'setup_intent.setup_failed': 'An attempt to keep a method was refused; another can be tried.',
  'setup_intent.succeeded': 'A payment method is kept for the customer.',
  'thread.created': 'A thread was created.',
  'thread.message.created': 'A message was posted in a thread, by you or by Parley.',
  'thread.message.received': 'Somebody wrote in a thread, or tapped a button: for your bot to answer.',
  'thread.message.undeliverable': 'The platform does not let a message through; the message says why.',
  'thread.message.updated': 'A message was sent, delivered, read or changed, or nobody knows whether it arrived.',
  'webhook_endpoint.disabled': 'An endpoint failed for three days, or answered 410, and gets nothing more.',
}

/** One entry per event: they differ in `type` and in what `data.object` is. */
export const describeWebhooks = (routes: readonly Route[]): ZodOpenApiPathsObject => {
  const route = routes.find(({ response }) => response.meta()?.id === 'Event')
  if (!route) return {}
  return Object.fromEntries(
    Object.entries(sentEvents).map(([type, when]) => [type, { post: describeEvent(type, when, route.response) }]),
  )
}

const describeEvent = (type: string, when: string, schema: z.ZodType) => ({
  operationId: `on_${type.replaceAll('.', '_')}`,
  summary: when,
  description: `Sent to every webhook endpoint that asked for \`${type}\` or \`*\`. ${signed}`,
  tags: ['Webhook endpoints'],
  security: [],
  parameters: signatureParameters(),
  requestBody: { required: true, content: { 'application/json': { schema } } },
  responses: {
    '2XX': { description: 'Received. Anything else, or no answer in time, is tried again.' },
    '410': { description: 'Gone: the endpoint is disabled at once.' },
  },
})

const signed =
  'Signed twice with the endpoint’s one secret; verify either signature over the raw body. At least once: the same `webhook-id` is the same event.'
