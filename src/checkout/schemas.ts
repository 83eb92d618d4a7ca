import { z } from 'zod'
import { currencySchema } from '#payments/schemas.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { participantReference, threadReference } from '#threads/schemas.ts'
import { acpStatuses } from './acp-states.ts'
import type { Quote } from './cart.ts'
import { buyerFields, cartFields, requiresFields, tipFields } from './cart-schemas.ts'
import { checkoutStatuses } from './checkout-machine.ts'

const emptyableMetadata = z.union([metadataSchema, z.literal('')])
const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 language tag, for example pt-BR')

const expiry = {
  expires_at: z.int().min(0).max(4_102_444_800).optional().meta({ description: 'Unix seconds.' }),
  expires_in: z.int().min(60).max(31_536_000).optional().meta({
    description: 'Seconds from now; default 86400. An unpaid checkout then expires and its payment is canceled.',
  }),
}

export const createCheckoutBody = z.strictObject({
  currency: currencySchema,
  thread: threadReference.optional(),
  participant: participantReference.optional().meta({ description: 'Who in the thread is asked to pay.' }),
  customer: idSchema('customer').optional(),
  locale: locale.optional().meta({ description: "Language of labels; default the thread's." }),
  ...z.strictObject(cartFields).partial().shape,
  buyer: z.strictObject(buyerFields).partial().optional(),
  requires: z.strictObject(requiresFields).partial().optional().meta({
    description:
      'What the buyer must give before they can pay. shipping: default true where shipping_options are given.',
  }),
  tip: z.strictObject(tipFields).partial().optional(),
  metadata: emptyableMetadata.optional(),
  ...expiry,
})
export type CreateCheckout = z.output<typeof createCheckoutBody>

/** Null and the empty text, which is how a form says it, clear. */
const clearable = <T extends z.ZodType>(schema: T) => z.union([schema, z.literal(''), z.null()]).optional()
const members = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(
    Object.fromEntries(Object.entries(shape).map(([name, schema]) => [name, clearable(schema as z.ZodType)])) as {
      [K in keyof S]: z.ZodOptional<z.ZodUnion<[S[K] & z.ZodType, z.ZodLiteral<''>, z.ZodNull]>>
    },
  )

export const updateCheckoutBody = z.strictObject({
  ...members(cartFields).shape,
  buyer: clearable(members(buyerFields)),
  requires: clearable(members(requiresFields)),
  tip: clearable(members(tipFields)),
  customer: idSchema('customer').optional(),
  locale: locale.optional(),
  metadata: emptyableMetadata.optional(),
  ...expiry,
})
export type UpdateCheckout = z.output<typeof updateCheckoutBody>

export const completeCheckoutBody = z.strictObject({
  payment_method: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[A-Za-z0-9_]+$/, 'must be the id of a payment method')
    .optional()
    .meta({ description: 'Pays at once. Without it the payer is sent to `checkout_url`.' }),
  payment_data: z
    .strictObject({
      handler_id: z.string().max(255).optional(),
      instrument: z.strictObject({
        type: z.string().max(100).optional(),
        credential: z.strictObject({
          type: z.string().max(100).optional(),
          token: z
            .string()
            .min(1)
            .max(255)
            .regex(/^[A-Za-z0-9_]+$/, 'must be the id of a payment method'),
        }),
      }),
    })
    .optional()
    .meta({ description: "The same in the Agentic Commerce Protocol's words." }),
  return_url: cartFields.return_url.optional(),
})
export type CompleteCheckout = z.output<typeof completeCheckoutBody>

export const cancelCheckoutBody = z.strictObject({
  cancellation_reason: z.enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']).optional(),
})

export const checkoutParams = z.strictObject({ id: z.string().max(64) })
export const listCheckoutsQuery = listQuery.extend({
  thread: idSchema('thread').optional(),
  status: z.enum(checkoutStatuses).optional(),
})

const minor = z.int().min(0)
const nullableText = z.string().nullable()
const total = z.object({
  type: z.enum(['items_base_amount', 'subtotal', 'discount', 'fulfillment', 'tax', 'tip', 'total']),
  display_text: z.string(),
  amount: minor,
  description: z.string().optional(),
})
const message = z.object({
  type: z.enum(['info', 'warning', 'error']),
  code: z.string().optional(),
  content_type: z.literal('plain'),
  content: z.string(),
  param: z.string().optional().meta({ description: 'JSONPath of what it is about: $.buyer.email' }),
  resolution: z.enum(['recoverable', 'requires_buyer_input', 'requires_buyer_review']).optional(),
})

export const checkoutSchema = z
  .object({
    id: z.string(),
    object: z.literal('checkout'),
    status: z.enum(checkoutStatuses),
    acp_status: z.enum(Object.values(acpStatuses)).meta({
      description: "The status in the Agentic Commerce Protocol's words, which say more of a payment under way.",
    }),
    amount_subtotal: minor,
    amount_total: minor.meta({ description: 'What is to be paid, in minor units.' }),
    total_details: z.object({
      amount_discount: minor,
      amount_shipping: minor,
      amount_tax: minor,
      amount_tip: minor,
    }),
    totals: z.array(total).meta({ description: 'subtotal − discount + fulfillment + tax + tip = total, exactly.' }),
    messages: z.array(message),
    line_items: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        quantity: z.int(),
        unit_amount: minor,
        description: nullableText,
        image_url: nullableText,
        reference: nullableText,
        tax_rate: nullableText,
        is_digital: z.boolean(),
        amount_discount: minor,
        amount_tax: minor,
        amount_total: minor,
        totals: z.array(total),
      }),
    ),
    buyer: z.object({ name: nullableText, email: nullableText, phone: nullableText }),
    canceled_at: z.int().nullable(),
    checkout_url: nullableText.meta({ description: 'The hosted page where it is paid.' }),
    completed_at: z.int().nullable(),
    created: z.int(),
    currency: z.string(),
    customer: nullableText,
    expires_at: z.int(),
    livemode: z.boolean(),
    locale: nullableText,
    metadata: z.record(z.string(), z.string()),
    order_notes: nullableText,
    participant: nullableText,
    payment_intent: nullableText,
    promotion_code: nullableText,
    requires: z.object({ name: z.boolean(), email: z.boolean(), phone: z.boolean(), shipping: z.boolean() }),
    return_url: nullableText,
    shipping_address: z
      .object({
        name: nullableText,
        line1: z.string(),
        line2: nullableText,
        city: z.string(),
        state: nullableText,
        postal_code: z.string(),
        country: z.string(),
      })
      .nullable(),
    shipping_option: nullableText,
    shipping_options: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        amount: minor,
        description: nullableText,
        countries: z.array(z.string()).nullable(),
        tax_rate: nullableText,
        is_available: z.boolean().meta({ description: 'It goes to the shipping address, as far as that is known.' }),
      }),
    ),
    tax_behavior: z.enum(['inclusive', 'exclusive']),
    thread: nullableText,
    tip: z.object({ max: minor.nullable(), suggested: z.array(minor), amount: minor }),
    updated: z.int(),
  })
  .meta({ id: 'Checkout' })
export type CheckoutView = z.output<typeof checkoutSchema>
export const checkoutList = listOf(checkoutSchema)

const big = z.union([z.int(), z.bigint()]).transform(BigInt)
const messageStored = z.object({
  type: z.enum(['info', 'warning', 'error']),
  code: z.string().optional(),
  content: z.string(),
  param: z.string().optional(),
  resolution: z.string().optional(),
})
const storedQuote = z.object({
  lines: z.array(z.object({ amount: big, discount: big, tax: big, total: big })),
  base: big,
  discount: big,
  shipping: big,
  tax: big,
  taxBehavior: z.enum(['inclusive', 'exclusive']),
  taxes: z.array(z.object({ rate: z.string(), amount: big })),
  tip: big,
  total: big,
  parts: z.object({ goods: big, shipping: big, tax: big, tip: big }),
  messages: z.array(messageStored),
})

/** The quote of a stored one: its numbers are whole and far below 2^53 (a total is at most 99999999). */
export const readQuote = (stored: Record<string, unknown>): Quote => storedQuote.parse(stored) as Quote
