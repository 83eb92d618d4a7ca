import { type Currency, currencyExponent, isCurrency } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { toDecimalString } from '#kernel/money.ts'

/** `machine`: nothing but RFC 4180. `spreadsheet`: a byte order mark, and text that cannot be taken for a formula. */
export type CsvProfile = 'machine' | 'spreadsheet'

interface JournalLine {
  merchant_id: string
  transaction_id: string
  line: number
  account_id: string
  account_code: string
  account_name: string
  currency: string
  amount: bigint
  event_key: string
  kind: string
  description: string
  payment_intent_id: string | null
  refund_id: string | null
  thread_id: string | null
  effective_at: Date
  created_at: Date
}

interface Column {
  name: string
  /** Text is what a spreadsheet may misread; the rest are numbers, dates and ids of known form. */
  isText?: true
  value: (row: JournalLine, currency: Currency) => string
}

const decimal = (amount: bigint, currency: Currency): string => toDecimalString(amount, currency)

/** Journal lines as all exports know them, in the fixed order of the columns; columns of later features are left out. */
const columns: readonly Column[] = [
  { name: 'journal_id', value: (row) => showId('ledgerTransaction', row.transaction_id) },
  { name: 'line', value: (row) => String(row.line) },
  { name: 'effective_date', value: (row) => row.effective_at.toISOString().slice(0, 10) },
  { name: 'posted_at', value: (row) => row.created_at.toISOString() },
  { name: 'kind', isText: true, value: (row) => row.kind },
  { name: 'account_code', value: (row) => row.account_code },
  { name: 'account_name', isText: true, value: (row) => row.account_name },
  { name: 'account_id', value: (row) => showId('ledgerAccount', row.account_id) },
  { name: 'currency', value: (row) => row.currency },
  { name: 'exponent', value: (_row, currency) => String(currencyExponent(currency)) },
  { name: 'debit', value: (row, currency) => (row.amount > 0n ? decimal(row.amount, currency) : '') },
  { name: 'credit', value: (row, currency) => (row.amount < 0n ? decimal(-row.amount, currency) : '') },
  { name: 'amount_signed', value: (row, currency) => decimal(row.amount, currency) },
  { name: 'amount_minor', value: (row) => String(row.amount) },
  { name: 'description', isText: true, value: (row) => row.description },
  { name: 'thread_id', value: (row) => (row.thread_id === null ? '' : showId('thread', row.thread_id)) },
  { name: 'merchant_id', value: (row) => showId('merchant', row.merchant_id) },
  { name: 'metadata', isText: true, value: (row) => JSON.stringify(metadataOf(row)) },
]

const metadataOf = (row: JournalLine): Record<string, string> => ({
  event_key: row.event_key,
  ...(row.payment_intent_id === null ? {} : { payment_intent: showId('paymentIntent', row.payment_intent_id) }),
  ...(row.refund_id === null ? {} : { refund: showId('refund', row.refund_id) }),
})

export const csvColumns: readonly string[] = columns.map((column) => column.name)

export const csvHead = (profile: CsvProfile): string =>
  `${profile === 'spreadsheet' ? '\ufeff' : ''}${csvColumns.join(',')}\r\n`

export const csvLine = (row: JournalLine, profile: CsvProfile): string => {
  const { currency } = row
  if (!isCurrency(currency)) throw new RangeError(`unknown currency ${currency}`)
  const cells = columns.map(({ isText, value }) => {
    const text = value(row, currency)
    return quote(isText && profile === 'spreadsheet' ? guard(text) : text)
  })
  return `${cells.join(',')}\r\n`
}

/** Spreadsheets run text that begins like this as a formula, in a plain CSV too (OWASP: CSV injection). */
const guard = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)

const quote = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
