import { readBill } from '#bills/repo.ts'
import type { Card, PostalAddress } from '#channels/card.ts'
import { type Channels, isChannelId } from '#channels/channel.ts'
import { readCart } from '#checkout/cart-schemas.ts'
import { readQuote } from '#checkout/schemas.ts'
import type { Clock } from '#kernel/clock.ts'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { parseId, showId } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import {
  type CarrierRow,
  type CheckoutRow,
  findCheckoutOfIntent,
  findMerchant,
  findPayment,
  findRefund,
  type PaymentRow,
} from './card-repo.ts'
import type { Voice } from './cards/card-parts.ts'
import { composeBill } from './cards/compose-bill.ts'
import { composeReceipt, composeRefund, type ReceiptFacts } from './cards/compose-receipt.ts'
import { composeReminder, composeRequest } from './cards/compose-request.ts'
import { chooseSpeech } from './cards/language.ts'
import { type OfferFacts, offerOf } from './cards/native-offer.ts'
import { orderOf } from './cards/order.ts'
import { readTheme } from './cards/theme-schemas.ts'
import type { NewMessage, ThreadRow } from './repo.ts'

export interface CardDeps {
  clock: Clock
  channels: Channels
  /** Where the payer opens a payment; both ids are UUIDs. */
  checkoutUrl: (merchantId: string, intentId: string) => string
}

/** What a card is made of. */
export type CardSource = Pick<NewMessage, 'merchant_id' | 'id' | 'kind' | 'payment_intent_id' | 'bill_id' | 'card'>

export interface ReadCard {
  card: Card
  /** open: may still be paid; undefined: nothing to be paid by this card. */
  state: OfferFacts['state'] | undefined
  /** When the time to pay is over. */
  expiresAt?: Date | null
}

/** The merchant's look and words, in the thread's language. */
export const readVoice = async (tx: Tx, thread: Pick<ThreadRow, 'merchant_id' | 'locale'>): Promise<Voice> => {
  const speech = chooseSpeech(thread.locale)
  const { name, settings } = await findMerchant(tx, thread.merchant_id)
  return { ...speech, theme: readTheme(name, settings, speech.language) }
}

/**
 * The card of a message as everything stands now; undefined for a text, and for what is not there any more. `carrier`
 * is what will carry it: a platform that takes money itself gets an offer on the card.
 */
export const readCard = async (
  tx: Tx,
  deps: CardDeps,
  voice: Voice,
  source: CardSource,
  carrier: Pick<CarrierRow, 'channel' | 'settings'> | undefined,
): Promise<ReadCard | undefined> => {
  if (source.kind === 'text') return undefined
  if (source.kind === 'bill_progress') return readProgress(tx, deps, voice, source)
  if (source.kind === 'refund_notice') return readRefund(tx, deps, voice, source)
  const found = await readPayment(tx, source.merchant_id, source.payment_intent_id)
  if (!found) return undefined
  const reference = showId('message', source.id)
  if (source.kind === 'receipt')
    return { card: composeReceipt(voice, receiptFacts(deps, source, found), reference), state: undefined }
  const facts = offerFacts(deps, source, found)
  const native =
    carrier && isChannelId(carrier.channel)
      ? offerOf(facts, deps.channels[carrier.channel].capabilities(carrier.settings), voice.phrases, deps.clock.now())
      : undefined
  const { expiresAt } = facts
  const card =
    source.kind === 'reminder' && expiresAt
      ? composeReminder(voice, { ...facts, expiresAt }, reference, native)
      : composeRequest(voice, facts, reference, native)
  return { card, state: facts.state, expiresAt }
}

interface Found {
  payment: PaymentRow
  currency: Currency
  checkout: CheckoutRow | undefined
}

const readPayment = async (tx: Tx, merchantId: string, id: string | null): Promise<Found | undefined> => {
  const payment = id === null ? undefined : await findPayment(tx, merchantId, id)
  if (!payment || !isCurrency(payment.currency)) return undefined
  return { payment, currency: payment.currency, checkout: await findCheckoutOfIntent(tx, merchantId, payment.id) }
}

const offerFacts = (deps: CardDeps, { merchant_id }: CardSource, found: Found): OfferFacts => {
  const { payment, currency, checkout } = found
  const whole = checkout && { cart: readCart(checkout.cart), quote: readQuote(checkout.quote) }
  // While a change of the order is under way the payment's amount is the one that will be charged.
  const order = whole?.quote.total === payment.amount ? orderOf(whole.cart, whole.quote) : undefined
  return {
    title: payment.description ?? '',
    amount: payment.amount,
    currency,
    url: deps.checkoutUrl(merchant_id, payment.id),
    expiresAt: payment.expires_at,
    state: payableState(payment.status),
    payload: showId('paymentIntent', payment.id),
    ...(whole === undefined ? {} : { checkout: whole }),
    ...(order === undefined ? {} : { order }),
  }
}

/** Money that is reserved or on its way is as good as paid for whoever reads the chat. */
const payableState = (status: PaymentRow['status']): OfferFacts['state'] => {
  if (status === 'canceled') return 'ended'
  return status === 'succeeded' || status === 'requires_capture' || status === 'processing' ? 'paid' : 'open'
}

const receiptFacts = (
  deps: CardDeps,
  { merchant_id }: CardSource,
  { payment, currency, checkout }: Found,
): ReceiptFacts => {
  const { brand, last4 } = payment.method ?? {}
  const cart = checkout && readCart(checkout.cart)
  const address = cart?.address ?? shippingOf(payment.options)
  return {
    title: payment.description ?? '',
    amount: payment.amount_captured,
    currency,
    payerName: cart?.buyer.name ?? payment.customer_name ?? payment.participant_name ?? '',
    method: payment.method
      ? { ...(typeof brand === 'string' ? { brand } : {}), ...(typeof last4 === 'string' ? { last4 } : {}) }
      : undefined,
    paidAt: payment.paid_at ?? payment.created_at,
    url: deps.checkoutUrl(merchant_id, payment.id).replace(/\/pay\/([^/]+)$/, '/receipts/$1'),
    ...(payment.paid_order === null ? {} : { answers: payment.paid_order }),
    ...(address === undefined ? {} : { address }),
    ...(cart && checkout ? { order: orderOf(cart, readQuote(checkout.quote)) } : {}),
  }
}

/** Stripe's `shipping` of a payment, where it says enough to be shown. */
const shippingOf = ({ shipping }: Record<string, unknown>): PostalAddress | undefined => {
  const { name, address } = (shipping ?? {}) as { name?: string; address?: Record<string, string | null> }
  const { line1, line2, city, state, postal_code, country } = address ?? {}
  if (!line1 || !city || !country) return undefined
  return {
    line1,
    city,
    country,
    postalCode: postal_code ?? '',
    ...(name ? { name } : {}),
    ...(line2 ? { line2 } : {}),
    ...(state ? { state } : {}),
  }
}

const readRefund = async (tx: Tx, deps: CardDeps, voice: Voice, source: CardSource): Promise<ReadCard | undefined> => {
  const { refund: shown, status } = (source.card ?? {}) as { refund?: string; status?: string }
  const id = shown === undefined ? undefined : parseId('refund', shown)
  const refund = id === undefined ? undefined : await findRefund(tx, source.merchant_id, id)
  const found = refund && (await readPayment(tx, source.merchant_id, refund.payment_intent_id))
  if (!refund || !found) return undefined
  const isFailed = status === 'failed'
  const facts = {
    status: isFailed ? ('failed' as const) : ('succeeded' as const),
    amount: refund.amount,
    refunded: refund.refundedBefore + (isFailed ? 0n : refund.amount),
  }
  const card = composeRefund(voice, receiptFacts(deps, source, found), facts, showId('message', source.id))
  return { card, state: undefined }
}

const readProgress = async (
  tx: Tx,
  deps: CardDeps,
  voice: Voice,
  source: CardSource,
): Promise<ReadCard | undefined> => {
  const whole = source.bill_id === null ? undefined : await readBill(tx, source.merchant_id, source.bill_id)
  if (!whole || !isCurrency(whole.bill.currency)) return undefined
  const { bill, shares } = whole
  const facts = {
    title: bill.title,
    status: bill.status,
    amount: bill.amount,
    paid: bill.amount_paid,
    currency: whole.bill.currency as Currency,
    expiresAt: bill.expires_at,
    shares: shares.map((share) => ({
      name: share.name ?? '',
      amount: share.amount,
      state: share.status,
      ...(share.payment_intent_id === null ? {} : { url: deps.checkoutUrl(bill.merchant_id, share.payment_intent_id) }),
    })),
  }
  return { card: composeBill(voice, facts, showId('message', source.id)), state: undefined }
}
