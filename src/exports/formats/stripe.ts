import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import type { JournalLine, JournalTransaction } from '#exports/journal.ts'
import { csvRow } from './csv-row.ts'
import {
  activityColumns,
  balanceColumns,
  endingBalanceColumns,
  payoutColumns,
  payoutReconciliationColumns,
  summaryColumns,
} from './stripe-columns.ts'
import { type BalanceItem, cellsOf, isPayout, netOf, payoutCellsOf, payoutIdOf, readItems } from './stripe-items.ts'
import { createOpenItems } from './stripe-open-items.ts'
import { balanceRows, carriedForward, createSummary, requireEnding } from './stripe-summaries.ts'

type Cells = Readonly<Record<string, string>>
type Lines = AsyncIterable<readonly JournalLine[]>

interface Report {
  readonly name: string
  readonly title: string
  readonly columns: readonly string[]
  readonly needsBalances?: true
  rows(context: ExportContext, lines: Lines): AsyncIterable<Cells>
}

/**
 * A report as Stripe writes it, from 1110 and 1120: its column names in its order, major units, times in UTC. Columns
 * of what we do not know are empty. The parameter `columns` chooses some, in that order, separated by commas.
 * Source: docs.stripe.com/reports.
 */
const createReport = ({ name, title, columns, needsBalances, rows }: Report): DocumentFormat => ({
  shape: 'document',
  name: `stripe.${name}`,
  title: `${title}, in the columns of Stripe's report ${name}`,
  contentType: 'text/csv; charset=utf-8; header=present',
  extension: 'csv',
  target: 'csv',
  needsBalances: needsBalances ?? false,
  needsWholeTransactions: true,
  refuse: ({ options }) => {
    const unknown = chosen(options.parameters.columns, columns).filter((column) => !columns.includes(column))
    return unknown.length === 0 ? undefined : `the report ${name} has no column ${unknown.join(', ')}`
  },
  async *write(context, lines) {
    const { options } = context
    const names = chosen(options.parameters.columns, columns)
    yield (options.profile === 'spreadsheet' ? '\ufeff' : '') + csvRow(names, options)
    for await (const cells of rows(context, lines)) {
      yield csvRow(
        names.map((column) => showCell(column, cells[column] ?? '', context)),
        options,
      )
    }
  },
})

const chosen = (parameter: string | undefined, columns: readonly string[]): readonly string[] =>
  parameter === undefined ? columns : parameter.split(',').map((column) => column.trim())

const amountColumns: ReadonlySet<string> = new Set(['gross', 'fee', 'net', 'net_amount', 'customer_facing_amount'])

const showCell = (column: string, cell: string, { options }: ExportContext): string =>
  amountColumns.has(column) ? cell.replace('.', options.decimalSeparator) : cell

async function* activityOf(lines: Lines): AsyncGenerator<BalanceItem> {
  for await (const items of readItems(lines)) for (const item of items) if (!isPayout(item)) yield item
}

async function* payoutsOf(lines: Lines): AsyncGenerator<BalanceItem> {
  for await (const items of readItems(lines)) for (const item of items) if (isPayout(item)) yield item
}

const summaryOf = async (items: AsyncIterable<BalanceItem>, sign: 1n | -1n): Promise<Cells[]> => {
  const summary = createSummary(sign)
  for await (const item of items) summary.add(item)
  return summary.rows()
}

/** Lets lines pass and keeps what became of each payout. */
async function* notingEnds(
  lines: Lines,
  ends: Map<string, JournalTransaction>,
): AsyncGenerator<readonly JournalLine[]> {
  for await (const batch of lines) {
    for (const { transaction } of batch) {
      const { kind, refs } = transaction
      if ((kind === 'payout_paid' || kind === 'payout_failure') && refs.payout) ends.set(refs.payout, transaction)
    }
    yield batch
  }
}

export const stripeActivity = createReport({
  name: 'balance_change_from_activity.itemized.3',
  title: 'Each change of the balance but payouts',
  columns: activityColumns,
  async *rows(_context, lines) {
    for await (const item of activityOf(lines)) yield cellsOf(item)
  },
})

export const stripeActivitySummary = createReport({
  name: 'balance_change_from_activity.summary.1',
  title: 'Changes of the balance but payouts, by category',
  columns: summaryColumns,
  async *rows(_context, lines) {
    yield* await summaryOf(activityOf(lines), 1n)
  },
})

export const stripePayouts = createReport({
  name: 'payouts.itemized.3',
  title: 'Each payout',
  columns: payoutColumns,
  async *rows(_context, lines) {
    const ends = new Map<string, JournalTransaction>()
    // Payouts are few, and what becomes of one is known only later.
    const payouts: BalanceItem[] = []
    for await (const payout of payoutsOf(notingEnds(lines, ends))) payouts.push(payout)
    for (const payout of payouts) yield payoutCellsOf(payout, ends.get(payoutIdOf(payout)))
  },
})

export const stripePayoutsSummary = createReport({
  name: 'payouts.summary.1',
  title: 'Payouts, by category',
  columns: summaryColumns,
  async *rows(_context, lines) {
    yield* await summaryOf(payoutsOf(lines), -1n)
  },
})

export const stripePayoutReconciliation = createReport({
  name: 'payout_reconciliation.itemized.5',
  title: 'What each payout paid',
  columns: payoutReconciliationColumns,
  needsBalances: true,
  async *rows(context, lines) {
    const open = createOpenItems(carriedForward(context))
    for await (const batch of readItems(lines)) {
      for (const item of batch) {
        const paid = open.take(item)
        if (paid) for (const one of paid.items) yield cellsOf(one, paid.payout)
      }
    }
  },
})

export const stripeEndingBalance = createReport({
  name: 'ending_balance_reconciliation.itemized.4',
  title: 'What the balance at the end is made of: all that no payout has paid',
  columns: endingBalanceColumns,
  needsBalances: true,
  async *rows(context, lines) {
    const open = createOpenItems(carriedForward(context))
    for await (const batch of readItems(lines)) for (const item of batch) open.take(item)
    requireEnding(context, open.rest())
    for (const item of open.rest()) yield cellsOf(item)
  },
})

export const stripeBalance = createReport({
  name: 'balance.summary.1',
  title: 'The balance at the start, activity, payouts and the balance at the end',
  columns: balanceColumns,
  needsBalances: true,
  async *rows(context, lines) {
    const sums = { activity: new Map<string, bigint>(), payouts: new Map<string, bigint>() }
    for await (const batch of readItems(lines)) {
      for (const item of batch) {
        const sum = isPayout(item) ? sums.payouts : sums.activity
        sum.set(item.currency, (sum.get(item.currency) ?? 0n) + netOf(item))
      }
    }
    yield* balanceRows(context, sums.activity, sums.payouts)
  },
})
