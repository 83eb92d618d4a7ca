import { expireSession } from '../flows/checkout.ts'
import { invalidParam, invalidRequest } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { choice, ignored, integer, list, mergeMetadata, metadata, object, required, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import { transferData } from '../rules/destinations.ts'
import { createSession } from './checkout-session-create.ts'
import { shipping } from './payment-intent-params.ts'

const BASE = '/v1/checkout/sessions'

const priceData = object({
  currency: required(text()),
  product: text(),
  product_data: object({
    name: required(text()),
    description: text(),
    images: list(text()),
    metadata: metadata(),
    tax_code: ignored(),
    unit_label: ignored(),
    tax_details: ignored(),
  }),
  recurring: ignored(),
  tax_behavior: ignored(),
  unit_amount: integer(0),
  unit_amount_decimal: ignored(),
})

const intentData = object({
  application_fee_amount: integer(1),
  capture_method: choice('automatic', 'automatic_async', 'manual'),
  description: text(1000),
  metadata: metadata(),
  on_behalf_of: text(),
  receipt_email: text(),
  setup_future_usage: choice('off_session', 'on_session'),
  shipping,
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
  transfer_data: transferData,
  transfer_group: text(),
})

const accepted = [
  'adaptive_pricing',
  'after_expiration',
  'allow_promotion_codes',
  'automatic_tax',
  'billing_address_collection',
  'branding_settings',
  'consent_collection',
  'custom_fields',
  'custom_text',
  'customer_account',
  'customer_update',
  'discounts',
  'excluded_payment_method_types',
  'invoice_creation',
  'managed_payments',
  'name_collection',
  'optional_items',
  'origin_context',
  'payment_method_collection',
  'payment_method_configuration',
  'payment_method_data',
  'payment_method_options',
  'permissions',
  'phone_number_collection',
  'saved_payment_method_options',
  'shipping_address_collection',
  'shipping_options',
  'subscription_data',
  'tax_id_collection',
  'wallet_options',
] as const

export const createShape = {
  ...(Object.fromEntries(accepted.map((name) => [name, ignored()])) as Record<
    (typeof accepted)[number],
    ReturnType<typeof ignored>
  >),
  allowed_payment_method_types: list(text()),
  cancel_url: text(),
  client_reference_id: text(200),
  currency: text(),
  customer: text(),
  customer_creation: choice('always', 'if_required'),
  customer_email: text(800),
  expires_at: integer(1),
  integration_identifier: text(),
  line_items: list(
    object({
      adjustable_quantity: ignored(),
      metadata: metadata(),
      price: text(),
      price_data: priceData,
      quantity: integer(1),
      tax_rates: ignored(),
      dynamic_tax_rates: ignored(),
    }),
  ),
  locale: text(),
  metadata: metadata(),
  mode: choice('payment', 'setup', 'subscription'),
  payment_intent_data: intentData,
  payment_method_types: list(text()),
  redirect_on_completion: choice('always', 'if_required', 'never'),
  return_url: text(),
  setup_intent_data: object({ description: text(1000), metadata: metadata(), on_behalf_of: ignored() }),
  submit_type: choice('auto', 'book', 'donate', 'pay', 'subscribe'),
  success_url: text(),
  ui_mode: choice('hosted_page', 'hosted', 'embedded_page', 'elements', 'form'),
}

export const checkoutSessionRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => (await createSession(work, params)).doc),
  route(
    'GET',
    BASE,
    {
      ...pagination,
      created: created(),
      customer: text(),
      customer_account: ignored(),
      customer_details: object({ email: text() }),
      payment_intent: text(),
      payment_link: text(),
      status: choice('complete', 'expired', 'open'),
      subscription: text(),
    },
    (work, params) =>
      listObjects(work, 'checkout.session', BASE, params, {
        customer: params.customer,
        payment_intent: params.payment_intent,
        doc: { status: params.status },
      }),
  ),
  route(
    'GET',
    `${BASE}/:id`,
    {},
    async (work, _params, { id }) => (await work.get('checkout.session', id, 'session')).doc,
  ),
  route(
    'POST',
    `${BASE}/:id`,
    { metadata: metadata(), collected_information: ignored(), shipping_options: ignored(), line_items: ignored() },
    async (work, params, { id }) => {
      const session = await work.lock('checkout.session', id, 'session')
      if (params.metadata) session.doc.metadata = mergeMetadata(session.doc.metadata, params.metadata)
      work.changed(session)
      return session.doc
    },
  ),
  route('POST', `${BASE}/:id/expire`, {}, async (work, _params, { id }) => {
    const session = await work.lock('checkout.session', id, 'session')
    if (session.doc.status !== 'open') {
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.doc.status}.`,
      )
    }
    await expireSession(work, session)
    return session.doc
  }),
  route('GET', `${BASE}/:id/line_items`, pagination, async (work, params, { id }) => {
    const { hidden } = await work.get('checkout.session', id, 'session')
    const after = hidden.lineItems.findIndex((item) => item.id === params.starting_after)
    if (params.starting_after !== undefined && after < 0)
      throw invalidParam(`No such line item: '${params.starting_after}'`, 'starting_after')
    const rest = hidden.lineItems.slice(after + 1)
    const size = params.limit ?? 10
    return { object: 'list', data: rest.slice(0, size), has_more: rest.length > size, url: `${BASE}/${id}/line_items` }
  }),
]
