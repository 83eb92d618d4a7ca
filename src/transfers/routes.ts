import type { ErrorCode } from '#kernel/error-catalogue.ts'
import { type Route, route } from '#platform/route.ts'
import {
  cancelOutboundBody,
  createOutboundBody,
  listOutboundQuery,
  type OutboundPayment,
  outboundList,
  outboundParams as params,
  outboundSchema as response,
  retrieveOutboundQuery,
} from './schemas.ts'
import type { OutboundService } from './service.ts'

const tag = 'Outbound payments'
/** Who may refund may send. */
const writers = ['service', 'merchant', 'platform'] as const
const readers = [...writers, 'bot', 'finance'] as const
const url = '/v1/outbound_payments'
const createErrors: ErrorCode[] = [
  'resource_missing',
  'capability_missing',
  'provider_account_unavailable',
  'outbound_payment_refused',
  'amount_too_large',
  'parameter_missing',
  'parameter_invalid_string',
]

const example: OutboundPayment = {
  id: 'obp_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'outbound_payment',
  amount: 5000,
  cancelable: true,
  created: 1_795_334_400,
  currency: 'cny',
  customer: null,
  description: 'First prize of the raffle',
  failure_code: null,
  failure_message: null,
  livemode: false,
  metadata: {},
  next_action: {
    type: 'wechat_pay_transfer',
    wechat_pay_transfer: { mchId: '1900000109', appId: 'wx8888888888888888', package: 'affffddafdfafddffda==' },
  },
  participant: null,
  provider: 'wechatpay',
  provider_id: '1330000071100999991182020050700019480001',
  recipient: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  status: 'requires_recipient_action',
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
}

export const outboundRoutes = (outbound: OutboundService): Route[] => [
  route({
    method: 'post',
    path: url,
    operationId: 'createOutboundPayment',
    tag,
    summary: 'Create an outbound payment',
    description:
      'Sends money to a person from the account at the provider. With `requires_recipient_action` the person accepts it by `next_action`. While nobody knows what became of it, it is `processing` and looked up; it is never sent twice.',
    roles: writers,
    body: createOutboundBody,
    response,
    errors: createErrors,
    example,
    handler: ({ body, ...scope }) => outbound.create(scope, body),
  }),
  route({
    method: 'get',
    path: url,
    operationId: 'listOutboundPayments',
    tag,
    summary: 'List outbound payments',
    roles: readers,
    query: listOutboundQuery,
    response: outboundList,
    errors: ['resource_missing'],
    example: { object: 'list', url, has_more: false, data: [example] },
    handler: ({ merchantId, query }) => outbound.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: `${url}/:id`,
    operationId: 'retrieveOutboundPayment',
    tag,
    summary: 'Retrieve an outbound payment',
    roles: readers,
    params,
    query: retrieveOutboundQuery,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => outbound.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: `${url}/:id/cancel`,
    operationId: 'cancelOutboundPayment',
    tag,
    summary: 'Cancel an outbound payment',
    description:
      'Asks the provider to stop it, which works until the person accepts. It is canceled once its status says so: WeChat takes a moment, in which it is `processing`.',
    roles: writers,
    params,
    body: cancelOutboundBody,
    response,
    errors: [
      'resource_missing',
      'outbound_payment_unexpected_state',
      'capability_missing',
      'provider_account_unavailable',
      'provider_unknown_outcome',
      'lock_timeout',
    ],
    example: { ...example, status: 'processing', next_action: null },
    handler: ({ params: { id }, ...scope }) => outbound.cancel(scope, id),
  }),
]
