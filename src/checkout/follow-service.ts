import type { Selectable } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { cancelIntent } from '#payments/command-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { findIntent } from '#payments/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { EventsTable } from '#platform/tables-records.ts'
import { stepCheckout } from './checkout-machine.ts'
import type { Checkout } from './checkout-row.ts'
import { type CheckoutDeps, tellCheckout } from './intent-service.ts'
import { tellDecline } from './messages.ts'
import { giveRedemptionBack, takeRedemption } from './promotion-repo.ts'
import { lockByIntent, lockCheckout, updateCheckout } from './repo.ts'

const followed: ReadonlySet<string> = new Set([
  'payment_intent.succeeded',
  'payment_intent.amount_capturable_updated',
  'payment_intent.canceled',
  'payment_intent.payment_failed',
  'payment_intent.processing',
  'payment_intent.requires_action',
])

/** Follows the payments of checkouts, in the transaction that tells of them; what is known already changes nothing. */
export const createCheckoutSubscriber =
  (deps: CheckoutDeps) =>
  async (tx: Tx, event: Selectable<EventsTable>): Promise<void> => {
    if (event.payment_intent_id === null || !followed.has(event.type)) return
    const checkout = await lockByIntent(tx, event.merchant_id, event.payment_intent_id)
    // The payment as it is now: the event may be old.
    const intent = checkout && (await findIntent(tx, event.merchant_id, event.payment_intent_id))
    if (checkout && intent) await follow(tx, deps, checkout, intent)
  }

/** The same right after a command, so that its answer shows the end; `lock_timeout` when its checkout went on without it. */
export const followIntent = async (deps: CheckoutDeps, intent: IntentRow): Promise<Checkout> => {
  const checkout = await followNow(deps, intent)
  if (!checkout) throw new AppError('lock_timeout', { retryAfter: 1 })
  return checkout
}

const followNow = (deps: CheckoutDeps, intent: IntentRow): Promise<Checkout | undefined> =>
  inTransaction(deps.db, intent.merchant_id, async (tx) => {
    const checkout = await lockByIntent(tx, intent.merchant_id, intent.id)
    return checkout && follow(tx, deps, checkout, intent)
  })

const follow = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout, intent: IntentRow): Promise<Checkout> => {
  switch (intent.status) {
    case 'succeeded':
      return finish(tx, deps, checkout)
    case 'canceled':
      return closeCheckout.end(tx, deps, checkout, intent.cancellation_reason === 'expired' ? 'expired' : 'canceled')
    case 'requires_payment_method':
      return intent.last_payment_error === null
        ? checkout
        : closeCheckout.decline(tx, deps, checkout, String(intent.last_payment_error.message ?? 'The payment failed.'))
    case 'requires_confirmation':
      return checkout
    case 'requires_action':
    case 'processing':
    case 'requires_capture':
      return proceed(tx, deps, checkout)
    default:
      return intent.status satisfies never
  }
}

const proceed = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout): Promise<Checkout> => {
  const status = stepCheckout(checkout.row.status, 'processing')
  if (status === undefined || status === checkout.row.status) return checkout
  const saved = await updateCheckout(tx, checkout.row, { status }, deps.clock.now())
  await tellCheckout(tx, deps, saved, 'checkout.updated')
  return saved
}

/** Paid, or nothing to pay. The discount code is counted here at the latest; money that is in is never refused for it. */
export const finish = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout): Promise<Checkout> => {
  const { row, quote } = checkout
  const status = stepCheckout(row.status, 'paid')
  if (status === undefined) return checkout
  const now = deps.clock.now()
  const code = row.promotion_code_id
  const isCounted = row.is_redeemed || (code !== null && (await takeRedemption(tx, row.merchant_id, code, now)))
  const change = { status, completed_at: now, is_redeemed: isCounted, quote: { ...quote, messages: [] } }
  const saved = await updateCheckout(tx, row, change, now)
  await tellCheckout(tx, deps, saved, 'checkout.completed')
  return saved
}

export const closeCheckout = {
  /** Canceled or expired, with the redemption of its code given back. */
  end: async (tx: Tx, deps: CheckoutDeps, checkout: Checkout, end: 'canceled' | 'expired'): Promise<Checkout> => {
    const { row } = checkout
    const status = stepCheckout(row.status, end === 'canceled' ? 'cancel' : 'expire')
    if (status === undefined) return checkout
    const code = row.is_redeemed ? row.promotion_code_id : null
    if (code !== null) await giveRedemptionBack(tx, row.merchant_id, code)
    const now = deps.clock.now()
    const saved = await updateCheckout(tx, row, { status, canceled_at: now, is_redeemed: false }, now)
    await tellCheckout(tx, deps, saved, end === 'canceled' ? 'checkout.canceled' : 'checkout.expired')
    return saved
  },

  /** Back to what can be paid, with the reason. */
  decline: async (tx: Tx, deps: CheckoutDeps, checkout: Checkout, reason: string): Promise<Checkout> => {
    const { row, quote } = checkout
    const status = stepCheckout(row.status, 'declined')
    const known = quote.messages.find(({ code }) => code === 'payment_declined')
    if (status === undefined || (status === row.status && known?.content === reason)) return checkout
    const rest = quote.messages.filter((message) => message !== known)
    const change = { status, quote: { ...quote, messages: [...rest, tellDecline(reason)] } }
    const saved = await updateCheckout(tx, row, change, deps.clock.now())
    await tellCheckout(tx, deps, saved, 'checkout.updated')
    return saved
  },
}

/** Job: ends a checkout whose time is over with its payment, unless money has come in or is on its way. */
export const expireCheckout = async (deps: CheckoutDeps, merchantId: string, id: string): Promise<void> => {
  const found = await inTransaction(deps.db, merchantId, async (tx) => {
    const checkout = await lockCheckout(tx, merchantId, id)
    if (!checkout || checkout.row.expires_at > deps.clock.now()) return undefined
    if (checkout.row.payment_intent_id !== null) return checkout.row.payment_intent_id
    await closeCheckout.end(tx, deps, checkout, 'expired')
    return undefined
  })
  if (found !== undefined) {
    const command = { merchantId, intentId: found, requestId: newUuid() }
    const intent = await cancelIntent(deps, command, 'expired').catch(async (error: unknown) => {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      // The payer was faster, or the payment ended otherwise: it says how.
      return inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, found))
    })
    if (intent) await followNow(deps, intent)
  }
  deps.queue.wake('outbox.drain', { id })
}
