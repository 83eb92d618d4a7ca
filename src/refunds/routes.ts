import type { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import {
  cancelRefundBody,
  createRefundBody,
  listRefundsQuery,
  refundParams as params,
  refundList,
  refundSchema as response,
  retrieveRefundQuery,
  updateRefundBody,
} from './schemas.ts'
import type { RefundService } from './service.ts'

const tag = 'Refunds'
const writers = ['service', 'merchant', 'platform'] as const
const readers = ['service', 'merchant', 'bot', 'finance', 'platform'] as const

const example: z.input<typeof response> = {
  id: 're_01jd2q8p1xf0srd3q7m9w1c4zk',
  object: 'refund',
  amount: 1400,
  charge: 'ch_01jd2q8m7xf0srd3q7m9w1c4zh',
  created: 1_795_338_000,
  currency: 'eur',
  metadata: {},
  payment_intent: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze',
  reason: 'requested_by_customer',
  status: 'pending',
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
}

export const refundRoutes = (refunds: RefundService): Route[] => [
  route({
    method: 'post',
    path: '/v1/refunds',
    operationId: 'createRefund',
    tag,
    summary: 'Create a refund',
    description:
      'Reserves the amount at once and answers `pending`; a worker takes it to the provider. Watch `refund.updated` and `refund.failed`. All refunds of a payment together never exceed what was captured.',
    roles: writers,
    body: createRefundBody,
    response,
    errors: [
      'resource_missing',
      'charge_already_refunded',
      'charge_disputed',
      'refund_disputed_payment',
      'amount_too_large',
      'payment_intent_unexpected_state',
      'parameters_exclusive',
      'payment_intent_invalid_parameter',
    ],
    example,
    handler: ({ body, ...scope }) => refunds.create(scope, body),
  }),
  route({
    method: 'get',
    path: '/v1/refunds',
    operationId: 'listRefunds',
    tag,
    summary: 'List refunds',
    roles: readers,
    query: listRefundsQuery,
    response: refundList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/refunds', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => refunds.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/refunds/:id',
    operationId: 'retrieveRefund',
    tag,
    summary: 'Retrieve a refund',
    roles: readers,
    params,
    query: retrieveRefundQuery,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id }, query }) => refunds.retrieve(merchantId, id, query.expand),
  }),
  route({
    method: 'post',
    path: '/v1/refunds/:id',
    operationId: 'updateRefund',
    tag,
    summary: 'Update a refund',
    roles: writers,
    params,
    body: updateRefundBody,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ params: { id }, body, ...scope }) => refunds.update(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/refunds/:id/cancel',
    operationId: 'cancelRefund',
    tag,
    summary: 'Cancel a refund',
    description: 'Only while it is `pending` or `requires_action`, and as far as the provider still allows it.',
    roles: writers,
    params,
    body: cancelRefundBody,
    response,
    errors: ['resource_missing', 'refund_unexpected_state', 'lock_timeout'],
    example: { ...example, status: 'canceled' },
    handler: ({ params: { id }, body, ...scope }) => refunds.cancel(scope, id, body.expand),
  }),
]
