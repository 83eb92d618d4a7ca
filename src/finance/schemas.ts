import { z } from 'zod'
import { isCurrency } from '#kernel/currencies.ts'
import { listOf, listQuery } from '#platform/listing.ts'
import { mappingTargets } from './mapping.ts'
import { isMonth, type Month } from './month.ts'

const line = (max: number, description: string) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters')
    .meta({ description })
const currency = z
  .string()
  .max(3)
  .toLowerCase()
  .refine(isCurrency, { message: 'must be an ISO 4217 code that is in use, for example eur' })
  .meta({ example: 'eur' })
const moment = z.union([z.int().min(0).max(4_102_444_800), z.iso.date()])
const month = z
  .string()
  .refine((text): text is Month => isMonth(text), { message: 'must be a month, for example 2026-10' })
  .meta({ description: 'A month of UTC.', example: '2026-10' })
const accountCode = z.string().max(4).meta({ description: 'Code in the chart of accounts.', example: '1010' })
const accountType = z.enum(['asset', 'liability', 'equity', 'revenue', 'expense', 'memo'])
const attachment = line(500, 'Where the voucher is: a URL or a document number, never the document.').optional()
const reason = (description: string) => line(500, description)

export const proposalKinds = ['adjustment', 'reversal', 'period_close', 'period_reopen'] as const
export const proposalStatuses = ['proposed', 'approved', 'rejected'] as const

export const adjustmentBody = z.strictObject({
  description: line(500, 'What the ledger will say of it. Never a person’s name: the ledger cannot forget.'),
  reason: reason('Why it is needed, for who approves it.'),
  attachment,
  effective_at: moment
    .optional()
    .meta({ description: 'Unix seconds, or a day (UTC) as 2026-10-31. Default: now.', example: '2026-10-31' }),
  entries: z
    .array(
      z.strictObject({
        account: accountCode,
        currency,
        amount: z.int().meta({ description: 'Minor units, debit positive, credit negative.' }),
        holder: line(200, 'Whose wallet or hold it is (2020, 2030, 2031, 2032).').optional(),
      }),
    )
    .max(200)
    .meta({ description: 'At least two; they add up to zero in every currency.' }),
})
export type AdjustmentBody = z.output<typeof adjustmentBody>

export const reversalBody = z.strictObject({
  reason: reason('Why it is taken back.'),
  attachment,
  effective_at: moment.optional().meta({ description: 'Unix seconds, or a day (UTC). Default: now.' }),
})
export type ReversalBody = z.output<typeof reversalBody>

export const closeBody = z.strictObject({ reason: reason('For the record.').optional() })
export const reopenBody = z.strictObject({ reason: reason('Why a closed month has to be opened again.') })
export const rejectBody = z.strictObject({ reason: reason('Why not.').optional() })
export const idParams = z.strictObject({ id: z.string().max(64) })
export const monthParams = z.strictObject({ month })

const checklist = z.array(
  z.object({
    name: z.string().meta({ example: 'suspense' }),
    ok: z.boolean(),
    detail: z.string(),
    blocking: z.boolean().meta({ description: 'Whether the month cannot be closed while this is not ok.' }),
  }),
)

export const proposalSchema = z
  .object({
    id: z.string(),
    object: z.literal('ledger_proposal'),
    kind: z.enum(proposalKinds),
    status: z.enum(proposalStatuses),
    description: z.string().nullable(),
    entries: z
      .array(z.object({ account: z.string(), currency: z.string(), amount: z.int(), holder: z.string().nullable() }))
      .nullable()
      .meta({ description: 'Of an adjustment; debit positive.' }),
    effective_at: z.int().nullable(),
    reverses: z.string().nullable().meta({ description: 'The ledger transaction that a reversal takes back.' }),
    period: z.string().nullable().meta({ description: 'The month to close or to reopen.' }),
    checklist: checklist.nullable().meta({ description: 'As it was when the closing was proposed.' }),
    reason: z.string(),
    attachment: z.string().nullable(),
    proposed_by: z.string().meta({ description: 'API key.' }),
    decided_by: z.string().nullable().meta({ description: 'API key: another one, unless four eyes are turned off.' }),
    decision_reason: z.string().nullable(),
    transaction: z.string().nullable().meta({ description: 'What was booked, once approved.' }),
    created: z.int(),
    decided_at: z.int().nullable(),
  })
  .meta({ id: 'LedgerProposal' })
export const proposalList = listOf(proposalSchema)
export const proposalListQuery = listQuery.omit({ expand: true }).extend({
  status: z.enum(proposalStatuses).optional(),
  kind: z.enum(proposalKinds).optional(),
})
export type ProposalListQuery = z.output<typeof proposalListQuery>

const asOfSeq = z.int().nullable().meta({ description: 'Seals up to here are in the trial balance.' })
const sha256 = z
  .string()
  .nullable()
  .meta({ description: 'SHA-256 of the trial balance at the end of the month, hexadecimal.' })

export const periodSchema = z
  .object({
    object: z.literal('ledger_period'),
    month: z.string().meta({ example: '2026-10' }),
    status: z
      .enum(['open', 'closing', 'closed'])
      .meta({ description: '`closing` takes no entries any more and is closed when those under way are sealed.' }),
    checklist: checklist.nullable().meta({ description: 'Of the earliest open month, which is the next to close.' }),
    as_of_seq: asOfSeq,
    trial_balance_sha256: sha256,
    closed_at: z.int().nullable(),
    closed_by: z.string().nullable().meta({ description: 'API key that proposed it.' }),
    approved_by: z.string().nullable(),
    history: z
      .array(
        z.object({
          action: z.enum(['closing', 'closed', 'reopened']),
          at: z.int(),
          reason: z.string(),
          proposal: z.string(),
          proposed_by: z.string(),
          approved_by: z.string().nullable(),
          as_of_seq: asOfSeq,
          trial_balance_sha256: sha256,
        }),
      )
      .meta({ description: 'Every closing and reopening, the oldest first.' }),
  })
  .meta({ id: 'LedgerPeriod' })
export const periodList = listOf(periodSchema)

export const booksBody = z.strictObject({ base_currency: currency })
export const booksSchema = z
  .object({
    object: z.literal('ledger_books'),
    base_currency: z.string().meta({ description: 'Every entry also says its value in it.' }),
    is_fixed: z
      .boolean()
      .meta({ description: 'Whether it can no longer change: something is booked, or a rate is there.' }),
    four_eyes: z
      .boolean()
      .meta({ description: 'Whether a second API key has to approve what changes the books by hand.' }),
  })
  .meta({ id: 'LedgerBooks' })

export const rateBody = z.strictObject({
  currency,
  rate: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,12})?$/, 'must be a decimal of at most 12 digits on either side of the point')
    .regex(/[1-9]/, 'must be more than zero')
    .meta({ description: 'Units of the base currency for one unit of `currency`.', example: '0.0062' }),
  effective_on: z.iso
    .date()
    .meta({ description: 'From this day (UTC) on, until a later rate.', example: '2026-10-01' }),
  source: line(200, 'Where it is from.').optional(),
})
export type RateBody = z.output<typeof rateBody>
export const rateSchema = z
  .object({
    id: z.string(),
    object: z.literal('exchange_rate'),
    currency: z.string(),
    base_currency: z.string(),
    rate: z.string(),
    effective_on: z.string(),
    source: z.string().nullable(),
    created: z.int(),
  })
  .meta({ id: 'ExchangeRate' })
export const rateList = listOf(rateSchema)
export const rateListQuery = listQuery.omit({ expand: true }).extend({ currency: currency.optional() })
export type RateListQuery = z.output<typeof rateListQuery>

const target = z
  .enum(mappingTargets)
  .default('')
  .meta({ description: 'The tool that the names are for; empty is for all of them.' })
export const chartQuery = z.strictObject({ target })
export const chartBody = z.strictObject({
  target,
  accounts: z
    .record(
      z.string().max(4),
      z.union([
        z.strictObject({
          code: line(60, 'Code there.'),
          name: line(200, 'Name there.'),
        }),
        z.null(),
        z.literal(''),
      ]),
    )
    .meta({ description: 'By code of the chart; null (in a form: an empty value) takes your own name away.' }),
})
export type ChartBody = z.output<typeof chartBody>
export const chartAccountSchema = z
  .object({
    object: z.literal('ledger_chart_account'),
    code: z.string(),
    name: z.string(),
    type: accountType,
    normal_side: z.enum(['debit', 'credit']),
    own_code: z.string().meta({ description: 'What exports for the target call it.' }),
    own_name: z.string(),
    is_default: z.boolean().meta({ description: 'Whether nobody gave it a name of your own.' }),
  })
  .meta({ id: 'LedgerChartAccount' })
export const chartList = listOf(chartAccountSchema)

/** Proposals as they are kept. */
const keptEntry = z.strictObject({
  account: z.string(),
  currency: z.string(),
  amount: z.string(),
  holder: z.string().nullable(),
})
export const proposalContent = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('adjustment'),
    description: z.string(),
    effectiveAt: z.string(),
    entries: z.array(keptEntry),
  }),
  z.strictObject({ kind: z.literal('reversal'), transactionId: z.string(), effectiveAt: z.string() }),
  z.strictObject({ kind: z.literal('period_close'), month, checklist }),
  z.strictObject({ kind: z.literal('period_reopen'), month }),
])
