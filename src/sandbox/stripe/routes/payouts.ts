import { cancelPayout, createPayout } from '../flows/payout.ts'
import { created, listObjects, pagination } from '../http/list.ts'
import { choice, ignored, integer, mergeMetadata, metadata, required, text, withoutEmpty } from '../http/params.ts'
import { type Route, route } from '../http/route.ts'
import { checkCurrency } from '../rules/currencies.ts'

const BASE = '/v1/payouts'

const createShape = {
  amount: required(integer(1)),
  currency: required(text()),
  description: text(),
  destination: ignored(),
  metadata: metadata(),
  method: choice('instant', 'standard'),
  payout_method: ignored(),
  source_type: ignored(),
  statement_descriptor: text(22),
}

export const payoutRoutes: Route[] = [
  route('POST', BASE, createShape, async (work, params) => {
    const payout = await createPayout(work, {
      amount: params.amount,
      currency: checkCurrency(params.currency),
      description: params.description ?? null,
      metadata: withoutEmpty(params.metadata),
      method: params.method ?? 'standard',
      statementDescriptor: params.statement_descriptor ?? null,
      isAutomatic: false,
    })
    return payout.doc
  }),
  route(
    'GET',
    BASE,
    {
      ...pagination,
      created: created(),
      arrival_date: ignored(),
      destination: ignored(),
      status: choice('canceled', 'failed', 'in_transit', 'paid', 'pending'),
    },
    (work, params) => listObjects(work, 'payout', BASE, params, { doc: { status: params.status } }),
  ),
  route('GET', `${BASE}/:id`, {}, async (work, _params, { id }) => (await work.get('payout', id, 'payout')).doc),
  route('POST', `${BASE}/:id`, { metadata: metadata() }, async (work, params, { id }) => {
    const payout = await work.lock('payout', id, 'payout')
    if (params.metadata) payout.doc.metadata = mergeMetadata(payout.doc.metadata, params.metadata)
    work.changed(payout)
    work.emit('payout.updated', payout)
    return payout.doc
  }),
  route('POST', `${BASE}/:id/cancel`, {}, async (work, _params, { id }) => {
    const payout = await work.lock('payout', id, 'payout')
    cancelPayout(work, payout)
    return payout.doc
  }),
]
