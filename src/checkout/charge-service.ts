import { AppError } from '#kernel/errors.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireOpen } from './change-service.ts'
import type { Checkout } from './checkout-row.ts'
import { type CheckoutDeps, showWith } from './intent-service.ts'
import { takeRedemption } from './promotion-repo.ts'
import { lockCheckout, updateCheckout } from './repo.ts'

/**
 * What a payment that is about to be charged is part of: complete, its discount code counted. Answers the checkout as
 * clients read it. Run again it changes nothing more.
 */
export const readyForCharge = (deps: CheckoutDeps, intent: IntentRow): Promise<object> =>
  inTransaction(deps.db, intent.merchant_id, async (tx) => {
    const checkout = await lockCheckout(tx, intent.merchant_id, String(intent.options.checkout))
    if (checkout?.row.payment_intent_id !== intent.id) {
      throw new AppError('checkout_unexpected_state', {
        message: 'The checkout has gone on without this payment. Retrieve the checkout and use its payment_intent.',
      })
    }
    requireOpen(checkout.row, 'paid')
    refuseIncomplete(checkout)
    const counted = await countRedemption(tx, deps, checkout)
    return showWith(deps, counted, intent)
  })

/** Throws `checkout_not_ready` with everything that is missing. */
export const refuseIncomplete = ({ row, quote }: Checkout): void => {
  if (row.status !== 'incomplete') return
  const missing = quote.messages.filter(({ type, code }) => type === 'error' && code !== 'payment_declined')
  throw new AppError('checkout_not_ready', {
    message: `The checkout cannot be completed yet. ${missing.map(({ content }) => content).join(' ')}`,
    ...(missing[0]?.param === undefined ? {} : { param: missing[0].param.replace(/^\$\./, '') }),
    extra: { missing: missing.map(({ param }) => param) },
  })
}

/**
 * Counts the discount code before the charge, so that no two payers get its last redemption: it is given back when the
 * checkout is canceled or expires, or gets another code.
 */
export const countRedemption = async (tx: Tx, deps: CheckoutDeps, checkout: Checkout): Promise<Checkout> => {
  const { row } = checkout
  if (row.promotion_code_id === null || row.is_redeemed) return checkout
  const now = deps.clock.now()
  if (await takeRedemption(tx, row.merchant_id, row.promotion_code_id, now))
    return updateCheckout(tx, row, { is_redeemed: true }, now)
  throw new AppError('promotion_code_invalid', {
    message: 'The discount code has been used up or is over since it was entered. Remove it, or use another.',
    param: 'promotion_code',
  })
}
