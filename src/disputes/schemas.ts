import { z } from 'zod'
import { idSchema, listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { disputeStates } from './dispute-machine.ts'
import { evidenceFields, evidenceTextMax, isFileField } from './evidence.ts'

const evidence = z
  .strictObject(
    Object.fromEntries(
      evidenceFields.map((field) => [
        field,
        isFileField(field)
          ? z.union([idSchema('file'), z.literal('')]).optional()
          : z.string().max(evidenceTextMax).optional(),
      ]),
    ) as Record<(typeof evidenceFields)[number], z.ZodOptional<z.ZodString>>,
  )
  .meta({ description: 'Texts, and ids of uploaded files. An empty text clears a field.' })

export const updateDisputeBody = z.strictObject({
  evidence: evidence.optional(),
  submit: z
    .boolean()
    .optional()
    .meta({ description: 'false keeps the evidence for later. Default: what is sent is submitted, once and for all.' }),
  metadata: z.union([metadataSchema, z.literal('')]).optional(),
})
export type UpdateDispute = z.output<typeof updateDisputeBody>

export const disputeParams = z.strictObject({ id: z.string().max(64) })
export const listDisputesQuery = listQuery.omit({ expand: true }).extend({
  payment_intent: idSchema('paymentIntent').optional(),
  charge: idSchema('charge').optional(),
})

export const disputeSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('dispute'),
    amount: z.int(),
    balance_transactions: z.array(z.looseObject({ id: z.string(), amount: z.int(), fee: z.int() })),
    charge: z.string(),
    created: z.int(),
    currency: z.string(),
    evidence: z.record(z.string(), z.unknown()),
    evidence_details: z.looseObject({
      due_by: z.int().nullable().meta({ description: 'Until when evidence can be submitted, in Unix seconds.' }),
      has_evidence: z.boolean(),
      past_due: z.boolean(),
      submission_count: z.int(),
    }),
    is_charge_refundable: z.boolean().meta({ description: 'Whether a refund may still settle it; true of inquiries.' }),
    metadata: z.record(z.string(), z.string()),
    payment_intent: z.string(),
    reason: z.string(),
    settled: z.boolean().meta({ description: 'Nothing of its money is open any more.' }),
    statement: z.string().nullable().meta({ description: 'What the payer wrote, where the provider shows it.' }),
    status: z.enum(disputeStates),
    thread: z.string().nullable(),
  })
  .meta({ id: 'Dispute' })
export const disputeList = listOf(disputeSchema)

export const uploadBody = z.strictObject({
  purpose: z.literal('dispute_evidence'),
  dispute: idSchema('dispute')
    .optional()
    .meta({ description: 'The dispute it is for. Default: the newest one that is open.' }),
})

export const fileSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('file'),
    created: z.int(),
    filename: z.string(),
    purpose: z.literal('dispute_evidence'),
    size: z.int().meta({ description: 'Bytes.' }),
    type: z.enum(['pdf', 'jpg', 'png']),
  })
  .meta({ id: 'File' })
