import { attach, usePaymentMethod } from '../flows/payment-method.ts'
import { resourceMissing } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import {
  choice,
  clearable,
  ignored,
  mergeMetadata,
  metadata,
  object,
  type Parsed,
  text,
  withoutEmpty,
} from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import { searchObjects, searchShape } from '../http/search.ts'
import type { Documents, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { address, readAddress, readShipping, shipping } from './payment-intent-params.ts'

const BASE = '/v1/customers'
type Customer = Documents['customer']

const fields = {
  address: clearable(address),
  balance: ignored(),
  business_name: clearable(text(150)),
  cash_balance: ignored(),
  description: clearable(text()),
  email: clearable(text(512)),
  individual_name: clearable(text(150)),
  invoice_prefix: ignored(),
  invoice_settings: object({
    default_payment_method: clearable(text()),
    custom_fields: ignored(),
    footer: ignored(),
    rendering_options: ignored(),
  }),
  metadata: metadata(),
  name: clearable(text(256)),
  next_invoice_sequence: ignored(),
  phone: clearable(text(20)),
  preferred_locales: ignored(),
  shipping: clearable(shipping),
  source: ignored(),
  tax: ignored(),
  tax_exempt: clearable(choice('exempt', 'none', 'reverse')),
}
const createShape = {
  ...fields,
  payment_method: text(),
  tax_id_data: ignored(),
  test_clock: ignored(),
  validate: ignored(),
}

export const customerRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const customer = work.insert('customer', emptyCustomer(work), { deleted: false })
    change(customer, { ...params, metadata: undefined })
    customer.doc.metadata = withoutEmpty(params.metadata)
    work.emit('customer.created', customer)
    if (params.payment_method) await attach(work, await usePaymentMethod(work, params.payment_method), customer.id)
    return customer.doc
  }),
  route('GET', BASE, { ...pagination, created: created(), email: text(), test_clock: ignored() }, (work, params) =>
    listObjects(work, 'customer', BASE, params, { doc: { email: params.email } }),
  ),
  route('GET', `${BASE}/search`, searchShape, (work, params) =>
    searchObjects(work, 'customer', `${BASE}/search`, params),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => {
    const { doc, hidden } = await work.get('customer', id)
    return hidden.deleted ? { id, object: 'customer', deleted: true } : doc
  }),
  route('POST', `${BASE}/:id`, { ...fields, default_source: ignored() }, async (work, params, { id }) => {
    const customer = await lockLiving(work, id)
    change(customer, params)
    work.changed(customer)
    work.emit('customer.updated', customer)
    return customer.doc
  }),
  route('DELETE', `${BASE}/:id`, {}, async (work, _params, { id }) => {
    const customer = await lockLiving(work, id)
    customer.hidden.deleted = true
    work.changed(customer)
    work.emit('customer.deleted', customer)
    return { id, object: 'customer', deleted: true }
  }),
  route(
    'GET',
    `${BASE}/:id/payment_methods`,
    { ...pagination, type: text(), allow_redisplay: ignored() },
    async (work, params, { id }) => {
      await work.get('customer', id)
      return listObjects(work, 'payment_method', `${BASE}/${id}/payment_methods`, params, {
        customer: id,
        doc: { type: params.type },
      })
    },
  ),
  route('GET', `${BASE}/:id/payment_methods/:sub`, {}, async (work, _params, { id, sub }) => {
    const method = await work.get('payment_method', sub)
    if (method.doc.customer !== id) throw resourceMissing('payment_method', sub, 'payment_method')
    return method.doc
  }),
]

async function lockLiving(work: Work, id: string): Promise<Row<'customer'>> {
  const customer = await work.lock('customer', id)
  if (customer.hidden.deleted) throw resourceMissing('customer', id, 'id')
  return customer
}

function change({ doc }: Row<'customer'>, params: Parsed<typeof fields>): void {
  if (params.address !== undefined) doc.address = params.address === null ? null : readAddress(params.address)
  if (params.description !== undefined) doc.description = params.description
  if (params.email !== undefined) doc.email = params.email
  if (params.name !== undefined) doc.name = params.name
  if (params.phone !== undefined) doc.phone = params.phone
  if (params.shipping !== undefined) doc.shipping = readShipping(params.shipping) as Customer['shipping']
  if (params.metadata) doc.metadata = mergeMetadata(doc.metadata, params.metadata)
  if (params.tax_exempt) doc.tax_exempt = params.tax_exempt
  const fallback = params.invoice_settings?.default_payment_method
  if (fallback !== undefined) doc.invoice_settings.default_payment_method = fallback
}

function emptyCustomer(work: Work): Customer {
  const id = work.id('cus')
  return {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created: work.now,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: id.slice(4, 12).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
}
