import type Stripe from 'stripe'
import { unixSeconds } from '#kernel/clock.ts'
import type { OrderDetails, ShippingDetails } from '#providers/order-details.ts'
import type { AuthorizeCommand, PageCommand, PaymentProvider, ProviderTags } from '#providers/provider.ts'
import { toWire } from './amounts.ts'
import { checkoutLocale } from './locales.ts'
import { tagNames } from './mapping.ts'

type CaptureCommand = Omit<Parameters<PaymentProvider['capture']>[0], 'idempotencyKey' | 'paymentRef'>
type RefundCommand = Parameters<PaymentProvider['refund']>[0]

export const createParams = (command: AuthorizeCommand): Stripe.PaymentIntentCreateParams => ({
  amount: toWire(command.amount, command.currency),
  currency: command.currency,
  confirm: true,
  ...waysToPay(command.details),
  metadata: metadata(command.tags, command.details),
  ...told(command.details),
  ...platformOf(command),
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
  ...(command.refundApplicationFee ? { refund_application_fee: true } : {}),
  ...(command.reverseTransfer ? { reverse_transfer: true } : {}),
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
      metadata: metadata(command.tags, command.details),
      ...toldOnPage(command.details),
      ...platformOf(command),
      capture_method: command.capture,
      description: command.title.slice(0, 1000),
      ...(command.save ? { setup_future_usage: command.save } : {}),
    },
    metadata: tags,
    ...pageWays(command),
    ...(command.customerRef ? { customer: command.customerRef } : {}),
    ...(command.tags.paymentIntent ? { client_reference_id: command.tags.paymentIntent } : {}),
    success_url: command.returnUrl,
    cancel_url: command.cancelUrl,
    locale: checkoutLocale(command.locale),
    ...expiry(command.expiresAt, now),
  }
}

/** The same payment as on Stripe's own page, for the Payment Element: not confirmed, that is done in Stripe's frame. */
export const fieldsParams = (command: PageCommand): Stripe.PaymentIntentCreateParams => ({
  amount: toWire(command.amount, command.currency),
  currency: command.currency,
  capture_method: command.capture,
  ...waysToPay(command.details),
  metadata: metadata(command.tags, command.details),
  ...told(command.details),
  ...platformOf(command),
  description: command.title.slice(0, 1000),
  ...(command.customerRef ? { customer: command.customerRef } : {}),
  ...(command.save ? { setup_future_usage: command.save } : {}),
  ...holdOptions({ incremental: false, ...command }),
})

export const captureParams = ({
  amount,
  currency,
  isFinal = true,
  applicationFee,
  transferAmount,
}: CaptureCommand): Stripe.PaymentIntentCaptureParams => ({
  amount_to_capture: toWire(amount, currency),
  ...(isFinal ? {} : { final_capture: false }),
  ...(applicationFee === undefined ? {} : { application_fee_amount: toWire(applicationFee, currency) }),
  ...(transferAmount === undefined ? {} : { transfer_data: { amount: toWire(transferAmount, currency) } }),
  expand,
})

/** What of a payment that exists may still change before it is tried again. Where it goes is said once. */
export const retryParams = ({
  details,
  ...order
}: Pick<AuthorizeCommand, 'amount' | 'currency' | 'customerRef' | 'details'>): Stripe.PaymentIntentUpdateParams => {
  const { amount } = details?.transfer ?? {}
  return {
    amount: toWire(order.amount, order.currency),
    ...(order.customerRef === undefined ? {} : { customer: order.customerRef }),
    ...feeOf({ details, currency: order.currency }),
    ...(amount === undefined ? {} : { transfer_data: { amount: toWire(BigInt(amount), order.currency) } }),
    ...(details?.transferGroup === undefined ? {} : { transfer_group: details.transferGroup }),
    expand,
  }
}

type Shared = { details?: OrderDetails | undefined; currency: AuthorizeCommand['currency'] }

/** Who else gets something of a payment: the platform, and the account that it is passed on to. */
const platformOf = ({ details = {}, currency }: Shared) => {
  const { transfer, onBehalfOf, transferGroup } = details
  return {
    ...feeOf({ details, currency }),
    ...(transfer ? { transfer_data: transferData(transfer, currency) } : {}),
    ...(onBehalfOf === undefined ? {} : { on_behalf_of: onBehalfOf }),
    ...(transferGroup === undefined ? {} : { transfer_group: transferGroup }),
  }
}

const transferData = (
  { destination, amount }: NonNullable<OrderDetails['transfer']>,
  currency: AuthorizeCommand['currency'],
) => ({ destination, ...(amount === undefined ? {} : { amount: toWire(BigInt(amount), currency) }) })

/** What the platform takes of a payment. */
const feeOf = ({ details, currency }: Shared) =>
  details?.applicationFee === undefined
    ? {}
    : { application_fee_amount: toWire(BigInt(details.applicationFee), currency) }

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
  ...(command.refuseAction ? { error_on_requires_action: true } : {}),
  ...mandate(command.mandate),
  ...(command.save ? { setup_future_usage: command.save } : {}),
  ...holdOptions(command),
  expand,
})

type Types = NonNullable<Stripe.PaymentIntentCreateParams['allowed_payment_method_types']>

/** Stripe takes a list, or shows what the account has switched on; never both. */
const waysToPay = ({ methodTypes, redirects = 'always' }: OrderDetails = {}) =>
  methodTypes && methodTypes.length > 0
    ? { allowed_payment_method_types: [...methodTypes] as Types }
    : { automatic_payment_methods: { enabled: true, allow_redirects: redirects } }

const pageWays = (command: PageCommand): Partial<Stripe.Checkout.SessionCreateParams> => {
  const types = command.details?.methodTypes ?? []
  return {
    ...(types.length > 0 ? { allowed_payment_method_types: [...types] } : {}),
    ...holdOptions({ incremental: false, ...command }),
  }
}

/** What the payer, the bank and the dashboard are told. */
const told = (details: OrderDetails = {}): Partial<Stripe.PaymentIntentCreateParams> => ({
  ...texts(details),
  ...(details.shipping ? { shipping: shippingOf(details.shipping) } : {}),
})

/** The page asks for an address to be whole. */
const toldOnPage = (details: OrderDetails = {}): Stripe.Checkout.SessionCreateParams.PaymentIntentData => {
  const shipping = details.shipping && shippingOf(details.shipping)
  const { line1 } = shipping?.address ?? {}
  return {
    ...texts(details),
    ...(shipping && line1 ? { shipping: { ...shipping, address: { ...shipping.address, line1 } } } : {}),
  }
}

/** Stripe takes an empty text for a wish to unset the field, and refuses it here: not every country has every line. */
const shippingOf = ({ address, ...shipping }: ShippingDetails) => ({
  ...shipping,
  address: Object.fromEntries(Object.entries(address).filter(([, line]) => line !== '')) as typeof address,
})

const texts = ({ receiptEmail, statementDescriptor, statementDescriptorSuffix }: OrderDetails) => ({
  ...(receiptEmail ? { receipt_email: receiptEmail } : {}),
  ...(statementDescriptor ? { statement_descriptor: statementDescriptor } : {}),
  ...(statementDescriptorSuffix ? { statement_descriptor_suffix: statementDescriptorSuffix } : {}),
})

const mandate = (given: AuthorizeCommand['mandate']) => {
  if (!given) return {}
  const { type, ip = '', userAgent = '' } = given
  const acceptance =
    type === 'online' ? { type, online: { ip_address: ip, user_agent: userAgent } } : { type, offline: {} }
  return { mandate_data: { customer_acceptance: acceptance } }
}

/** What is asked of the bank for a hold. Stripe refuses these of a payment that is captured at once. */
const holdOptions = ({
  capture,
  incremental,
  multicapture,
  overcapture,
}: Pick<AuthorizeCommand, 'capture' | 'incremental' | 'multicapture' | 'overcapture'>) => {
  const card = {
    ...(incremental ? { request_incremental_authorization: 'if_available' as const } : {}),
    ...(multicapture ? { request_multicapture: 'if_available' as const } : {}),
    ...(overcapture ? { request_overcapture: 'if_available' as const } : {}),
  }
  return capture === 'manual' && Object.keys(card).length > 0 ? { payment_method_options: { card } } : {}
}

/** Stripe keeps fifty names; ours are what a payment is found again by, so they go before the merchant's. */
const metadata = (tags: ProviderTags, { metadata: own = {} }: OrderDetails = {}): Record<string, string> => {
  const ours = (Object.keys(tagNames) as (keyof ProviderTags)[]).flatMap((tag): [string, string][] => {
    const value = tags[tag]
    return value === undefined ? [] : [[tagNames[tag], value]]
  })
  return Object.fromEntries([...Object.entries(own).slice(0, 50 - ours.length), ...ours])
}

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
