import { z } from 'zod'
import { listOf, listQuery } from '#platform/listing.ts'

const state = z.enum(['received', 'processed', 'ignored', 'parked'])

export const providerEventSchema = z
  .object({
    id: z.string(),
    object: z.literal('provider_event'),
    provider: z.string(),
    provider_id: z.string().meta({ description: "The provider's own event id." }),
    type: z.string(),
    state,
    reason: z.string().nullable().meta({ description: 'Why it changed nothing, or why it waits for a person.' }),
    attempts: z.int(),
    payment_intent: z.string().nullable(),
    created: z.int(),
    provider_created: z.int(),
    processed: z.int().nullable(),
    payload: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'What the provider sent; only when one event is retrieved.' }),
  })
  .meta({ id: 'ProviderEvent' })
export const providerEventList = listOf(providerEventSchema)
export const providerEventParams = z.strictObject({ id: z.string().max(64) })
export const providerEventQuery = listQuery
  .omit({ created: true, expand: true })
  .extend({ state: state.optional(), type: z.string().max(255).optional() })
