import type { PostalAddress } from '#channels/card.ts'
import type { PreCheckoutAnswer, ShippingChoice } from '#channels/channel.ts'
import { AppError } from '#kernel/errors.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { inTransaction } from '#platform/database.ts'
import { type Cart, optionsFor, type Quote } from './cart.ts'
import { readCart, type StoredCart } from './cart-schemas.ts'
import { applyChange } from './change-service.ts'
import { isOpen } from './checkout-machine.ts'
import type { CheckoutDeps } from './intent-service.ts'
import { labelsFor } from './labels.ts'
import { type CartChange, mergeCart } from './merge.ts'
import { findProblems } from './messages.ts'
import { findByIntent, lockByIntent } from './repo.ts'
import { priceCart } from './totals.ts'

/** What a payer chose inside a chat platform. `total` is what the platform is about to charge, in minor units. */
export interface NativeChoice {
  shippingOption?: string
  address?: PostalAddress
  buyer?: { name?: string; email?: string; phone?: string }
  /** Absent where the platform does not tell it apart: what the total is above ours is taken as the tip, up to its limit. */
  tip?: bigint
  total: bigint
}

/** What the shipping options that go to an address cost, tax included; or why none does, in the payer's language. */
export const quoteShipping = (
  deps: CheckoutDeps,
  merchantId: string,
  intentId: string,
  address: PostalAddress,
): Promise<ShippingChoice[] | string> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const checkout = await findByIntent(tx, merchantId, intentId)
    const labels = labelsFor(checkout?.row.locale ?? null)
    if (!checkout || !isOpen(checkout.row.status)) return labels.noDelivery
    const cart = { ...checkout.cart, address }
    const without = totalWith(cart, checkout.quote, undefined)
    const choices = optionsFor(cart, address.country).map(({ id, title, amount }) => {
      const tax = totalWith(cart, checkout.quote, id) - without - amount
      const prices = [{ label: title, amount }, ...(tax > 0n ? [{ label: labels.tax, amount: tax }] : [])]
      return { id, title, prices }
    })
    return choices.length > 0 ? choices : labels.noDelivery
  })

const totalWith = (cart: Cart, { discount }: Quote, option: string | undefined): bigint => {
  const { shippingOption: _chosen, ...rest } = cart
  return priceCart(option === undefined ? rest : { ...rest, shippingOption: option }, discount).total
}

/**
 * Adopts what the payer chose, if the platform's total is ours then; else nothing is changed and the payer reads why.
 * The caller has left the hosted page, and holds the payment afterwards.
 */
export const choose = async (
  deps: CheckoutDeps,
  merchantId: string,
  intentId: string,
  choice: NativeChoice,
): Promise<PreCheckoutAnswer> => {
  try {
    return await inTransaction(deps.db, merchantId, async (tx): Promise<PreCheckoutAnswer> => {
      const checkout = await lockByIntent(tx, merchantId, intentId)
      if (!checkout || !isOpen(checkout.row.status)) return { ok: false, message: 'This order is closed.' }
      const change = changeOf(choice)
      const chosen = readCart(mergeCart(checkout.row.cart as StoredCart, change))
      const [problem] = findProblems(chosen)
      if (problem) return { ok: false, message: problem.content }
      const tip = choice.tip ?? tipIn(chosen, checkout.quote, choice.total)
      const cart = { ...chosen, tip: { ...chosen.tip, amount: tip } }
      const isOurs = priceCart(cart, checkout.quote.discount).total === choice.total
      if (!isOurs) return { ok: false, message: 'The price of this order has changed. Please open it again.' }
      if (tip === checkout.cart.tip.amount && Object.keys(change).length === 0) return { ok: true }
      const saved = await applyChange(tx, deps, checkout.row, { ...change, tip: { amount: toJsonAmount(tip) } })
      // A code that ran out in between.
      if (saved.quote.total !== choice.total) throw new AppError('promotion_code_invalid')
      return { ok: true }
    })
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return { ok: false, message: error.message }
    throw error
  }
}

const changeOf = ({ shippingOption, address, buyer }: NativeChoice): CartChange => ({
  ...(shippingOption === undefined ? {} : { shipping_option: shippingOption }),
  ...(buyer === undefined ? {} : { buyer }),
  ...(address === undefined ? {} : { shipping_address: storedAddress(address) }),
})

const storedAddress = ({ postalCode, ...address }: PostalAddress): NonNullable<StoredCart['shipping_address']> => ({
  ...address,
  postal_code: postalCode,
})

const tipIn = (cart: Cart, { discount }: Quote, total: bigint): bigint => {
  const above = total - priceCart({ ...cart, tip: { ...cart.tip, amount: 0n } }, discount).total
  return cart.tip.max !== undefined && above > 0n && above <= cart.tip.max ? above : cart.tip.amount
}
