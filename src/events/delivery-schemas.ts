import { z } from 'zod'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'

const state = z.enum(['pending', 'succeeded', 'failed'])

export const deliverySchema = z
  .object({
    id: z.string(),
    object: z.literal('delivery'),
    created: z.int(),
    livemode: z.boolean(),
    event: z.string(),
    event_type: z.string(),
    webhook_endpoint: z.string(),
    state: state.meta({ description: 'pending until it succeeded or its attempts are used up.' }),
    attempts: z.int(),
    next_attempt_at: z.int().nullable(),
    last_status: z.int().nullable().meta({ description: "HTTP status of the endpoint's last answer." }),
    last_error: z.string().nullable().meta({ description: 'Why the last attempt failed.' }),
    finished_at: z.int().nullable(),
  })
  .meta({ id: 'Delivery' })
export type Delivery = z.output<typeof deliverySchema>

export const deliveryListQuery = listQuery.extend({
  event: idSchema('event').optional(),
  webhook_endpoint: idSchema('webhookEndpoint').optional(),
  state: state.optional(),
})
export type DeliveryListQuery = z.output<typeof deliveryListQuery>

export const deliveryList = listOf(deliverySchema)
