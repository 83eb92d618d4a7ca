import { attach, cardFromToken, createCard, createSepaDebit, spend, usePaymentMethod } from '../flows/payment-method.ts'
import { invalidParam, invalidRequest } from '../http/api-error.ts'
import { listObjects, pagination } from '../http/list.ts'
import {
  choice,
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
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { billingDetails, cardNumber, methodFromData, readBilling } from './payment-intent-params.ts'

const BASE = '/v1/payment_methods'

const createShape = {
  type: choice('card', 'sepa_debit'),
  card: cardNumber,
  sepa_debit: object({ iban: text() }),
  billing_details: billingDetails,
  metadata: metadata(),
  allow_redisplay: choice('always', 'limited', 'unspecified'),
  customer: ignored(),
  radar_options: ignored(),
}

export const paymentMethodRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const method = await create(work, params)
    method.doc.metadata = withoutEmpty(params.metadata)
    if (params.allow_redisplay) method.doc.allow_redisplay = params.allow_redisplay
    return method.doc
  }),
  route(
    'GET',
    BASE,
    { ...pagination, customer: text(), customer_account: ignored(), type: text(), allow_redisplay: ignored() },
    (work, params) =>
      listObjects(work, 'payment_method', BASE, params, { customer: params.customer, doc: { type: params.type } }),
  ),
  route(
    'GET',
    `${BASE}/:id`,
    {},
    async (work, _params, { id }) => (await usePaymentMethod(work, id, 'payment_method', 404)).doc,
  ),
  route(
    'POST',
    `${BASE}/:id`,
    {
      billing_details: billingDetails,
      metadata: metadata(),
      allow_redisplay: choice('always', 'limited', 'unspecified'),
      card: object({ exp_month: integer(1), exp_year: integer(), networks: ignored() }),
    },
    async (work, params, { id }) => {
      const method = await work.lock('payment_method', id)
      const { doc } = method
      if (params.billing_details)
        doc.billing_details = { ...doc.billing_details, ...dropUndefined(readBilling(params.billing_details)) }
      if (params.metadata) doc.metadata = mergeMetadata(doc.metadata, params.metadata)
      if (params.allow_redisplay) doc.allow_redisplay = params.allow_redisplay
      if (doc.card && params.card?.exp_month) doc.card.exp_month = params.card.exp_month
      if (doc.card && params.card?.exp_year) doc.card.exp_year = params.card.exp_year
      work.changed(method)
      work.emit('payment_method.updated', method)
      return doc
    },
  ),
  route(
    'POST',
    `${BASE}/:id/attach`,
    { customer: required(text()), customer_account: ignored() },
    async (work, params, { id }) => {
      await work.get('customer', params.customer, 'customer', 400)
      const used = await usePaymentMethod(work, id)
      const method = used.id === id ? await work.lock('payment_method', id) : used
      if (method.doc.customer !== null && method.doc.customer !== params.customer) {
        throw invalidRequest('The payment method you provided has already been attached to a customer.', {
          param: 'payment_method',
        })
      }
      await attach(work, method, params.customer)
      return method.doc
    },
  ),
  route('POST', `${BASE}/:id/detach`, {}, async (work, _params, { id }) => {
    const method = await work.lock('payment_method', id)
    const { customer } = method.doc
    if (customer === null) {
      throw invalidRequest(
        'The payment method you provided is not attached to a customer so detachment is impossible.',
        { param: 'payment_method' },
      )
    }
    method.doc.customer = null
    spend(work, method)
    work.emit('payment_method.detached', method, { customer })
    return method.doc
  }),
]

async function create(work: Work, params: Parsed<typeof createShape>): Promise<Row<'payment_method'>> {
  const billing = readBilling(params.billing_details)
  if (params.type === 'sepa_debit') return createSepaDebit(work, params.sepa_debit?.iban ?? '', billing)
  if (params.type === undefined) throw invalidParam('Missing required param: type.', 'type', 'parameter_missing')
  if (params.card?.token) return createCard(work, cardFromToken(params.card.token), { billing })
  const id = methodFromData(work, { ...params, allow_redisplay: undefined })
  return work.get('payment_method', id ?? '')
}

const dropUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]-?: Exclude<T[K], undefined>
  }
