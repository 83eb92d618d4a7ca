import { z } from 'zod'
import { listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { isKnownEventType } from './event-types.ts'
import { apiVersion } from './event-view.ts'

const enabledEvents = z
  .array(
    z
      .string()
      .max(100)
      .refine((type) => type === '*' || isKnownEventType(type), "is no event type; send known names, or '*' for all"),
  )
  .min(1)
  .max(300)
  .meta({ description: "Event types to send, or ['*'] for all of them." })
const url = z.string().max(5000).meta({ description: 'Public https URL that takes the POST requests.' })
const description = z.string().max(5000)
const metadata = z.union([metadataSchema, z.literal('')])
const expand = listQuery.shape.expand

export const endpointInput = z.strictObject({
  url,
  enabled_events: enabledEvents,
  description: description.optional(),
  metadata: metadata.optional(),
  api_version: z.literal(apiVersion).optional().meta({ description: 'Shape of the events; there is one version.' }),
  connect: z
    .literal(false)
    .optional()
    .meta({ description: 'Only false: an endpoint gets the events of its merchant.' }),
  expand,
})
export type EndpointInput = z.output<typeof endpointInput>

export const endpointUpdate = z.strictObject({
  url: url.optional(),
  enabled_events: enabledEvents.optional(),
  description: description.optional(),
  metadata: metadata.optional(),
  disabled: z.boolean().optional().meta({ description: 'true stops all deliveries, false starts them again.' }),
  expand,
})
export type EndpointUpdate = z.output<typeof endpointUpdate>

export const endpointSchema = z
  .object({
    id: z.string(),
    object: z.literal('webhook_endpoint'),
    api_version: z.string().nullable(),
    application: z.null(),
    created: z.int(),
    description: z.string().nullable(),
    enabled_events: z.array(z.string()),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    secret: z
      .string()
      .optional()
      .meta({ description: 'Signs the notifications (Standard Webhooks and Stripe-Signature). Shown on create only.' }),
    status: z.enum(['enabled', 'disabled']),
    url: z.string(),
  })
  .meta({ id: 'WebhookEndpoint' })
export type Endpoint = z.output<typeof endpointSchema>

export const deletedEndpointSchema = z
  .object({ id: z.string(), object: z.literal('webhook_endpoint'), deleted: z.literal(true) })
  .meta({ id: 'DeletedWebhookEndpoint' })
export type DeletedEndpoint = z.output<typeof deletedEndpointSchema>

export const endpointListQuery = listQuery
export const endpointList = listOf(endpointSchema)
