import { z } from 'zod'
import { amountMax } from '#payments/option-schemas.ts'
import { amountSchema, currencySchema } from '#payments/schemas.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { participantReference, threadReference } from '#threads/schemas.ts'

export const billStatuses = ['open', 'paid', 'closed', 'canceled', 'expired'] as const
export const shareStatuses = ['open', 'paid', 'refunded', 'canceled'] as const
const splits = ['equal', 'shares', 'items'] as const

const title = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'What the bill is for; payers see it.', example: 'Dinner' })
const expiresIn = z.int().min(60).max(31_536_000).optional().meta({ description: 'Seconds from now.' })
const expiresAt = z.int().min(0).max(4_102_444_800).optional().meta({ description: 'Unix seconds.' })
const partOfTotal = z.int('must be a whole number of minor units').min(0).max(amountMax)
const emptyableMetadata = z.union([metadataSchema, z.literal('')])

const itemInput = z.strictObject({
  name: z.string().min(1).max(200),
  quantity: z.int().min(1).max(9_999).default(1),
  unit_amount: z.int().min(0).max(amountMax).meta({ description: 'Minor units for one.' }),
  for: z.array(z.string().min(1).max(255)).min(1).max(50).optional().meta({
    description: 'Who shares this line: ids or external ids of the participants. Default: all of them.',
  }),
})

const participantInput = z.strictObject({
  participant: participantReference,
  weight: z.int().min(1).max(1_000_000).optional().meta({ description: 'How many parts; for split=shares only.' }),
})

export const createBillBody = z.strictObject({
  thread: threadReference,
  title,
  currency: currencySchema,
  amount: amountSchema
    .optional()
    .meta({ description: 'The whole bill in minor units, tax and tip included. Left out where items say it.' }),
  items: z.array(itemInput).min(1).max(100).optional(),
  tax: partOfTotal.default(0).meta({ description: 'Part of `amount`; with items it comes on top of them.' }),
  tip: partOfTotal.default(0).meta({ description: 'Part of `amount`; with items it comes on top of them.' }),
  split: z.enum(splits).default('equal'),
  participants: z.array(participantInput).min(1).max(50),
  organizer: participantReference.optional().meta({ description: 'Who may be asked to pay the rest.' }),
  expires_in: expiresIn,
  expires_at: expiresAt,
  metadata: emptyableMetadata.optional(),
})
export type CreateBill = z.output<typeof createBillBody>

export const updateBillBody = z.strictObject({
  title: title.optional(),
  expires_in: expiresIn,
  expires_at: expiresAt,
  metadata: emptyableMetadata.optional(),
})
export type UpdateBill = z.output<typeof updateBillBody>

export const closeBillBody = z.strictObject({
  organizer_pays_rest: z.boolean().default(false).meta({
    description: 'The organizer gets one payment for all that is not paid; the bill stays open for it.',
  }),
})
export type CloseBill = z.output<typeof closeBillBody>

const reason = z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional()
export const cancelBillBody = z.strictObject({ reason })
export const refundBillBody = z.strictObject({
  amount: amountSchema.optional().meta({ description: 'Minor units. Default: everything not refunded yet.' }),
  reason,
})
export type RefundBill = z.output<typeof refundBillBody>

export const billParams = z.strictObject({ id: z.string().max(64) })
export const listBillsQuery = listQuery.extend({
  thread: idSchema('thread').optional(),
  status: z.enum(billStatuses).optional(),
})
export type ListBills = z.output<typeof listBillsQuery>

const shareSchema = z
  .object({
    id: z.string(),
    object: z.literal('bill.share'),
    amount: z.int().meta({ description: 'Minor units.' }),
    amount_paid: z.int(),
    amount_refunded: z.int(),
    checkout_url: z.string().nullable().meta({ description: 'Where the payer pays; null once nothing is asked.' }),
    is_rest: z.boolean().meta({ description: 'The rest of the bill, taken over by the organizer.' }),
    name: z.string().nullable().meta({ description: 'The participant’s name, if known.' }),
    participant: z.string(),
    payment_intent: z.string(),
    refunds: z.array(z.string()).meta({ description: 'Refunds that were made for the bill.' }),
    status: z.enum(shareStatuses),
    tax: z.int(),
    tip: z.int(),
    weight: z.int().nullable(),
  })
  .meta({ id: 'BillShare' })

const itemSchema = z.object({
  name: z.string(),
  quantity: z.int(),
  unit_amount: z.int(),
  for: z.array(z.string()).meta({ description: 'Ids of participants.' }),
})

export const billSchema = z
  .object({
    id: z.string(),
    object: z.literal('bill'),
    amount: z.int().meta({ description: 'The whole bill in minor units, tax and tip included.' }),
    amount_paid: z.int().meta({ description: 'Of shares that count; late payments that go back are not in it.' }),
    amount_refunded: z.int(),
    amount_remaining: z.int().meta({ description: 'What open shares still ask for.' }),
    closed_at: z.int().nullable(),
    created: z.int(),
    currency: z.string(),
    expires_at: z.int().nullable(),
    items: z.array(itemSchema),
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    organizer: z.string().nullable(),
    shares: z.array(shareSchema),
    split: z.enum(splits),
    status: z.enum(billStatuses),
    tax: z.int(),
    thread: z.string(),
    tip: z.int(),
    title: z.string(),
  })
  .meta({ id: 'Bill' })
export type Bill = z.output<typeof billSchema>

export const billList = listOf(billSchema)
