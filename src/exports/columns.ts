import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { type IdKind, showId } from '#kernel/ids.ts'
import { toDecimalString } from '#kernel/money.ts'
import { reportingCategories } from '#ledger/kinds.ts'
import type { ExportContext } from './format.ts'
import type { JournalAccount, JournalLine, JournalTransaction } from './journal.ts'

/**
 * The columns of a journal line, the same and in the same order in CSV, JSON Lines, Parquet and XLSX.
 * `id`, `date` (2026-11-30), `moment` (RFC 3339, UTC), `integer` and `decimal` have a form that nothing misreads;
 * `text` and `json` hold what people wrote.
 */
export interface JournalColumn {
  readonly name: string
  readonly type: 'text' | 'id' | 'date' | 'moment' | 'integer' | 'decimal' | 'json'
  /** Null where the line has no such value. Decimals have a point and exactly the digits of their currency. */
  readonly value: (line: JournalLine, context: ExportContext) => string | null
}

export const journalColumns: readonly JournalColumn[] = [
  { name: 'seq', type: 'integer', value: ({ transaction }) => String(transaction.seq) },
  { name: 'journal_id', type: 'id', value: ({ transaction }) => showId('ledgerTransaction', transaction.id) },
  { name: 'line', type: 'integer', value: ({ line }) => String(line) },
  { name: 'effective_date', type: 'date', value: ({ transaction }) => transaction.effectiveOn },
  { name: 'posted_at', type: 'moment', value: ({ transaction }) => transaction.postedAt },
  { name: 'value_date', type: 'date', value: ({ transaction }) => transaction.valueOn },
  { name: 'kind', type: 'text', value: ({ transaction }) => transaction.kind },
  { name: 'account_code', type: 'id', value: ({ account }) => account.code },
  { name: 'account_name', type: 'text', value: ({ account }) => account.name },
  { name: 'account_id', type: 'id', value: ({ account }) => showId('ledgerAccount', account.id) },
  { name: 'currency', type: 'id', value: ({ account }) => account.currency },
  { name: 'exponent', type: 'integer', value: ({ account }) => String(exponentOf(account.currency)) },
  { name: 'debit', type: 'decimal', value: (line) => (line.amount > 0n ? decimal(line.amount, line.account) : null) },
  { name: 'credit', type: 'decimal', value: (line) => (line.amount < 0n ? decimal(-line.amount, line.account) : null) },
  { name: 'amount_signed', type: 'decimal', value: (line) => decimal(line.amount, line.account) },
  { name: 'amount_minor', type: 'integer', value: ({ digits }) => digits },
  { name: 'base_currency', type: 'id', value: ({ transaction }) => transaction.baseCurrency },
  { name: 'base_amount_minor', type: 'integer', value: ({ baseDigits }) => baseDigits },
  { name: 'fx_rate', type: 'decimal', value: (line) => rateOf(line) },
  { name: 'description', type: 'text', value: ({ transaction }) => transaction.description },
  { name: 'thread_id', type: 'id', value: ({ transaction: { threadId } }) => threadId && showThread(threadId) },
  { name: 'message_id', type: 'text', value: ({ transaction }) => transaction.refs.message ?? null },
  { name: 'order_id', type: 'text', value: ({ transaction }) => transaction.refs.order ?? null },
  { name: 'merchant_id', type: 'id', value: (_line, { merchant }) => showMerchant(merchant) },
  { name: 'user_id', type: 'text', value: ({ transaction }) => transaction.refs.customer ?? null },
  { name: 'provider', type: 'text', value: ({ transaction }) => transaction.refs.provider ?? null },
  { name: 'provider_object_id', type: 'text', value: ({ transaction }) => transaction.refs.object ?? null },
  {
    name: 'provider_balance_transaction_id',
    type: 'text',
    value: ({ transaction }) => transaction.refs.balance_transaction ?? null,
  },
  { name: 'payout_id', type: 'text', value: ({ transaction }) => transaction.refs.payout ?? null },
  { name: 'reporting_category', type: 'text', value: ({ transaction }) => categories[transaction.kind] ?? null },
  {
    name: 'reverses_journal_id',
    type: 'id',
    value: ({ transaction: { reversesId } }) => reversesId && showId('ledgerTransaction', reversesId),
  },
  { name: 'period', type: 'id', value: ({ transaction }) => transaction.effectiveOn.slice(0, 7) },
  { name: 'chain_hash', type: 'id', value: ({ transaction }) => transaction.hash },
  { name: 'metadata', type: 'json', value: ({ transaction, account }) => metadataOf(transaction, account) },
]

/** The same on every line: made once. */
const merchantIds = new WeakMap<ExportContext['merchant'], string>()
const showMerchant = (merchant: ExportContext['merchant']): string => {
  const known = merchantIds.get(merchant) ?? showId('merchant', merchant.id)
  merchantIds.set(merchant, known)
  return known
}

/** Transactions of one payment mostly follow one another: what they share is made once for them. */
const remembering = (kind: IdKind): ((uuid: string) => string) => {
  let known = ''
  let shown = ''
  return (uuid) => {
    if (uuid !== known) {
      shown = showId(kind, uuid)
      known = uuid
    }
    return shown
  }
}
const showThread = remembering('thread')
const showIntent = remembering('paymentIntent')

const categories: Readonly<Record<string, string | null>> = reportingCategories

/** What has no column of its own, as JSON; `mark` stands for each quotation mark, where those of a file are doubled. */
export const metadataOf = (
  transaction: JournalTransaction,
  { holder }: Pick<JournalAccount, 'holder'>,
  mark = '"',
): string => {
  const { eventKey, paymentIntentId, refundId } = transaction
  const show = (value: unknown): string => JSON.stringify(value).replaceAll('"', mark)
  const member = (name: string, value: string): string => `,${mark}${name}${mark}:${value}`
  let members = `${mark}event_key${mark}:${plain.test(eventKey) ? mark + eventKey + mark : show(eventKey)}`
  if (paymentIntentId !== null) members += member('payment_intent', mark + showIntent(paymentIntentId) + mark)
  if (refundId !== null) members += member('refund', mark + showId('refund', refundId) + mark)
  if (holder !== '') members += member('holder', show(holder))
  const others = Object.keys(transaction.refs).filter((name) => !refsWithColumn.has(name))
  if (others.length > 0)
    members += member('refs', show(Object.fromEntries(others.map((name) => [name, transaction.refs[name]]))))
  return `{${members}}`
}

const plain = /^[\w:./-]*$/

const refsWithColumn: ReadonlySet<string> = new Set([
  'message',
  'order',
  'customer',
  'provider',
  'object',
  'balance_transaction',
  'payout',
])

const exponentOf = (currency: string): number => currencyExponent(currency as Currency)
const decimal = (amount: bigint, { currency }: JournalAccount): string => toDecimalString(amount, currency as Currency)

/** Units of the base currency for one unit of the line's, as the two amounts have it; to ten digits, null when unknown. */
const rateOf = (line: JournalLine) => {
  const {
    transaction: { baseCurrency },
    account: { currency },
  } = line
  if (currency === baseCurrency) return '1'
  const { amount, baseAmount } = line // only now: each takes time to make
  if (baseAmount === 0n) return null
  const shift = exponentOf(currency) - exponentOf(baseCurrency) + rateDigits
  const scaled = (baseAmount * 10n ** BigInt(shift) * 2n + amount) / (amount * 2n)
  const digits = scaled.toString().padStart(rateDigits + 1, '0')
  return `${digits.slice(0, -rateDigits)}.${digits.slice(-rateDigits)}`
}
const rateDigits = 10
