import { type Route, route } from '#platform/route.ts'
import { checkoutExample as example } from './examples.ts'
import { promotionRoutes } from './promotion-routes.ts'
import {
  cancelCheckoutBody,
  checkoutList,
  completeCheckoutBody,
  createCheckoutBody,
  listCheckoutsQuery,
  checkoutParams as params,
  checkoutSchema as response,
  updateCheckoutBody,
} from './schemas.ts'
import type { CheckoutService } from './service.ts'

const tag = 'Checkouts'
const writers = ['service', 'merchant', 'bot', 'platform'] as const
const readers = [...writers, 'finance'] as const
const refusals = [
  'resource_missing',
  'promotion_code_invalid',
  'amount_too_large',
  'channel_not_connected',
  'provider_account_unavailable',
] as const

export const checkoutRoutes = (checkouts: CheckoutService): Route[] => [
  ...writes(checkouts),
  ...reads(checkouts),
  ...promotionRoutes(checkouts),
]

const writes = (checkouts: CheckoutService): Route[] => [
  route({
    method: 'post',
    path: '/v1/checkouts',
    operationId: 'createCheckout',
    tag,
    summary: 'Create a checkout',
    description:
      'An order in a thread: lines, shipping, discount, tax and tip, priced by Parley. Its payment is made with the first total that is not zero and follows every change.',
    roles: writers,
    body: createCheckoutBody,
    response,
    errors: [...refusals, 'parameter_missing', 'parameters_exclusive'],
    example,
    handler: ({ body, ...scope }) => checkouts.create(scope, body),
  }),
  route({
    method: 'post',
    path: '/v1/checkouts/:id',
    operationId: 'updateCheckout',
    tag,
    summary: 'Update a checkout',
    description:
      'What is absent stays, null (or an empty text) clears. `buyer`, `requires` and `tip` are merged member by member; lists are replaced.',
    roles: writers,
    params,
    body: updateCheckoutBody,
    response,
    errors: [...refusals, 'checkout_unexpected_state', 'payment_intent_unexpected_state', 'lock_timeout'],
    example,
    handler: ({ params: { id }, body, ...scope }) => checkouts.update(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/checkouts/:id/complete',
    operationId: 'completeCheckout',
    tag,
    summary: 'Complete a checkout',
    description:
      'Checks that nothing is missing, asks your veto endpoint, and charges `payment_method` at once; without one the payer goes to `checkout_url`. A decline answers 402 and leaves the checkout payable.',
    roles: writers,
    params,
    body: completeCheckoutBody,
    response,
    errors: [
      ...refusals,
      'checkout_not_ready',
      'checkout_unexpected_state',
      'payment_vetoed',
      'parameters_exclusive',
      'lock_timeout',
      'card_declined',
      'provider_unknown_outcome',
    ],
    example: { ...example, status: 'completed', acp_status: 'completed', completed_at: 1_795_338_060 },
    handler: ({ params: { id }, body, ...scope }) => checkouts.complete(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/checkouts/:id/cancel',
    operationId: 'cancelCheckout',
    tag,
    summary: 'Cancel a checkout',
    description:
      'Cancels its payment too, at the provider first. A checkout that is canceled already is answered as it is.',
    roles: writers,
    params,
    body: cancelCheckoutBody,
    response,
    errors: [
      'resource_missing',
      'checkout_unexpected_state',
      'payment_intent_unexpected_state',
      'lock_timeout',
      'provider_unknown_outcome',
    ],
    example: { ...example, status: 'canceled', acp_status: 'canceled', canceled_at: 1_795_338_060 },
    handler: ({ params: { id }, body, ...scope }) => checkouts.cancel(scope, id, body.cancellation_reason),
  }),
]

const reads = (checkouts: CheckoutService): Route[] => [
  route({
    method: 'get',
    path: '/v1/checkouts',
    operationId: 'listCheckouts',
    tag,
    summary: 'List checkouts',
    roles: readers,
    query: listCheckoutsQuery,
    response: checkoutList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/checkouts', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => checkouts.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/checkouts/:id',
    operationId: 'retrieveCheckout',
    tag,
    summary: 'Retrieve a checkout',
    roles: readers,
    params,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => checkouts.retrieve(merchantId, id),
  }),
]
