import { z } from 'zod'
import { amountSchema } from '#payments/schemas.ts'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { refundStatuses } from './refund-machine.ts'

const expand = z
  .array(z.enum(['payment_intent', 'charge']))
  .max(5)
  .optional()
const emptyableMetadata = z.union([metadataSchema, z.literal('')])

export const createRefundBody = z.strictObject({
  payment_intent: idSchema('paymentIntent').optional(),
  charge: idSchema('charge').optional().meta({ description: 'Instead of payment_intent.' }),
  amount: amountSchema.optional().meta({ description: 'Minor units. Default: everything not refunded yet.' }),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  refund_application_fee: z.boolean().optional().meta({
    description: 'Gives back the platform’s fee as well, in the proportion of the refund.',
  }),
  reverse_transfer: z.boolean().optional().meta({
    description: 'Of a payment with transfer_data: takes the same proportion back from the destination.',
  }),
  metadata: emptyableMetadata.optional(),
  expand,
})
export type CreateRefund = z.output<typeof createRefundBody>

export const updateRefundBody = z.strictObject({ metadata: emptyableMetadata.optional(), expand })
export const retrieveRefundQuery = z.strictObject({ expand })
export const cancelRefundBody = z.strictObject({ expand })
export const refundParams = z.strictObject({ id: z.string().max(64) })
export const listRefundsQuery = listQuery.extend({
  payment_intent: idSchema('paymentIntent').optional(),
  charge: idSchema('charge').optional(),
  expand: z
    .array(z.enum(['data.payment_intent', 'data.charge']))
    .max(5)
    .optional(),
})

export const refundSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('refund'),
    amount: z.int(),
    charge: z.unknown(),
    created: z.int(),
    currency: z.string(),
    failure_reason: z.string().optional(),
    metadata: z.record(z.string(), z.string()),
    payment_intent: z.unknown(),
    reason: z.string().nullable(),
    status: z.enum(refundStatuses),
    thread: z.string().nullable(),
  })
  .meta({ id: 'Refund' })
export const refundList = listOf(refundSchema)
