import { unixSeconds } from '#kernel/clock.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { Turnover } from './balance-movements.ts'
import { type AccountType, normalSide } from './chart.ts'

interface AccountRow {
  id: string
  code: string
  name: string
  type: AccountType
  currency: string
  holder: string
  created_at: Date
}

interface TransactionRow {
  id: string
  seq: bigint | null
  event_key: string
  kind: string
  description: string
  payment_intent_id: string | null
  refund_id: string | null
  thread_id: string | null
  reverses_id: string | null
  refs: Record<string, string>
  base_currency: string
  effective_at: Date
  original_effective_at: Date | null
  value_at: Date | null
  created_at: Date
}

interface EntryRow {
  transaction_id: string
  line: number
  account_id: string
  account_code: string
  account_name: string
  holder: string
  seq: bigint | null
  currency: string
  amount: bigint
  base_currency: string
  base_amount: bigint
  kind: string
  payment_intent_id: string | null
  effective_at: Date
  original_effective_at: Date | null
  value_at: Date | null
  created_at: Date
}

/** Where a balance stands: what was asked for, null for everything booked. */
export interface AskedPoint {
  readonly asOf: number | null
  readonly asOfSeq: number | null
}

/** Both sides and what they come to, in minor units of the account's currency; the last of the base currency. */
export const showTurnover = ({ debit, credit, baseDebit, baseCredit }: Turnover) => ({
  debit: toJsonAmount(debit),
  credit: toJsonAmount(credit),
  balance: toJsonAmount(debit - credit),
  base_balance: toJsonAmount(baseDebit - baseCredit),
})

export const showSeq = (seq: bigint | null): number | null => (seq === null ? null : toJsonAmount(seq))
const showMoment = (moment: Date | null): number | null => (moment === null ? null : unixSeconds(moment))

export const showAccount = (row: AccountRow, turnover: Turnover, baseCurrency: string, point: AskedPoint) => ({
  id: showId('ledgerAccount', row.id),
  object: 'ledger_account' as const,
  code: row.code,
  name: row.name,
  type: row.type,
  normal_side: normalSide(row.type),
  currency: row.currency,
  holder: row.holder,
  ...showTurnover(turnover),
  base_currency: baseCurrency,
  as_of: point.asOf,
  as_of_seq: point.asOfSeq,
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
  seq: showSeq(row.seq),
  account: showId('ledgerAccount', row.account_id),
  account_code: row.account_code,
  account_name: row.account_name,
  holder: row.holder,
  currency: row.currency,
  amount: toJsonAmount(row.amount),
  base_currency: row.base_currency,
  base_amount: toJsonAmount(row.base_amount),
  kind: row.kind,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  effective_at: unixSeconds(row.effective_at),
  original_effective_at: showMoment(row.original_effective_at),
  value_at: showMoment(row.value_at),
  created: unixSeconds(row.created_at),
})

export const showTransaction = (row: TransactionRow, entries: readonly EntryRow[]) => ({
  id: showId('ledgerTransaction', row.id),
  object: 'ledger_transaction' as const,
  seq: showSeq(row.seq),
  kind: row.kind,
  description: row.description,
  event_key: row.event_key,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  refund: row.refund_id && showId('refund', row.refund_id),
  thread: row.thread_id && showId('thread', row.thread_id),
  reverses: row.reverses_id && showId('ledgerTransaction', row.reverses_id),
  refs: row.refs,
  base_currency: row.base_currency,
  entries: entries.map(showEntry),
  effective_at: unixSeconds(row.effective_at),
  original_effective_at: showMoment(row.original_effective_at),
  value_at: showMoment(row.value_at),
  created: unixSeconds(row.created_at),
})
