import { parseRate, shareOf } from './rate.ts'

/** A promotion code as far as it decides about a discount. */
export interface Promotion {
  readonly id: string
  readonly code: string
  readonly percentOff: string | null
  readonly amountOff: bigint | null
  readonly currency: string | null
  readonly minimumAmount: bigint | null
  readonly maxRedemptions: number | null
  readonly timesRedeemed: number
  readonly active: boolean
  readonly expiresAt: Date | null
}

/** Codes of the Agentic Commerce Protocol's warnings. */
export type DiscountRefusal = {
  readonly code:
    | 'discount_code_expired'
    | 'discount_code_invalid'
    | 'discount_code_minimum_not_met'
    | 'discount_code_usage_limit_reached'
  readonly content: string
}

export type DiscountVerdict =
  | { readonly ok: true; readonly amount: bigint }
  | ({ readonly ok: false } & DiscountRefusal)

/** What a code takes off `base` minor units of goods. `isRedeemed`: it is counted for this checkout already. */
export const judgeDiscount = (
  promotion: Promotion | undefined,
  order: { base: bigint; currency: string; now: Date; isRedeemed: boolean },
): DiscountVerdict => {
  if (!promotion?.active) return refuse('discount_code_invalid', 'This discount code does not exist.')
  if (promotion.expiresAt && promotion.expiresAt <= order.now)
    return refuse('discount_code_expired', 'This discount code has expired.')
  if (promotion.currency !== null && promotion.currency !== order.currency)
    return refuse('discount_code_invalid', `This discount code is for another currency (${promotion.currency}).`)
  if (promotion.minimumAmount !== null && promotion.minimumAmount > order.base)
    return refuse('discount_code_minimum_not_met', 'The order is too small for this discount code.')
  const isUsedUp = promotion.maxRedemptions !== null && promotion.timesRedeemed >= promotion.maxRedemptions
  if (isUsedUp && !order.isRedeemed)
    return refuse('discount_code_usage_limit_reached', 'This discount code has been used up.')
  return { ok: true, amount: amountOf(promotion, order.base) }
}

const amountOf = ({ percentOff, amountOff }: Promotion, base: bigint): bigint => {
  if (percentOff !== null) return shareOf(base, parseRate(percentOff))
  const off = amountOff ?? 0n
  return off < base ? off : base
}

const refuse = (code: DiscountRefusal['code'], content: string): DiscountVerdict => ({ ok: false, code, content })
