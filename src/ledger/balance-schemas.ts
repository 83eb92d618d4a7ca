import { z } from 'zod'
import { idSchema } from '#platform/listing.ts'
import {
  account,
  accountType,
  asOfSeq,
  baseCurrency,
  currency,
  holder,
  minorUnits,
  point,
  seconds,
  turnover,
} from './schemas.ts'

/** Both ends of a span belong to it: a second, or a day of UTC. */
const bound = (description: string) =>
  z.union([seconds, z.iso.date()]).meta({ description: `${description} Unix seconds, or a day (UTC) as 2026-11-30.` })
const from = bound('Only what took effect then or later.')
const to = bound('Only what took effect up to and including this second or day.')
const day = z.union([z.int(), z.string()]).nullable()

const covers = {
  as_of_seq: z.int().meta({ description: 'Everything sealed up to here is in it.' }),
  unsealed: z
    .int()
    .meta({ description: 'How many transactions beyond that are in it too; 0 when as_of_seq was asked for.' }),
  base_currency: baseCurrency,
}

export const trialBalanceSchema = z
  .object({
    object: z.literal('trial_balance'),
    as_of: z.int().nullable(),
    ...covers,
    data: z.array(
      z.object({
        account: z.string(),
        code: z.string(),
        name: z.string(),
        type: accountType,
        currency: z.string(),
        holder: z.string(),
        ...turnover,
      }),
    ),
    totals: z
      .array(z.object({ currency: z.string(), debit: z.int(), credit: z.int(), balance: z.int() }))
      .meta({ description: 'One per currency; every balance is 0.' }),
  })
  .meta({ id: 'TrialBalance' })
export type TrialBalance = z.output<typeof trialBalanceSchema>

export const trialBalanceQuery = z.strictObject({ ...point, currency: currency.optional() })
export type TrialBalanceQuery = z.output<typeof trialBalanceQuery>

const statementLine = z.object({
  id: z.string().meta({ description: 'The entry.' }),
  transaction: z.string(),
  seq: z.int(),
  line: z.int(),
  kind: z.string(),
  description: z.string(),
  payment_intent: z.string().nullable(),
  effective_at: z.int(),
  value_at: z.int().nullable().meta({ description: 'Value date: when the provider makes the money available.' }),
  booked_at: z.int().meta({ description: 'Booking date.' }),
  amount: minorUnits('Minor units, debit positive, credit negative.'),
  base_amount: z.int(),
  balance: minorUnits('Of the account after this line, debit less credit.'),
  base_balance: z.int(),
})

export const statementSchema = z
  .object({
    object: z.literal('ledger_statement'),
    account: z.string(),
    code: z.string(),
    name: z.string(),
    normal_side: z.enum(['debit', 'credit']),
    currency: z.string(),
    holder: z.string(),
    base_currency: baseCurrency,
    from: day,
    to: day,
    as_of_seq: z.int().meta({ description: 'Send it with the next page, so that both are of the same books.' }),
    opening_balance: minorUnits('Before the first line of the span, debit less credit.'),
    opening_base_balance: z.int(),
    closing_balance: minorUnits('After the last line of the span.'),
    closing_base_balance: z.int(),
    data: z.array(statementLine).meta({ description: 'By effective_at, then seq.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'LedgerStatement' })
export type Statement = z.output<typeof statementSchema>

export const statementQuery = z.strictObject({
  account: account.meta({
    description: 'The account: its id, or its code (with currency and holder where it has several).',
  }),
  currency: currency.optional(),
  holder: holder.optional(),
  from: from.optional(),
  to: to.optional(),
  as_of_seq: asOfSeq.optional(),
  limit: z.int().min(1).max(100).default(100).meta({ description: 'How many lines, 1 to 100.' }),
  starting_after: idSchema('ledgerEntry').optional().meta({ description: 'Id of the last line of the page before.' }),
})
export type StatementQuery = z.output<typeof statementQuery>

const reportRow = z.object({
  code: z.string(),
  name: z.string(),
  currency: z.string(),
  amount: minorUnits('With the sign that is natural to its section: revenue earned and expenses made are positive.'),
  base_amount: z.int(),
})
const rows = z.array(reportRow)

const income = { revenue: z.int(), expenses: z.int(), result: z.int() }
export const incomeStatementSchema = z
  .object({
    object: z.literal('income_statement'),
    from: day,
    to: day,
    ...covers,
    revenue: rows,
    expenses: rows,
    totals: z.array(z.object({ currency: z.string(), ...income })),
    base_totals: z.object(income),
  })
  .meta({ id: 'IncomeStatement' })
export type IncomeStatement = z.output<typeof incomeStatementSchema>

export const incomeStatementQuery = z.strictObject({
  from: from.optional(),
  to: to.optional(),
  as_of_seq: asOfSeq.optional(),
})
export type IncomeStatementQuery = z.output<typeof incomeStatementQuery>

const sheet = { assets: z.int(), liabilities: z.int(), equity: z.int(), result: z.int() }
export const balanceSheetSchema = z
  .object({
    object: z.literal('balance_sheet'),
    as_of: day,
    ...covers,
    assets: rows,
    liabilities: rows,
    equity: rows,
    totals: z.array(z.object({ currency: z.string(), ...sheet })).meta({
      description: 'assets = liabilities + equity + result, in every currency. `result` is revenue less expenses.',
    }),
    base_totals: z.object(sheet),
  })
  .meta({ id: 'BalanceSheet' })
export type BalanceSheet = z.output<typeof balanceSheetSchema>

export const balanceSheetQuery = z.strictObject({
  as_of: bound(
    'Only what took effect up to and including this second or day. Without it everything booked.',
  ).optional(),
  as_of_seq: asOfSeq.optional(),
})
export type BalanceSheetQuery = z.output<typeof balanceSheetQuery>
