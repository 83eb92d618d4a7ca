import type Stripe from 'stripe'
import { insertSetup } from '../flows/setup.ts'
import { invalidParam, invalidRequest } from '../http/api-error.ts'
import { type Parsed, withoutEmpty } from '../http/params.ts'
import { checkApplicationFee } from '../rules/application-fees.ts'
import { checkAmount, checkCurrency } from '../rules/currencies.ts'
import { checkDestination } from '../rules/destinations.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import type { createShape } from './checkout-sessions.ts'
import { methodTypes } from './payment-intent-params.ts'

type Params = Parsed<typeof createShape>
type Session = Documents['checkout.session']

const HOUR = 3600

export async function createSession(work: Work, params: Params): Promise<Row<'checkout.session'>> {
  if (params.mode === 'subscription') {
    throw invalidRequest('This simulator knows no checkout sessions in `subscription` mode.', { param: 'mode' })
  }
  const isSetup = params.mode === 'setup'
  const { items, currency, total } = isSetup ? nothingToPay(params) : readOrder(work, params)
  if (params.customer) await work.get('customer', params.customer, 'customer', 400)
  const {
    application_fee_amount: fee,
    transfer_data: transfer,
    on_behalf_of: onBehalfOf,
  } = params.payment_intent_data ?? {}
  checkDestination(work, { transfer, onBehalfOf, fee }, total ?? 0)
  checkApplicationFee(work, fee, total ?? 0, transfer !== undefined)
  const expiresAt = readExpiry(work, params.expires_at)
  const id = work.id('cs_test')
  const asked = params.allowed_payment_method_types ?? params.payment_method_types
  const types = currency === null ? (asked ?? ['card']) : methodTypes(currency, asked)
  const doc: Session = {
    ...UNUSED,
    id,
    object: 'checkout.session',
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: total,
    amount_total: total,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    created: work.now,
    currency,
    customer: params.customer ?? null,
    customer_creation: params.customer ? null : (params.customer_creation ?? 'if_required'),
    customer_details: params.customer_email ? { ...NOBODY, email: params.customer_email } : null,
    customer_email: params.customer_email ?? null,
    expires_at: expiresAt,
    integration_identifier: params.integration_identifier ?? null,
    locale: (params.locale as Session['locale']) ?? null,
    metadata: withoutEmpty(params.metadata),
    payment_method_types: types,
    submit_type: params.submit_type ?? null,
    success_url: params.success_url ?? null,
    url: `${work.sandbox.settings.publicUrl}/c/pay/${id}`,
  }
  if (doc.success_url === null)
    throw invalidParam('Missing required param: success_url.', 'success_url', 'parameter_missing')
  if (isSetup) Object.assign(doc, SETUP, { setup_intent: setupOf(work, params, id).id })
  const row = work.insert('checkout.session', doc, { lineItems: items, intent: readIntentData(params) })
  work.schedule('session.expire', id, (expiresAt - work.now) * 1000)
  return row
}

function readOrder(work: Work, params: Params) {
  const { items, currency } = readLineItems(work, params)
  const total = items.reduce((sum, item) => sum + item.amount_total, 0)
  checkAmount(total, currency, 'line_items')
  return { items, currency, total }
}

/** Setup mode. Stripe wants the currency, or which methods to offer. */
function nothingToPay(params: Params) {
  const { currency = null, line_items: items } = params
  if (items) throw invalidParam('You can not pass `line_items` in `setup` mode.', 'line_items')
  if (currency === null && !(params.allowed_payment_method_types ?? params.payment_method_types)) {
    throw invalidParam('Missing required param: currency.', 'currency', 'parameter_missing')
  }
  return { items: [], currency, total: null }
}

const SETUP = { mode: 'setup', payment_status: 'no_payment_required', payment_method_collection: 'always' } as const

/** There from the start, and ends with the session. */
function setupOf(work: Work, params: Params, session: string): Row<'setup_intent'> {
  const { description, metadata } = params.setup_intent_data ?? {}
  return insertSetup(work, {
    types: params.allowed_payment_method_types ?? params.payment_method_types,
    allowRedirects: 'always',
    customer: params.customer ?? null,
    description: description ?? null,
    metadata: withoutEmpty(metadata),
    payment_method: null,
    usage: 'off_session',
    session,
  })
}

function readIntentData({ payment_intent_data: data }: Params): Row<'checkout.session'>['hidden']['intent'] {
  return {
    captureMethod: data?.capture_method ?? 'automatic_async',
    applicationFee: data?.application_fee_amount,
    transferData: data?.transfer_data,
    onBehalfOf: data?.on_behalf_of,
    description: data?.description ?? null,
    metadata: withoutEmpty(data?.metadata),
    receiptEmail: data?.receipt_email ?? null,
    setupFutureUsage: data?.setup_future_usage ?? null,
    statementDescriptor: data?.statement_descriptor ?? null,
    statementDescriptorSuffix: data?.statement_descriptor_suffix ?? null,
    transferGroup: data?.transfer_group ?? null,
  }
}

function readExpiry(work: Work, wanted: number | undefined): number {
  if (wanted === undefined) return work.now + 24 * HOUR
  // Stripe refuses less than 30 minutes; a minute of grace covers the way of the request.
  if (wanted < work.now + HOUR / 2 - 60) {
    throw invalidParam(
      'The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.',
      'expires_at',
    )
  }
  if (wanted > work.now + 24 * HOUR + 60) {
    throw invalidParam(
      'The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.',
      'expires_at',
    )
  }
  return wanted
}

function readLineItems(work: Work, params: Params): { items: Stripe.LineItem[]; currency: string } {
  const wanted = params.line_items
  if (!wanted || wanted.length === 0) {
    throw invalidParam('Missing required param: line_items.', 'line_items', 'parameter_missing')
  }
  const items = wanted.map((item, index) => {
    if (item.price !== undefined)
      throw invalidRequest(`No such price: '${item.price}'`, {
        code: 'resource_missing',
        param: `line_items[${index}][price]`,
      })
    const { price_data: price, quantity = 1 } = item
    if (!price)
      throw invalidParam(
        `Missing required param: line_items[${index}][price_data].`,
        `line_items[${index}][price_data]`,
        'parameter_missing',
      )
    const currency = checkCurrency(price.currency, `line_items[${index}][price_data][currency]`)
    return lineItem(
      work,
      price.product_data?.name ?? price.product ?? '',
      currency,
      price.unit_amount ?? 0,
      quantity,
      item.metadata,
    )
  })
  const currency = items[0]?.currency ?? ''
  if (items.some((item) => item.currency !== currency)) {
    throw invalidRequest('All line items must have the same currency.', { param: 'line_items' })
  }
  return { items, currency }
}

function lineItem(
  work: Work,
  name: string,
  currency: string,
  unitAmount: number,
  quantity: number,
  metadata: Record<string, string> | undefined,
): Stripe.LineItem {
  const total = unitAmount * quantity
  const price = {
    id: work.id('price'),
    object: 'price',
    active: false,
    billing_scheme: 'per_unit',
    created: work.now,
    currency,
    livemode: false,
    metadata: {},
    product: work.id('prod'),
    type: 'one_time',
    unit_amount: unitAmount,
    unit_amount_decimal: String(unitAmount),
  }
  return {
    id: work.id('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency,
    description: name,
    metadata: withoutEmpty(metadata),
    // The simulator keeps no catalogue: this is the part of a price that people look at.
    price: price as unknown as Stripe.Price,
    quantity,
  }
}

const NOBODY = {
  address: null,
  business_name: null,
  email: null,
  individual_name: null,
  name: null,
  phone: null,
  tax_exempt: 'none',
  tax_ids: null,
} as const

/** Features of Checkout that this simulation leaves out, as Stripe shows them when they are off. */
const UNUSED = {
  adaptive_pricing: { enabled: false },
  after_expiration: null,
  allow_promotion_codes: null,
  automatic_tax: { enabled: false, liability: null, provider: null, status: null },
  billing_address_collection: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
  customer_account: null,
  discounts: [],
  invoice: null,
  invoice_creation: null,
  livemode: false,
  managed_payments: null,
  mode: 'payment',
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_collection: 'if_required',
  payment_method_configuration_details: null,
  payment_method_options: { card: { request_three_d_secure: 'automatic' } },
  payment_status: 'unpaid',
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open',
  subscription: null,
  total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
  ui_mode: 'hosted_page',
  wallet_options: null,
} satisfies Partial<Session>
