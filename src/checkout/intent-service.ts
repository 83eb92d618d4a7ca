import type { Currency } from '#kernel/currencies.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { addIntent, reviseIntent } from '#payments/embed-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { intentLinks } from '#payments/link-service.ts'
import { refuseWhileBusy } from '#payments/plan-service.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { findIntent, lockIntent, updateIntent } from '#payments/repo.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { Cart, Quote } from './cart.ts'
import type { Checkout, CheckoutRow } from './checkout-row.ts'
import { showCheckout } from './checkout-view.ts'
import { labelsFor } from './labels.ts'
import { orderLines } from './order-lines.ts'
import type { CheckoutView } from './schemas.ts'

export type CheckoutDeps = PaymentDeps

/** What a payment is made of: enough of the checkout's row to make or follow one. */
export type Payable = Pick<
  CheckoutRow,
  | 'merchant_id'
  | 'id'
  | 'thread_id'
  | 'participant_id'
  | 'customer_id'
  | 'payment_intent_id'
  | 'currency'
  | 'locale'
  | 'expires_at'
  | 'livemode'
>

/**
 * The payment follows the total: made with the first one that is not zero, changed with each other one, let go when
 * nothing is to be paid any more. Answers its id. The caller has left the hosted page and cancels what was let go.
 */
export const followTotal = async (
  tx: Tx,
  deps: CheckoutDeps,
  row: Payable,
  cart: Cart,
  quote: Quote,
): Promise<string | null> => {
  const { merchant_id: merchantId, payment_intent_id: intentId } = row
  const intent = intentId === null ? undefined : await lockIntent(tx, merchantId, intentId)
  if (quote.total === 0n) {
    if (intent) await letGo(tx, deps, intent)
    return null
  }
  const terms = {
    amount: quote.total,
    options: orderOptions(row, cart, quote),
    expiresAt: row.expires_at,
    ...(row.customer_id === null ? {} : { customerId: row.customer_id }),
  }
  const description = cart.lines
    .map(({ name }) => name)
    .join(', ')
    .slice(0, 200)
  if (intent) {
    await reviseIntent(tx, deps, intent, { ...terms, description, returnUrl: cart.returnUrl ?? null })
    return intent.id
  }
  const added = await addIntent(tx, deps, {
    ...terms,
    id: newUuid(),
    merchantId,
    livemode: row.livemode,
    threadId: row.thread_id,
    participantId: row.participant_id,
    customerId: row.customer_id,
    currency: row.currency as Currency,
    description,
    metadata: { checkout: showId('checkout', row.id) },
    returnUrl: cart.returnUrl ?? null,
  })
  return added.id
}

/** A payment is let go only while nobody is about to take it, and marked, so that nobody who asked before takes it. */
const letGo = async (tx: Tx, deps: CheckoutDeps, intent: IntentRow): Promise<void> => {
  await refuseWhileBusy(tx, intent)
  if (intent.status === 'canceled') return
  if (isBeforeMoney(intent.status)) {
    await updateIntent(tx, intent, { options: { ...intent.options, let_go: true } }, deps.clock.now())
    return
  }
  throw new AppError('payment_intent_unexpected_state', {
    message: `The payment is ${intent.status}; the order cannot change any more.`,
  })
}

/** Lines for the pages, parts for the ledger, and whose payment it is. What is undefined is taken out. */
const orderOptions = (row: Payable, cart: Cart, quote: Quote): Record<string, unknown> => {
  const { goods, shipping, tax, tip } = quote.parts
  const { address, buyer } = cart
  return {
    checkout: row.id,
    parts: { goods: String(goods), shipping: String(shipping), tax: String(tax), tip: String(tip) },
    amount_details: { line_items: orderLines(cart, quote, labelsFor(row.locale)) },
    receipt_email: buyer.email,
    shipping: address && {
      name: address.name ?? buyer.name ?? '',
      ...(buyer.phone === undefined ? {} : { phone: buyer.phone }),
      address: {
        line1: address.line1,
        ...(address.line2 === undefined ? {} : { line2: address.line2 }),
        city: address.city,
        ...(address.state === undefined ? {} : { state: address.state }),
        postal_code: address.postalCode,
        country: address.country,
      },
    },
  }
}

/** The checkout as clients read it, with its payment as it stands. */
export const viewCheckout = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout): Promise<CheckoutView> => {
  const { merchant_id: merchantId, payment_intent_id: intentId } = checkout.row
  const intent = intentId === null ? undefined : await findIntent(tx, merchantId, intentId)
  return showWith(deps, checkout, intent)
}

export const showWith = (deps: CheckoutDeps, checkout: Checkout, intent: IntentRow | undefined): CheckoutView =>
  showCheckout(checkout, intent, intent ? intentLinks(deps, intent).checkoutUrl : null)

export const tellCheckout = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout, type: string): Promise<void> => {
  const { row } = checkout
  await appendEvents(tx, [
    {
      merchantId: row.merchant_id,
      type,
      objectId: row.id,
      threadId: row.thread_id,
      paymentIntentId: row.payment_intent_id,
      object: await viewCheckout(tx, deps, checkout),
      livemode: row.livemode,
      createdAt: deps.clock.now(),
    },
  ])
}
