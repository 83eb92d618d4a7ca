import type Stripe from 'stripe'
import type { Currency } from '#kernel/currencies.ts'
import type { ProviderFee } from '#providers/fee.ts'
import type {
  PaymentMethodDetails,
  ProviderCharge,
  ProviderDecline,
  ProviderPage,
  ProviderPayment,
  ProviderRefund,
  ProviderTags,
} from '#providers/provider.ts'
import { currencyFromWire, fromWire, UnmappedError } from './amounts.ts'
import { actionUrl } from './next-action.ts'
import { chargeStates, lookUp, pageStates, paymentStates, refundStates } from './states.ts'

/** Everything Stripe answers comes through here; a state or currency outside the tables throws `UnmappedError`. */
export const mapPayment = (intent: Stripe.PaymentIntent): ProviderPayment => {
  mustBe('payment_intent', intent)
  const currency = currencyFromWire(intent.currency, 'currency')
  const amount = (field: 'amount' | 'amount_capturable' | 'amount_received') => fromWire(intent[field], currency, field)
  const charge = expanded(intent.latest_charge)
  return {
    ref: text(intent.id, 'payment intent id'),
    state: lookUp(paymentStates, intent.status, 'payment intent state'),
    amount: amount('amount'),
    amountCapturable: amount('amount_capturable'),
    amountReceived: amount('amount_received'),
    currency,
    ...given('methodRef', refOf(intent.payment_method)),
    ...given('savedFor', intent.setup_future_usage ? refOf(intent.customer) : undefined),
    ...given('charge', charge && chargeOf(intent, charge)),
    ...given('actionUrl', actionUrl(intent.next_action)),
    ...given('decline', intent.last_payment_error ? mapDecline(intent.last_payment_error) : undefined),
    ...given('canceledReason', intent.cancellation_reason ?? undefined),
    tags: mapTags(intent.metadata),
  }
}

/** Only the payment knows whether the rest of a hold can still be captured. */
const chargeOf = ({ status }: Stripe.PaymentIntent, charge: Stripe.Charge): ProviderCharge => {
  const mapped = mapCharge(charge)
  return { ...mapped, captured: mapped.captured && status !== 'requires_capture' }
}

export const mapCharge = (charge: Stripe.Charge): ProviderCharge => {
  mustBe('charge', charge)
  const currency = currencyFromWire(charge.currency, 'currency')
  const amount = (field: 'amount' | 'amount_captured' | 'amount_refunded') => fromWire(charge[field], currency, field)
  const state = lookUp(chargeStates, charge.status, 'charge state')
  const balance = expanded(charge.balance_transaction)
  const [authorized, amountCaptured] = [amount('amount'), amount('amount_captured')]
  return {
    ref: text(charge.id, 'charge id'),
    state,
    amount: most(authorized, amountCaptured),
    amountCaptured,
    amountRefunded: amount('amount_refunded'),
    captured: charge.captured === true,
    ...flexibility(charge, currency),
    ...given('method', mapMethod(charge.payment_method_details)),
    ...given('decline', state === 'failed' ? chargeDecline(charge) : undefined),
    ...given('applicationFee', platformFee(charge, currency)),
    ...given('transfer', transferWith(charge, currency)),
    ...given('fee', balance && mapFee(balance)),
    createdAt: time(charge.created, 'charge.created'),
  }
}

export const mapRefund = (refund: Stripe.Refund): ProviderRefund => {
  mustBe('refund', refund)
  const currency = currencyFromWire(refund.currency, 'currency')
  return {
    ref: text(refund.id, 'refund id'),
    state: lookUp(refundStates, refund.status, 'refund state'),
    amount: fromWire(refund.amount, currency, 'amount'),
    currency,
    ...given('paymentRef', refOf(refund.payment_intent)),
    ...given('chargeRef', refOf(refund.charge)),
    ...given('failureReason', refund.failure_reason),
    ...given('failureBalanceRef', refOf(refund.failure_balance_transaction)),
    createdAt: time(refund.created, 'refund.created'),
    tags: mapTags(refund.metadata),
  }
}

export const mapPage = (session: Stripe.Checkout.Session): ProviderPage => {
  mustBe('checkout.session', session)
  return {
    ref: text(session.id, 'session id'),
    ...given('url', session.url ?? undefined),
    state: lookUp(pageStates, session.status, 'session state'),
    ...given('paymentRef', refOf(session.payment_intent)),
    expiresAt: time(session.expires_at, 'session.expires_at'),
  }
}

export const mapCustomer = (customer: Stripe.Customer): { ref: string } => {
  mustBe('customer', customer)
  return { ref: text(customer.id, 'customer id') }
}

export const mapSavedMethod = (method: Stripe.PaymentMethod): { ref: string } => {
  mustBe('payment_method', method)
  return { ref: text(method.id, 'payment method id') }
}

/** An account in our words; `settings` as a connection keeps them. */
export const mapAccount = (account: Stripe.Account) => {
  mustBe('account', account)
  const { settings, country, default_currency, charges_enabled } = account
  return {
    externalId: text(account.id, 'account id'),
    name: settings?.dashboard?.display_name || account.id,
    settings: {
      ...given('country', country),
      ...given('default_currency', default_currency),
      charges_enabled: charges_enabled === true,
    },
  }
}

/** The names under which our ids travel in Stripe's metadata. */
export const tagNames = {
  merchant: 'parley_merchant',
  paymentIntent: 'parley_payment_intent',
  refund: 'parley_refund',
  setupIntent: 'parley_setup_intent',
} as const satisfies Record<keyof ProviderTags, string>

export const mapTags = (metadata: unknown): ProviderTags => {
  const value = (name: string) => {
    const found = isRecord(metadata) ? metadata[name] : undefined
    return typeof found === 'string' && found !== '' ? found : undefined
  }
  return {
    ...given('merchant', value(tagNames.merchant)),
    ...given('paymentIntent', value(tagNames.paymentIntent)),
    ...given('refund', value(tagNames.refund)),
    ...given('setupIntent', value(tagNames.setupIntent)),
  }
}

/** The decline in an error object, whether thrown by the SDK or kept as `last_payment_error`. */
export const mapDecline = (error: {
  code?: string | undefined
  decline_code?: string | undefined
  message?: string | undefined
}): ProviderDecline => ({
  code: error.code || 'payment_intent_payment_attempt_failed',
  ...given('declineCode', error.decline_code || undefined),
  message: error.message || 'The payment failed. Try again or use another payment method.',
})

/** The id of an object that Stripe sends either as its id or expanded. */
export const refOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value === '' ? undefined : value
  return isRecord(value) && typeof value.id === 'string' ? value.id : undefined
}

/** The bank's word first: `outcome` also knows why Stripe blocked a payment that no bank ever saw. */
const chargeDecline = (charge: Stripe.Charge): ProviderDecline =>
  mapDecline({
    code: charge.failure_code ?? undefined,
    decline_code: charge.outcome?.reason ?? undefined,
    message: charge.failure_message ?? charge.outcome?.seller_message ?? undefined,
  })

const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** What the bank allows beyond one capture of what is held. */
const flexibility = (charge: Stripe.Charge, currency: Currency) => {
  const { multicapture, overcapture } = charge.payment_method_details?.card ?? {}
  const max = overcapture && fromWire(overcapture.maximum_amount_capturable, currency, 'maximum_amount_capturable')
  return {
    ...given('multicapture', multicapture && multicapture.status === 'available'),
    ...given('maxCapturable', overcapture?.status === 'available' ? max : undefined),
  }
}

export const mapFee = (balance: Stripe.BalanceTransaction): ProviderFee => {
  mustBe('balance_transaction', balance)
  const currency = currencyFromWire(balance.currency, 'fee currency')
  return {
    ref: text(balance.id, 'balance transaction id'),
    amount: fromWire(balance.fee, currency, 'fee'),
    ...given('applicationFee', applicationFeeIn(balance, currency)),
    currency,
    availableOn: time(balance.available_on, 'available_on'),
  }
}

const platformFee = (charge: Stripe.Charge, currency: Currency): ProviderCharge['applicationFee'] =>
  charge.application_fee_amount == null
    ? undefined
    : {
        ...given('ref', refOf(charge.application_fee)),
        amount: fromWire(charge.application_fee_amount, currency, 'application_fee_amount'),
      }

const transferWith = (charge: Stripe.Charge, currency: Currency): ProviderCharge['transfer'] => {
  const { transfer_data: data, transfer } = charge
  if (!data) return undefined
  return {
    destination: text(refOf(data.destination), 'destination of a transfer'),
    ...given('amount', data.amount == null ? undefined : fromWire(data.amount, currency, 'transfer_data.amount')),
    ...given('ref', refOf(transfer)),
  }
}

/** The platform's part of a fee, which is negative where it is given back. */
export const applicationFeeIn = (
  { fee, fee_details: details = [] }: Pick<Stripe.BalanceTransaction, 'fee' | 'fee_details'>,
  currency: Currency,
): bigint | undefined => {
  const parts = details.filter(({ type }) => type === 'application_fee')
  const part = parts.reduce((sum, one) => {
    if (one.currency !== currency) throw new UnmappedError('an application fee in', one.currency)
    return sum + fromWire(one.amount, currency, 'application fee')
  }, 0n)
  const whole = fromWire(fee, currency, 'fee')
  if (whole < 0n ? part > 0n || part < whole : part < 0n || part > whole)
    throw new UnmappedError('an application fee beyond the fee,', part.toString())
  return part === 0n ? undefined : part
}

/** Only what may be shown on a receipt. Every method's details lie under its own type's name. */
const mapMethod = (details: Stripe.Charge.PaymentMethodDetails | null): PaymentMethodDetails | undefined => {
  if (!details) return undefined
  const all: unknown = details
  const own = isRecord(all) && isRecord(all[details.type]) ? (all[details.type] as Record<string, unknown>) : {}
  const string = (field: string) => (typeof own[field] === 'string' ? own[field] : undefined)
  const number = (field: string) => (typeof own[field] === 'number' ? own[field] : undefined)
  return {
    type: details.type,
    ...given('brand', string('brand')),
    ...given('last4', string('last4')),
    ...given('expMonth', number('exp_month')),
    ...given('expYear', number('exp_year')),
    ...given('country', string('country')),
    ...given('funding', string('funding')),
  }
}

/** A proxy's JSON error page, or another kind of object under our path, must not pass for an answer. */
const mustBe = (kind: string, value: { object?: unknown } | null | undefined): void => {
  if (value?.object !== kind) throw new UnmappedError(`no ${kind} but`, value?.object)
}

const expanded = <T extends { object: string }>(value: string | T | null | undefined): T | undefined =>
  typeof value === 'object' && value !== null ? value : undefined

const text = (value: unknown, what: string): string => {
  if (typeof value === 'string' && value !== '') return value
  throw new UnmappedError(what, value)
}

const time = (value: unknown, what: string): Date => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return new Date(value * 1000)
  throw new UnmappedError(what, value)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** An optional member: absent, not undefined, when there is no value. */
const given = <K extends string, V>(key: K, value: V | undefined): { [Key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [Key in K]: V })
