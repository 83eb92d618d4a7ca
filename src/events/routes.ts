import { z } from 'zod'
import { listQuery } from '#platform/listing.ts'
import { type Route, route } from '#platform/route.ts'
import { type EventObject, eventList, eventListQuery, eventSchema } from './schemas.ts'
import type { EventService } from './service.ts'

const tag = 'Events'
const roles = ['service', 'merchant', 'finance', 'platform', 'bot'] as const
const params = z.strictObject({ id: z.string().max(64) })
const expandQuery = z.strictObject({ expand: listQuery.shape.expand })

const example: EventObject = {
  id: 'evt_01jd2q8k5zf0srd3q7m9w1c4zg',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_795_334_400,
  data: {
    object: {
      id: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze',
      object: 'payment_intent',
      amount: 4200,
      currency: 'eur',
      status: 'succeeded',
    },
  },
  livemode: false,
  pending_webhooks: 1,
  request: { id: 'req_01jd2q8k5wf0srd3q7m9w1c4zd', idempotency_key: null },
  type: 'payment_intent.succeeded',
}

export const eventRoutes = (events: EventService): Route[] => [
  route({
    method: 'get',
    path: '/v1/events',
    operationId: 'listEvents',
    tag,
    summary: 'List events',
    roles,
    query: eventListQuery,
    response: eventList,
    errors: ['parameters_exclusive'],
    example: { object: 'list', url: '/v1/events', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => events.listEvents(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/events/:id',
    operationId: 'retrieveEvent',
    tag,
    summary: 'Retrieve an event',
    roles,
    params,
    query: expandQuery,
    response: eventSchema,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => events.retrieveEvent(merchantId, id),
  }),
]
