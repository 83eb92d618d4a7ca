import { z } from 'zod'
import { isCurrency } from '#kernel/currencies.ts'
import { idSchema, listOf, listQuery } from '#platform/listing.ts'

export const currency = z
  .string()
  .max(3)
  .toLowerCase()
  .refine(isCurrency, { message: 'must be an ISO 4217 code that is in use, for example eur' })
  .meta({ description: 'Only this currency.', example: 'eur' })
export const account = z
  .string()
  .max(64)
  .regex(/^(lac_[0-9a-z]+|\d{4})$/, 'must be an account id (lac_…) or a four-digit account code')
  .meta({ description: 'Only this account: its id, or its code for the account of every currency.', example: '1110' })
export const seconds = z.int().min(0).max(4_102_444_800)
export const asOf = seconds.meta({
  description: 'Unix seconds: only what took effect up to and including this second. Without it everything booked.',
})
export const minorUnits = (description: string) => z.int().meta({ description })

export const holder = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'Only accounts of this holder: the user of a wallet, the packet, bill or transfer of a hold.' })
export const asOfSeq = z.int().min(0).meta({
  description:
    'Only what is sealed up to this number (`GET /v1/ledger/seals/head`): the same question gets the same answer for ever.',
})
export const point = { as_of: asOf.optional(), as_of_seq: asOfSeq.optional() }
const asked = {
  as_of: z.int().nullable().meta({ description: 'The moment that was asked for; null for everything booked.' }),
  as_of_seq: z.int().nullable().meta({ description: 'The seal that was asked for; null for everything booked.' }),
}

export const turnover = {
  debit: minorUnits('Sum of all debits, minor units.'),
  credit: minorUnits('Sum of all credits, minor units.'),
  balance: minorUnits('Debit less credit, minor units: what revenue has earned shows as negative.'),
  base_balance: minorUnits('The balance in the base currency, valued entry by entry when it was booked.'),
}
export const baseCurrency = z.string().meta({ description: 'Currency in which the books as a whole add up.' })
const seq = z.int().nullable().meta({ description: 'Number in the order of the ledger; null until it is sealed.' })
export const accountType = z.enum(['asset', 'liability', 'equity', 'revenue', 'expense', 'memo'])

export const idParams = z.strictObject({ id: z.string().max(64) })

export const accountSchema = z
  .object({
    id: z.string(),
    object: z.literal('ledger_account'),
    code: z.string().meta({ description: 'Code in the chart of accounts.' }),
    name: z.string(),
    type: accountType,
    normal_side: z.enum(['debit', 'credit']).meta({ description: 'Side on which an account of this type stands.' }),
    currency: z.string(),
    holder: z.string().meta({ description: 'Whose wallet or hold it is; empty for all other accounts.' }),
    ...turnover,
    base_currency: baseCurrency,
    ...asked,
    created: z.int(),
  })
  .meta({ id: 'LedgerAccount' })
export type Account = z.output<typeof accountSchema>

export const accountList = listOf(accountSchema)
export const accountQuery = z.strictObject(point)
export const accountListQuery = listQuery.extend({ currency: currency.optional(), holder: holder.optional(), ...point })

const moments = {
  effective_at: z
    .int()
    .meta({ description: 'When it happened at the provider, or the first moment of the open period.' }),
  original_effective_at: z
    .int()
    .nullable()
    .meta({ description: 'When it happened, where that lies in a period that was closed already.' }),
  value_at: z.int().nullable().meta({ description: 'When the provider makes the money available.' }),
}

export const entrySchema = z
  .object({
    id: z.string(),
    object: z.literal('ledger_entry'),
    transaction: z.string(),
    line: z.int().meta({ description: 'Place in its transaction, from 1.' }),
    seq,
    account: z.string(),
    account_code: z.string(),
    account_name: z.string(),
    holder: z.string(),
    currency: z.string(),
    amount: minorUnits('Minor units, debit positive, credit negative.'),
    base_currency: baseCurrency,
    base_amount: minorUnits('Its value in the base currency when it was booked; 0 when no rate was known.'),
    kind: z.string(),
    payment_intent: z.string().nullable(),
    ...moments,
    created: z.int().meta({ description: 'When it was booked.' }),
  })
  .meta({ id: 'LedgerEntry' })
export type Entry = z.output<typeof entrySchema>

export const entryList = listOf(entrySchema)
export const entryListQuery = listQuery.omit({ created: true, expand: true }).extend({
  account: account.optional(),
  holder: holder.optional(),
  currency: currency.optional(),
  payment_intent: idSchema('paymentIntent').optional(),
  transaction: idSchema('ledgerTransaction').optional(),
})

export const transactionSchema = z
  .object({
    id: z.string(),
    object: z.literal('ledger_transaction'),
    seq,
    kind: z.string().meta({ description: 'auth, auth_release, capture, fee, refund, refund_failure, reversal …' }),
    description: z.string(),
    event_key: z.string().meta({ description: 'The business event: booked once, however often it is heard of.' }),
    payment_intent: z.string().nullable(),
    refund: z.string().nullable(),
    thread: z.string().nullable(),
    reverses: z.string().nullable().meta({ description: 'The transaction that this one takes back.' }),
    refs: z.record(z.string(), z.string()).meta({ description: 'What it is called elsewhere: provider, object …' }),
    base_currency: baseCurrency,
    entries: z.array(entrySchema).meta({ description: 'Add up to zero in every currency.' }),
    ...moments,
    created: z.int().meta({ description: 'When it was booked.' }),
  })
  .meta({ id: 'LedgerTransaction' })
export type LedgerTransaction = z.output<typeof transactionSchema>

export const transactionList = listOf(transactionSchema)
export const transactionListQuery = listQuery.extend({
  payment_intent: idSchema('paymentIntent').optional(),
  kind: z.string().min(1).max(50).optional().meta({ description: 'Only this kind of event, for example capture.' }),
})

export type AccountListQuery = z.output<typeof accountListQuery>
export type EntryListQuery = z.output<typeof entryListQuery>
export type TransactionListQuery = z.output<typeof transactionListQuery>
export type AccountQuery = z.output<typeof accountQuery>
