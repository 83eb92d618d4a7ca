import { z } from 'zod'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'

const channel = z
  .string()
  .regex(/^[a-z]{2,20}$/, 'must be a channel name in lower case, for example telegram')
  .meta({ description: 'Chat platform: messenger, whatsapp, telegram, wechat, line, webchat or a name of your own.' })
const externalId = z
  .string()
  .min(1)
  .max(255)
  .meta({ description: "The platform's own id of the conversation or person." })
const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 language tag, for example pt-BR')
  .meta({ description: 'BCP 47 language tag of the people in the thread.' })

export const participantInput = z.strictObject({
  external_id: externalId,
  role: z.enum(['payer', 'organizer', 'agent']).default('payer'),
  name: z.string().max(200).optional(),
  locale: locale.optional(),
})

const threadFields = {
  locale: locale.optional(),
  title: z.string().max(200).optional(),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
  participants: z.array(participantInput).max(50).optional(),
}

/** Finds or creates: the pair of channel and external id names one thread. */
export const threadInput = z.strictObject({
  channel,
  external_id: externalId,
  connection: idSchema('connection')
    .optional()
    .meta({ description: 'Which of your accounts of the channel; needed only when you have several.' }),
  ...threadFields,
})
export type ThreadInput = z.output<typeof threadInput>

export const threadUpdate = z.strictObject(threadFields)
export type ThreadUpdate = z.output<typeof threadUpdate>

/** How a payment names its thread: by id, or by what finds or creates it. */
export const threadReference = z.union([idSchema('thread'), threadInput])
export type ThreadReference = z.output<typeof threadReference>

/** Who is asked to pay: a participant's id, or what finds or creates one in the thread. */
export const participantReference = z.union([idSchema('participant'), participantInput])
export type ParticipantReference = z.output<typeof participantReference>

export const participantSchema = z
  .object({
    id: z.string(),
    object: z.literal('thread.participant'),
    external_id: z.string(),
    role: z.enum(['payer', 'organizer', 'agent']),
    name: z.string().nullable(),
    locale: z.string().nullable(),
  })
  .meta({ id: 'ThreadParticipant' })

const touch = z
  .object({
    source: z.enum(['ad', 'link', 'qr', 'other']),
    ad_id: z.string().nullable(),
    ref: z.string().nullable(),
    ctwa_clid: z.string().nullable().meta({ description: "WhatsApp's click id." }),
    url: z.string().nullable(),
    title: z.string().nullable(),
    at: z.int(),
  })
  .meta({ id: 'Touch', description: 'How a person came to the thread. Chosen by strangers: do not trust it.' })

export const attributionSchema = z
  .object({ first_touch: touch, last_touch: touch })
  .meta({ id: 'Attribution', description: 'The first and the last ad or link that led here.' })

export const threadSchema = z
  .object({
    id: z.string(),
    object: z.literal('thread'),
    channel: z.string(),
    external_id: z.string(),
    connection: z.string().nullable(),
    locale: z.string().nullable(),
    title: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    participants: z.array(participantSchema),
    attribution: attributionSchema.nullable(),
    created: z.int(),
  })
  .meta({ id: 'Thread' })
export type Thread = z.output<typeof threadSchema>

export const threadList = listOf(threadSchema)
export const threadListQuery = listQuery.extend({ channel: channel.optional(), external_id: externalId.optional() })

export const timelineItem = z
  .object({
    id: z.string(),
    object: z.literal('timeline_item'),
    type: z.string().meta({ description: 'Type of the event: payment_intent.succeeded, thread.message.created …' }),
    created: z.int(),
    data: z.record(z.string(), z.unknown()).meta({ description: 'The object as it was then.' }),
  })
  .meta({ id: 'TimelineItem' })
export const timelineList = listOf(timelineItem)
export const timelineQuery = z.strictObject({
  limit: z.int().min(1).max(100).default(100),
  starting_after: z.string().max(64).optional().meta({ description: 'Id of the last item seen: continue after it.' }),
})
