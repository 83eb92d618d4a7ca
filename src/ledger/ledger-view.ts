import { unixSeconds } from '#kernel/clock.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { type AccountType, normalSide } from './chart.ts'

interface AccountRow {
  id: string
  code: string
  name: string
  type: AccountType
  currency: string
  created_at: Date
}

interface TransactionRow {
  id: string
  event_key: string
  kind: string
  description: string
  payment_intent_id: string | null
  refund_id: string | null
  thread_id: string | null
  effective_at: Date
  created_at: Date
}

interface EntryRow {
  transaction_id: string
  line: number
  account_id: string
  account_code: string
  account_name: string
  currency: string
  amount: bigint
  kind: string
  payment_intent_id: string | null
  effective_at: Date
  created_at: Date
}

interface Turnover {
  debit: bigint
  credit: bigint
}

const showTurnover = ({ debit, credit }: Turnover) => ({
  debit: toJsonAmount(debit),
  credit: toJsonAmount(credit),
  balance: toJsonAmount(debit - credit),
})

export const showAccount = (row: AccountRow, turnover: Turnover, asOf: number | null) => ({
  id: showId('ledgerAccount', row.id),
  object: 'ledger_account' as const,
  code: row.code,
  name: row.name,
  type: row.type,
  normal_side: normalSide(row.type),
  currency: row.currency,
  ...showTurnover(turnover),
  as_of: asOf,
  created: unixSeconds(row.created_at),
})

/** An entry has no id of its own: its public id is its transaction's and its line. */
export const showEntryId = (transactionId: string, line: number): string =>
  `${showId('ledgerEntry', transactionId)}_${line}`

export const parseEntryId = (text: string): { transactionId: string; line: number } | undefined => {
  const [, id = '', line = ''] = /^(.+)_([1-9]\d{0,3})$/.exec(text) ?? []
  const transactionId = parseId('ledgerEntry', id)
  return transactionId === undefined ? undefined : { transactionId, line: Number.parseInt(line, 10) } // exact: a line number, not money
}

export const showEntry = (row: EntryRow) => ({
  id: showEntryId(row.transaction_id, row.line),
  object: 'ledger_entry' as const,
  transaction: showId('ledgerTransaction', row.transaction_id),
  line: row.line,
  account: showId('ledgerAccount', row.account_id),
  account_code: row.account_code,
  account_name: row.account_name,
  currency: row.currency,
  amount: toJsonAmount(row.amount),
  kind: row.kind,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  effective_at: unixSeconds(row.effective_at),
  created: unixSeconds(row.created_at),
})

export const showTransaction = (row: TransactionRow, entries: readonly EntryRow[]) => ({
  id: showId('ledgerTransaction', row.id),
  object: 'ledger_transaction' as const,
  kind: row.kind,
  description: row.description,
  event_key: row.event_key,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  refund: row.refund_id && showId('refund', row.refund_id),
  thread: row.thread_id && showId('thread', row.thread_id),
  entries: entries.map(showEntry),
  effective_at: unixSeconds(row.effective_at),
  created: unixSeconds(row.created_at),
})

export const showTrialBalance = (rows: readonly (Omit<AccountRow, 'created_at'> & Turnover)[], asOf: number | null) => {
  const totals = new Map<string, Turnover>()
  for (const { currency, debit, credit } of rows) {
    const sum = totals.get(currency) ?? { debit: 0n, credit: 0n }
    totals.set(currency, { debit: sum.debit + debit, credit: sum.credit + credit })
  }
  return {
    object: 'trial_balance' as const,
    as_of: asOf,
    // The ledger is not numbered yet: whatever is booked is in it.
    as_of_seq: null,
    data: rows.map((row) => ({
      account: showId('ledgerAccount', row.id),
      code: row.code,
      name: row.name,
      type: row.type,
      currency: row.currency,
      ...showTurnover(row),
    })),
    totals: [...totals].sort().map(([currency, sum]) => ({ currency, ...showTurnover(sum) })),
  }
}
