import type { ZodOpenApiHeaderObject, ZodOpenApiParameterObject } from 'zod-openapi'
import type { Route } from './route.ts'

const signature = (name: string, description: string): ZodOpenApiParameterObject => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
})

/** Headers that a request may carry. */
export const parameterComponents = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'Makes a repeat safe: the same key with the same parameters answers what the first request answered, for at least 24 hours. See "Idempotency".',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
    example: 'order-1001-pay',
  },
  StripeVersion: {
    name: 'Stripe-Version',
    in: 'header',
    description: "Sent by Stripe's libraries. Echoed; there is one version.",
    schema: { type: 'string', maxLength: 64 },
    example: '2026-10-28.endive',
  },
  StripeAccount: {
    name: 'Stripe-Account',
    in: 'header',
    description: 'The merchant to act for. Any merchant with a `platform` key, else only its own.',
    schema: { type: 'string', maxLength: 64 },
    example: 'mer_01jd2q8k5xf0srd3q7m9w1c4za',
  },
  WebhookId: signature('webhook-id', 'Id of the event, the same in every attempt (Standard Webhooks).'),
  WebhookTimestamp: signature('webhook-timestamp', 'Unix seconds of this attempt (Standard Webhooks).'),
  WebhookSignature: signature(
    'webhook-signature',
    '`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base 64 (Standard Webhooks).',
  ),
  StripeSignature: signature('Stripe-Signature', '`t=…,v1=…` as Stripe signs: the HMAC-SHA-256 of `t.body` in hex.'),
} satisfies Record<string, ZodOpenApiParameterObject>

export const callParameters = (method: Route['method']) => [
  ...(method === 'post' ? [parameter('IdempotencyKey')] : []),
  parameter('StripeAccount'),
  parameter('StripeVersion'),
]

export const signatureParameters = () =>
  (['WebhookId', 'WebhookTimestamp', 'WebhookSignature', 'StripeSignature'] as const).map(parameter)

const parameter = (name: keyof typeof parameterComponents) => ({ $ref: `#/components/parameters/${name}` })

/** Headers that an answer carries. */
export const headerComponents = {
  RequestId: {
    description: 'Names this request in our logs. Quote it when you ask for help.',
    schema: { type: 'string' },
    example: 'req_01jd2q8k5wf0srd3q7m9w1c4zd',
  },
  StripeVersion: { description: 'What the request sent.', schema: { type: 'string' }, example: '2026-10-28.endive' },
  IdempotentReplayed: {
    description: '`true` when this is the stored answer of an earlier request with the same Idempotency-Key.',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  RetryAfter: {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 1 },
    example: 1,
  },
  WwwAuthenticate: {
    description: 'How to authenticate.',
    schema: { type: 'string' },
    example: 'Bearer realm="parley"',
  },
} satisfies Record<string, ZodOpenApiHeaderObject>

export const header = (name: keyof typeof headerComponents) => ({ $ref: `#/components/headers/${name}` })

export const answerHeaders = (method: Route['method']) => ({
  'Request-Id': header('RequestId'),
  'Stripe-Version': header('StripeVersion'),
  ...(method === 'post' && { 'Idempotent-Replayed': header('IdempotentReplayed') }),
})
