import { AppError } from '#kernel/errors.ts'
import { cancelIntent, confirmIntent } from '#payments/command-service.ts'
import { findIntent } from '#payments/repo.ts'
import { requireAllowed } from '#payments/veto-service.ts'
import { inTransaction } from '#platform/database.ts'
import { requireCheckout, requireOpen } from './change-service.ts'
import { countRedemption, refuseIncomplete } from './charge-service.ts'
import { stepCheckout } from './checkout-machine.ts'
import type { Checkout } from './checkout-row.ts'
import type { Scope } from './create-service.ts'
import { closeCheckout, finish, followIntent } from './follow-service.ts'
import { type CheckoutDeps, tellCheckout } from './intent-service.ts'
import { lockCheckout, updateCheckout } from './repo.ts'
import type { CompleteCheckout } from './schemas.ts'

/**
 * The buyer wants to pay: checks that nothing is missing, asks the merchant, and either charges a payment method at once or
 * leaves the rest to the hosted page. What costs nothing is completed here and now. A decline throws as a confirmation
 * does, and the checkout can be paid again.
 */
export const completeCheckout = async (
  deps: CheckoutDeps,
  scope: Scope,
  id: string,
  body: CompleteCheckout,
): Promise<Checkout> => {
  const { merchantId, resourceId: requestId } = scope
  const method = methodOf(body)
  const before = await inTransaction(deps.db, merchantId, (tx) => requireCheckout(tx, merchantId, id))
  const isRepeated = before.row.status === 'completed' && (await isPaidBy(deps, before, requestId))
  if (isRepeated) return before
  requireOpen(before.row, 'completed')
  refuseIncomplete(before)
  const begun = await begin(deps, scope, id)
  const { payment_intent_id: intentId } = begun.row
  if (intentId === null || begun.row.status === 'completed') return begun
  const command = { merchantId, intentId, requestId }
  try {
    if (method === undefined) {
      const intent = await inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, intentId))
      if (intent) await requireAllowed(deps, intent, requestId)
      return begun
    }
    const intent = await confirmIntent(deps, command, {
      payment_method: method,
      ...(body.return_url === undefined ? {} : { return_url: body.return_url }),
    })
    return await followIntent(deps, intent)
  } catch (error) {
    // What certainly took no money leads back to what can be paid; an unknown outcome stays in progress.
    if (error instanceof AppError && error.status < 500) await giveUp(deps, begun, error)
    throw error
  }
}

const methodOf = ({ payment_method, payment_data }: CompleteCheckout): string | undefined => {
  if (payment_method !== undefined && payment_data !== undefined) {
    throw new AppError('parameters_exclusive', {
      message: 'Send payment_method or payment_data, not both.',
      param: 'payment_data',
    })
  }
  return payment_method ?? payment_data?.instrument.credential.token
}

/** The same request again after its process died: its payment has come through meanwhile. */
const isPaidBy = (deps: CheckoutDeps, { row }: Checkout, requestId: string): Promise<boolean> =>
  inTransaction(deps.db, row.merchant_id, async (tx) => {
    // It cost nothing: there is no payment that could tell requests apart.
    if (row.payment_intent_id === null) return true
    const operation = await tx
      .selectFrom('operations')
      .select('id')
      .where('merchant_id', '=', row.merchant_id)
      .where('payment_intent_id', '=', row.payment_intent_id)
      .where('request_id', '=', requestId)
      .executeTakeFirst()
    return operation !== undefined
  })

/** Counts the discount code and sets `in_progress`; what costs nothing is done at once. */
const begin = (deps: CheckoutDeps, { merchantId }: Scope, id: string): Promise<Checkout> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const checkout = await requireCheckout(tx, merchantId, id, lockCheckout)
    requireOpen(checkout.row, 'completed')
    refuseIncomplete(checkout)
    const counted = await countRedemption(tx, deps, checkout)
    if (counted.row.payment_intent_id === null) return finish(tx, deps, counted)
    if (counted.row.status === 'in_progress') return counted
    const quote = {
      ...counted.quote,
      messages: counted.quote.messages.filter(({ code }) => code !== 'payment_declined'),
    }
    const saved = await updateCheckout(tx, counted.row, { status: 'in_progress', quote }, deps.clock.now())
    await tellCheckout(tx, deps, saved, 'checkout.updated')
    return saved
  })

const giveUp = (deps: CheckoutDeps, { row }: Checkout, { message, code }: AppError): Promise<void> =>
  inTransaction(deps.db, row.merchant_id, async (tx) => {
    const checkout = await lockCheckout(tx, row.merchant_id, row.id)
    // Another request works on the payment, or has paid it.
    if (checkout?.row.status !== 'in_progress' || code === 'lock_timeout') return
    await closeCheckout.decline(tx, deps, checkout, message)
  })

/** Cancels an open checkout, at the provider first: it may be paid this very moment. A canceled one stays as it is. */
export const cancelCheckout = async (
  deps: CheckoutDeps,
  scope: Scope,
  id: string,
  reason: 'abandoned' | 'requested_by_customer' | 'duplicate' | 'fraudulent' = 'requested_by_customer',
): Promise<Checkout> => {
  const { merchantId, resourceId: requestId } = scope
  const before = await inTransaction(deps.db, merchantId, (tx) => requireCheckout(tx, merchantId, id))
  const { row } = before
  if (row.status === 'canceled') return before
  requireOpen(row, 'canceled')
  if (row.payment_intent_id !== null) {
    const intent = await cancelIntent(deps, { merchantId, intentId: row.payment_intent_id, requestId }, reason)
    return followIntent(deps, intent)
  }
  return inTransaction(deps.db, merchantId, async (tx) => {
    const checkout = await requireCheckout(tx, merchantId, id, lockCheckout)
    requireOpen(checkout.row, 'canceled')
    if (stepCheckout(checkout.row.status, 'cancel') === undefined) return checkout
    return closeCheckout.end(tx, deps, checkout, 'canceled')
  })
}
