import { completeSetup } from '../flows/authentication.ts'
import { usePaymentMethod } from '../flows/payment-method.ts'
import { ApiError, invalidRequest } from '../http/api-error.ts'
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
import { declineOf } from '../rules/declines.ts'
import { cardByScenario } from '../rules/test-cards.ts'
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
      setup.doc.status = 'canceled'
      setup.doc.cancellation_reason = params.cancellation_reason ?? null
      setup.doc.next_action = null
      work.changed(setup)
      work.emit('setup_intent.canceled', setup)
      return setup.doc
    },
  ),
]

async function create(work: Work, params: Parsed<typeof createShape>): Promise<Row<'setup_intent'>> {
  if (params.customer) await work.get('customer', params.customer, 'customer', 400)
  const given = params.payment_method ?? methodFromData(work, params.payment_method_data)
  const method = given ? await usePaymentMethod(work, given) : null
  const id = work.id('seti')
  const types = params.allowed_payment_method_types ?? params.payment_method_types
  const setup = work.insert(
    'setup_intent',
    {
      id,
      object: 'setup_intent',
      allowed_payment_method_types: null,
      application: null,
      automatic_payment_methods: types
        ? null
        : { enabled: true, allow_redirects: params.automatic_payment_methods?.allow_redirects ?? 'always' },
      cancellation_reason: null,
      client_secret: `${id}_secret_${work.sandbox.ids.secret(id)}`,
      created: work.now,
      customer: params.customer ?? null,
      customer_account: null,
      description: params.description ?? null,
      excluded_payment_method_types: null,
      flow_directions: null,
      last_setup_error: null,
      latest_attempt: null,
      livemode: false,
      mandate: null,
      metadata: withoutEmpty(params.metadata),
      next_action: null,
      on_behalf_of: null,
      payment_method: method?.id ?? null,
      payment_method_configuration_details: null,
      payment_method_options: null,
      payment_method_types: types ?? ['card'],
      single_use_mandate: null,
      status: method ? 'requires_confirmation' : 'requires_payment_method',
      usage: params.usage ?? 'off_session',
    },
    { returnUrl: null },
  )
  work.emit('setup_intent.created', setup)
  return setup
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
  setup.doc.payment_method = method.id
  setup.hidden.returnUrl = params.return_url ?? setup.hidden.returnUrl
  work.changed(setup)
  if (method.doc.type !== 'card') return completeSetup(work, setup, method, true)
  const card = cardByScenario(method.hidden.scenario)
  // One card is kept, and fails only when it is charged.
  if (card.decline && card.name !== 'chargeCustomerFail') throw refuse(work, setup, method, card.decline)
  if (card.authentication === 'never') return completeSetup(work, setup, method, false)
  const url = `${work.sandbox.settings.publicUrl}/3ds/${setup.id}`
  setup.doc.status = 'requires_action'
  setup.doc.next_action = { redirect_to_url: { return_url: setup.hidden.returnUrl, url }, type: 'redirect_to_url' }
  work.emit('setup_intent.requires_action', setup)
}

function refuse(
  work: Work,
  setup: Row<'setup_intent'>,
  method: Row<'payment_method'>,
  decline: Parameters<typeof declineOf>[0],
): ApiError {
  const { code, declineCode, message } = declineOf(decline)
  const fields = {
    type: 'card_error' as const,
    code,
    message,
    ...(declineCode === null ? {} : { decline_code: declineCode }),
  }
  setup.doc.status = 'requires_payment_method'
  setup.doc.payment_method = null
  setup.doc.last_setup_error = {
    ...fields,
    payment_method: method.doc,
  } as unknown as Row<'setup_intent'>['doc']['last_setup_error']
  work.emit('setup_intent.setup_failed', setup)
  return new ApiError(402, { ...fields, payment_method: method.doc, setup_intent: { ...setup.doc } }, true)
}

function assertOpen(action: 'cancel' | 'confirm', { doc }: Row<'setup_intent'>): void {
  const open: readonly string[] = ['requires_payment_method', 'requires_confirmation', 'requires_action']
  if (open.includes(doc.status)) return
  throw invalidRequest(
    `You cannot ${action} this SetupIntent because it has a status of ${doc.status}. Only a SetupIntent with one of the following statuses may be ${action}ed: ${open.join(', ')}.`,
    { code: 'setup_intent_unexpected_state', setup_intent: doc },
  )
}
