import { type Route, route } from '#platform/route.ts'
import {
  type PreviewView,
  previewBody,
  previewSchema,
  type RoutingView,
  routingSchema,
  routingUpdate,
} from './schemas.ts'
import type { RoutingService } from './service.ts'

const roles = ['merchant', 'service', 'platform'] as const
const tag = 'Routing'
const connection = 'con_01jd2q8m7xf0srd3q7m9w1c4zj'

const example: RoutingView = {
  object: 'routing',
  rules: [
    {
      name: 'china',
      when: { channels: ['wechat'], currencies: ['cny'] },
      use: [{ provider: 'wechatpay', connection }, { provider: 'stripe' }],
    },
    {
      name: 'large',
      when: { currencies: ['eur'], amount: { gte: 100_000 } },
      use: [{ provider: 'stripe', connection: null }],
    },
  ],
  default: [{ provider: 'stripe' }],
  built_in: [
    { name: 'wechat_pay', when: { channels: ['wechat'], currencies: ['cny'] }, use: [{ provider: 'wechatpay' }] },
    { name: 'own_account', when: {}, use: [{ provider: 'wechatpay', connection }] },
    { name: 'deployment_account', when: {}, use: [{ provider: 'stripe', connection: null }] },
  ],
  warnings: [],
}

const previewExample: PreviewView = {
  object: 'routing_preview',
  rule: 'china',
  reason: 'channel is wechat and currency is cny',
  choices: [
    { provider: 'wechatpay', connection },
    { provider: 'stripe', connection: null },
  ],
  passed: [],
  rules: [
    { name: 'china', holds: true, because: [] },
    { name: 'large', holds: false, because: ['currency is cny', 'amount is 4200'] },
  ],
  error: null,
}

export const routingRoutes = (routing: RoutingService): Route[] => [
  route({
    method: 'get',
    path: '/v1/routing',
    operationId: 'retrieveRouting',
    tag,
    summary: 'Retrieve your routing',
    roles,
    response: routingSchema,
    example,
    handler: ({ merchantId }) => routing.retrieve(merchantId),
  }),
  route({
    method: 'post',
    path: '/v1/routing',
    operationId: 'updateRouting',
    tag,
    summary: 'Say which account takes which payment',
    description:
      'The first rule whose conditions hold decides, for payments from now on and for those that nobody has begun to pay ' +
      'when their terms change. Its next accounts are asked only when the one before certainly took nothing.',
    roles,
    body: routingUpdate,
    response: routingSchema,
    errors: ['routing_invalid', 'parameter_invalid_string', 'parameter_unknown'],
    example,
    handler: ({ merchantId, body }) => routing.update(merchantId, body),
  }),
  route({
    method: 'post',
    path: '/v1/routing/preview',
    operationId: 'previewRouting',
    tag,
    summary: 'Ask who would take a payment',
    description: 'Decides by your rules as they stand, and says why. Nothing is created.',
    roles,
    body: previewBody,
    response: previewSchema,
    errors: ['parameter_missing', 'parameter_invalid_string'],
    example: previewExample,
    handler: ({ merchantId, livemode, body }) => routing.preview(merchantId, livemode, body),
  }),
]
