import { type Billing, createCardFromFields, createSepaDebit } from '../flows/payment-method.ts'
import { invalidParam, invalidRequest } from '../http/api-error.ts'
import { choice, clearable, flag, ignored, integer, list, metadata, object, type Parsed, text } from '../http/params.ts'
import type { Documents } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

export const address = object({
  city: text(),
  country: text(),
  line1: text(),
  line2: text(),
  postal_code: text(),
  state: text(),
})
export const shipping = object({ address, name: text(), carrier: text(), phone: text(), tracking_number: text() })
export const billingDetails = object({
  address: clearable(address),
  email: clearable(text()),
  name: clearable(text()),
  phone: clearable(text()),
  tax_id: ignored(),
})

export const cardNumber = object({
  number: text(),
  exp_month: integer(1),
  exp_year: integer(),
  cvc: text(),
  token: text(),
  networks: ignored(),
})

const methodData = object({
  type: choice('card', 'sepa_debit'),
  card: cardNumber,
  sepa_debit: object({ iban: text() }),
  billing_details: billingDetails,
  metadata: metadata(),
  allow_redisplay: ignored(),
})

const cardOptions = object({
  capture_method: clearable(choice('manual')),
  request_incremental_authorization: choice('if_available', 'never'),
  request_multicapture: choice('if_available', 'never'),
  request_overcapture: choice('if_available', 'never'),
  request_three_d_secure: choice('any', 'automatic', 'challenge'),
  request_extended_authorization: ignored(),
  cvc_token: ignored(),
  installments: ignored(),
  mandate_options: ignored(),
  moto: ignored(),
  network: ignored(),
  require_cvc_recollection: ignored(),
  setup_future_usage: ignored(),
  statement_descriptor_suffix_kana: ignored(),
  statement_descriptor_suffix_kanji: ignored(),
  three_d_secure: ignored(),
})

/** What create, update and confirm have in common. */
export const commonParams = {
  allowed_payment_method_types: list(text()),
  amount_details: ignored(),
  capture_method: choice('automatic', 'automatic_async', 'manual'),
  customer: text(),
  customer_account: ignored(),
  description: clearable(text(1000)),
  excluded_payment_method_types: ignored(),
  hooks: ignored(),
  metadata: metadata(),
  payment_details: ignored(),
  payment_method: text(),
  payment_method_configuration: ignored(),
  payment_method_data: methodData,
  payment_method_options: object({ card: cardOptions, sepa_debit: ignored(), link: ignored() }),
  payment_method_types: list(text()),
  receipt_email: clearable(text()),
  setup_future_usage: clearable(choice('off_session', 'on_session')),
  shipping: clearable(shipping),
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
  transfer_group: text(),
}

export const confirmParams = {
  amount_to_confirm: integer(1),
  confirmation_token: text(),
  error_on_requires_action: flag(),
  mandate: ignored(),
  mandate_data: ignored(),
  off_session: flag(),
  radar_options: ignored(),
  return_url: text(),
  use_stripe_sdk: flag(),
}

type MethodData = ReturnType<typeof methodData>
type Shipping = Parsed<{ shipping: typeof shipping }>['shipping'] | null

/** Typed-in method details become a payment method first; its id is then used like any other. */
export function methodFromData(work: Work, data: MethodData): string | undefined {
  if (!data) return undefined
  const billing = readBilling(data.billing_details)
  if (data.type === 'sepa_debit') return createSepaDebit(work, data.sepa_debit?.iban ?? '', billing).id
  if (data.type !== 'card')
    throw invalidParam(
      'Missing required param: payment_method_data[type].',
      'payment_method_data[type]',
      'parameter_missing',
    )
  const { number, exp_month, exp_year, cvc } = data.card ?? {}
  if (!number || !exp_month || !exp_year) {
    throw invalidParam(
      'Missing required param: payment_method_data[card].',
      'payment_method_data[card]',
      'parameter_missing',
    )
  }
  const expYear = exp_year < 100 ? 2000 + exp_year : exp_year
  return createCardFromFields(work, { number, expMonth: exp_month, expYear, cvc: cvc ?? null }, billing).id
}

export function readBilling(details: ReturnType<typeof billingDetails>): Billing {
  const { address: home, email, name, phone } = details ?? {}
  return {
    ...(home ? { address: readAddress(home) } : {}),
    email: email ?? undefined,
    name: name ?? undefined,
    phone: phone ?? undefined,
  }
}

export function readShipping(value: Shipping | undefined): Documents['payment_intent']['shipping'] {
  if (!value) return null
  const { address: to, carrier, name, phone, tracking_number } = value
  return {
    ...(to ? { address: readAddress(to) } : {}),
    carrier: carrier ?? null,
    ...(name === undefined ? {} : { name }),
    phone: phone ?? null,
    tracking_number: tracking_number ?? null,
  }
}

export function readAddress(value: NonNullable<ReturnType<typeof address>>) {
  const { city, country, line1, line2, postal_code, state } = value
  return {
    city: city ?? null,
    country: country ?? null,
    line1: line1 ?? null,
    line2: line2 ?? null,
    postal_code: postal_code ?? null,
    state: state ?? null,
  }
}

const KNOWN_TYPES = ['card', 'sepa_debit']

/** Without an explicit list the methods switched on in the (simulated) dashboard apply: cards, and SEPA for euros. */
export function methodTypes(currency: string, given: string[] | undefined): string[] {
  const unknown = given?.find((type) => !KNOWN_TYPES.includes(type))
  if (unknown !== undefined) {
    throw invalidRequest(
      `The payment method type "${unknown}" is invalid. Please ensure the provided type is activated in your dashboard.`,
      {
        param: 'payment_method_types',
      },
    )
  }
  if (given?.includes('sepa_debit') && currency !== 'eur') {
    throw invalidRequest(
      `The payment method \`sepa_debit\` only supports the following currencies: eur (the currency given was ${currency}).`,
      {
        param: 'currency',
      },
    )
  }
  return given && given.length > 0 ? given : currency === 'eur' ? KNOWN_TYPES : ['card']
}
