import { z } from 'zod'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { addressInput, emailInput } from './schemas.ts'

/** What the payer agreed to: `text` word for word where they saw it on our page; null where the merchant vouches for it. */
const consentSchema = z.object({
  at: z.int().meta({ description: 'Unix seconds.' }),
  locale: z.string().nullable(),
  source: z.enum(['page', 'api']),
  text: z.string().nullable(),
})
export type Consent = z.output<typeof consentSchema>

const cardSchema = z.object({
  brand: z.string(),
  checks: z.null(),
  country: z.string().nullable(),
  display_brand: z.string(),
  exp_month: z.int(),
  exp_year: z.int(),
  fingerprint: z.null(),
  funding: z.string(),
  generated_from: z.null(),
  last4: z.string(),
  networks: z.null(),
  regulated_status: z.null(),
  three_d_secure_usage: z.null(),
  wallet: z.null(),
})

/** Our object; every member that Stripe's has is there too (validated against Stripe's schema in the tests). */
export const methodSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('payment_method'),
    allow_redisplay: z.literal('always'),
    billing_details: z.record(z.string(), z.unknown()),
    card: cardSchema.optional(),
    consent: consentSchema.meta({ description: 'What the payer agreed to when the method was kept.' }),
    created: z.int(),
    customer: z.string().nullable().meta({ description: 'Null once the method is detached.' }),
    customer_account: z.null(),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    provider: z.string(),
    type: z.string(),
    usage: z.enum(['off_session', 'on_session']).meta({
      description: 'on_session: only payments that the payer makes are charged to it.',
    }),
  })
  .meta({ id: 'PaymentMethod' })
export type PaymentMethod = z.output<typeof methodSchema>

export const methodList = listOf(methodSchema)
export const customerMethodsQuery = listQuery.extend({ type: z.string().max(50).optional() })
export const methodsQuery = customerMethodsQuery.extend({ customer: idSchema('customer').optional() })
export type MethodsQuery = z.output<typeof methodsQuery>
export const methodParams = z.strictObject({ id: z.string().max(64) })
/** Stripe's parameter on a payment intent. */
export const keepForLater = z.enum(['off_session', 'on_session']).meta({
  description:
    "Keep the payment method for the customer once it has paid: off_session also for charges without them. You have their consent; on Parley's page they are told.",
})

/** Your word on what the payer agreed to. */
export const consentInput = z
  .strictObject({
    at: z.int().min(0).max(4_102_444_800).optional().meta({ description: 'Unix seconds. Default: now.' }),
    locale: z.string().max(35).optional(),
    text: z.string().max(1000).optional().meta({ description: 'What the payer read, word for word.' }),
  })
  .meta({ description: 'What the payer agreed to, where you asked them. On our page they are asked there.' })
export type ConsentInput = z.output<typeof consentInput>

/** Who pays with it. An empty text unsets a field, as in Stripe's API. */
const billingInput = z.strictObject({
  address: z.union([addressInput, z.literal('')]).optional(),
  email: emailInput.optional(),
  name: z.string().max(256).optional(),
  phone: z.string().max(50).optional(),
})
export type BillingInput = z.output<typeof billingInput>

export const methodUpdate = z.strictObject({
  billing_details: billingInput.optional().meta({
    description:
      'Who pays with it: told to the provider, who shows it to the bank, and kept until the customer is deleted.',
  }),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
  expand: listQuery.shape.expand,
})
export type MethodUpdate = z.output<typeof methodUpdate>

/** Which account keeps it. */
export const accountInput = idSchema('connection').optional().meta({
  description: 'The connection whose account keeps the method. Default: the first one that keeps any, as payments go.',
})

export const attachBody = z.strictObject({
  customer: idSchema('customer'),
  consent: consentInput.optional(),
  connection: accountInput,
  expand: listQuery.shape.expand,
})

export const methodsLinkBody = z.strictObject({
  expires_in: z.int().min(60).max(604_800).default(3600).meta({ description: 'Seconds from now; a week at most.' }),
})

export const methodsLinkSchema = z
  .object({
    object: z.literal('customer.methods_link'),
    customer: z.string(),
    expires_at: z.int(),
    url: z
      .string()
      .meta({ description: 'Whoever has it sees and removes their methods: for this person’s chat only.' }),
  })
  .meta({ id: 'MethodsLink' })
export type MethodsLink = z.output<typeof methodsLinkSchema>

/** Nothing to send but what to expand. */
export const onlyExpand = z.strictObject({ expand: listQuery.shape.expand })
