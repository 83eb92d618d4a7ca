import { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import { type Delivery, deliveryList, deliveryListQuery, deliverySchema } from './delivery-schemas.ts'
import type { EventService } from './service.ts'

const tag = 'Deliveries'
const roles = ['service', 'merchant', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })

const example: Delivery = {
  id: 'del_01jd2q8k60f0srd3q7m9w1c4zh',
  object: 'delivery',
  created: 1_795_334_400,
  livemode: false,
  event: 'evt_01jd2q8k5zf0srd3q7m9w1c4zg',
  event_type: 'payment_intent.succeeded',
  webhook_endpoint: 'we_01jd2q8k5xf0srd3q7m9w1c4ze',
  state: 'pending',
  attempts: 2,
  next_attempt_at: 1_795_334_425,
  last_status: 503,
  last_error: 'the endpoint answered 503',
  finished_at: null,
}

export const deliveryRoutes = (events: EventService): Route[] => [
  route({
    method: 'get',
    path: '/v1/deliveries',
    operationId: 'listDeliveries',
    tag,
    summary: 'List deliveries',
    description: 'One delivery per event and webhook endpoint.',
    roles,
    query: deliveryListQuery,
    response: deliveryList,
    example: { object: 'list', url: '/v1/deliveries', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => events.listDeliveries(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/deliveries/:id',
    operationId: 'retrieveDelivery',
    tag,
    summary: 'Retrieve a delivery',
    roles,
    params,
    response: deliverySchema,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => events.retrieveDelivery(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/deliveries/:id/redeliver',
    operationId: 'redeliver',
    tag,
    summary: 'Send a notification again',
    description: 'Sends it now, whatever its state, and by the schedule again if that fails.',
    roles,
    params,
    response: deliverySchema,
    errors: ['resource_missing', 'parameter_invalid_string'],
    example: { ...example, attempts: 0 },
    handler: ({ merchantId, params: { id } }) => events.redeliver(merchantId, id),
  }),
]
