import express, { type Router } from 'express'
import { AppError } from '#kernel/errors.ts'
import { bodyBytesMax } from '#platform/http.ts'
import { type Route, route } from '#platform/route.ts'
import {
  providerEventParams as params,
  providerEventList,
  providerEventQuery,
  providerEventSchema as response,
} from './schemas.ts'
import type { WebhookService } from './service.ts'

/** Where providers send their notifications. Raw bytes in, 200 once they are stored. */
export const createWebhookRouter = (webhooks: WebhookService): Router => {
  const router = express.Router()
  const raw = express.raw({ type: () => true, limit: bodyBytesMax, inflate: false })
  router.post(
    ['/webhooks/providers/:provider', '/webhooks/providers/:provider/:connection'],
    raw,
    async (request, response) => {
      const body: unknown = request.body
      if (!Buffer.isBuffer(body))
        throw new AppError('webhook_signature_invalid', { message: 'The webhook was refused: it has no body.' })
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
      )
      const { provider, connection = '' } = request.params
      const answer = await webhooks.ingest(String(provider), String(connection), body, headers)
      if (!answer) response.json({ received: true })
      else if (answer.body) response.status(answer.status).json(answer.body)
      else response.status(answer.status).end()
    },
  )
  return router
}

const readers = ['service', 'merchant', 'finance', 'platform'] as const
const example = {
  id: 'pevt_01jd2q8p1xf0srd3q7m9w1c4zm',
  object: 'provider_event' as const,
  provider: 'stripe',
  provider_id: 'evt_1QdW2eLkdIwHu7ixGvT3',
  type: 'payment_intent.succeeded',
  state: 'processed' as const,
  reason: null,
  attempts: 1,
  payment_intent: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze',
  created: 1_795_334_461,
  provider_created: 1_795_334_460,
  processed: 1_795_334_461,
}

export const providerEventRoutes = (webhooks: WebhookService): Route[] => [
  route({
    method: 'get',
    path: '/v1/provider_events',
    operationId: 'listProviderEvents',
    tag: 'Provider events',
    summary: 'List what providers sent',
    description: 'The inbox, newest first. `state=parked` lists what waits for a person.',
    roles: readers,
    query: providerEventQuery,
    response: providerEventList,
    example: { object: 'list', url: '/v1/provider_events', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => webhooks.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/provider_events/:id',
    operationId: 'retrieveProviderEvent',
    tag: 'Provider events',
    summary: 'Retrieve one, with its payload',
    roles: readers,
    params,
    response,
    errors: ['resource_missing'],
    example: { ...example, payload: { id: example.provider_id, object: 'event', type: example.type } },
    handler: ({ merchantId, params: { id } }) => webhooks.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/provider_events/:id/retry',
    operationId: 'retryProviderEvent',
    tag: 'Provider events',
    summary: 'Retry a parked one',
    roles: ['service', 'merchant', 'platform'],
    params,
    response,
    errors: ['resource_missing', 'provider_event_unexpected_state'],
    example: { ...example, state: 'received', processed: null },
    handler: ({ merchantId, params: { id } }) => webhooks.retry(merchantId, id),
  }),
]
