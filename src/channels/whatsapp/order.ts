import type { Card, CardTotal, NativeOffer, PostalAddress } from '#channels/card.ts'
import { bodyOf, type UrlButton } from '#channels/card-text.ts'
import { CardRefusedError } from '#channels/channel.ts'
import type { Fitter } from '#channels/fit.ts'
import { limits } from './limits.ts'
import { toMetaAmount } from './money.ts'
import type { WhatsappSettings } from './settings.ts'

type Json = Record<string, unknown>
type India = NonNullable<WhatsappSettings['india']>

/** How the order is paid, and what the country asks for besides. */
export interface OrderTerms {
  payment: Json
  item: Json
  order: Json
}

/** Rupees through the merchant's gateway; undefined where WhatsApp would refuse it, and a link must do. */
export const indianTerms = (
  card: Card,
  offer: NativeOffer | undefined,
  india: India | undefined,
  fit: Fitter,
): OrderTerms | undefined => {
  if (!india || !offer || card.currency !== 'inr') return undefined
  const beneficiaries = offer.isDigital ? [] : beneficiariesOf(offer.address, fit)
  if (!beneficiaries) {
    fit.warn('order_details: goods need an address in India, sent as a link')
    return undefined
  }
  const { gateway, configuration_name, catalog_id, origin } = india
  const extras =
    gateway === 'razorpay'
      ? { razorpay: { receipt: offer.payload.slice(0, 40), notes: { payment: offer.payload } } }
      : {}
  return {
    payment: {
      type: offer.isDigital ? 'digital-goods' : 'physical-goods',
      beneficiaries,
      payment_settings: [
        { type: 'payment_gateway', payment_gateway: { type: gateway, configuration_name, ...extras } },
      ],
    },
    item: catalog_id === undefined ? { ...origin } : {},
    order: catalog_id === undefined ? {} : { catalog_id },
  }
}

/** Reais: WhatsApp shows the order, the money comes in on the hosted page. */
export const brazilianTerms = (card: Card, link: UrlButton | undefined): OrderTerms | undefined =>
  card.currency === 'brl' && link
    ? {
        payment: {
          type: 'digital-goods',
          payment_type: 'br',
          payment_settings: [{ type: 'payment_link', payment_link: { uri: link.url } }],
        },
        item: {},
        order: {},
      }
    : undefined

const beneficiariesOf = (address: PostalAddress | undefined, fit: Fitter): Json[] | undefined => {
  if (address?.country !== 'IN' || !/^\d{6}$/.test(address.postalCode) || !address.name) return undefined
  return [
    {
      name: fit.text('beneficiary', address.name, 200),
      address_line1: fit.text('address_line1', address.line1, 100),
      ...(address.line2 ? { address_line2: fit.text('address_line2', address.line2, 100) } : {}),
      city: address.city,
      state: address.state ?? '',
      country: 'India',
      postal_code: address.postalCode,
    },
  ]
}

/** The platform checks: subtotal = Σ amount · quantity, total = subtotal + tax + shipping − discount. */
export const orderDetails = (card: Card, terms: OrderTerms, now: Date, fit: Fitter): Json => {
  if (!/^[\w.-]{1,35}$/.test(card.reference))
    throw new CardRefusedError('WhatsApp: reference_id: 1 to 35 letters, digits, _, - and .')
  return {
    type: 'order_details',
    ...(card.image ? { header: { type: 'image', image: { link: card.image.url } } } : {}),
    body: { text: fit.text('body', bodyOf(card) || card.title, limits.body) },
    footer: { text: fit.text('footer', card.merchant.name, limits.footer) },
    action: {
      name: 'review_and_pay',
      parameters: {
        reference_id: card.reference,
        ...terms.payment,
        currency: card.currency.toUpperCase(),
        total_amount: toMetaAmount(card.amount),
        order: { status: 'pending', ...terms.order, ...expiryOf(card, now, fit), ...partsOf(card, terms.item, fit) },
      },
    },
  }
}

const expiryOf = ({ expires }: Card, now: Date, fit: Fitter): Json => {
  if (!expires || expires.at.getTime() - now.getTime() < limits.leastExpirySeconds * 1000) return {}
  const timestamp = `${Math.floor(expires.at.getTime() / 1000)}`
  return { expiration: { timestamp, description: fit.text('expiration', expires.text, limits.expiryDescription) } }
}

const sumOf = (totals: readonly CardTotal[], kind: CardTotal['kind']): bigint =>
  totals.filter((total) => total.kind === kind).reduce((sum, total) => sum + total.amount, 0n)

const partsOf = (card: Card, extra: Json, fit: Fitter): Json => {
  const { totals, amount } = card
  const [tax, shipping, discount, tip] = (['tax', 'shipping', 'discount', 'tip'] as const).map((kind) =>
    sumOf(totals, kind),
  )
  const wanted = amount - (tax ?? 0n) - (shipping ?? 0n) - (discount ?? 0n)
  const lines = card.lines.map((line) => ({ ...line, reference: line.reference ?? line.name }))
  // WhatsApp has no field for a tip.
  const tips = tip
    ? [{ name: labelOf(totals, 'tip'), quantity: 1, unitAmount: tip, amount: tip, reference: 'tip' }]
    : []
  const all = [...lines, ...tips]
  const isWhole = all.every((line) => line.unitAmount * BigInt(line.quantity) === line.amount && line.amount > 0n)
  const isSum = all.reduce((sum, line) => sum + line.amount, 0n) === wanted
  // What cannot be told apart within the platform's equations is one item.
  const one = { name: card.title, quantity: 1, unitAmount: wanted, amount: wanted, reference: card.reference }
  const items = isWhole && isSum && all.length <= limits.items && all.length > 0 ? all : [one]
  if (wanted <= 0n) throw new CardRefusedError('WhatsApp: subtotal: what is sold must cost something')
  return {
    items: items.map(({ name, quantity, unitAmount, reference }) => ({
      retailer_id: reference.slice(0, 100),
      name: fit.text('item', name, limits.itemName),
      amount: toMetaAmount(unitAmount),
      quantity,
      ...extra,
    })),
    subtotal: toMetaAmount(wanted),
    // Required in both countries, zero or not.
    tax: part(totals, 'tax', tax ?? 0n, fit),
    ...(shipping ? { shipping: part(totals, 'shipping', shipping, fit) } : {}),
    ...(discount ? { discount: part(totals, 'discount', -discount, fit) } : {}),
  }
}

const labelOf = (totals: readonly CardTotal[], kind: CardTotal['kind']): string =>
  totals.find((total) => total.kind === kind)?.label ?? kind

const part = (totals: readonly CardTotal[], kind: CardTotal['kind'], amount: bigint, fit: Fitter): Json => ({
  ...toMetaAmount(amount),
  description: fit.text(kind, labelOf(totals, kind), limits.partDescription),
})
