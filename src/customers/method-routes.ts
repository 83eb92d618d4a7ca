import { type Route, route } from '#platform/route.ts'
import { exampleMethod as example } from './examples.ts'
import {
  customerMethodsQuery,
  methodList,
  methodParams,
  methodSchema,
  methodsQuery,
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
