import { z } from 'zod'
import { keepForLater } from '#customers/method-schemas.ts'
import { isCurrency } from '#kernel/currencies.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { attributionSchema, participantReference, threadReference } from '#threads/schemas.ts'
import { intentStatuses } from './intent-machine.ts'
import { amountMax, applicationFee, carried, mandateData, transferAmount } from './option-schemas.ts'

export const amountSchema = z
  .int('must be a whole number of minor units')
  .min(1)
  .max(amountMax)
  .meta({ description: 'Minor units (cents, yen, fils), 1 to 99999999.', example: 4200 })

export const currencySchema = z
  .string()
  .transform((code) => code.toLowerCase())
  .refine(isCurrency, { message: 'must be an ISO 4217 code that is in use, for example eur' })
  .meta({ description: 'ISO 4217 code, any case.', example: 'eur' })

const expand = z
  .array(z.enum(['latest_charge', 'customer', 'thread']))
  .max(10)
  .optional()
const emptyableMetadata = z.union([metadataSchema, z.literal('')])
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2048)
const methodId = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[A-Za-z0-9_]+$/, 'must be the id of a payment method')

const confirmFields = {
  payment_method: methodId
    .optional()
    .meta({ description: "A payment method of the customer's, or the provider's own: pm_card_visa." }),
  return_url: url.optional().meta({ description: 'Where the payer comes back to after authenticating.' }),
  off_session: z.boolean().optional(),
  error_on_requires_action: z
    .boolean()
    .optional()
    .meta({ description: 'Refuse the payment when the payer would have to authenticate.' }),
  mandate_data: mandateData.optional(),
}

const expiry = {
  expires_at: z
    .int()
    .min(0)
    .max(4_102_444_800)
    .optional()
    .meta({ description: 'Unix seconds after which an unpaid intent is canceled.' }),
  expires_in: z.int().min(60).max(31_536_000).optional().meta({ description: 'The same, in seconds from now.' }),
}

export const createIntentBody = z.strictObject({
  amount: amountSchema,
  currency: currencySchema,
  thread: threadReference
    .optional()
    .meta({ description: 'The conversation this payment belongs to: its id, or channel and external_id.' }),
  participant: participantReference.optional().meta({ description: 'Who in the thread is asked to pay.' }),
  ...expiry,
  customer: idSchema('customer').optional(),
  description: z.string().max(1000).optional(),
  metadata: emptyableMetadata.optional(),
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).default('automatic'),
  confirmation_method: z.enum(['automatic', 'manual']).optional(),
  automatic_payment_methods: z
    .strictObject({ enabled: z.boolean(), allow_redirects: z.enum(['always', 'never']).optional() })
    .optional(),
  confirm: z.boolean().default(false),
  ...confirmFields,
  ...carried,
  expand,
})
export type CreateIntent = z.output<typeof createIntentBody>

export const updateIntentBody = z.strictObject({
  amount: amountSchema.optional(),
  currency: currencySchema.optional(),
  customer: idSchema('customer').optional(),
  description: z.string().max(1000).optional(),
  metadata: emptyableMetadata.optional(),
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional(),
  payment_method: confirmFields.payment_method,
  ...expiry,
  ...carried,
  expand,
})
export type UpdateIntent = z.output<typeof updateIntentBody>

export const confirmIntentBody = z.strictObject({
  ...confirmFields,
  capture_method: z.enum(['automatic', 'automatic_async', 'manual']).optional(),
  ...carried,
  expand,
})
export type ConfirmIntent = z.output<typeof confirmIntentBody>

export const captureIntentBody = z.strictObject({
  amount_to_capture: z.int('must be a whole number of minor units').min(0).max(amountMax).optional().meta({
    description: 'Default: everything capturable. The rest is released. 0 after a part: releases the rest.',
  }),
  final_capture: z
    .boolean()
    .optional()
    .meta({ description: 'false keeps the rest for later captures, where the charge says multicapture: available.' }),
  application_fee_amount: applicationFee.optional(),
  transfer_data: z.strictObject({ amount: transferAmount.optional() }).optional(),
  metadata: emptyableMetadata.optional(),
  expand,
})
export const cancelIntentBody = z.strictObject({
  cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  expand,
})
export const incrementBody = z.strictObject({
  amount: amountSchema.meta({ description: 'The new total, more than what is authorised now.' }),
  description: z.string().max(1000).optional(),
  metadata: emptyableMetadata.optional(),
  expand,
})

export const intentParams = z.strictObject({ id: z.string().max(64) })
export const retrieveQuery = z.strictObject({ expand, client_secret: z.string().max(200).optional() })
const listExpand = z
  .array(z.enum(['data.latest_charge', 'data.customer', 'data.thread']))
  .max(10)
  .optional()
export const listIntentsQuery = listQuery.extend({
  thread: idSchema('thread').optional(),
  customer: idSchema('customer').optional(),
  expand: listExpand,
})
export const searchIntentsQuery = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(500)
    .meta({ description: "metadata['order']:'1001' AND thread:'thr_…' AND status:'succeeded'" }),
  limit: z.int().min(1).max(100).default(10),
  page: z.string().max(64).optional(),
  expand: listExpand,
})
export const listChargesQuery = listQuery.extend({
  payment_intent: idSchema('paymentIntent').optional(),
  customer: idSchema('customer').optional(),
  expand: z
    .array(z.enum(['data.payment_intent']))
    .max(5)
    .optional(),
})

const nullableText = z.string().nullable()

/** Our object; every member that Stripe's has is there too (validated against Stripe's schema in the tests). */
export const intentSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('payment_intent'),
    amount: z.int(),
    amount_capturable: z.int(),
    amount_received: z.int(),
    amount_refunded: z.int(),
    automatic_payment_methods: z.record(z.string(), z.unknown()).nullable(),
    canceled_at: z.int().nullable(),
    cancellation_reason: nullableText,
    capture_method: z.enum(['automatic', 'manual']),
    checkout_url: z.string().meta({ description: 'The hosted page where this payment, and only this one, is paid.' }),
    client_secret: z.string(),
    confirmation_method: z.string(),
    created: z.int(),
    currency: z.string(),
    customer: z.unknown(),
    description: nullableText,
    expires_at: z.int().nullable(),
    last_payment_error: z.record(z.string(), z.unknown()).nullable(),
    latest_charge: z.unknown(),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    next_action: z.record(z.string(), z.unknown()).nullable(),
    participant: nullableText,
    payment_method: z.unknown(),
    payment_method_options: z.record(z.string(), z.unknown()),
    payment_method_types: z.array(z.string()),
    processing: z.record(z.string(), z.unknown()).nullable(),
    receipt_email: nullableText,
    setup_future_usage: keepForLater.nullable(),
    shipping: z.record(z.string(), z.unknown()).nullable(),
    status: z.enum(intentStatuses),
    thread: z.unknown(),
    attribution: attributionSchema
      .nullable()
      .meta({ description: 'How the payer came to the thread, frozen when the payment was created.' }),
  })
  .meta({ id: 'PaymentIntent' })
export const intentList = listOf(intentSchema)
export const intentSearchResult = z.object({
  object: z.literal('search_result'),
  url: z.string(),
  has_more: z.boolean(),
  next_page: nullableText,
  data: z.array(intentSchema),
})

export const chargeSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('charge'),
    amount: z.int(),
    amount_captured: z.int(),
    amount_refunded: z.int(),
    balance_transaction: nullableText.meta({ description: "The provider's record of the fee, once it is known." }),
    captured: z.boolean(),
    created: z.int(),
    currency: z.string(),
    customer: nullableText,
    description: nullableText,
    failure_code: nullableText,
    failure_message: nullableText,
    metadata: z.record(z.string(), z.string()),
    outcome: z.record(z.string(), z.unknown()),
    paid: z.boolean(),
    payment_intent: z.unknown(),
    payment_method: nullableText,
    payment_method_details: z.record(z.string(), z.unknown()).nullable(),
    provider: z.string(),
    provider_id: z.string().meta({ description: "The provider's own id of the attempt." }),
    refunded: z.boolean(),
    status: z.enum(['pending', 'succeeded', 'failed']),
    thread: nullableText,
  })
  .meta({ id: 'Charge' })
export const chargeList = listOf(chargeSchema)

export const explanationSchema = z
  .object({
    object: z.literal('payment_explanation'),
    payment_intent: z.string(),
    status: z.enum(intentStatuses),
    conflict: nullableText,
    story: z.array(
      z.object({
        at: z.string().meta({ description: 'RFC 3339 time with milliseconds.' }),
        kind: z.enum(['routing', 'veto', 'operation', 'provider_event', 'event', 'ledger', 'message']),
        id: z.string(),
        text: z.string(),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'PaymentExplanation' })

const expandIntent = z.array(z.enum(['payment_intent'])).max(5)
export const retrieveChargeQuery = z.strictObject({ expand: expandIntent.optional() })
