import { captureIntent } from '../flows/capture.ts'
import { invalidRequest } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { clearable, ignored, integer, mergeMetadata, metadata, text } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import { searchObjects, searchShape } from '../http/search.ts'
import { readShipping, shipping } from './payment-intent-params.ts'

const BASE = '/v1/charges'

export const chargeRoutes: Route[] = [
  route(
    'GET',
    BASE,
    { ...pagination, created: created(), customer: text(), payment_intent: text(), transfer_group: text() },
    (work, params) =>
      listObjects(work, 'charge', BASE, params, {
        customer: params.customer,
        payment_intent: params.payment_intent,
        doc: { transfer_group: params.transfer_group },
      }),
  ),
  route('GET', `${BASE}/search`, searchShape, (work, params) =>
    searchObjects(work, 'charge', `${BASE}/search`, params),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('charge', id, 'charge')).doc),
  route(
    'POST',
    `${BASE}/:id`,
    {
      description: clearable(text(1000)),
      fraud_details: ignored(),
      metadata: metadata(),
      receipt_email: text(),
      shipping,
      customer: text(),
      transfer_group: text(),
    },
    async (work, params, { id }) => {
      const charge = await work.lock('charge', id, 'charge')
      if (params.metadata) charge.doc.metadata = mergeMetadata(charge.doc.metadata, params.metadata)
      if (params.description !== undefined) charge.doc.description = params.description
      if (params.receipt_email !== undefined) charge.doc.receipt_email = params.receipt_email
      if (params.shipping !== undefined) charge.doc.shipping = readShipping(params.shipping)
      if (params.transfer_group !== undefined) charge.doc.transfer_group = params.transfer_group
      work.changed(charge)
      work.emit('charge.updated', charge)
      return charge.doc
    },
  ),
  route(
    'POST',
    `${BASE}/:id/capture`,
    {
      amount: integer(1),
      receipt_email: ignored(),
      statement_descriptor: ignored(),
      statement_descriptor_suffix: ignored(),
      transfer_group: ignored(),
    },
    async (work, params, { id }) => {
      const found = await work.get('charge', id, 'charge')
      if (found.doc.payment_intent === null) throw invalidRequest(`Charge ${id} has no PaymentIntent to capture.`)
      const intent = await work.lock('payment_intent', found.doc.payment_intent, 'charge')
      const charge = await work.lock('charge', id, 'charge')
      if (charge.doc.captured)
        throw invalidRequest(`Charge ${id} has already been captured.`, { code: 'charge_already_captured' })
      await captureIntent(work, intent, { amount: params.amount })
      return charge.doc
    },
  ),
]
