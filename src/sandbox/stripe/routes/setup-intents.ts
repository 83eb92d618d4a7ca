import { usePaymentMethod } from '../flows/payment-method.ts'
import { attemptSetup, cancelSetup, insertSetup } from '../flows/setup.ts'
import { invalidRequest } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import {
  choice,
  clearable,
  flag,
  ignored,
  list,
  mergeMetadata,
  metadata,
  object,
  type Parsed,
  text,
  withoutEmpty,
} from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { commonParams, methodFromData } from './payment-intent-params.ts'

const BASE = '/v1/setup_intents'

const updateShape = {
  customer: text(),
  customer_account: ignored(),
  description: clearable(text(1000)),
  metadata: metadata(),
  payment_method: text(),
  payment_method_data: commonParams.payment_method_data,
  payment_method_options: ignored(),
  payment_method_types: list(text()),
  allowed_payment_method_types: list(text()),
  excluded_payment_method_types: ignored(),
  payment_method_configuration: ignored(),
  flow_directions: ignored(),
  attach_to_self: ignored(),
}
const confirmShape = {
  payment_method: text(),
  payment_method_data: commonParams.payment_method_data,
  payment_method_options: ignored(),
  confirmation_token: ignored(),
  mandate_data: ignored(),
  return_url: text(),
  use_stripe_sdk: flag(),
}
const createShape = {
  ...updateShape,
  ...confirmShape,
  automatic_payment_methods: object({ enabled: flag(), allow_redirects: choice('always', 'never') }),
  confirm: flag(),
  usage: choice('off_session', 'on_session'),
  single_use: ignored(),
  on_behalf_of: ignored(),
}

export const setupIntentRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const setup = await create(work, params)
    if (params.confirm) await confirm(work, setup, params)
    return setup.doc
  }),
  route(
    'GET',
    BASE,
    { ...pagination, created: created(), customer: text(), payment_method: text(), attach_to_self: ignored() },
    (work, params) =>
      listObjects(work, 'setup_intent', BASE, params, {
        customer: params.customer,
        doc: { payment_method: params.payment_method },
      }),
  ),
  route(
    'GET',
    `${BASE}/:id`,
    { client_secret: ignored() },
    async (work, _params, { id }) => (await work.get('setup_intent', id, 'intent')).doc,
  ),
  route('POST', `${BASE}/:id`, updateShape, async (work, params, { id }) => {
    const setup = await work.lock('setup_intent', id, 'intent')
    if (params.customer !== undefined) setup.doc.customer = params.customer
    if (params.description !== undefined) setup.doc.description = params.description
    if (params.metadata) setup.doc.metadata = mergeMetadata(setup.doc.metadata, params.metadata)
    if (params.payment_method) {
      setup.doc.payment_method = (await usePaymentMethod(work, params.payment_method)).id
      setup.doc.status = 'requires_confirmation'
    }
    work.changed(setup)
    return setup.doc
  }),
  route('POST', `${BASE}/:id/confirm`, confirmShape, async (work, params, { id }) => {
    const setup = await work.lock('setup_intent', id, 'intent')
    await confirm(work, setup, params)
    return setup.doc
  }),
  route(
    'POST',
    `${BASE}/:id/cancel`,
    { cancellation_reason: choice('abandoned', 'duplicate', 'requested_by_customer') },
    async (work, params, { id }) => {
      const setup = await work.lock('setup_intent', id, 'intent')
      assertOpen('cancel', setup)
      cancelSetup(work, setup, params.cancellation_reason ?? null)
      return setup.doc
    },
  ),
]

async function create(work: Work, params: Parsed<typeof createShape>): Promise<Row<'setup_intent'>> {
  if (params.customer) await work.get('customer', params.customer, 'customer', 400)
  const given = params.payment_method ?? methodFromData(work, params.payment_method_data)
  const method = given ? await usePaymentMethod(work, given) : null
  return insertSetup(work, {
    types: params.allowed_payment_method_types ?? params.payment_method_types,
    allowRedirects: params.automatic_payment_methods?.allow_redirects ?? 'always',
    customer: params.customer ?? null,
    description: params.description ?? null,
    metadata: withoutEmpty(params.metadata),
    payment_method: method?.id ?? null,
    usage: params.usage ?? 'off_session',
    session: null,
  })
}

async function confirm(work: Work, setup: Row<'setup_intent'>, params: Parsed<typeof confirmShape>): Promise<void> {
  assertOpen('confirm', setup)
  const given = params.payment_method ?? methodFromData(work, params.payment_method_data) ?? setup.doc.payment_method
  if (!given) {
    throw invalidRequest("You cannot confirm this SetupIntent because it's missing a payment method.", {
      code: 'setup_intent_unexpected_state',
    })
  }
  const method = await usePaymentMethod(work, given)
  setup.hidden.returnUrl = params.return_url ?? setup.hidden.returnUrl
  await attemptSetup(work, setup, method)
}

function assertOpen(action: 'cancel' | 'confirm', { doc, hidden }: Row<'setup_intent'>): void {
  if (hidden.session) {
    throw invalidRequest(
      `You cannot ${action} a SetupIntent that was created by Checkout. Expire its session instead.`,
      {
        code: 'setup_intent_unexpected_state',
      },
    )
  }
  const open: readonly string[] = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  if (open.includes(doc.status)) return
  throw invalidRequest(
    `You cannot ${action} this SetupIntent because it has a status of ${doc.status}. Only a SetupIntent with one of the following statuses may be ${action}ed: ${open.join(', ')}.`,
    { code: 'setup_intent_unexpected_state', setup_intent: doc },
  )
}
