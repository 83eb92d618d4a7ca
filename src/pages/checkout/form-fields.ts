import { type Cart, needsShipping, optionsFor } from '#checkout/cart.ts'
import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import type { FieldName } from '#pages/texts/text-names.ts'
import { countriesFor, isCountry } from './countries.ts'

/** What stands in the fields. */
export type Typed = Record<FieldName, string>

/** A form as it was posted. A field that the page did not show is undefined. */
export interface Posted {
  /** The button: pay, or only tell us what has changed. */
  intent: 'pay' | 'update' | 'remove_code'
  fields: Partial<Typed>
  /** Minor units of the tip's button. */
  tip: bigint | undefined
  /** The total that the pay button showed. */
  total: string | undefined
  /** Of what is kept: the card that pays, the one to remove, and whether to keep the next. */
  kept: string | undefined
  remove: string | undefined
  keep: boolean
}

const names = [
  'name',
  'email',
  'phone',
  'country',
  'line1',
  'line2',
  'postal_code',
  'city',
  'state',
  'shipping_option',
  'tip_amount',
  'promotion_code',
] as const satisfies readonly FieldName[]

const fieldMax = 500

export const readPosted = (body: unknown): Posted => {
  const text = (name: string): string | undefined => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined
    return typeof value === 'string' ? value.normalize().trim().slice(0, fieldMax) : undefined
  }
  const tip = text('tip')
  const intent = text('do')
  const isChange = intent === 'update' || tip !== undefined || text('remove') !== undefined
  return {
    intent: intent === 'remove_code' ? intent : isChange ? 'update' : 'pay',
    fields: Object.fromEntries(
      names.flatMap((name) => {
        const value = text(name)
        return value === undefined ? [] : [[name, value]]
      }),
    ),
    tip: tip !== undefined && /^\d{1,9}$/.test(tip) ? BigInt(tip) : undefined,
    total: text('total'),
    kept: text('kept'),
    remove: text('remove'),
    keep: text('keep') === '1',
  }
}

/** What the page asks for, because the shop does or because nothing can be delivered without. */
export interface Asked {
  name: boolean
  email: boolean
  phone: boolean
  address: boolean
  tip: boolean
}

export const askedOf = (cart: Cart): Asked => {
  const address = needsShipping(cart)
  const { requires, tip } = cart
  return {
    name: requires.name || address,
    email: requires.email,
    phone: requires.phone,
    address,
    tip: tip.suggested.length > 0 || (tip.max ?? 0n) > 0n,
  }
}

/** The fields as the order has them; the country is guessed from the language's region where it is told. */
export const typedOf = (cart: Cart, currency: string, tag: string): Typed => {
  const { buyer, address, tip } = cart
  const isOwnTip = tip.amount > 0n && !tip.suggested.includes(tip.amount)
  return {
    name: buyer.name ?? address?.name ?? '',
    email: buyer.email ?? '',
    phone: buyer.phone ?? '',
    country: address?.country ?? guessCountry(cart, tag),
    line1: address?.line1 ?? '',
    line2: address?.line2 ?? '',
    postal_code: address?.postalCode ?? '',
    city: address?.city ?? '',
    state: address?.state ?? '',
    shipping_option: cart.shippingOption ?? '',
    tip_amount: isOwnTip ? toDecimalString(tip.amount, currency as Currency) : '',
    promotion_code: cart.promotionCode ?? '',
  }
}

const guessCountry = (cart: Cart, tag: string): string => {
  const only = deliveryCountries(cart)
  if (only?.size === 1) return [...only][0] ?? ''
  const { region } = new Intl.Locale(tag)
  return region !== undefined && isCountry(region) && (only?.has(region) ?? true) ? region : ''
}

/** Where the shop delivers, if its options say so. */
export const deliveryCountries = ({ shippingOptions }: Cart): ReadonlySet<string> | undefined => {
  if (shippingOptions.length === 0 || shippingOptions.some(({ countries }) => countries === undefined)) return undefined
  return new Set(shippingOptions.flatMap(({ countries = [] }) => countries))
}

export const countriesOf = (cart: Cart, language: Parameters<typeof countriesFor>[0]) =>
  countriesFor(language, deliveryCountries(cart))

/** The options that go to the country, and the one that is taken if the payer says nothing else. */
export const deliveryOf = (cart: Cart, { country, shipping_option }: Pick<Typed, 'country' | 'shipping_option'>) => {
  const options = optionsFor(cart, country === '' ? undefined : country)
  const chosen = options.find(({ id }) => id === shipping_option) ?? (options.length === 1 ? options[0] : undefined)
  return { options, chosen }
}

/** Minor units of an amount as people type it: "3", "3.50", "3,50 €", "٣٫٥". Undefined for anything else. */
export const parseAmount = (text: string, currency: string): bigint | undefined => {
  const digits = currencyExponent(currency as Currency)
  const plain = text
    .replaceAll(/[٠-٩]/g, (sign) => String(sign.charCodeAt(0) - 0x0660))
    .replaceAll(/[۰-۹]/g, (sign) => String(sign.charCodeAt(0) - 0x06f0))
    .replaceAll(/[٫,]/g, '.')
    .replaceAll(/^[\p{Sc}\p{L}\p{Cf}\s]+|[\p{Sc}\p{L}\p{Cf}\s]+$/gu, '')
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{0,3}))?$/.exec(plain) ?? []
  if (whole === undefined || fraction.length > digits) return undefined
  return BigInt(whole + fraction.padEnd(digits, '0'))
}

/** The button of a page that has handed the payer over: the same way once more, or a code instead. */
export const readAgain = (body: unknown): 'same' | 'code' | 'elsewhere' | undefined => {
  const value = typeof body === 'object' && body !== null ? Reflect.get(body, 'again') : undefined
  return value === 'same' || value === 'code' || value === 'elsewhere' ? value : undefined
}
