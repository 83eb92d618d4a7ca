import { z } from 'zod'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'

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
  })
  .meta({ id: 'PaymentMethod' })
export type PaymentMethod = z.output<typeof methodSchema>

export const methodList = listOf(methodSchema)
export const customerMethodsQuery = listQuery.extend({ type: z.string().max(50).optional() })
export const methodsQuery = customerMethodsQuery.extend({ customer: idSchema('customer').optional() })
export type MethodsQuery = z.output<typeof methodsQuery>
export const methodParams = z.strictObject({ id: z.string().max(64) })
/** Stripe's parameter on a payment intent. */
export const keepForLater = z.enum(['off_session']).meta({
  description:
    "Keep the payment method for the customer once it has paid. You have their consent; on Parley's page they are told.",
})

/** Nothing to send but what to expand. */
export const onlyExpand = z.strictObject({ expand: listQuery.shape.expand })
