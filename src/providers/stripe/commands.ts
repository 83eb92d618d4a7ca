import type Stripe from 'stripe'
import type { Clock } from '#kernel/clock.ts'
import type { AuthorizeCommand, PaymentProvider, ProviderAnswer, ProviderPayment } from '#providers/provider.ts'
import { toWire } from './amounts.ts'
import { command, lookup } from './client.ts'
import { closeFields, isFields, openFields } from './fields.ts'
import { findPage, findPayment, withFees } from './lookups.ts'
import { mapCustomer, mapPage, mapPayment, mapRefund, mapSavedMethod } from './mapping.ts'
import {
  cancelParams,
  captureParams,
  confirmParams,
  createParams,
  customerParams,
  expand,
  pageParams,
  refundParams,
  retryParams,
} from './requests.ts'

type Commands = Pick<
  PaymentProvider,
  | 'authorize'
  | 'capture'
  | 'cancel'
  | 'increment'
  | 'refund'
  | 'cancelRefund'
  | 'openPage'
  | 'closePage'
  | 'createCustomer'
  | 'detachMethod'
>

/** Everything that changes something at Stripe. Each call carries its operation's idempotency key. */
export const stripeCommands = (stripe: Stripe, clock: Clock): Commands => {
  const { paymentIntents, refunds } = stripe
  const { sessions } = stripe.checkout
  const payment = (send: () => Promise<Stripe.Response<Stripe.PaymentIntent>>) => paymentCommand(stripe, send)
  return {
    authorize: (order) =>
      order.paymentRef === undefined
        ? payment(() => paymentIntents.create(createParams(order), { idempotencyKey: order.idempotencyKey }))
        : confirm(stripe, order, order.paymentRef),
    // What is not captured is given back: `final_capture` is true unless said otherwise, and taken only where the
    // charge may be captured several times.
    capture: ({ paymentRef, idempotencyKey, ...order }) =>
      payment(() => paymentIntents.capture(paymentRef, captureParams(order), { idempotencyKey })),
    cancel: ({ paymentRef, reason, idempotencyKey }) =>
      payment(() => paymentIntents.cancel(paymentRef, cancelParams(reason), { idempotencyKey })),
    increment: ({ paymentRef, amount, currency, idempotencyKey }) =>
      payment(() => {
        const params = { amount: toWire(amount, currency), expand }
        return paymentIntents.incrementAuthorization(paymentRef, params, { idempotencyKey })
      }),
    refund: (order) =>
      command(() => refunds.create(refundParams(order), { idempotencyKey: order.idempotencyKey }), mapRefund),
    cancelRefund: ({ refundRef, idempotencyKey }) =>
      command(() => refunds.cancel(refundRef, {}, { idempotencyKey }), mapRefund),
    openPage: (order) =>
      order.use === 'fields'
        ? openFields(stripe, order)
        : command(
            () => sessions.create(pageParams(order, clock.now()), { idempotencyKey: order.idempotencyKey }),
            mapPage,
          ),
    closePage: async ({ pageRef, idempotencyKey }) => {
      if (isFields(pageRef)) return closeFields(stripe, pageRef, idempotencyKey)
      const answer = await command(() => sessions.expire(pageRef, {}, { idempotencyKey }), mapPage)
      if (answer.outcome !== 'refused') return answer
      // Stripe refuses to expire a page that is complete or expired already; for us that is closed.
      const page = await findPage(stripe, pageRef)
      if (page.outcome === 'ok' && page.value && page.value.state !== 'open') return { ...page, value: page.value }
      return page.outcome === 'unknown' ? page : answer
    },
    createCustomer: ({ customer, idempotencyKey }) =>
      command(() => stripe.customers.create(customerParams(customer), { idempotencyKey }), mapCustomer),
    detachMethod: ({ methodRef, idempotencyKey }) => detach(stripe, methodRef, idempotencyKey),
  }
}

/**
 * A second attempt at a payment that exists. Its amount is put right first, but only where nothing has been taken yet;
 * otherwise the difference is for a person to judge.
 */
const confirm = async (
  stripe: Stripe,
  order: AuthorizeCommand,
  paymentRef: string,
): Promise<ProviderAnswer<ProviderPayment>> => {
  const { idempotencyKey } = order
  const found = await findPayment(stripe, paymentRef)
  if (found.outcome === 'unknown') return found
  if (!found.value) return refusal('resource_missing', `No such payment at the provider: '${paymentRef}'`)
  const isAmountRight = found.value.amount === order.amount
  if (found.value.currency !== order.currency || (!isAmountRight && !isOpen(found.value))) {
    const refused = refusal('payment_intent_amount_reconciliation_mismatch', "The provider's amount differs from ours.")
    return { ...refused, payment: found.value }
  }
  // A confirmation can name neither the customer nor who else gets something; the payment has to know them before.
  const { applicationFee, transfer, transferGroup } = order.details ?? {}
  const isMore = [order.customerRef, applicationFee, transfer?.amount, transferGroup].some((one) => one !== undefined)
  if (!isAmountRight || (isMore && isOpen(found.value))) {
    const updated = await paymentCommand(stripe, () =>
      stripe.paymentIntents.update(paymentRef, retryParams(order), { idempotencyKey: `${idempotencyKey}:amount` }),
    )
    if (updated.outcome !== 'ok') return updated
  }
  return paymentCommand(stripe, () =>
    stripe.paymentIntents.confirm(paymentRef, confirmParams(order), { idempotencyKey }),
  )
}

/** Stripe refuses to detach what is not attached (any more); for us that is done. */
const detach = async (stripe: Stripe, methodRef: string, idempotencyKey: string) => {
  const answer = await command(() => stripe.paymentMethods.detach(methodRef, {}, { idempotencyKey }), mapSavedMethod)
  if (answer.outcome !== 'refused') return answer
  const found = await lookup(() => stripe.paymentMethods.retrieve(methodRef))
  if (found.outcome === 'unknown') return found
  return found.value?.customer ? answer : { ...found, value: { ref: methodRef } }
}

const isOpen = ({ state }: ProviderPayment): boolean =>
  state === 'requires_payment_method' || state === 'requires_confirmation' || state === 'requires_action'

const paymentCommand = async (stripe: Stripe, send: () => Promise<Stripe.Response<Stripe.PaymentIntent>>) => {
  const answer = await command(send, mapPayment, async (ref) => {
    const fresh = await findPayment(stripe, ref)
    return fresh.outcome === 'ok' ? fresh.value : undefined
  })
  if (answer.outcome !== 'ok') return answer
  // The work is done, whether or not its fees can be read now: the next look at the payment asks for them again.
  const whole = await withFees(stripe, answer.value)
  return whole.outcome === 'ok' ? { ...answer, value: whole.value } : answer
}

const refusal = (code: string, message: string) => ({ outcome: 'refused' as const, decline: { code, message } })
