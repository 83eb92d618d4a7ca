import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalAccount, JournalTransaction } from '#exports/journal.ts'
import { mappedAccount } from '#finance/mapping.ts'
import { AppError } from '#kernel/errors.ts'
import { datevColumns } from './datev-columns.ts'
import { decimalCommaOf, decimalOf, exponentOf } from './decimal.ts'
import { legibleText, scriptsOf } from './legible-text.ts'
import { objectOf } from './transaction-names.ts'
import { refuseUnvalued } from './unvalued.ts'
import { type TransactionLines, wholeTransactions } from './whole-transactions.ts'

/**
 * DATEV-Format EXTF 700, Buchungsstapel (category 21, version 13): a header of 31 fields, 125 columns, rows that are
 * pairs of accounts, all in the base currency; what was another currency is told in the Beleginfo. Windows-1252, CRLF.
 * Source: developer.datev.de/datev/platform/de/dtvf/formate/buchungsstapel.
 */
export const datev: DocumentFormat = {
  name: 'datev',
  shape: 'document',
  title: 'DATEV Buchungsstapel (EXTF)',
  contentType: 'text/csv',
  extension: 'csv',
  target: 'datev',
  needsBalances: true,
  needsWholeTransactions: true,
  encoding: 'windows-1252',
  fileName: (context) => `EXTF_Buchungsstapel_${compact(periodOf(context).from)}_${compact(periodOf(context).to)}.csv`,
  refuse,
  async *write(context, chunks) {
    yield `${headerOf(context)}\r\n${datevColumns.map(text).join(';')}\r\n`
    let count = 0
    for await (const transactions of wholeTransactions(chunks)) {
      const rows = transactions.flatMap((lines) => rowsOf(context, lines))
      count += rows.length
      if (count > rowsMax)
        throw new AppError('export_too_large', {
          message: `A DATEV batch takes at most ${rowsMax} rows. Export fewer days at a time.`,
        })
      yield rows.join('')
    }
  },
}

const rowsMax = 99_999

function refuse(context: ExportContext): string | undefined {
  const { consultant, client, fiscal_year_start: start, account_length: length } = parametersOf(context)
  if (exponentOf(context.baseCurrency) !== 2)
    return `DATEV has two digits after the comma and ${context.baseCurrency} has not`
  if (!/^\d{4,7}$/.test(consultant)) return 'parameters[consultant] must be the consultant number, 4 to 7 digits'
  if (!/^[1-9]\d{0,4}$/.test(client)) return 'parameters[client] must be the client number, 1 to 5 digits'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(start))
    return 'parameters[fiscal_year_start] must be the first day of the fiscal year'
  if (!/^[4-8]$/.test(length)) return 'parameters[account_length] must be from 4 to 8'
  const { from, to } = periodOf(context)
  if (from < start || to >= yearAfter(start)) {
    return `a DATEV batch lies in one fiscal year: from ${from} to ${to} is not in the one that begins on ${start}`
  }
  return refuseAccounts(context, length) ?? refuseUnvalued(context)
}

const refuseAccounts = (context: ExportContext, length: string): string | undefined => {
  const { chart } = parametersOf(context)
  const accounts = context.closing.map(({ account }) => account).filter(({ type }) => type !== 'memo')
  const strange =
    chart !== '03' &&
    accounts.find((account) => context.mapped(account).code === mappedAccount('datev', {}, account).code)
  if (strange) return `${strange.code} has the number that is usual in SKR 03: map it to one of SKR ${chart}`
  const numbers = accounts.map((account) => [account.code, numberOf(context, account)] as const)
  const all = [['the clearing account', clearingOf(context)] as const, ...numbers]
  const bad = all.find(([, number]) => !isNumber(number, length))
  return bad && `the DATEV account for ${bad[0]} must be a number of at most ${length} digits, not "${bad[1]}"`
}

/** Whose books they are cannot be guessed. Where the fiscal year is not said, it is the calendar's. */
const parametersOf = ({ options, from, days }: ExportContext) => ({
  consultant: '',
  client: '',
  fiscal_year_start: `${(from ?? days?.first ?? '2000').slice(0, 4)}-01-01`,
  account_length: '4',
  chart: '03',
  clearing_account: '1590',
  ...options.parameters,
})

/** The year is in the header alone: rows say day and month. */
const periodOf = (context: ExportContext): { from: string; to: string } => {
  const { fiscal_year_start: start } = parametersOf(context)
  return { from: context.from ?? context.days?.first ?? start, to: context.to ?? context.days?.last ?? start }
}

const yearAfter = (day: string): string => String(BigInt(day.slice(0, 4)) + 1n) + day.slice(4)

const compact = (day: string): string => day.replaceAll('-', '')

/** The moment of creation is the last day's end: the same export has the same bytes whenever it is made. */
const headerOf = (context: ExportContext): string => {
  const { consultant, client, fiscal_year_start: start, account_length: length, chart } = parametersOf(context)
  const { from, to } = periodOf(context)
  const fields = {
    1: '"EXTF"',
    2: '700',
    3: '21',
    4: '"Buchungsstapel"',
    5: '13',
    6: `${compact(to)}235959000`,
    8: '"RE"',
    9: '""',
    10: '""',
    11: consultant,
    12: client,
    13: compact(start),
    14: length,
    15: compact(from),
    16: compact(to),
    17: text(`Parley J${context.fromSeq + 1n}-J${context.asOfSeq}`.slice(0, 30)),
    18: '""',
    19: '1',
    20: '0',
    21: '0',
    22: text(context.baseCurrency.toUpperCase()),
    24: '""',
    27: text(chart),
    30: '""',
    31: '""',
  }
  return cellsOf(31, fields).join(';')
}

const cellsOf = (count: number, cells: Readonly<Record<number, string | undefined>>): string[] =>
  Array.from({ length: count }, (_, index) => cells[index + 1] ?? '')

const text = (value: string): string => `"${value.replaceAll('"', '""')}"`

interface Leg {
  readonly number: string
  readonly base: bigint
  /** `120.00 USD`, where it was not the base currency. */
  readonly foreign: string
}

/** A pair for each leg against the only one on the other side; where there is no only one, against the clearing account. */
const rowsOf = (context: ExportContext, lines: TransactionLines): string[] => {
  const transaction = lines[0]?.transaction
  if (!transaction) return []
  const legs = legsOf(context, lines)
  const debits = legs.filter(({ base }) => base > 0n)
  const credits = legs.filter(({ base }) => base < 0n)
  const [debit] = debits
  const [credit] = credits
  if (debit && debits.length === 1) return credits.map((leg) => rowOf(context, transaction, leg, debit.number))
  if (credit && credits.length === 1) return debits.map((leg) => rowOf(context, transaction, leg, credit.number))
  return legs.map((leg) => rowOf(context, transaction, leg, clearingOf(context)))
}

/** One leg an account: a pair of the same account twice is refused, and what has no value in the base cannot be said. */
const legsOf = (context: ExportContext, lines: TransactionLines): Leg[] => {
  const byNumber = new Map<string, Leg>()
  for (const { account, amount, baseAmount } of lines) {
    if (account.type === 'memo') continue
    const number = numberOf(context, account)
    const before = byNumber.get(number)
    const isForeign = account.currency !== context.baseCurrency
    const own = isForeign ? `${decimalOf(amount, account.currency)} ${account.currency.toUpperCase()}` : ''
    const foreign = [before?.foreign, own].filter(Boolean).join(', ')
    byNumber.set(number, { number, base: (before?.base ?? 0n) + baseAmount, foreign })
  }
  return [...byNumber.values()].filter(({ base }) => base !== 0n)
}

/**
 * A reversal keeps its sides as booked and is marked as Generalumkehr, with which DATEV takes it off the turnover of
 * the side it reverses.
 */
const rowOf = (context: ExportContext, transaction: JournalTransaction, leg: Leg, other: string): string => {
  const { seq, effectiveOn, reversesId } = transaction
  const cells = {
    1: decimalCommaOf(leg.base < 0n ? -leg.base : leg.base, context.baseCurrency),
    2: leg.base > 0n ? '"S"' : '"H"',
    3: text(context.baseCurrency.toUpperCase()),
    7: leg.number,
    8: other,
    10: `${effectiveOn.slice(8, 10)}${effectiveOn.slice(5, 7)}`,
    11: text(
      objectOf(transaction)
        .replaceAll(/[^\w$%\-/]/g, '-')
        .slice(0, 36),
    ),
    14: text(legibleText(transaction, scriptsOf(context)).slice(0, 60)),
    21: '"Journal"',
    22: text(`J${seq}`),
    ...(leg.foreign !== '' && { 23: '"Betrag"', 24: text(leg.foreign.slice(0, 210)) }),
    114: '0',
    ...(reversesId !== null && { 118: '"1"' }),
  }
  return `${cellsOf(datevColumns.length, cells).join(';')}\r\n`
}

const clearingOf = (context: ExportContext): string => padded(context, parametersOf(context).clearing_account)

const numberOf = (context: ExportContext, account: JournalAccount): string =>
  padded(context, context.mapped(account).code)

/** Where accounts are longer than a number, it goes on with zeros: 1200 is 120000 among six digits. */
const padded = (context: ExportContext, number: string): string =>
  number.padEnd(Number(parametersOf(context).account_length), '0') // exact: one digit

/** Accounts of persons have one digit more. */
const isNumber = (number: string, length: string): boolean =>
  /^(?!0+$)\d{1,9}$/.test(number) && BigInt(number.length) <= BigInt(length) + 1n
