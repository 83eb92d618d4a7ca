import { z } from 'zod'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'

const noExpand = z.array(z.never()).optional()
const amount = z.int()

const funds = z.object({ amount, currency: z.string() })

export const balanceSchema = z
  .object({
    object: z.literal('balance'),
    available: z.array(funds).meta({ description: 'What can be paid out; below zero when refunds exceeded it.' }),
    livemode: z.boolean(),
    pending: z.array(funds).meta({ description: 'Captured, and not available yet.' }),
    reserved: z.array(funds).meta({ description: 'Held back by the provider.' }),
    in_transit: z.array(funds).meta({ description: 'On its way to the bank.' }),
  })
  .meta({ id: 'Balance', description: 'What your providers hold for you, from your own books.' })
export type BalanceObject = z.output<typeof balanceSchema>

const nullableText = z.string().nullable()

export const balanceTransactionSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('balance_transaction'),
    amount,
    available_on: z.int(),
    balance_type: z.literal('payments'),
    created: z.int(),
    currency: z.string(),
    description: nullableText,
    exchange_rate: z.number().nullable(),
    fee: z.int(),
    fee_details: z.array(
      z.object({
        amount,
        application: nullableText,
        currency: z.string(),
        description: nullableText,
        type: z.string(),
      }),
    ),
    net: z.int(),
    reporting_category: z.string().meta({ description: "The provider's word for what it is." }),
    source: nullableText.meta({
      description: 'Your charge, refund, dispute or payout that it comes from, where it is known.',
    }),
    status: z.enum(['available', 'pending']),
    type: z.string(),
    payment_intent: nullableText,
    payout: nullableText.meta({ description: 'The payout that took it.' }),
    provider: z.string(),
    provider_balance_transaction: z.string().meta({ description: "The provider's own id." }),
    identified: z.boolean().meta({
      description:
        'False while nobody knows what it comes from, or when it is booked as an unidentified receipt (2090).',
    }),
  })
  .meta({ id: 'BalanceTransaction' })
export type BalanceTransaction = z.output<typeof balanceTransactionSchema>
export const balanceTransactionList = listOf(balanceTransactionSchema)

export const listBalanceTransactionsQuery = listQuery.extend({
  currency: z
    .string()
    .regex(/^[a-z]{3}$/i)
    .optional(),
  payout: idSchema('payout').optional().meta({ description: 'Only what this payout took, its own entry among it.' }),
  source: z
    .string()
    .max(64)
    .optional()
    .meta({ description: 'Only what comes from this charge, refund, dispute or payout.' }),
  type: z.string().max(100).optional(),
  expand: noExpand,
})
export type ListBalanceTransactions = z.output<typeof listBalanceTransactionsQuery>

const statuses = ['pending', 'in_transit', 'paid', 'failed', 'canceled'] as const

export const payoutSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('payout'),
    amount: amount.meta({ description: 'Your part of it.' }),
    application_fee: z.null(),
    application_fee_amount: z.null(),
    arrival_date: z.int(),
    automatic: z.boolean(),
    balance_transaction: nullableText,
    created: z.int(),
    currency: z.string(),
    description: nullableText,
    destination: z.null(),
    failure_balance_transaction: nullableText,
    failure_code: nullableText,
    failure_message: nullableText,
    livemode: z.boolean(),
    metadata: z.record(z.string(), z.string()),
    method: z.enum(['standard', 'instant']),
    original_payout: z.null(),
    payout_method: z.null(),
    reconciliation_status: z.enum(['completed', 'in_progress', 'not_applicable']),
    reversed_by: z.null(),
    source_type: z.string(),
    statement_descriptor: nullableText,
    status: z.enum(statuses),
    trace_id: z.object({ status: z.string(), value: nullableText }).nullable(),
    type: z.literal('bank_account'),
    provider: z.string(),
    provider_payout: z.string().meta({ description: "The provider's own id." }),
    provider_amount: amount.meta({ description: 'The whole payout, where the account serves several merchants.' }),
    connection: nullableText,
    composition: z.enum(['pending', 'complete', 'partial', 'unavailable']).meta({
      description:
        'Whether its entries are known: not yet, and they add up; they do not add up; the provider does not tell (made by hand).',
    }),
    composed_amount: z.int().nullable().meta({ description: 'What the entries of the whole payout add up to.' }),
    confirmed_by: z.enum(['provider', 'bank']).nullable().meta({ description: 'Who said that it is at the bank.' }),
    bank_reference: nullableText,
    received_at: z.int().nullable(),
  })
  .meta({ id: 'Payout' })
export type Payout = z.output<typeof payoutSchema>
export const payoutList = listOf(payoutSchema)

export const listPayoutsQuery = listQuery.extend({ status: z.enum(statuses).optional(), expand: noExpand })
export type ListPayouts = z.output<typeof listPayoutsQuery>
export const idParams = z.strictObject({ id: z.string().max(64) })
export const retrieveQuery = z.strictObject({ expand: noExpand })

export const confirmPayoutBody = z.strictObject({
  bank_reference: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .meta({ description: 'How the bank statement calls it: its own reference of the line.' }),
  received_at: z
    .int()
    .min(946_684_800)
    .max(4_102_444_800)
    .meta({ description: 'Unix seconds of the day of the line.' }),
})
export type ConfirmPayout = z.output<typeof confirmPayoutBody>
