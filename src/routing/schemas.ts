import { z } from 'zod'
import { channelIds } from '#channels/channel.ts'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { idSchema } from '#platform/listing.ts'

const currency = z
  .string()
  .max(10)
  .transform((code) => code.toLowerCase())
  .refine(isCurrency, { message: 'must be an ISO 4217 code that is in use, for example eur' })
  .meta({ description: 'ISO 4217 code, any case.', example: 'cny' })
const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, 'must be a two-letter country code (ISO 3166)')
  .transform((code) => code.toUpperCase())
  .meta({ description: 'ISO 3166 code, any case.', example: 'CN' })
const channel = z.enum(channelIds)
const minorUnits = z.int().min(1).max(99_999_999)
const list = <T extends z.ZodType>(item: T, max: number) => z.array(item).min(1).max(max).optional()

const conditions = z.strictObject({
  channels: list(channel, channelIds.length).meta({ description: 'Where it is asked for.' }),
  currencies: list(currency, 200),
  countries: list(country, 250).meta({ description: 'Where the payer is: of the customer or the order, when known.' }),
  amount: z
    .strictObject({ gte: minorUnits.optional(), lte: minorUnits.optional() })
    .optional()
    .meta({ description: 'Minor units, both ends included. Needs `currencies`.' }),
  livemode: z.boolean().optional(),
})

const use = z.strictObject({
  provider: z.string().min(1).max(50).meta({ example: 'wechatpay' }),
  connection: idSchema('connection').nullable().optional().meta({
    description:
      'Your account there. Left out: the first that you connected which can take the payment, else the deployment’s. null: the deployment’s.',
  }),
})
const uses = z.array(use).max(10)

export const routingUpdate = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/, 'must be 1 to 50 small letters, digits, - and _')
          .meta({ description: 'Named on every attempt that it decides.', example: 'china' }),
        when: conditions.default({}).meta({ description: 'All of these must hold; {} takes every payment.' }),
        use: uses.min(1).meta({ description: 'The first is tried first, the next when it certainly took nothing.' }),
      }),
    )
    .max(100)
    .optional()
    .meta({ description: 'In their order; the first that holds decides. Replaces all rules.' }),
  default: uses.optional().meta({ description: 'For what no rule takes. Empty: the built-in rules.' }),
})
export type RoutingUpdate = z.output<typeof routingUpdate>

const shownUse = z.object({ provider: z.string(), connection: z.string().nullable().optional() })
const shownRule = z.object({
  name: z.string(),
  when: z.object({
    channels: z.array(z.string()).optional(),
    currencies: z.array(z.string()).optional(),
    countries: z.array(z.string()).optional(),
    amount: z.object({ gte: z.int().optional(), lte: z.int().optional() }).optional(),
    livemode: z.boolean().optional(),
  }),
  use: z.array(shownUse),
})

export const routingSchema = z
  .object({
    object: z.literal('routing'),
    rules: z.array(shownRule),
    default: z.array(shownUse),
    built_in: z.array(shownRule).meta({
      description:
        'What decides without rules and without a default: the first with an account that can take the payment.',
    }),
    warnings: z
      .array(z.object({ param: z.string(), message: z.string() }))
      .meta({ description: 'What is allowed and probably not meant: a rule that nothing is left for, say.' }),
  })
  .meta({ id: 'Routing', description: 'Which account takes which payment.' })
export type RoutingView = z.output<typeof routingSchema>

export const previewBody = z.strictObject({
  currency,
  amount: minorUnits,
  channel: channel.optional(),
  country: country.optional(),
  capture_method: z.enum(['automatic', 'manual']).default('automatic'),
})
export type PreviewBody = Omit<z.output<typeof previewBody>, 'currency'> & { currency: Currency }

export const previewSchema = z
  .object({
    object: z.literal('routing_preview'),
    rule: z.string(),
    reason: z.string(),
    choices: z
      .array(z.object({ provider: z.string(), connection: z.string().nullable() }))
      .meta({ description: 'In the order in which they are tried; empty: nobody would take it.' }),
    passed: z
      .array(z.object({ provider: z.string(), connection: z.string().nullable(), reason: z.string() }))
      .meta({ description: 'Accounts that the rule names and that cannot take it.' }),
    rules: z
      .array(z.object({ name: z.string(), holds: z.boolean(), because: z.array(z.string()) }))
      .meta({ description: 'Every rule, and which conditions of it do not hold.' }),
    error: z.string().nullable().meta({ description: 'What creating such a payment would answer.' }),
  })
  .meta({ id: 'RoutingPreview' })
export type PreviewView = z.output<typeof previewSchema>
