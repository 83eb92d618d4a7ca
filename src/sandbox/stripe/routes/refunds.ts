import { cancelRefund, createRefund } from '../flows/refund.ts'
import { invalidParam, invalidRequest } from '../http/api-error.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import {
  choice,
  clearable,
  flag,
  ignored,
  integer,
  mergeMetadata,
  metadata,
  type Parsed,
  text,
  withoutEmpty,
} from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

const BASE = '/v1/refunds'

const createShape = {
  amount: integer(1),
  charge: text(),
  payment_intent: text(),
  reason: clearable(choice('duplicate', 'fraudulent', 'requested_by_customer')),
  metadata: metadata(),
  currency: ignored(),
  customer: ignored(),
  instructions_email: ignored(),
  origin: ignored(),
  refund_application_fee: flag(),
  reverse_transfer: flag(),
}

export const refundRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const charge = await lockCharge(work, params)
    const { amount, reason } = params
    const refund = await createRefund(work, charge, {
      amount,
      reason: reason ?? undefined,
      metadata: withoutEmpty(params.metadata),
      returnsFee: params.refund_application_fee ?? false,
      reversesTransfer: params.reverse_transfer ?? false,
    })
    return refund.doc
  }),
  route('GET', BASE, { ...pagination, created: created(), charge: text(), payment_intent: text() }, (work, params) =>
    listObjects(work, 'refund', BASE, params, { charge: params.charge, payment_intent: params.payment_intent }),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('refund', id)).doc),
  route('POST', `${BASE}/:id`, { metadata: metadata() }, async (work, params, { id }) => {
    const refund = await work.lock('refund', id)
    const previous = { metadata: refund.doc.metadata ?? {} }
    if (params.metadata) refund.doc.metadata = mergeMetadata(refund.doc.metadata, params.metadata)
    work.changed(refund)
    work.emit('refund.updated', refund, previous)
    return refund.doc
  }),
  route('POST', `${BASE}/:id/cancel`, {}, async (work, _params, { id }) => (await cancelRefund(work, id)).doc),
]

/** The intent is the lock of everything about its money; the charge is read under it. */
async function lockCharge(work: Work, params: Parsed<typeof createShape>): Promise<Row<'charge'>> {
  if (params.charge !== undefined) {
    const { doc } = await work.get('charge', params.charge, 'charge')
    if (doc.payment_intent) await work.lock('payment_intent', doc.payment_intent)
    return work.lock('charge', params.charge, 'charge')
  }
  if (params.payment_intent === undefined) {
    throw invalidParam(
      'One of the following params should be provided for this request: payment_intent or charge.',
      undefined,
    )
  }
  const intent = await work.lock('payment_intent', params.payment_intent, 'payment_intent')
  const charge = intent.doc.latest_charge === null ? null : await work.get('charge', intent.doc.latest_charge)
  if (charge?.doc.status !== 'succeeded' || !charge.doc.captured) {
    throw invalidRequest(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
      param: 'payment_intent',
    })
  }
  return charge
}
