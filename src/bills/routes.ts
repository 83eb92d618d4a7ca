import { type Route, route } from '#platform/route.ts'
import { exampleBill, examplePaying } from './examples.ts'
import {
  billList,
  cancelBillBody,
  closeBillBody,
  createBillBody,
  listBillsQuery,
  billParams as params,
  refundBillBody,
  billSchema as response,
  updateBillBody,
} from './schemas.ts'
import type { BillService } from './service.ts'

const tag = 'Bills'
const sellers = ['service', 'merchant', 'bot', 'platform'] as const
const readers = ['service', 'merchant', 'bot', 'finance', 'platform'] as const
/** Who may send money back. */
const refunders = ['service', 'merchant', 'platform'] as const

const without = (status: 'closed' | 'canceled') => ({
  ...examplePaying,
  amount_remaining: 0,
  closed_at: 1_795_339_000,
  shares: examplePaying.shares.map((one) =>
    one.status === 'open' ? { ...one, checkout_url: null, status: 'canceled' as const } : one,
  ),
  status,
})

export const billRoutes = (bills: BillService): Route[] => [
  route({
    method: 'post',
    path: '/v1/bills',
    operationId: 'createBill',
    tag,
    summary: 'Split a bill',
    description:
      'One payment for each participant, each with its own `checkout_url`. The parts add up to the amount exactly; units that cannot be split go to the largest remainders, ties to those named first (100.00 in three is 33.34, 33.33 and 33.33).',
    roles: sellers,
    body: createBillBody,
    response,
    errors: [
      'resource_missing',
      'bill_invalid_parameter',
      'amount_too_small',
      'amount_too_large',
      'parameter_missing',
      'parameters_exclusive',
      'channel_not_connected',
      'provider_account_unavailable',
    ],
    example: exampleBill,
    handler: ({ body, ...scope }) => bills.create(scope, body),
  }),
  route({
    method: 'get',
    path: '/v1/bills',
    operationId: 'listBills',
    tag,
    summary: 'List bills',
    roles: readers,
    query: listBillsQuery,
    response: billList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/bills', has_more: false, data: [exampleBill] },
    handler: ({ merchantId, query }) => bills.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/bills/:id',
    operationId: 'retrieveBill',
    tag,
    summary: 'Retrieve a bill',
    roles: readers,
    params,
    response,
    errors: ['resource_missing'],
    example: examplePaying,
    handler: ({ merchantId, params: { id } }) => bills.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/bills/:id',
    operationId: 'updateBill',
    tag,
    summary: 'Update a bill',
    description: 'Title, expiry and metadata, while it is open. Payments that are still asked for follow.',
    roles: sellers,
    params,
    body: updateBillBody,
    response,
    errors: ['resource_missing', 'bill_unexpected_state', 'parameters_exclusive'],
    example: exampleBill,
    handler: ({ params: { id }, body, ...scope }) => bills.update(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/bills/:id/close',
    operationId: 'closeBill',
    tag,
    summary: 'Close a bill early',
    description:
      'Nobody is asked any more; what was paid stays paid. With `organizer_pays_rest` the organizer gets one payment for all that is not paid, and the bill stays open for it. Whoever pays a canceled share all the same gets it back by itself.',
    roles: sellers,
    params,
    body: closeBillBody,
    response,
    errors: ['resource_missing', 'bill_unexpected_state'],
    example: without('closed'),
    handler: ({ params: { id }, body, ...scope }) => bills.close(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/bills/:id/cancel',
    operationId: 'cancelBill',
    tag,
    summary: 'Cancel a bill',
    description: 'Refunds everybody who has paid in full and asks nobody any more. Only while the bill is open.',
    roles: refunders,
    params,
    body: cancelBillBody,
    response,
    errors: ['resource_missing', 'bill_unexpected_state'],
    example: without('canceled'),
    handler: ({ params: { id }, body, ...scope }) => bills.cancel(scope, id, body.reason),
  }),
  route({
    method: 'post',
    path: '/v1/bills/:id/refund',
    operationId: 'refundBill',
    tag,
    summary: 'Refund a bill',
    description:
      'Gives back an amount, or everything, to those who have paid: in proportion to what each has paid and not got back yet, to the unit. One refund for each of them; watch `bill.updated` and `refund.failed`.',
    roles: refunders,
    params,
    body: refundBillBody,
    response,
    errors: ['resource_missing', 'bill_unexpected_state', 'charge_already_refunded', 'amount_too_large'],
    example: examplePaying,
    handler: ({ params: { id }, body, ...scope }) => bills.refund(scope, id, body),
  }),
]
