import { type JournalColumn, journalColumns } from '#exports/columns.ts'
import type { ExportContext, LineFormat } from '#exports/format.ts'
import type { JournalLine, JournalTransaction } from '#exports/journal.ts'
import { showId } from '#kernel/ids.ts'

/**
 * One JSON object per entry and line: the columns of the journal, null where a line has no such value, and all else
 * that the hash of a seal is made of (ledger/canonical.ts), so that the file can be verified without the database.
 */
export const jsonLines: LineFormat = {
  shape: 'lines',
  name: 'jsonl',
  title: 'JSON Lines, one object per entry, with all that a seal signs for',
  contentType: 'application/jsonl; charset=utf-8',
  extension: 'jsonl',
  target: 'jsonl',
  needsBalances: false,
  needsWholeTransactions: false,
  open: (context) => ({ head: () => '', line: createLine(context), tail: () => '' }),
}

const createLine = (context: ExportContext): ((line: JournalLine) => string) => {
  const byTransaction = journalColumns.filter(({ name }) => transactionColumns.has(name))
  const byLine = journalColumns.filter(({ name }) => !transactionColumns.has(name) && name !== 'description')
  let last: JournalTransaction | undefined
  let shared = ''
  return (line) => {
    if (line.transaction !== last) {
      last = line.transaction
      const members = byTransaction.map((column) => member(column, line, context))
      shared = `${members.join(',')},${JSON.stringify(sealed(last)).slice(1)}\n`
    }
    const own = byLine.map((column) => member(column, line, context)).join(',')
    return `{${own},"holder":${JSON.stringify(line.account.holder)},${shared}`
  }
}

/** The same on all lines of a transaction. `description` is left out of the columns: here it stands as it was written. */
const transactionColumns: ReadonlySet<string> = new Set([
  'seq',
  'journal_id',
  'effective_date',
  'posted_at',
  'value_date',
  'kind',
  'base_currency',
  'thread_id',
  'message_id',
  'order_id',
  'merchant_id',
  'user_id',
  'provider',
  'provider_object_id',
  'provider_balance_transaction_id',
  'payout_id',
  'reporting_category',
  'reverses_journal_id',
  'period',
  'chain_hash',
])

const sealed = (transaction: JournalTransaction) => ({
  event_key: transaction.eventKey,
  description: transaction.descriptionAsWritten,
  effective_at: transaction.effectiveAt,
  original_effective_at: transaction.originalEffectiveAt,
  value_at: transaction.valueAt,
  payment_intent_id: transaction.paymentIntentId && showId('paymentIntent', transaction.paymentIntentId),
  refund_id: transaction.refundId && showId('refund', transaction.refundId),
  refs: transaction.refs,
})

const member = ({ name, type, value }: JournalColumn, line: JournalLine, context: ExportContext): string => {
  const text = value(line, context)
  if (text === null) return `"${name}":null`
  return `"${name}":${type === 'integer' || type === 'json' ? text : JSON.stringify(text)}`
}
