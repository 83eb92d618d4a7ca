import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { Turnover } from './balance-movements.ts'
import { type AccountType, normalSide } from './chart.ts'
import { showEntryId, showTurnover } from './ledger-view.ts'

export interface BalanceRow extends Turnover {
  readonly id: string
  readonly code: string
  readonly name: string
  readonly type: AccountType
  readonly currency: string
  readonly holder: string
}

/** What a report covers: all seals up to `headSeq` and so many transactions beyond. */
export interface Coverage {
  readonly headSeq: bigint
  readonly unsealed: number
  readonly baseCurrency: string
}

const showCoverage = ({ headSeq, unsealed, baseCurrency }: Coverage) => ({
  as_of_seq: toJsonAmount(headSeq),
  unsealed,
  base_currency: baseCurrency,
})

export const showTrialBalance = (rows: readonly BalanceRow[], asOf: number | null, coverage: Coverage) => ({
  object: 'trial_balance' as const,
  as_of: asOf,
  ...showCoverage(coverage),
  data: rows.map((row) => ({
    account: showId('ledgerAccount', row.id),
    code: row.code,
    name: row.name,
    type: row.type,
    currency: row.currency,
    holder: row.holder,
    ...showTurnover(row),
  })),
  totals: [...Map.groupBy(rows, (row) => row.currency)].sort().map(([currency, group]) => {
    const debit = group.reduce((sum, row) => sum + row.debit, 0n)
    const credit = group.reduce((sum, row) => sum + row.credit, 0n)
    return {
      currency,
      debit: toJsonAmount(debit),
      credit: toJsonAmount(credit),
      balance: toJsonAmount(debit - credit),
    }
  }),
})

interface Amount {
  readonly amount: bigint
  readonly base: bigint
}

const none: Amount = { amount: 0n, base: 0n }
const plus = (a: Amount, b: Amount): Amount => ({ amount: a.amount + b.amount, base: a.base + b.base })
const minus = (a: Amount, b: Amount): Amount => ({ amount: a.amount - b.amount, base: a.base - b.base })
const balanceOf = (row: Turnover): Amount => ({ amount: row.debit - row.credit, base: row.baseDebit - row.baseCredit })

export interface StatementRow {
  readonly transaction_id: string
  readonly seq: bigint
  readonly line: number
  readonly kind: string
  readonly description: string
  readonly payment_intent_id: string | null
  readonly effective_at: Date
  readonly value_at: Date | null
  readonly created_at: Date
  readonly amount: bigint
  readonly base_amount: bigint
}

interface StatementParts {
  readonly account: Omit<BalanceRow, keyof Turnover>
  readonly baseCurrency: string
  readonly from: number | string | null
  readonly to: number | string | null
  readonly asOfSeq: bigint
  readonly opening: Turnover
  readonly closing: Turnover
  /** Before the first line of this page. */
  readonly brought: Turnover
  readonly lines: readonly StatementRow[]
  readonly hasMore: boolean
}

/** An account line by line; balances are debit less credit. */
export const showStatement = (parts: StatementParts) => {
  const { account } = parts
  let running = balanceOf(parts.brought)
  const opening = showTurnover(parts.opening)
  const closing = showTurnover(parts.closing)
  return {
    object: 'ledger_statement' as const,
    account: showId('ledgerAccount', account.id),
    code: account.code,
    name: account.name,
    normal_side: normalSide(account.type),
    currency: account.currency,
    holder: account.holder,
    base_currency: parts.baseCurrency,
    from: parts.from,
    to: parts.to,
    as_of_seq: toJsonAmount(parts.asOfSeq),
    opening_balance: opening.balance,
    opening_base_balance: opening.base_balance,
    closing_balance: closing.balance,
    closing_base_balance: closing.base_balance,
    data: parts.lines.map((row) => {
      running = plus(running, { amount: row.amount, base: row.base_amount })
      return showStatementLine(row, running)
    }),
    has_more: parts.hasMore,
  }
}

const showStatementLine = (row: StatementRow, after: Amount) => ({
  id: showEntryId(row.transaction_id, row.line),
  transaction: showId('ledgerTransaction', row.transaction_id),
  seq: toJsonAmount(row.seq),
  line: row.line,
  kind: row.kind,
  description: row.description,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  effective_at: unixSeconds(row.effective_at),
  value_at: row.value_at && unixSeconds(row.value_at),
  booked_at: unixSeconds(row.created_at),
  amount: toJsonAmount(row.amount),
  base_amount: toJsonAmount(row.base_amount),
  balance: toJsonAmount(after.amount),
  base_balance: toJsonAmount(after.base),
})

type ReportRow = Amount & Pick<BalanceRow, 'code' | 'name' | 'type' | 'currency'>

/** Rows by code and currency with their natural sign: what stands on the account's usual side is positive. */
const naturalRows = (rows: readonly BalanceRow[]): ReportRow[] => {
  const groups = Map.groupBy(rows, (row) => `${row.code} ${row.currency}`)
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first) return []
    const sum = others.map(balanceOf).reduce(plus, balanceOf(first))
    const { code, name, type, currency } = first
    const natural = normalSide(type) === 'debit' ? sum : minus(none, sum)
    return [{ code, name, type, currency, ...natural }]
  })
}

const showRows = (rows: readonly ReportRow[], type: AccountType) =>
  rows
    .filter((row) => row.type === type && (row.amount !== 0n || row.base !== 0n))
    .map(({ code, name, currency, amount, base }) => ({
      code,
      name,
      currency,
      amount: toJsonAmount(amount),
      base_amount: toJsonAmount(base),
    }))

const sumOf = (rows: readonly ReportRow[], type: AccountType): Amount =>
  rows.filter((row) => row.type === type).reduce(plus, none)

/** Sums in every currency, and of all rows in the base currency. */
const showTotals = <T extends Record<string, Amount>>(
  rows: readonly ReportRow[],
  sums: (rows: readonly ReportRow[]) => T,
) => {
  const show = (of: readonly ReportRow[], what: keyof Amount) =>
    Object.fromEntries(Object.entries(sums(of)).map(([name, sum]) => [name, toJsonAmount(sum[what])])) as Record<
      keyof T,
      number
    >
  const byCurrency = [...Map.groupBy(rows, (row) => row.currency)].sort()
  return {
    totals: byCurrency.map(([currency, of]) => ({ currency, ...show(of, 'amount') })),
    base_totals: show(rows, 'base'),
  }
}

interface Span {
  readonly from: number | string | null
  readonly to: number | string | null
}

/** Revenue less expenses of a span, out of the turnover between its two ends. */
export const showIncomeStatement = (moved: readonly BalanceRow[], { from, to }: Span, coverage: Coverage) => {
  const rows = naturalRows(moved)
  const sums = (of: readonly ReportRow[]) => {
    const [revenue, expenses] = [sumOf(of, 'revenue'), sumOf(of, 'expense')]
    return { revenue, expenses, result: minus(revenue, expenses) }
  }
  return {
    object: 'income_statement' as const,
    from,
    to,
    ...showCoverage(coverage),
    revenue: showRows(rows, 'revenue'),
    expenses: showRows(rows, 'expense'),
    ...showTotals(rows, sums),
  }
}

/** The result stands beside the equity: no closing entries are booked. Memo accounts are not part of it. */
export const showBalanceSheet = (balances: readonly BalanceRow[], asOf: number | string | null, coverage: Coverage) => {
  const rows = naturalRows(balances)
  const sums = (of: readonly ReportRow[]) => ({
    assets: sumOf(of, 'asset'),
    liabilities: sumOf(of, 'liability'),
    equity: sumOf(of, 'equity'),
    result: minus(sumOf(of, 'revenue'), sumOf(of, 'expense')),
  })
  return {
    object: 'balance_sheet' as const,
    as_of: asOf,
    ...showCoverage(coverage),
    assets: showRows(rows, 'asset'),
    liabilities: showRows(rows, 'liability'),
    equity: showRows(rows, 'equity'),
    ...showTotals(rows, sums),
  }
}

/** What moved between two points: the turnovers of the later less those of the earlier, by account. */
export const movedBetween = (earlier: readonly BalanceRow[], later: readonly BalanceRow[]): BalanceRow[] => {
  const before = new Map(earlier.map((row) => [row.id, row]))
  return later.map((row) => {
    const then = before.get(row.id)
    if (!then) return row
    return {
      ...row,
      debit: row.debit - then.debit,
      credit: row.credit - then.credit,
      baseDebit: row.baseDebit - then.baseDebit,
      baseCredit: row.baseCredit - then.baseCredit,
    }
  })
}
