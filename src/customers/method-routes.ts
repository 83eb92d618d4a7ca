import { type Route, route } from '#platform/route.ts'
import { exampleMethod as example } from './examples.ts'
import {
  customerMethodsQuery,
  methodList,
  methodParams,
  methodSchema,
  methodsQuery,
  methodUpdate,
  onlyExpand,
} from './method-schemas.ts'
import type { MethodService } from './method-service.ts'

const tag = 'Payment methods'
const writers = ['service', 'merchant', 'bot', 'platform'] as const
const roles = [...writers, 'finance'] as const
const errors = ['resource_missing'] as const

const listUrl = '/v1/payment_methods'

export const methodRoutes = (methods: MethodService): Route[] => [
  ...readingRoutes(methods),
  updateRoute(methods),
  route({
    method: 'post',
    path: '/v1/payment_methods/:id/detach',
    operationId: 'detachPaymentMethod',
    tag,
    summary: 'Detach a payment method',
    description:
      'It charges nobody from now on, and the provider is told to forget it. Payers do the same on the page.',
    roles: writers,
    params: methodParams,
    body: onlyExpand,
    response: methodSchema,
    errors,
    example: { ...example, customer: null },
    handler: ({ merchantId, params: { id } }) => methods.detach(merchantId, id),
  }),
]

const updateRoute = (methods: MethodService): Route =>
  route({
    method: 'post',
    path: '/v1/payment_methods/:id',
    operationId: 'updatePaymentMethod',
    tag,
    summary: 'Update a payment method',
    description:
      'Who pays with it, and your metadata. A card that its network replaces is updated by itself: see the event.',
    roles: writers,
    params: methodParams,
    body: methodUpdate,
    response: methodSchema,
    errors: [
      ...errors,
      'payment_method_unexpected_state',
      'capability_missing',
      'provider_error',
      'provider_unknown_outcome',
    ],
    example: { ...example, metadata: { nickname: 'company card' } },
    handler: ({ merchantId, resourceId, params: { id }, body }) => methods.update({ merchantId, resourceId }, id, body),
  })

const readingRoutes = (methods: MethodService): Route[] => [
  route({
    method: 'get',
    path: listUrl,
    operationId: 'listPaymentMethods',
    tag,
    summary: 'List payment methods',
    description: 'Those that can be charged; detached ones are left out.',
    roles,
    query: methodsQuery,
    response: methodList,
    errors,
    example: { object: 'list', url: listUrl, has_more: false, data: [example] },
    handler: ({ merchantId, query }) => methods.list(merchantId, query, listUrl),
  }),
  route({
    method: 'get',
    path: '/v1/payment_methods/:id',
    operationId: 'retrievePaymentMethod',
    tag,
    summary: 'Retrieve a payment method',
    roles,
    params: methodParams,
    query: onlyExpand,
    response: methodSchema,
    errors,
    example,
    handler: ({ merchantId, params: { id } }) => methods.retrieve(merchantId, id),
  }),
  route({
    method: 'get',
    path: '/v1/customers/:id/payment_methods',
    operationId: 'listCustomerPaymentMethods',
    tag,
    summary: 'List the payment methods of a customer',
    roles,
    params: methodParams,
    query: customerMethodsQuery,
    response: methodList,
    errors,
    example: {
      object: 'list',
      url: `/v1/customers/${example.customer}/payment_methods`,
      has_more: false,
      data: [example],
    },
    handler: ({ merchantId, params: { id }, query }) =>
      methods.list(merchantId, { ...query, customer: id }, `/v1/customers/${id}/payment_methods`),
  }),
]
