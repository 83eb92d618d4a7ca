import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type { AuthorizeCommand, PageCommand, PaymentProvider, ProviderTags } from '#providers/provider.ts'
import { toWire } from './amounts.ts'
import { checkoutLocale } from './locales.ts'
import { tagNames } from './mapping.ts'

type RefundCommand = Parameters<PaymentProvider['refund']>[0]

export const createParams = (command: AuthorizeCommand): Stripe.PaymentIntentCreateParams => ({
  amount: toWire(command.amount, command.currency),
  currency: command.currency,
  confirm: true,
  automatic_payment_methods: { enabled: true, allow_redirects: 'always' },
  metadata: metadata(command.tags),
  ...(command.description ? { description: command.description.slice(0, 1000) } : {}),
  ...(command.customerRef ? { customer: command.customerRef } : {}),
  ...attempt(command),
})

export const confirmParams = (command: AuthorizeCommand): Stripe.PaymentIntentConfirmParams => attempt(command)

export const refundParams = (command: RefundCommand): Stripe.RefundCreateParams => ({
  payment_intent: command.paymentRef,
  amount: toWire(command.amount, command.currency),
  metadata: metadata(command.tags),
  ...(isOneOf(refundReasons, command.reason) ? { reason: command.reason } : {}),
})

export const cancelParams = (reason: string | undefined): Stripe.PaymentIntentCancelParams => ({
  expand,
  ...(isOneOf(cancelReasons, reason) ? { cancellation_reason: reason } : {}),
})

export const pageParams = (command: PageCommand, now: Date): Stripe.Checkout.SessionCreateParams => {
  const tags = metadata(command.tags)
  return {
    mode: 'payment',
    line_items: lineItems(command),
    payment_intent_data: {
      metadata: tags,
      capture_method: command.capture,
      description: command.title.slice(0, 1000),
      ...(command.save ? { setup_future_usage: 'off_session' } : {}),
    },
    metadata: tags,
    ...(command.customerRef ? { customer: command.customerRef } : {}),
    ...(command.tags.paymentIntent ? { client_reference_id: command.tags.paymentIntent } : {}),
    success_url: command.returnUrl,
    cancel_url: command.cancelUrl,
    locale: checkoutLocale(command.locale),
    ...expiry(command.expiresAt, now),
  }
}

/** Nothing of the person goes to Stripe but our id: the card's own page asks for what the bank wants. */
export const customerParams = (customer: string): Stripe.CustomerCreateParams => ({
  metadata: { parley_customer: customer },
})

/** Always the fee too: it is known only to the balance transaction of the latest charge. */
export const expand = ['latest_charge.balance_transaction']

const attempt = (command: AuthorizeCommand) => ({
  payment_method: command.method,
  // Said outright: Stripe's default captures asynchronously and answers before it knows the fee.
  capture_method: command.capture,
  return_url: command.returnUrl,
  ...(command.offSession ? { off_session: true } : {}),
  ...(command.save ? { setup_future_usage: 'off_session' as const } : {}),
  ...holdOptions(command),
  expand,
})

/** What is asked of the bank for a hold. Stripe refuses these of a payment that is captured at once. */
const holdOptions = ({ capture, incremental, multicapture, overcapture }: AuthorizeCommand) => {
  const card = {
    ...(incremental ? { request_incremental_authorization: 'if_available' as const } : {}),
    ...(multicapture ? { request_multicapture: 'if_available' as const } : {}),
    ...(overcapture ? { request_overcapture: 'if_available' as const } : {}),
  }
  return capture === 'manual' && Object.keys(card).length > 0 ? { payment_method_options: { card } } : {}
}

const metadata = (tags: ProviderTags): Record<string, string> =>
  Object.fromEntries(
    (Object.keys(tagNames) as (keyof ProviderTags)[]).flatMap((tag) => {
      const value = tags[tag]
      return value === undefined ? [] : [[tagNames[tag], value]]
    }),
  )

const refundReasons = ['duplicate', 'fraudulent', 'requested_by_customer'] as const
const cancelReasons = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const

/** Stripe refuses other words than its own; those stay with us. */
const isOneOf = <T extends string>(words: readonly T[], word: string | undefined): word is T =>
  words.some((known) => known === word)

/** The lines a payer sees must add up to what is charged; where they cannot, one line says the whole. */
const lineItems = ({ items, amount, currency, title }: PageCommand): Stripe.Checkout.SessionCreateParams.LineItem[] => {
  const sum = items.reduce((total, item) => total + item.amount * BigInt(item.quantity), 0n)
  const areUsable =
    sum === amount &&
    items.length <= 100 &&
    items.every((item) => item.amount >= 0n && item.quantity > 0 && item.name.trim() !== '')
  const lines = areUsable ? items : [{ name: title.trim() || 'Payment', amount, quantity: 1 }]
  return lines.map((line) => ({
    quantity: line.quantity,
    price_data: {
      currency,
      unit_amount: toWire(line.amount, currency),
      product_data: { name: line.name.slice(0, 250) },
    },
  }))
}

const minute = 60_000

/** Outside Stripe's window (30 minutes to 24 hours, less a minute for the way) the page lives 24 hours: close it. */
const expiry = (expiresAt: Date | undefined, now: Date): { expires_at?: number } => {
  const left = expiresAt ? expiresAt.getTime() - now.getTime() : 0
  return expiresAt && left >= 31 * minute && left <= 24 * 60 * minute - minute
    ? { expires_at: unixSeconds(expiresAt) }
    : {}
}
