import { journalColumns } from '#exports/columns.ts'
import type { ExportContext, LineFormat } from '#exports/format.ts'
import type { JournalAccount, JournalLine, JournalTransaction } from '#exports/journal.ts'
import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { toByteText } from './byte-text.ts'
import { cellsBetween, delimiterOf } from './csv-cells.ts'

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

/**
 * What lines of one transaction, or of one account, have in common is made once: most of a line. The pieces are flat,
 * as V8 copies a string made by + from all that it was ever added up from.
 */
const createLine = (context: ExportContext): ((line: JournalLine) => string) => {
  const d = delimiterOf(context)
  const mark = context.options.decimalSeparator
  const number = cellsBetween(context, 'seq', 'journal_id')
  const event = cellsBetween(context, 'effective_date', 'kind')
  const rate = cellsBetween(context, 'fx_rate', 'fx_rate')
  const rest = cellsBetween(context, 'description', 'metadata')
  const accountOf = knowing(cellsBetween(context, 'account_code', 'exponent'))
  let last: JournalTransaction | undefined
  let [holder, start, middle, base, end] = ['', '', '', '', '']
  return (line) => {
    const { transaction, digits, baseDigits } = line
    const account = accountOf(line)
    if (transaction !== last || account.holder !== holder) {
      last = transaction
      holder = account.holder
      start = number(line)
      middle = event(line)
      base = d + transaction.baseCurrency + d
      end = rest(holder === '' ? line : { ...line, account })
    }
    const isCredit = digits.charCodeAt(0) === minus
    const unsigned = placeMark(isCredit ? digits.slice(1) : digits, account.exponent, mark)
    const amounts = isCredit ? `${d}${unsigned}${d}-${unsigned}${d}` : unsigned + d + d + unsigned + d
    const rateCell = account.currency === transaction.baseCurrency ? `1${d}` : rate(line)
    return (
      start + line.line + d + middle + account.cells + amounts + (digits + base) + (baseDigits + d + rateCell) + end
    )
  }
}

const minus = '-'.charCodeAt(0)

/** An account with its cells and its texts in bytes. */
interface KnownAccount extends JournalAccount {
  readonly cells: string
  readonly exponent: number
}

const knowing = (cells: (line: JournalLine) => string): ((line: JournalLine) => KnownAccount) => {
  const accounts = new Map<JournalAccount, KnownAccount>()
  const learn = (line: JournalLine): KnownAccount => {
    const { account } = line
    const inBytes = { ...account, name: toByteText(account.name), holder: toByteText(account.holder) }
    const exponent = currencyExponent(account.currency as Currency)
    const known = { ...inBytes, cells: cells({ ...line, account: inBytes }), exponent }
    accounts.set(account, known)
    return known
  }
  return (line) => accounts.get(line.account) ?? learn(line)
}

/** Digits of minor units as a decimal number: 5 with two digits is 0.05. */
const placeMark = (digits: string, exponent: number, mark: string): string => {
  if (exponent === 0) return digits
  const padded = digits.length > exponent ? digits : digits.padStart(exponent + 1, '0')
  return padded.slice(0, -exponent) + mark + padded.slice(-exponent)
}
