import { type Route, route } from '#platform/route.ts'
import { chargeExample } from './examples.ts'
import { chargeList, chargeSchema, listChargesQuery, intentParams as params, retrieveChargeQuery } from './schemas.ts'
import type { PaymentService } from './service.ts'

const readers = ['service', 'merchant', 'bot', 'platform', 'finance'] as const

export const chargeRoutes = (payments: PaymentService): Route[] => [
  route({
    method: 'get',
    path: '/v1/charges',
    operationId: 'listCharges',
    tag: 'Charges',
    summary: 'List charges',
    roles: readers,
    query: listChargesQuery,
    response: chargeList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/charges', has_more: false, data: [chargeExample] },
    handler: ({ merchantId, query }) => payments.listCharges(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/charges/:id',
    operationId: 'retrieveCharge',
    tag: 'Charges',
    summary: 'Retrieve a charge',
    roles: readers,
    params,
    query: retrieveChargeQuery,
    response: chargeSchema,
    errors: ['resource_missing'],
    example: chargeExample,
    handler: ({ merchantId, params: { id }, query }) => payments.retrieveCharge(merchantId, id, query.expand),
  }),
]
