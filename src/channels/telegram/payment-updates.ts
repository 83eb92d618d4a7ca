import type { PostalAddress } from '#channels/card.ts'
import type { Inbound, InboundPreCheckout, InboundSender } from '#channels/inbound.ts'
import { isObject, readOptional, readText } from '#channels/inbound-fields.ts'
import { fromTelegramAmount } from './money.ts'
import { type Base, type Fields, senderOf } from './sender.ts'

/** A payment without its id, or in a currency that we do not know, is left to a person. */
export const readPayment = (payment: Fields, base: Base, from: InboundSender | undefined): Inbound => {
  const paid = fromTelegramAmount(payment.total_amount, payment.currency)
  const platformRef = readText(payment.telegram_payment_charge_id, 255)
  if (!paid || platformRef === '') return { ...base, kind: 'unknown' }
  const processorRef = readOptional(payment.provider_payment_charge_id, 255)
  return {
    ...base,
    kind: 'payment',
    ...(from ? { from } : {}),
    payload: readText(payment.invoice_payload, 255),
    state: 'succeeded',
    ...paid,
    platformRef,
    ...(processorRef === undefined ? {} : { processorRef }),
    method: paid.currency === 'xtr' ? 'telegram_stars' : 'telegram',
    isHint: false,
  }
}

/** Stars only: they go back in full, under the id of the payment. */
export const readRefund = (refund: Fields, base: Base): Inbound => {
  const given = fromTelegramAmount(refund.total_amount, refund.currency)
  const platformRef = readText(refund.telegram_payment_charge_id, 255)
  if (!given || platformRef === '') return { ...base, kind: 'unknown' }
  const payload = readText(refund.invoice_payload, 255)
  return { ...base, kind: 'refund', payload, platformRef, refundRef: platformRef, ...given, state: 'succeeded' }
}

export const readPreCheckout = (query: Fields, base: Base): Inbound => {
  const asked = fromTelegramAmount(query.total_amount, query.currency)
  const from = senderOf(query.from, {})
  const queryRef = readText(query.id, 255)
  if (!asked || !from || queryRef === '') return { ...base, kind: 'unknown' }
  const shippingOption = readOptional(query.shipping_option_id, 255)
  const buyer = isObject(query.order_info) ? buyerOf(query.order_info) : undefined
  return {
    ...base,
    kind: 'pre_checkout',
    queryRef,
    from,
    payload: readText(query.invoice_payload, 255),
    ...asked,
    ...(shippingOption === undefined ? {} : { shippingOption }),
    ...(buyer ? { buyer } : {}),
  }
}

export const readShipping = (query: Fields, base: Base): Inbound => {
  const from = senderOf(query.from, {})
  const address = isObject(query.shipping_address) ? addressOf(query.shipping_address) : undefined
  const queryRef = readText(query.id, 255)
  if (!from || !address || queryRef === '') return { ...base, kind: 'unknown' }
  return { ...base, kind: 'shipping_query', queryRef, from, payload: readText(query.invoice_payload, 255), address }
}

const buyerOf = (info: Fields): NonNullable<InboundPreCheckout['buyer']> => {
  const name = readOptional(info.name, 200)
  const email = readOptional(info.email, 320)
  const phone = readOptional(info.phone_number, 40)
  const address = isObject(info.shipping_address) ? addressOf(info.shipping_address, name) : undefined
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(phone === undefined ? {} : { phone }),
    ...(address ? { address } : {}),
  }
}

const addressOf = (address: Fields, name?: string): PostalAddress => {
  const line2 = readOptional(address.street_line2, 500)
  const state = readOptional(address.state, 200)
  return {
    ...(name === undefined ? {} : { name }),
    line1: readText(address.street_line1, 500),
    ...(line2 === undefined ? {} : { line2 }),
    city: readText(address.city, 200),
    ...(state === undefined ? {} : { state }),
    postalCode: readText(address.post_code, 50),
    country: readText(address.country_code, 2).toUpperCase(),
  }
}
