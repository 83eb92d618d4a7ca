import type { ExportContext } from '#exports/format.ts'
import type { JournalLine } from '#exports/journal.ts'
import { showId } from '#kernel/ids.ts'
import { decimalOf, exponentOf } from './decimal.ts'
import { headRow, numberCell, sheetHead, sheetRow, sheetTail, textCell } from './xlsx-sheet.ts'

/** What the lines of the journal were, by kind and currency. */
export interface Tally {
  count(line: JournalLine): void
  readonly lines: number
  readonly transactions: number
  readonly kinds: readonly KindTally[]
}

interface KindTally {
  readonly kind: string
  readonly currency: string
  transactions: number
  lines: number
  debit: bigint
  lastSeq: bigint
}

export const createTally = (): Tally => {
  const kinds = new Map<string, KindTally>()
  let lines = 0
  let transactions = 0
  let lastSeq = -1n
  return {
    count: ({ transaction: { seq, kind }, account: { currency }, amount }) => {
      const key = `${kind} ${currency}`
      const tally = kinds.get(key) ?? { kind, currency, transactions: 0, lines: 0, debit: 0n, lastSeq: -1n }
      kinds.set(key, tally)
      lines++
      tally.lines++
      if (amount > 0n) tally.debit += amount
      if (tally.lastSeq !== seq) tally.transactions++
      if (lastSeq !== seq) transactions++
      tally.lastSeq = lastSeq = seq
    },
    get lines() {
      return lines
    },
    get transactions() {
      return transactions
    },
    get kinds() {
      return [...kinds.values()].sort((a, b) => (`${a.currency} ${a.kind}` < `${b.currency} ${b.kind}` ? -1 : 1))
    },
  }
}

/** A sheet that fits into one string. */
const sheet = (widths: readonly number[], names: readonly string[], rows: readonly (readonly string[])[]): string =>
  sheetHead(widths) + headRow(names) + rows.map((cells, at) => sheetRow(at + 2, cells)).join('') + sheetTail

const amountCell = (amount: bigint, currency: string): string =>
  numberCell(decimalOf(amount, currency), exponentOf(currency))

/** Per kind of event and currency: how many, and what was debited. */
export const summarySheet = (tally: Tally): string =>
  sheet(
    [24, 10, 14, 10, 18],
    ['kind', 'currency', 'transactions', 'lines', 'debit'],
    tally.kinds.map(({ kind, currency, transactions, lines, debit }) => [
      textCell(kind),
      textCell(currency),
      numberCell(String(transactions)),
      numberCell(String(lines)),
      amountCell(debit, currency),
    ]),
  )

/** Balances before the first line, what the lines moved, and balances after them; one row of totals per currency. */
export const trialBalanceSheet = ({ opening, closing }: ExportContext): string => {
  const before = new Map(opening.map((balance) => [balance.account.id, balance]))
  const totals = new Map<string, Sums>()
  const row = (names: readonly string[], { opening: first, debit, credit }: Sums, currency: string) => [
    ...[...names, currency].map((name) => textCell(name)),
    ...[first, debit, credit, first + debit - credit].map((amount) => amountCell(amount, currency)),
  ]
  const rows = closing.map(({ account, debit, credit }) => {
    const was = before.get(account.id) ?? { debit: 0n, credit: 0n }
    const sums = { opening: was.debit - was.credit, debit: debit - was.debit, credit: credit - was.credit }
    totals.set(account.currency, added(totals.get(account.currency), sums))
    return row([account.code, account.name, account.type, account.holder], sums, account.currency)
  })
  return sheet(
    [12, 34, 12, 24, 10, 18, 18, 18, 18],
    ['account_code', 'account_name', 'type', 'holder', 'currency', 'opening', 'debit', 'credit', 'closing'],
    [...rows, ...[...totals].sort().map(([currency, sums]) => row(['Total', '', '', ''], sums, currency))],
  )
}

interface Sums {
  readonly opening: bigint
  readonly debit: bigint
  readonly credit: bigint
}

const added = (a: Sums = { opening: 0n, debit: 0n, credit: 0n }, b: Sums): Sums => ({
  opening: a.opening + b.opening,
  debit: a.debit + b.debit,
  credit: a.credit + b.credit,
})

/** What was exported. Says nothing that a second export of the same lines would not say. */
export const manifestSheet = (context: ExportContext, tally: Tally): string =>
  sheet(
    [20, 70],
    ['name', 'value'],
    Object.entries({
      merchant: showId('merchant', context.merchant.id),
      merchant_name: context.merchant.name,
      base_currency: context.baseCurrency,
      from_seq: String(context.fromSeq),
      as_of_seq: String(context.asOfSeq),
      chain_head: context.headHash,
      from: context.from ?? '',
      to: context.to ?? '',
      transactions: String(tally.transactions),
      lines: String(tally.lines),
    }).map((pair) => pair.map((text) => textCell(text))),
  )
