import { z } from 'zod'
import { channelIds } from '#channels/channel.ts'
import { listOf, listQuery } from '#platform/listing.ts'

const channel = z.enum([...channelIds, 'veto', 'stripe', 'wechatpay']).meta({
  description:
    'A chat platform; `stripe` or `wechatpay`, your own account at a payment provider; `veto`, your endpoint that is asked before a charge.',
})
const status = z.enum(['active', 'broken', 'disabled']).meta({
  description: 'broken: the platform refuses the credentials, nothing is sent until they are replaced.',
})
const settings = z
  .record(z.string().max(100), z.unknown())
  .meta({ description: 'What the channel asks for (docs/connections.md); shown again.' })
const secrets = z
  .record(z.string().max(100), z.string().max(10_000))
  .meta({ description: 'Tokens and signing secrets: encrypted, and never shown again.' })

export const connectionInput = z.strictObject({
  channel,
  settings: settings.optional(),
  secrets: secrets.optional(),
})
export type ConnectionInput = z.output<typeof connectionInput>

export const connectionUpdate = z.strictObject({
  settings: settings.optional().meta({ description: 'Settings to change; null removes one.' }),
  secrets: secrets.optional().meta({ description: 'Secrets to replace; an empty value removes one.' }),
  status: z.enum(['active', 'disabled']).optional(),
})
export type ConnectionUpdate = z.output<typeof connectionUpdate>

export const failureSchema = z
  .object({
    reason: z.string().meta({ description: 'The same word for all platforms: window_closed, connection_broken …' }),
    code: z.string().meta({ description: "The platform's own code." }),
    advice: z.string().meta({ description: 'What to do about it.' }),
  })
  .meta({ id: 'ChannelFailure' })

const capabilities = z
  .object({
    native_pay: z.union([z.literal('all'), z.array(z.string())]).meta({
      description: 'Currencies that can be paid inside the chat; empty: on the hosted page only.',
    }),
    invoice_links: z.array(z.string()).meta({
      description:
        'Currencies for which the hosted page leads to an invoice in the chat app instead of a provider’s page.',
    }),
    veto: z.boolean(),
    shipping: z.boolean(),
    tips: z.boolean(),
    partial_refund: z.boolean(),
    edit_message: z.boolean(),
    receipt: z.enum(['template', 'message']),
    window: z.object({ hours: z.number().nullable(), after_window: z.string() }),
    buttons: z.object({ max: z.int(), title_max: z.int(), url_max: z.int() }),
    text: z.object({ max: z.int() }),
    rate_per_second: z.number(),
  })
  .meta({ id: 'ChannelCapabilities' })

const providerCapabilities = z
  .object({
    currencies: z.union([z.literal('all'), z.array(z.string())]),
    manual_capture: z.boolean(),
    partial_capture: z.boolean(),
    multicapture: z.boolean(),
    overcapture: z.boolean(),
    incremental_authorization: z.boolean(),
    partial_refund: z.boolean(),
    saved_methods: z.boolean(),
  })
  .meta({ id: 'ProviderCapabilities' })

export const connectionSchema = z
  .object({
    id: z.string(),
    object: z.literal('connection'),
    channel,
    external_id: z.string().meta({ description: 'How the platform names the account.' }),
    name: z.string(),
    status,
    failure: failureSchema.nullable(),
    settings: z.record(z.string(), z.unknown()),
    secrets: z
      .record(z.string(), z.string())
      .meta({ description: 'Which secrets are set, each with its last four characters at most.' }),
    signing_secret: z
      .string()
      .optional()
      .meta({ description: 'Signs what is asked of a veto endpoint. Shown on create only.' }),
    webhook_url: z
      .string()
      .nullable()
      .meta({ description: 'Where the platform sends its updates: enter it there. Null for `veto`.' }),
    capabilities: z
      .union([capabilities, providerCapabilities])
      .nullable()
      .meta({ description: 'What the chat platform, or the payment provider, can do.' }),
    checked: z.int().nullable().meta({ description: 'When the credentials were last tested.' }),
    livemode: z.boolean(),
    created: z.int(),
  })
  .meta({ id: 'Connection' })
export type ConnectionView = z.output<typeof connectionSchema>

export const connectionList = listOf(connectionSchema)
export const connectionListQuery = listQuery
  .omit({ expand: true })
  .extend({ channel: channel.optional(), status: status.optional() })

export const deletedConnection = z
  .object({ id: z.string(), object: z.literal('connection'), deleted: z.literal(true) })
  .meta({ id: 'DeletedConnection' })

/** What a veto connection takes. */
export const vetoSettings = z.strictObject({
  url: z.string().max(2048),
  default: z.enum(['allow', 'refuse']).default('allow'),
})
