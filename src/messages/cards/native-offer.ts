import type { NativeOffer } from '#channels/card.ts'
import type { ChannelCapabilities } from '#channels/channel.ts'
import { type Cart, chosenOption, needsShipping, type Quote } from '#checkout/cart.ts'
import type { RequestFacts } from './compose-request.ts'

export interface OfferFacts extends RequestFacts {
  /** The payment intent's id as clients see it. */
  payload: string
  /** The checkout behind it, if there is one. */
  checkout?: { cart: Cart; quote: Quote }
}

/** How the platform may take the money itself; undefined when it cannot for this payment: then the link is all there is. */
export const offerOf = (
  { currency, checkout, payload, title, amount, expiresAt, state }: OfferFacts,
  capabilities: Pick<ChannelCapabilities, 'nativePay' | 'expiry' | 'shipping' | 'tips'>,
  labels: { total: string },
  now: Date,
): NativeOffer | undefined => {
  const { nativePay, expiry } = capabilities
  if (state !== 'open' || (nativePay !== 'all' && !nativePay.includes(currency))) return undefined
  const leastMs = (expiry?.minSeconds ?? 0) * 1000
  if (expiresAt && expiresAt.getTime() - now.getTime() <= leastMs) return undefined
  const open = {
    payload,
    description: title,
    prices: [{ label: labels.total, amount }],
    isOpenToAll: false,
  }
  if (!checkout) return { ...open, needs: noNeeds, isFlexible: false, isDigital: false }
  const { cart, quote } = checkout
  const needs = needsOf(cart)
  // A platform that does not ask for an address cannot ask for the rest either.
  const isAsking = Object.values(needs).some(Boolean)
  if (isAsking && !capabilities.shipping) return undefined
  return {
    ...open,
    needs,
    isFlexible: needs.shipping,
    isDigital: cart.lines.every((line) => line.isDigital),
    ...(cart.address === undefined ? {} : { address: cart.address }),
    ...tipOf(cart, quote, capabilities),
  }
}

const noNeeds = { name: false, phone: false, email: false, shipping: false }

/** What the checkout still has to be told. A shipping option that is chosen already is part of the amount. */
const needsOf = (cart: Cart): NativeOffer['needs'] => ({
  name: cart.requires.name && cart.buyer.name === undefined,
  phone: cart.requires.phone && cart.buyer.phone === undefined,
  email: cart.requires.email && cart.buyer.email === undefined,
  shipping: needsShipping(cart) && (cart.address === undefined || chosenOption(cart) === undefined),
})

/** A tip that was chosen is part of the amount; only an open question is left to the platform. */
const tipOf = (cart: Cart, quote: Quote, { tips }: Pick<ChannelCapabilities, 'tips'>): Pick<NativeOffer, 'tip'> =>
  tips && cart.tip.max !== undefined && cart.tip.max > 0n && quote.tip === 0n
    ? { tip: { max: cart.tip.max, suggested: cart.tip.suggested } }
    : {}
