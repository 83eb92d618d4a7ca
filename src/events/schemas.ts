import { z } from 'zod'
import { listOf, listQuery } from '#platform/listing.ts'

const json = z.record(z.string(), z.unknown())

export const eventSchema = z
  .object({
    id: z.string(),
    object: z.literal('event'),
    api_version: z.string().nullable(),
    created: z.int(),
    data: z.object({
      object: json.meta({ description: 'The object that the event tells of, as it was then.' }),
      previous_attributes: json.optional().meta({ description: 'Fields that changed, with their values before.' }),
    }),
    livemode: z.boolean(),
    pending_webhooks: z.int().meta({ description: 'Deliveries of this event that are still to be made.' }),
    request: z
      .object({ id: z.string().nullable(), idempotency_key: z.string().nullable() })
      .nullable()
      .meta({ description: 'The request that caused the event.' }),
    type: z.string().meta({ description: 'For example payment_intent.succeeded.' }),
  })
  .meta({ id: 'Event' })
export type EventObject = z.output<typeof eventSchema>

const typeFilter = z
  .string()
  .max(100)
  .regex(/^([a-z_]+(\.[a-z_]+)*(\.\*)?|\*)$/, 'must be an event type, or a group such as charge.*')

export const eventListQuery = listQuery.extend({
  type: typeFilter.optional().meta({ description: 'One event type, or a group: payment_intent.*' }),
  types: z.array(typeFilter).min(1).max(20).optional().meta({ description: 'Up to 20 event types.' }),
  delivery_success: z
    .boolean()
    .optional()
    .meta({ description: 'true: every delivery has succeeded; false: some are pending or have failed.' }),
})
export type EventListQuery = z.output<typeof eventListQuery>

export const eventList = listOf(eventSchema)
