import { z } from 'zod'
import { channelIds } from '#channels/channel.ts'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'

const state = z.enum(['received', 'processed', 'ignored', 'parked'])

export const channelUpdateSchema = z
  .object({
    id: z.string(),
    object: z.literal('channel_update'),
    connection: z.string(),
    channel: z.string(),
    platform_id: z.string().meta({ description: 'What names the update at the platform; it is kept once.' }),
    type: z.string().meta({ description: "The platform's own name of it." }),
    kind: z.string().meta({ description: 'What it is in our words: message, receipt, payment, pre_checkout …' }),
    state,
    reason: z.string().nullable().meta({ description: 'What was answered, why it changed nothing, or why it waits.' }),
    attempts: z.int(),
    created: z.int(),
    occurred: z.int().meta({ description: "The platform's time." }),
    processed: z.int().nullable(),
    content: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'The update in our words; only when one is retrieved.' }),
  })
  .meta({ id: 'ChannelUpdate' })
export type ChannelUpdateView = z.output<typeof channelUpdateSchema>
export const channelUpdateList = listOf(channelUpdateSchema)
export const channelUpdateParams = z.strictObject({ id: z.string().max(64) })
export const channelUpdateQuery = listQuery.omit({ created: true, expand: true }).extend({
  state: state.optional(),
  channel: z.enum(channelIds).optional(),
  connection: idSchema('connection').optional(),
})
