import { type JournalColumn, journalColumns } from '#exports/columns.ts'
import type { ExportContext, LineFormat } from '#exports/format.ts'
import type { JournalAccount, JournalLine, JournalTransaction } from '#exports/journal.ts'
import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { toByteText } from './byte-text.ts'

/**
 * Journal lines as RFC 4180 has them, lines ended by CRLF. `machine` is nothing but that; `spreadsheet` adds a byte
 * order mark and keeps text from being run as a formula. With a decimal comma the semicolon separates, as the
 * spreadsheets of those countries expect.
 */
export const csv: LineFormat = {
  shape: 'lines',
  name: 'csv',
  title: 'Comma-separated values, one line per entry',
  contentType: 'text/csv; charset=utf-8; header=present',
  extension: 'csv',
  encoding: 'bytes',
  target: 'csv',
  needsBalances: false,
  needsWholeTransactions: false,
  open: (context) => {
    const mark = context.options.profile === 'spreadsheet' ? '\ufeff' : ''
    const names = journalColumns.map(({ name }) => name).join(delimiterOf(context))
    return { head: () => toByteText(`${mark}${names}\r\n`), line: createLine(context), tail: () => '' }
  },
}

const delimiterOf = ({ options }: ExportContext): string => (options.decimalSeparator === ',' ? ';' : ',')

/**
 * What lines of one transaction, or of one account, have in common is made once: most of a line. The pieces are flat
 * (made by join), as V8 copies a string made by + from all that it was ever added up from.
 */
const createLine = (context: ExportContext): ((line: JournalLine) => string) => {
  const d = delimiterOf(context)
  const mark = context.options.decimalSeparator
  const between = (from: string, to: string) => cellsBetween(context, from, to)
  const number = between('seq', 'journal_id')
  const event = between('effective_date', 'kind')
  const account = between('account_code', 'exponent')
  const rate = between('fx_rate', 'fx_rate')
  const rest = between('description', 'chain_hash')
  const metadata = between('metadata', 'metadata')
  const accounts = new Map<JournalAccount, { cells: string; exponent: number }>()
  let last: JournalTransaction | undefined
  let [start, middle, base, end, usual] = ['', '', '', '', '']
  return (line) => {
    if (line.transaction !== last) {
      last = line.transaction
      start = [number(line), ''].join(d)
      middle = ['', event(line), ''].join(d)
      base = ['', last.baseCurrency, ''].join(d)
      end = rest(line)
      usual = ['', '1', end, `${metadata(line)}\r\n`].join(d)
    }
    let known = accounts.get(line.account)
    if (!known) {
      known = { cells: [account(line), ''].join(d), exponent: currencyExponent(line.account.currency as Currency) }
      accounts.set(line.account, known)
    }
    const minor = String(line.amount)
    const isCredit = line.amount < 0n
    const unsigned = placeMark(isCredit ? minor.slice(1) : minor, known.exponent, mark)
    const amounts = isCredit ? `${d}${unsigned}${d}-${unsigned}${d}` : unsigned + d + d + unsigned + d
    const isUsual = line.account.currency === last.baseCurrency && line.account.holder === ''
    const tail = isUsual ? usual : ['', rate(line), end, `${metadata(line)}\r\n`].join(d)
    return start + line.line + middle + known.cells + amounts + minor + base + line.baseAmount + tail
  }
}

/** Digits of minor units as a decimal number: 5 with two digits is 0.05. */
const placeMark = (digits: string, exponent: number, mark: string): string => {
  if (exponent === 0) return digits
  const padded = digits.length > exponent ? digits : digits.padStart(exponent + 1, '0')
  return padded.slice(0, -exponent) + mark + padded.slice(-exponent)
}

const cellsBetween = (context: ExportContext, from: string, to: string): ((line: JournalLine) => string) => {
  const [first, last] = [from, to].map((wanted) => journalColumns.findIndex(({ name }) => name === wanted))
  const columns = journalColumns.slice(first, (last ?? 0) + 1).map((column) => cellOf(column, context))
  const delimiter = delimiterOf(context)
  return (line) => columns.map((column) => column(line)).join(delimiter)
}

const cellOf = ({ type, value }: JournalColumn, context: ExportContext): ((line: JournalLine) => string) => {
  const { profile, decimalSeparator } = context.options
  const special = delimiterOf(context) === ',' ? /[",\r\n]|^\s|\s$/ : /[";\r\n]|^\s|\s$/
  const quote = (text: string): string => {
    // Most cells are names and numbers: one look instead of two.
    if (plain.test(text)) return text
    return toByteText(special.test(text) ? `"${text.split('"').join('""')}"` : text)
  }
  if (type === 'decimal') return (line) => value(line, context)?.replace('.', decimalSeparator) ?? ''
  if (type !== 'text' && type !== 'json') return (line) => value(line, context) ?? ''
  const show = profile === 'spreadsheet' ? (text: string) => quote(guard(text)) : quote
  return (line) => {
    const text = value(line, context)
    return text === null ? '' : show(text)
  }
}

const plain = /^[\w:./-]*$/

/** Spreadsheets run text that begins like this as a formula, in a plain CSV too (OWASP: CSV injection). */
const guard = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
