import { cancelIntent, captureIntent, incrementAuthorization } from '../flows/capture.ts'
import {
  applyCardOptions,
  changeTransfer,
  confirmIntent,
  createIntent,
  storedTransfer,
  transferOf,
} from '../flows/intent.ts'
import { usePaymentMethod } from '../flows/payment-method.ts'
import { invalidRequest } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import {
  choice,
  flag,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  object,
  type Parsed,
  required,
  text,
  withoutEmpty,
} from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import { searchObjects, searchShape } from '../http/search.ts'
import { checkApplicationFee } from '../rules/application-fees.ts'
import { checkAmount, checkCurrency } from '../rules/currencies.ts'
import { checkDestination, transferAmount, transferData } from '../rules/destinations.ts'
import { assertIntentAllows, assertIntentIsOpen } from '../rules/intent-rules.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { commonParams, confirmParams, methodFromData, methodTypes, readShipping } from './payment-intent-params.ts'

const BASE = '/v1/payment_intents'

const createShape = {
  ...commonParams,
  ...confirmParams,
  amount: required(integer(1)),
  currency: required(text()),
  automatic_payment_methods: object({ enabled: required(flag()), allow_redirects: choice('always', 'never') }),
  confirm: flag(),
  confirmation_method: choice('automatic', 'manual'),
  application_fee_amount: integer(1),
  on_behalf_of: text(),
  transfer_data: transferData,
}
const updateShape = {
  ...commonParams,
  amount: integer(1),
  currency: text(),
  application_fee_amount: integer(1),
  transfer_data: transferAmount,
}
/** Like Stripe, a confirmation takes no customer: the intent has to know it before. */
const { customer: _, customer_account: __, ...confirmable } = commonParams
const confirmShape = { ...confirmable, ...confirmParams }
const bookingShape = {
  metadata: metadata(),
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
  amount_details: ignored(),
  application_fee_amount: integer(1),
  hooks: ignored(),
  payment_details: ignored(),
  transfer_data: transferAmount,
}
const captureShape = { ...bookingShape, amount_to_capture: integer(0), final_capture: flag() }
const incrementShape = { ...bookingShape, amount: required(integer(1)), description: text(1000) }

export const paymentIntentRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const intent = await openIntent(work, params)
    if (params.confirm)
      await confirmIntent(work, intent, readConfirmation(params, intent.doc.payment_method ?? undefined))
    return intent.doc
  }),
  route(
    'GET',
    BASE,
    { ...pagination, created: created(), customer: text(), customer_account: ignored() },
    (work, params) => listObjects(work, 'payment_intent', BASE, params, { customer: params.customer }),
  ),
  route('GET', `${BASE}/search`, searchShape, (work, params) =>
    searchObjects(work, 'payment_intent', `${BASE}/search`, params),
  ),
  route(
    'GET',
    `${BASE}/:id`,
    { client_secret: ignored() },
    async (work, _params, { id }) => (await work.get('payment_intent', id, 'intent')).doc,
  ),
  route('POST', `${BASE}/:id`, updateShape, async (work, params, { id }) => {
    const intent = await work.lock('payment_intent', id, 'intent')
    assertIntentAllows('update', intent.doc)
    await change(work, intent, params)
    return intent.doc
  }),
  route('POST', `${BASE}/:id/confirm`, confirmShape, async (work, params, { id }) => {
    const intent = await work.lock('payment_intent', id, 'intent')
    assertIntentAllows('confirm', intent.doc)
    await change(work, intent, { ...params, payment_method: undefined, payment_method_data: undefined })
    const method = params.payment_method ?? methodFromData(work, params.payment_method_data)
    await confirmIntent(work, intent, readConfirmation(params, method))
    return intent.doc
  }),
  route('POST', `${BASE}/:id/capture`, captureShape, async (work, params, { id }) => {
    const intent = await work.lock('payment_intent', id, 'intent')
    if (params.metadata) intent.doc.metadata = mergeMetadata(intent.doc.metadata, params.metadata)
    await captureIntent(work, intent, {
      amount: params.amount_to_capture,
      isFinal: params.final_capture,
      applicationFee: params.application_fee_amount,
      transferAmount: params.transfer_data?.amount,
    })
    return intent.doc
  }),
  route(
    'POST',
    `${BASE}/:id/cancel`,
    { cancellation_reason: choice('abandoned', 'duplicate', 'fraudulent', 'requested_by_customer') },
    async (work, params, { id }) => {
      const intent = await work.lock('payment_intent', id, 'intent')
      await assertNoOpenSession(work, intent)
      await cancelIntent(work, intent, params.cancellation_reason ?? null)
      return intent.doc
    },
  ),
  route('POST', `${BASE}/:id/increment_authorization`, incrementShape, async (work, params, { id }) => {
    const intent = await work.lock('payment_intent', id, 'intent')
    await incrementAuthorization(work, intent, params.amount)
    if (params.metadata) intent.doc.metadata = mergeMetadata(intent.doc.metadata, params.metadata)
    if (params.description) intent.doc.description = params.description
    return intent.doc
  }),
]

async function openIntent(work: Work, params: Parsed<typeof createShape>): Promise<Row<'payment_intent'>> {
  const currency = checkCurrency(params.currency)
  const { transfer_data: transfer, on_behalf_of: onBehalfOf, application_fee_amount: fee } = params
  checkDestination(work, { transfer, onBehalfOf, fee }, params.amount)
  checkApplicationFee(work, fee, params.amount, transfer !== undefined)
  const given = params.allowed_payment_method_types ?? params.payment_method_types
  const isAutomatic = given === undefined && params.automatic_payment_methods?.enabled !== false
  if (params.customer) await work.get('customer', params.customer, 'customer', 400)
  const method = params.payment_method ?? methodFromData(work, params.payment_method_data)
  const card = params.payment_method_options?.card
  return createIntent(work, {
    amount: params.amount,
    application_fee_amount: params.application_fee_amount ?? null,
    currency,
    customer: params.customer ?? null,
    description: params.description ?? null,
    metadata: withoutEmpty(params.metadata),
    capture_method: params.capture_method ?? 'automatic_async',
    confirmation_method: params.confirmation_method ?? 'automatic',
    payment_method_types: methodTypes(currency, given),
    automatic_payment_methods: isAutomatic
      ? { enabled: true, allow_redirects: params.automatic_payment_methods?.allow_redirects ?? 'always' }
      : null,
    receipt_email: params.receipt_email ?? null,
    setup_future_usage: params.setup_future_usage ?? null,
    shipping: readShipping(params.shipping),
    statement_descriptor: params.statement_descriptor ?? null,
    statement_descriptor_suffix: params.statement_descriptor_suffix ?? null,
    on_behalf_of: onBehalfOf ?? null,
    transfer_data: transferOf(transfer),
    transfer_group: params.transfer_group ?? null,
    allowedTypes: params.allowed_payment_method_types ?? null,
    cardOptions: { ...card, capture_method: card?.capture_method ?? undefined },
    session: null,
    paymentMethod: method ? (await usePaymentMethod(work, method)).id : null,
  })
}

/** Update, and the changes a confirm may carry. */
async function change(
  work: Work,
  intent: Row<'payment_intent'>,
  params: Partial<Parsed<typeof updateShape>>,
): Promise<void> {
  const { doc } = intent
  if (params.amount !== undefined && params.amount !== doc.amount) assertIntentIsOpen('amount', doc)
  if (params.currency !== undefined) {
    assertIntentIsOpen('currency', doc)
    doc.currency = checkCurrency(params.currency)
  }
  if (params.amount !== undefined) doc.amount = params.amount
  checkAmount(doc.amount, doc.currency)
  changeTransfer(doc, params.transfer_data?.amount)
  const fee = params.application_fee_amount ?? doc.application_fee_amount
  checkDestination(work, { transfer: storedTransfer(doc), fee }, doc.amount)
  checkApplicationFee(work, params.application_fee_amount, doc.amount, doc.transfer_data !== null)
  if (params.application_fee_amount !== undefined) doc.application_fee_amount = params.application_fee_amount
  if (params.customer !== undefined) {
    await work.get('customer', params.customer, 'customer', 400)
    doc.customer = params.customer
  }
  const method = params.payment_method ?? methodFromData(work, params.payment_method_data)
  if (method !== undefined) {
    assertIntentIsOpen('payment_method', doc)
    doc.payment_method = (await usePaymentMethod(work, method)).id
    if (doc.status === 'requires_payment_method') doc.status = 'requires_confirmation'
  }
  const types = params.allowed_payment_method_types ?? params.payment_method_types
  if (types) doc.payment_method_types = methodTypes(doc.currency, types)
  if (params.metadata) doc.metadata = mergeMetadata(doc.metadata, params.metadata)
  if (params.description !== undefined) doc.description = params.description
  if (params.receipt_email !== undefined) doc.receipt_email = params.receipt_email
  if (params.setup_future_usage !== undefined) doc.setup_future_usage = params.setup_future_usage
  if (params.shipping !== undefined) doc.shipping = readShipping(params.shipping)
  if (params.capture_method !== undefined) doc.capture_method = params.capture_method
  if (params.statement_descriptor !== undefined) doc.statement_descriptor = params.statement_descriptor
  if (params.statement_descriptor_suffix !== undefined)
    doc.statement_descriptor_suffix = params.statement_descriptor_suffix
  if (params.transfer_group !== undefined) doc.transfer_group = params.transfer_group
  const card = params.payment_method_options?.card
  if (card) applyCardOptions(intent, { ...card, capture_method: card.capture_method ?? undefined })
  work.changed(intent)
}

function readConfirmation(params: Parsed<typeof confirmParams>, method: string | undefined) {
  return {
    paymentMethod: method,
    returnUrl: params.return_url,
    offSession: params.off_session ?? false,
    usesSdk: params.use_stripe_sdk ?? false,
    errorOnRequiresAction: params.error_on_requires_action ?? false,
  }
}

async function assertNoOpenSession(work: Work, intent: Row<'payment_intent'>): Promise<void> {
  if (intent.hidden.session === null) return
  const session = await work.get('checkout.session', intent.hidden.session)
  if (session.doc.status !== 'open') return
  throw invalidRequest(
    'You cannot cancel the PaymentIntent for a Checkout Session. Expire the Checkout Session instead.',
    {
      payment_intent: intent.doc,
    },
  )
}
