import type { CartAddress } from '#checkout/cart.ts'
import { buyerFields } from '#checkout/cart-schemas.ts'
import type { Checkout } from '#checkout/checkout-view.ts'
import type { UpdateCheckout } from '#checkout/schemas.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { Texts } from '#pages/texts/text-names.ts'
import { isCountry, needsPostalCode, needsState } from './countries.ts'
import {
  type Asked,
  askedOf,
  deliveryCountries,
  deliveryOf,
  type Posted,
  parseAmount,
  type Typed,
  typedOf,
} from './form-fields.ts'

export type ProblemCode = keyof Texts['order']['problems']

/** Something that the payer has to look at; told at its field and above the form. */
export interface Problem {
  field: keyof Typed
  code: ProblemCode
}

export interface FormChange {
  /** What is to be written; empty when nothing has changed. */
  change: UpdateCheckout
  problems: Problem[]
  /** The fields as they stand now, for drawing them again. */
  typed: Typed
  /** All that was typed is in the order after the change: the page may be loaded anew without losing anything. */
  isWhole: boolean
}

/** What a posted form changes. Only who wants to pay is told what is missing; what is wrong is told at once. */
export const readChange = ({ row, cart }: Checkout, posted: Posted, tag: string): FormChange => {
  const typed: Typed = { ...typedOf(cart, row.currency, tag), ...posted.fields }
  const asked = askedOf(cart)
  const isPaying = posted.intent === 'pay'
  const parts = [
    readBuyer(cart.buyer, asked, typed, isPaying),
    ...(asked.address ? [readAddress(cart.address, typed, isPaying), readDelivery(cart, typed, isPaying)] : []),
    ...(asked.tip ? [readTip(cart, row.currency, posted, typed)] : []),
    readCode(cart.promotionCode, posted, typed),
  ]
  return {
    change: Object.assign({}, ...parts.map(({ change }) => change)),
    problems: parts.flatMap(({ problems }) => problems),
    typed,
    isWhole: parts.every(({ isWhole, problems }) => isWhole && problems.length === 0),
  }
}

type Part = Pick<FormChange, 'change' | 'problems' | 'isWhole'>
type Cart = Checkout['cart']

const unchanged: Part = { change: {}, problems: [], isWhole: true }
const wrong = (field: keyof Typed, code: ProblemCode): Part => ({
  change: {},
  problems: [{ field, code }],
  isWhole: false,
})

const readBuyer = (buyer: Cart['buyer'], asked: Asked, typed: Typed, isPaying: boolean): Part => {
  const change: Record<string, string> = {}
  const problems: Problem[] = []
  for (const field of ['name', 'email', 'phone'] as const) {
    const text = typed[field]
    const isFine = buyerFields[field].safeParse(text).success
    if (!asked[field] || (text === '' && !isPaying && buyer[field] === undefined)) continue
    if (text === '' && !isPaying) change[field] = ''
    else if (!isFine) problems.push({ field, code: field })
    else if (text !== buyer[field]) change[field] = text
  }
  return { change: Object.keys(change).length === 0 ? {} : { buyer: change }, problems, isWhole: true }
}

const readAddress = (address: CartAddress | undefined, typed: Typed, isPaying: boolean): Part => {
  const { country } = typed
  const missing = [
    ...(isCountry(country) ? [] : (['country'] as const)),
    ...(typed.line1 === '' ? (['line1'] as const) : []),
    ...(typed.postal_code === '' && needsPostalCode(country) ? (['postal_code'] as const) : []),
    ...(typed.city === '' ? (['city'] as const) : []),
    ...(typed.state === '' && needsState(country) ? (['state'] as const) : []),
  ]
  if (missing.length > 0) {
    const isEmpty = [typed.line1, typed.line2, typed.postal_code, typed.city, typed.state].every((text) => text === '')
    return {
      change: {},
      problems: isPaying ? missing.map((field) => ({ field, code: field })) : [],
      isWhole: isEmpty && address === undefined,
    }
  }
  const { line1, line2, city, state, name } = typed
  const postal_code = typed.postal_code.slice(0, 50)
  const isSame =
    address !== undefined &&
    [address.line1, address.line2 ?? '', address.city, address.state ?? '', address.postalCode, address.country].join(
      '\n',
    ) === [line1, line2, city, state, postal_code, country].join('\n') &&
    (address.name === undefined || address.name === name)
  const optional = { ...(line2 === '' ? {} : { line2 }), ...(state === '' ? {} : { state }) }
  return isSame
    ? unchanged
    : { ...unchanged, change: { shipping_address: { line1, city, postal_code, country, ...optional } } }
}

const readDelivery = (cart: Cart, typed: Typed, isPaying: boolean): Part => {
  if (cart.shippingOptions.length === 0) return unchanged
  const { chosen } = deliveryOf(cart, typed)
  if (chosen)
    return chosen.id === cart.shippingOption ? unchanged : { ...unchanged, change: { shipping_option: chosen.id } }
  if (!isPaying || typed.country === '') return unchanged
  const goesThere = deliveryCountries(cart)?.has(typed.country) ?? true
  return goesThere ? wrong('shipping_option', 'shipping_option') : wrong('country', 'region')
}

const readTip = ({ tip }: Cart, currency: string, posted: Posted, typed: Typed): Part => {
  const text = posted.fields.tip_amount
  const isOwn = tip.amount > 0n && !tip.suggested.includes(tip.amount)
  const wanted = posted.tip ?? (text ? parseAmount(text, currency) : text === '' && isOwn ? 0n : tip.amount)
  if (posted.tip !== undefined) typed.tip_amount = ''
  if (wanted === undefined) return wrong('tip_amount', 'tip_amount')
  if (tip.max !== undefined && wanted > tip.max) return wrong('tip_amount', 'tip_max')
  return wanted === tip.amount ? unchanged : { ...unchanged, change: { tip: { amount: toJsonAmount(wanted) } } }
}

const readCode = (code: string | undefined, posted: Posted, typed: Typed): Part => {
  if (posted.intent === 'remove_code') {
    typed.promotion_code = ''
    return { ...unchanged, change: { promotion_code: '' } }
  }
  const wanted = posted.fields.promotion_code?.slice(0, 64)
  return wanted === undefined || wanted === '' || wanted === code
    ? unchanged
    : { ...unchanged, change: { promotion_code: wanted } }
}
