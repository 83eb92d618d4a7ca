import { requireCustomer } from '#customers/repo.ts'
import { addMs } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { expiryOf } from '#payments/create-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { resolveParticipant, resolveThread } from '#threads/service.ts'
import type { Cart } from './cart.ts'
import { readCart } from './cart-schemas.ts'
import type { Checkout } from './checkout-row.ts'
import { type CheckoutDeps, followTotal, tellCheckout } from './intent-service.ts'
import { type CartChange, mergeCart } from './merge.ts'
import { priceCheckout } from './price-service.ts'
import { findCheckout, insertCheckout, openCheckout } from './repo.ts'
import type { CreateCheckout } from './schemas.ts'

export interface Scope {
  merchantId: string
  livemode: boolean
  /** The request's identity, and the new checkout's id. */
  resourceId: string
}

const lifeMs = 24 * 3_600_000

/** Writes the checkout and, when there is something to pay, its payment: one transaction. */
export const createCheckout = (deps: CheckoutDeps, scope: Scope, body: CreateCheckout): Promise<Checkout> =>
  inTransaction(deps.db, scope.merchantId, async (tx) => {
    const existing = await findCheckout(tx, scope.merchantId, scope.resourceId)
    // Written by the same request before its process died.
    if (existing) return existing
    const { currency, thread, participant, customer, locale, metadata, expires_at, expires_in, ...change } = body
    const now = deps.clock.now()
    const place = await resolvePlace(tx, scope, body, now)
    const stored = mergeCart({}, change)
    const cart = readCart(stored)
    refuseCart(cart, change)
    const order = { currency, now, isNew: true, redeemedId: null }
    const { quote, promotionId, isReady } = await priceCheckout(tx, scope.merchantId, cart, order)
    const row = {
      merchant_id: scope.merchantId,
      id: scope.resourceId,
      ...place,
      currency,
      expires_at: expiryOf({ expires_at, expires_in }, now) ?? addMs(now, lifeMs),
      livemode: scope.livemode,
    }
    const intentId = await followTotal(tx, deps, { ...row, payment_intent_id: null }, cart, quote)
    const inserted = await insertCheckout(tx, {
      ...row,
      payment_intent_id: intentId,
      status: isReady ? 'ready' : 'incomplete',
      cart: stored,
      quote,
      total: quote.total,
      promotion_code_id: promotionId,
      metadata: mergeMetadata({}, metadata ?? {}),
      completed_at: null,
      canceled_at: null,
      created_at: now,
      updated_at: now,
    })
    const checkout = openCheckout(inserted)
    await tellCheckout(tx, deps, checkout, 'checkout.created')
    return checkout
  })

const resolvePlace = async (tx: Tx, scope: Scope, body: CreateCheckout, now: Date) => {
  const { merchantId } = scope
  const { thread, participant, customer } = body
  if (thread === undefined && participant !== undefined) {
    throw new AppError('parameter_missing', {
      message: 'participant needs a thread. Send thread as well.',
      param: 'thread',
    })
  }
  const row = thread === undefined ? undefined : await resolveThread(tx, scope, thread, now)
  const person = row && participant && (await resolveParticipant(tx, merchantId, row.id, participant, now))
  const customerId = customer && (await requireCustomer(tx, merchantId, customerUuid(customer))).id
  return {
    thread_id: row?.id ?? null,
    participant_id: person ?? null,
    customer_id: customerId ?? null,
    locale: body.locale ?? row?.locale ?? null,
  }
}

export const customerUuid = (id: string): string => requireUuid('customer', id, 'customer', 'customer')

/** What a schema cannot say: members that contradict each other. Only what is sent now is judged. */
export const refuseCart = (cart: Cart, change: CartChange): void => {
  const { tip, shippingOption, shippingOptions } = cart
  if (tip.max !== undefined && tip.amount > tip.max) {
    throw new AppError('parameter_invalid_integer', {
      message: `The tip (${tip.amount}) is above the most that is taken (${tip.max}).`,
      param: 'tip[amount]',
    })
  }
  const isUnknown = shippingOption !== undefined && !shippingOptions.some(({ id }) => id === shippingOption)
  if (isUnknown && typeof change.shipping_option === 'string') {
    throw new AppError('parameter_invalid_string', {
      message: `No shipping option has the id '${shippingOption}'.`,
      param: 'shipping_option',
    })
  }
}
