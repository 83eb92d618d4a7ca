import { requireCustomer } from '#customers/repo.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { cancelIntent } from '#payments/command-service.ts'
import { expiryOf } from '#payments/create-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { leavePage } from '#payments/leave-page-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { readCart, type StoredCart } from './cart-schemas.ts'
import { isOpen, stepCheckout } from './checkout-machine.ts'
import type { Checkout, CheckoutRow } from './checkout-row.ts'
import { customerUuid, refuseCart, type Scope } from './create-service.ts'
import { type CheckoutDeps, followTotal, tellCheckout } from './intent-service.ts'
import { type CartChange, mergeCart } from './merge.ts'
import { priceCheckout } from './price-service.ts'
import { giveRedemptionBack } from './promotion-repo.ts'
import { findCheckout, lockCheckout, updateCheckout } from './repo.ts'
import type { UpdateCheckout } from './schemas.ts'

/** Changes an open checkout; the hosted page of its payment is left first, for it may show other terms. */
export const changeCheckout = async (
  deps: CheckoutDeps,
  scope: Scope,
  id: string,
  body: UpdateCheckout,
): Promise<Checkout> => {
  const { merchantId } = scope
  const before = await inTransaction(deps.db, merchantId, (tx) => requireCheckout(tx, merchantId, id))
  requireOpen(before.row, 'changed')
  await leavePageOf(deps, before.row)
  const { customer, locale, metadata, expires_at, expires_in, ...change } = body
  const after = await inTransaction(deps.db, merchantId, async (tx) => {
    const checkout = await requireCheckout(tx, merchantId, id, lockCheckout)
    requireOpen(checkout.row, 'changed')
    const now = deps.clock.now()
    const expiresAt = expiryOf({ expires_at, expires_in }, now)
    const row = {
      ...checkout.row,
      ...(customer === undefined
        ? {}
        : { customer_id: (await requireCustomer(tx, merchantId, customerUuid(customer))).id }),
      ...(locale === undefined ? {} : { locale }),
      ...(metadata === undefined ? {} : { metadata: mergeMetadata(checkout.row.metadata, metadata) }),
      ...(expiresAt === null ? {} : { expires_at: expiresAt }),
    }
    return applyChange(tx, deps, row, change)
  })
  await letGo(deps, before.row, after.row)
  return after
}

/** Brings a locked, open checkout to a changed cart: price, status, payment, event. */
export const applyChange = async (
  tx: Tx,
  deps: CheckoutDeps,
  row: CheckoutRow,
  change: CartChange,
): Promise<Checkout> => {
  const now = deps.clock.now()
  const stored = mergeCart(row.cart as StoredCart, change)
  const cart = readCart(stored)
  refuseCart(cart, change)
  const redeemedId = row.is_redeemed ? row.promotion_code_id : null
  const isNew = typeof change.promotion_code === 'string' && change.promotion_code !== ''
  const order = { currency: row.currency, now, isNew, redeemedId }
  const { quote, promotionId, isReady } = await priceCheckout(tx, row.merchant_id, cart, order)
  const isKept = redeemedId !== null && redeemedId === promotionId
  if (redeemedId !== null && !isKept) await giveRedemptionBack(tx, row.merchant_id, redeemedId)
  const intentId = await followTotal(tx, deps, row, cart, quote)
  const saved = await updateCheckout(
    tx,
    row,
    {
      status: stepCheckout(row.status, isReady ? 'fill' : 'empty') ?? row.status,
      cart: stored,
      quote,
      metadata: row.metadata,
      payment_intent_id: intentId,
      promotion_code_id: promotionId,
      is_redeemed: isKept,
      expires_at: row.expires_at,
      ...(row.customer_id === null ? {} : { customer_id: row.customer_id }),
      ...(row.locale === null ? {} : { locale: row.locale }),
    },
    now,
  )
  await tellCheckout(tx, deps, saved, 'checkout.updated')
  return saved
}

/**
 * A payment that has nothing to collect any more is canceled; nobody can pay it meanwhile, for the checkout does not
 * own it. Whatever goes wrong here, it expires with its checkout.
 */
const letGo = async (deps: CheckoutDeps, before: CheckoutRow, after: CheckoutRow): Promise<void> => {
  const intentId = before.payment_intent_id
  if (intentId === null || after.payment_intent_id === intentId) return
  const scope = { merchantId: before.merchant_id, intentId, requestId: intentId }
  await cancelIntent(deps, scope, 'abandoned').catch((error: unknown) =>
    deps.logger.warn({ err: error, payment_intent: showId('paymentIntent', intentId) }, 'canceled when it expires'),
  )
}

export const leavePageOf = async (deps: CheckoutDeps, row: CheckoutRow): Promise<IntentRow | undefined> => {
  if (row.payment_intent_id === null) return undefined
  return leavePage(deps, { merchantId: row.merchant_id, intentId: row.payment_intent_id })
}

export const requireCheckout = async (
  tx: Tx,
  merchantId: string,
  id: string,
  find = findCheckout,
): Promise<Checkout> => {
  const found = await find(tx, merchantId, requireUuid('checkout', id, 'checkout'))
  if (!found) throw notFound('checkout', id)
  return found
}

export const requireOpen = (row: CheckoutRow, participle: string): void => {
  if (isOpen(row.status)) return
  throw new AppError('checkout_unexpected_state', {
    message: `This checkout is ${row.status}; only an open one (incomplete, ready, in_progress) can be ${participle}.`,
  })
}
