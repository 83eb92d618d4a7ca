import { z } from 'zod'
import { listQuery } from '#platform/listing.ts'
import { type Route, route } from '#platform/route.ts'
import {
  deletedEndpointSchema,
  type Endpoint,
  endpointInput,
  endpointList,
  endpointListQuery,
  endpointSchema,
  endpointUpdate,
} from './endpoint-schemas.ts'
import type { EventService } from './service.ts'

const tag = 'Webhook endpoints'
const roles = ['service', 'merchant', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })
const expandQuery = z.strictObject({ expand: listQuery.shape.expand })

const example: Endpoint = {
  id: 'we_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'webhook_endpoint',
  api_version: null,
  application: null,
  created: 1_795_334_400,
  description: 'Order service',
  enabled_events: ['payment_intent.succeeded', 'refund.updated'],
  livemode: false,
  metadata: {},
  status: 'enabled',
  url: 'https://shop.example/hooks/parley',
}

export const webhookEndpointRoutes = (events: EventService): Route[] => [
  route({
    method: 'post',
    path: '/v1/webhook_endpoints',
    operationId: 'createWebhookEndpoint',
    tag,
    summary: 'Create a webhook endpoint',
    description:
      'Events are sent there by POST, signed twice with the one secret that is shown now and never again: Standard ' +
      'Webhooks headers and Stripe-Signature. At least once, with retries for about three days.',
    roles,
    body: endpointInput,
    response: endpointSchema,
    errors: ['parameter_missing', 'parameter_invalid_string', 'url_invalid'],
    example: { ...example, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    isAnswerSecret: true,
    handler: ({ merchantId, livemode, resourceId, body }) =>
      events.createEndpoint({ merchantId, livemode }, resourceId, body),
  }),
  route({
    method: 'get',
    path: '/v1/webhook_endpoints',
    operationId: 'listWebhookEndpoints',
    tag,
    summary: 'List webhook endpoints',
    roles,
    query: endpointListQuery,
    response: endpointList,
    example: { object: 'list', url: '/v1/webhook_endpoints', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => events.listEndpoints(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/webhook_endpoints/:id',
    operationId: 'retrieveWebhookEndpoint',
    tag,
    summary: 'Retrieve a webhook endpoint',
    roles,
    params,
    query: expandQuery,
    response: endpointSchema,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => events.retrieveEndpoint(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/webhook_endpoints/:id',
    operationId: 'updateWebhookEndpoint',
    tag,
    summary: 'Update a webhook endpoint',
    roles,
    params,
    body: endpointUpdate,
    response: endpointSchema,
    errors: ['resource_missing', 'parameter_invalid_string', 'url_invalid'],
    example,
    handler: ({ merchantId, params: { id }, body }) => events.updateEndpoint(merchantId, id, body),
  }),
  route({
    method: 'delete',
    path: '/v1/webhook_endpoints/:id',
    operationId: 'deleteWebhookEndpoint',
    tag,
    summary: 'Delete a webhook endpoint',
    description: 'Deletes its deliveries too; nothing more is sent.',
    roles,
    params,
    response: deletedEndpointSchema,
    errors: ['resource_missing'],
    example: { id: example.id, object: 'webhook_endpoint', deleted: true },
    handler: ({ merchantId, params: { id } }) => events.deleteEndpoint(merchantId, id),
  }),
]
