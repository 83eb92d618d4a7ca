import type { Card, NativeOffer } from '#channels/card.ts'
import { CardRefusedError } from '#channels/channel.ts'
import { type Fitter, lengthOf } from '#channels/fit.ts'
import { payKeyboardOf, refuseAbove } from './keyboard.ts'
import { limits } from './limits.ts'
import { isWithinLimits, toTelegramAmount } from './money.ts'
import type { TelegramSettings } from './settings.ts'

const stars = 'xtr'

/**
 * The offer, if this bot can take it inside the chat, and Telegram such an amount. Digital goods may be sold for Stars only; where those are paid
 * nothing is asked, so what the order still has to be told is typed on the hosted page first.
 */
export const nativeOffer = (card: Card, settings: TelegramSettings): NativeOffer | undefined => {
  const { native } = card
  if (!native || (card.type !== 'payment_request' && card.type !== 'checkout_summary' && card.type !== 'reminder'))
    return undefined
  if (!isWithinLimits(card.amount, card.currency)) return undefined
  if (card.currency === stars) return settings.stars && !isAsking(native) ? native : undefined
  return settings.psp !== undefined && !native.isDigital ? native : undefined
}

const isAsking = ({ needs, isFlexible }: NativeOffer): boolean => isFlexible || Object.values(needs).some(Boolean)

/** `createInvoiceLink` without `provider_token` for money: what is sent, without what belongs to a message. */
export const invoiceLinkOf = (card: Card, offer: NativeOffer, fit: Fitter): Record<string, unknown> => {
  const { start_parameter: _start, reply_markup: _keyboard, ...terms } = invoiceOf(card, offer, undefined, fit)
  return terms
}

/**
 * `sendInvoice` without `provider_token`, which `send` adds: what is shown to merchants holds no secret. With a start
 * parameter a forwarded copy has no pay button but leads to the bot; without one anybody may pay it. `words`: what the
 * bot says of it.
 */
export const invoiceOf = (
  card: Card,
  offer: NativeOffer,
  words: string | undefined,
  fit: Fitter,
): Record<string, unknown> => {
  const isStars = card.currency === stars
  refuseAbove('payload', lengthOf(offer.payload, 'bytes'), limits.payloadBytes, 'bytes')
  const keyboard = payKeyboardOf(card, fit)
  return {
    title: fit.text('title', card.title || card.merchant.name, limits.title),
    description: fit.text('description', descriptionOf(card, offer, words), limits.description),
    payload: offer.payload,
    currency: card.currency.toUpperCase(),
    prices: pricesOf(card, offer, isStars),
    start_parameter: offer.isOpenToAll ? '' : startParameter(offer.payload),
    ...(isStars ? { provider_token: '' } : moneyOnly(card, offer, fit)),
    ...(card.image ? { photo_url: card.image.url } : {}),
    ...(keyboard ? { reply_markup: keyboard } : {}),
  }
}

const descriptionOf = (card: Card, { description }: NativeOffer, words: string | undefined): string => {
  if (words === undefined) return description || card.sentence || card.title
  return [words, description === card.title ? '' : description].filter(Boolean).join('\n')
}

/** Telegram refuses all of it for Stars. */
const moneyOnly = (card: Card, offer: NativeOffer, fit: Fitter): Record<string, unknown> => ({
  ...tipsOf(card, offer, fit),
  need_name: offer.needs.name,
  need_phone_number: offer.needs.phone,
  need_email: offer.needs.email,
  need_shipping_address: offer.needs.shipping || offer.isFlexible,
  is_flexible: offer.isFlexible,
})

const startParameter = (payload: string): string => {
  if (!/^[\w-]{1,64}$/.test(payload))
    throw new CardRefusedError(`Telegram: start_parameter: 1 to ${limits.startParameter} letters, digits, _ and -`)
  return payload
}

const pricesOf = (card: Card, offer: NativeOffer, isStars: boolean) => {
  const sum = offer.prices.reduce((total, price) => total + price.amount, 0n)
  if (sum !== card.amount) throw new CardRefusedError(`Telegram: prices: they add up to ${sum}, not to ${card.amount}`)
  // Stars take exactly one price.
  const prices = isStars ? [{ label: card.title || card.merchant.name, amount: card.amount }] : offer.prices
  return prices.map(({ label, amount }) => ({ label: label || card.title, amount: amountOf(amount, card) }))
}

const amountOf = (amount: bigint, { currency }: Card): number => {
  const units = toTelegramAmount(amount, currency)
  if (units === undefined)
    throw new CardRefusedError(`Telegram: amount: ${currency.toUpperCase()} has no smaller unit there`)
  return units
}

/** At most four, rising, none above the highest: others are left out. */
const tipsOf = (card: Card, { tip }: NativeOffer, fit: Fitter): Record<string, unknown> => {
  if (!tip || tip.max <= 0n) return {}
  const rising = [...new Set(tip.suggested)]
    .filter((one) => one > 0n && one <= tip.max)
    .sort((a, b) => (a < b ? -1 : 1))
  const suggested = fit.list('suggested_tip_amounts', rising, limits.suggestedTips)
  return {
    max_tip_amount: amountOf(tip.max, card),
    ...(suggested.length > 0 ? { suggested_tip_amounts: suggested.map((one) => amountOf(one, card)) } : {}),
  }
}
