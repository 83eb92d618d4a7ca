import { type Route, route } from '#platform/route.ts'
import { attemptList, attemptsQuery } from './attempt-schemas.ts'
import { chargeRoutes } from './charge-routes.ts'
import { attemptExample, chargeExample, intentExample as example } from './examples.ts'
import {
  cancelIntentBody,
  captureIntentBody,
  confirmIntentBody,
  createIntentBody,
  explanationSchema,
  incrementBody,
  intentList,
  intentSearchResult,
  listIntentsQuery,
  intentParams as params,
  intentSchema as response,
  retrieveQuery,
  searchIntentsQuery,
  updateIntentBody,
} from './schemas.ts'
import type { PaymentService } from './service.ts'

const writers = ['service', 'merchant', 'bot', 'platform'] as const
const readers = [...writers, 'finance'] as const
const wrongState = ['resource_missing', 'payment_intent_unexpected_state', 'lock_timeout'] as const
/** What cannot be asked for together, of a platform's part or a seller's. */
const shares = ['parameters_exclusive', 'payment_intent_invalid_parameter'] as const
const declines = [
  'card_declined',
  'expired_card',
  'incorrect_cvc',
  'processing_error',
  'authentication_required',
  'payment_intent_authentication_failure',
  'provider_unknown_outcome',
] as const
/** What stands between a confirmation and the provider. */
const gates = [
  'payment_vetoed',
  'checkout_not_ready',
  'promotion_code_invalid',
  'provider_account_unavailable',
] as const
const tag = 'Payment intents'

export const paymentRoutes = (payments: PaymentService): Route[] => [
  ...reads(payments),
  ...writes(payments),
  ...chargeRoutes(payments),
]

const writes = (payments: PaymentService): Route[] => [
  route({
    method: 'post',
    path: '/v1/payment_intents',
    operationId: 'createPaymentIntent',
    tag,
    summary: 'Create a payment intent',
    description: 'Asks for money in a thread. Send the payer to `checkout_url`, or confirm with a payment method.',
    roles: writers,
    body: createIntentBody,
    response,
    errors: [
      'parameter_missing',
      'amount_too_small',
      'amount_too_large',
      'idempotency_error',
      'channel_not_connected',
      ...shares,
      ...gates,
      ...declines,
    ],
    example,
    // A plain creation is one transaction, its key included; with a confirmation or look-ups the router minds the key.
    idempotency: (body) => (body.confirm || body.expand ? 'managed' : 'self'),
    handler: async ({ body, idempotencyKey, fingerprint, ...scope }) => {
      if (body.confirm) return payments.createAndConfirm(scope, body)
      return payments.create(
        scope,
        body,
        idempotencyKey && fingerprint ? { key: idempotencyKey, fingerprint } : undefined,
      )
    },
  }),
  route({
    method: 'post',
    path: '/v1/payment_intents/:id',
    operationId: 'updatePaymentIntent',
    tag,
    summary: 'Update a payment intent',
    roles: writers,
    params,
    body: updateIntentBody,
    response,
    errors: [
      ...wrongState,
      ...shares,
      'parameter_missing',
      'amount_too_large',
      'channel_not_connected',
      'provider_account_unavailable',
    ],
    example,
    handler: ({ params: { id }, body, ...scope }) => payments.update(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/payment_intents/:id/confirm',
    operationId: 'confirmPaymentIntent',
    tag,
    summary: 'Confirm a payment intent',
    description:
      'Takes the payment with a payment method of the provider. A decline answers 402 and leaves the intent payable.',
    roles: writers,
    params,
    body: confirmIntentBody,
    response,
    errors: [...wrongState, ...shares, 'parameter_missing', 'amount_too_large', ...gates, ...declines],
    example: {
      ...example,
      status: 'succeeded',
      amount_received: 4200,
      latest_charge: chargeExample.id,
      payment_method: 'pm_card_visa',
    },
    handler: ({ params: { id }, body, ...scope }) => payments.confirm(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/payment_intents/:id/capture',
    operationId: 'capturePaymentIntent',
    tag,
    summary: 'Capture an authorised payment',
    roles: ['service', 'merchant', 'platform'],
    params,
    body: captureIntentBody,
    response,
    errors: [...wrongState, ...shares, 'amount_too_large', 'provider_unknown_outcome'],
    example: { ...example, capture_method: 'manual', status: 'succeeded', amount_received: 4200 },
    handler: ({ params: { id }, body, ...scope }) => payments.capture(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/payment_intents/:id/cancel',
    operationId: 'cancelPaymentIntent',
    tag,
    summary: 'Cancel a payment intent',
    roles: writers,
    params,
    body: cancelIntentBody,
    response,
    errors: [...wrongState, 'provider_unknown_outcome'],
    example: {
      ...example,
      status: 'canceled',
      canceled_at: 1_795_338_000,
      cancellation_reason: 'requested_by_customer',
    },
    handler: ({ params: { id }, body, ...scope }) => payments.cancel(scope, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/payment_intents/:id/increment_authorization',
    operationId: 'incrementAuthorization',
    tag,
    summary: 'Increase an authorisation',
    roles: ['service', 'merchant', 'platform'],
    params,
    body: incrementBody,
    response,
    errors: [...wrongState, 'payment_intent_invalid_parameter', 'card_declined', 'provider_unknown_outcome'],
    example: {
      ...example,
      capture_method: 'manual',
      status: 'requires_capture',
      amount: 5000,
      amount_capturable: 5000,
    },
    handler: ({ params: { id }, body, ...scope }) => payments.incrementAuthorization(scope, id, body),
  }),
]

const reads = (payments: PaymentService): Route[] => [
  route({
    method: 'get',
    path: '/v1/payment_intents',
    operationId: 'listPaymentIntents',
    tag,
    summary: 'List payment intents',
    roles: readers,
    query: listIntentsQuery,
    response: intentList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/payment_intents', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => payments.list(merchantId, query),
  }),
  // Before `:id`, or "search" would be taken for one.
  route({
    method: 'get',
    path: '/v1/payment_intents/search',
    operationId: 'searchPaymentIntents',
    tag,
    summary: 'Search payment intents',
    description:
      "By metadata, thread, customer, status, currency and amount, joined by AND: `metadata['order']:'1001'`.",
    roles: readers,
    query: searchIntentsQuery,
    response: intentSearchResult,
    errors: ['parameter_invalid_string'],
    example: {
      object: 'search_result',
      url: '/v1/payment_intents/search',
      has_more: false,
      next_page: null,
      data: [example],
    },
    handler: ({ merchantId, query }) => payments.search(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/payment_intents/:id',
    operationId: 'retrievePaymentIntent',
    tag,
    summary: 'Retrieve a payment intent',
    roles: readers,
    params,
    query: retrieveQuery,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id }, query }) => payments.retrieve(merchantId, id, query.expand),
  }),
  route({
    method: 'get',
    path: '/v1/payment_intents/:id/attempts',
    operationId: 'listPaymentAttempts',
    tag,
    summary: 'List the attempts of a payment',
    description: 'Newest first: each with its account, the rule that led there, and the charges that came of it.',
    roles: readers,
    params,
    query: attemptsQuery,
    response: attemptList,
    errors: ['resource_missing'],
    example: {
      object: 'list',
      url: `/v1/payment_intents/${example.id}/attempts`,
      has_more: false,
      data: [attemptExample],
    },
    handler: ({ merchantId, params: { id }, query }) => payments.attempts(merchantId, id, query),
  }),
  route({
    method: 'get',
    path: '/v1/payment_intents/:id/explain',
    operationId: 'explainPaymentIntent',
    tag,
    summary: 'Explain a payment',
    description:
      'The whole story in order: operations, provider events (also the ignored ones, with the reason), events, ledger, messages.',
    roles: ['service', 'merchant', 'finance', 'platform'],
    params,
    response: explanationSchema,
    errors: ['resource_missing'],
    example: {
      object: 'payment_explanation',
      payment_intent: example.id,
      status: 'succeeded',
      conflict: null,
      story: [
        {
          at: '2026-11-22T10:00:00.120Z',
          kind: 'operation',
          id: 'op_01jd2q8m7xf0srd3q7m9w1c4zj',
          text: 'authorize succeeded',
          data: { kind: 'authorize', state: 'succeeded', amount: 4200, attempts: 1 },
        },
      ],
    },
    handler: ({ merchantId, params: { id } }) => payments.explain(merchantId, id),
  }),
]
