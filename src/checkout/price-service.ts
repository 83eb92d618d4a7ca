import { AppError } from '#kernel/errors.ts'
import { amountMax } from '#payments/option-schemas.ts'
import type { Tx } from '#platform/database.ts'
import type { Cart, Quote } from './cart.ts'
import { judgeDiscount } from './discount.ts'
import { findProblems, warnOfCode } from './messages.ts'
import { findPromotionByCode, promotionOf } from './promotion-repo.ts'
import { priceCart } from './totals.ts'

export interface Priced {
  quote: Quote
  /** The code that gives the discount. */
  promotionId: string | null
  isReady: boolean
}

/**
 * Prices a cart with its discount code. A code that gives nothing is a warning, or refused with
 * `promotion_code_invalid` when it `isNew`; a total above the limit is refused.
 */
export const priceCheckout = async (
  tx: Tx,
  merchantId: string,
  cart: Cart,
  order: { currency: string; now: Date; isNew: boolean; redeemedId: string | null },
): Promise<Priced> => {
  const code = cart.promotionCode
  const found = code === undefined ? undefined : await findPromotionByCode(tx, merchantId, code)
  const base = cart.lines.reduce((sum, { quantity, unitAmount }) => sum + BigInt(quantity) * unitAmount, 0n)
  const isRedeemed = found !== undefined && found.id === order.redeemedId
  const verdict = judgeDiscount(found && promotionOf(found), { ...order, base, isRedeemed })
  const refused = code !== undefined && !verdict.ok ? verdict : undefined
  if (refused && order.isNew)
    throw new AppError('promotion_code_invalid', { message: refused.content, param: 'promotion_code' })
  const price = priceCart(cart, code !== undefined && verdict.ok ? verdict.amount : 0n)
  if (price.total > BigInt(amountMax)) {
    throw new AppError('amount_too_large', {
      message: `The total is ${price.total}; at most ${amountMax} minor units can be paid at once.`,
      param: 'line_items',
    })
  }
  const problems = findProblems(cart)
  return {
    quote: { ...price, messages: [...problems, ...(refused ? [warnOfCode(refused)] : [])] },
    promotionId: code !== undefined && verdict.ok ? (found?.id ?? null) : null,
    isReady: problems.length === 0,
  }
}
