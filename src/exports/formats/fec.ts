import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { AccountBalance, JournalAccount } from '#exports/journal.ts'
import { chartAccount } from '#ledger/chart.ts'
import { decimalCommaOf } from './decimal.ts'
import { journalByKind, journals } from './fec-journals.ts'
import { legibleText, scriptsOf } from './legible-text.ts'
import { objectOf } from './transaction-names.ts'
import { type TransactionLines, wholeTransactions } from './whole-transactions.ts'

/**
 * Fichier des écritures comptables, one fiscal year a file (article A47 A-1 of the Livre des procédures fiscales):
 * 18 columns separated by tabs, days as 20261130, a decimal comma, ISO 8859-15. Entries come in the order in which
 * they were booked (validated) and are numbered from 1 without a gap; the opening balances are the first of them.
 */
export const fec: DocumentFormat = {
  name: 'fec',
  shape: 'document',
  title: 'Fichier des écritures comptables (France)',
  contentType: 'text/plain',
  extension: 'txt',
  target: 'fec',
  needsBalances: true,
  needsWholeTransactions: true,
  encoding: 'latin9',
  fileName: (context) => `${context.options.parameters.siren ?? ''}FEC${compact(yearEndOf(context))}.txt`,
  refuse,
  async *write(context, chunks) {
    yield `${columns.join('\t')}\r\n`
    const opening = openingEntry(context)
    yield opening
    let number = opening === '' ? 0 : 1
    let validOn = ''
    for await (const transactions of wholeTransactions(chunks)) {
      let text = ''
      for (const lines of transactions) {
        const kept = lines.filter(({ account }) => account.type !== 'memo')
        if (kept.length === 0) continue
        number += 1
        validOn = laterOf(validOn, lines[0]?.transaction.postedAt.slice(0, 10) ?? '')
        text += entry(context, kept, number, validOn)
      }
      yield text
    }
  },
}

const columns = [
  'JournalCode',
  'JournalLib',
  'EcritureNum',
  'EcritureDate',
  'CompteNum',
  'CompteLib',
  'CompAuxNum',
  'CompAuxLib',
  'PieceRef',
  'PieceDate',
  'EcritureLib',
  'Debit',
  'Credit',
  'EcritureLet',
  'DateLet',
  'ValidDate',
  'Montantdevise',
  'Idevise',
] as const

type Row = Partial<Record<(typeof columns)[number], string>>

function refuse(context: ExportContext): string | undefined {
  const { siren, year_end: yearEnd } = context.options.parameters
  if (context.baseCurrency !== 'eur') return `a FEC is in euros and these books are in ${context.baseCurrency}`
  if (siren !== undefined && !/^\d{9}$/.test(siren)) return 'parameters[siren] must be the nine digits of the SIREN'
  if (yearEnd !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(yearEnd))
    return 'parameters[year_end] must be the last day of the fiscal year, for example 2026-12-31'
  if (yearEnd !== undefined && context.to !== yearEnd)
    return `a FEC holds a whole fiscal year: let the export end on ${yearEnd}`
  if (context.fromSeq !== 0n || context.isNarrowed) return 'a FEC holds all of a fiscal year: leave the filters out'
  const accounts = [...context.opening, ...context.closing].map(({ account }) => account)
  const bad = accounts.find((account) => account.type !== 'memo' && !/^\d{3}/.test(context.mapped(account).code))
  return bad && `the account number of ${bad.code} must begin with three digits of the plan comptable général`
}

/** Where it is not said, the fiscal year is the calendar's. */
const yearEndOf = ({ options, to, days }: ExportContext): string =>
  options.parameters.year_end ?? to ?? (days ? `${days.last.slice(0, 4)}-12-31` : '')

/** À nouveaux: what balance-sheet accounts held before; earlier income and expense stand in retained earnings. */
const openingEntry = (context: ExportContext): string => {
  const retained = { ...chartAccount('3100'), id: '', currency: 'eur', holder: '' }
  const kept: AccountBalance[] = []
  let result = 0n
  for (const balance of context.opening) {
    const { type } = balance.account
    if (type === 'revenue' || type === 'expense') result += balance.base
    else if (type !== 'memo') kept.push(balance)
  }
  const all = [...kept, { account: retained, debit: result, credit: 0n, base: result }]
  const shared = {
    JournalCode: 'AN',
    JournalLib: journals.AN,
    EcritureNum: '1',
    EcritureDate: compact(context.from ?? ''),
    PieceRef: 'AN',
    PieceDate: compact(context.from ?? ''),
    EcritureLib: 'À nouveaux',
    ValidDate: compact(context.from ?? ''),
  }
  return all
    .filter(({ base }) => base !== 0n)
    .map(({ account, debit, credit, base }) => row({ ...shared, ...amounts(context, account, debit - credit, base) }))
    .join('')
}

const entry = (context: ExportContext, lines: TransactionLines, number: number, validOn: string): string => {
  const transaction = lines[0]?.transaction
  if (!transaction) return ''
  const { kind, effectiveOn, originalEffectiveOn } = transaction
  const journal = journalOf.get(kind) ?? 'OD'
  const shared: Row = {
    JournalCode: journal,
    JournalLib: journals[journal],
    EcritureNum: String(number),
    EcritureDate: compact(effectiveOn),
    PieceRef: objectOf(transaction),
    PieceDate: compact(originalEffectiveOn ?? effectiveOn),
    EcritureLib: legibleText(transaction, scriptsOf(context)),
    ValidDate: compact(validOn),
  }
  return withValue(lines)
    .map(({ account, amount, baseAmount }) => row({ ...shared, ...amounts(context, account, amount, baseAmount) }))
    .join('')
}

/**
 * A line of 0,00 on both sides is an anomaly to the tax office, so what rounds to nothing goes. An entry of nothing else
 * (no exchange rate was known) stays: an anomaly is better than a sale that nobody sees.
 */
const withValue = (lines: TransactionLines): TransactionLines => {
  const valued = lines.filter(({ baseAmount }) => baseAmount !== 0n)
  return valued.length > 0 ? valued : lines
}

const journalOf: ReadonlyMap<string, keyof typeof journals> = new Map(Object.entries(journalByKind))

const amounts = (context: ExportContext, account: JournalAccount, amount: bigint, base: bigint): Row => {
  const { code, name } = context.mapped(account)
  return {
    CompteNum: code,
    CompteLib: name,
    ...(account.holder !== '' && { CompAuxNum: account.holder, CompAuxLib: account.holder }),
    Debit: decimalCommaOf(base > 0n ? base : 0n, 'eur'),
    Credit: decimalCommaOf(base < 0n ? -base : 0n, 'eur'),
    ...(account.currency !== 'eur' && {
      Montantdevise: decimalCommaOf(amount, account.currency),
      Idevise: account.currency.toUpperCase(),
    }),
  }
}

const row = (cells: Row): string => `${columns.map((column) => clean(cells[column] ?? '')).join('\t')}\r\n`

/** A tab separates, and so does a bar in files of others; neither can be quoted. */
const clean = (text: string): string => (/[\t\r\n|]/.test(text) ? text.replaceAll(/[\t\r\n|]/g, ' ') : text)

const compact = (day: string): string => day.replaceAll('-', '')

/** A clock that was set back must not put a later entry before an earlier one. */
const laterOf = (one: string, other: string): string => (one > other ? one : other)
