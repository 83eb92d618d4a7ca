import { CopiedLine, CopiedTransaction } from './copied-journal.ts'
import { type TextForm, textReaders } from './copied-text.ts'
import type { JournalAccount, JournalLine } from './journal.ts'

/** What `COPY … TO STDOUT` sends for a line, in this order; what lines of a transaction share comes with its first. */
export const journalFields = [
  'seq',
  'line',
  'account_id',
  'amount',
  'base_amount',
  'transaction_id',
  'event_key',
  'kind',
  'description',
  'effective_at',
  'original_effective_at',
  'created_at',
  'value_at',
  'base_currency',
  'payment_intent_id',
  'refund_id',
  'thread_id',
  'reverses_id',
  'refs',
  'hash',
] as const

export interface JournalDecoder {
  /** The lines that are whole with these bytes. A chunk may end anywhere, within a character too. */
  push(bytes: Buffer): JournalLine[]
  /** Throws when the stream ended within a line. */
  end(): void
}

/** Reads PostgreSQL's COPY text format (session time zone UTC, date style ISO). */
export const createJournalDecoder = (
  accounts: ReadonlyMap<string, JournalAccount>,
  form: TextForm = 'decoded',
): JournalDecoder => {
  const reader = textReaders[form]
  // A letter for each byte, as most of it is: what is more is decoded field by field, and no chunk cuts a character.
  let rest = ''
  let transaction: CopiedTransaction | undefined
  // Field by field: most lines are not the first of their transaction and have nothing behind the fifth.
  const decode = (text: string, start: number, end: number): JournalLine => {
    const afterSeq = text.indexOf('\t', start)
    const afterLine = text.indexOf('\t', afterSeq + 1)
    const afterAccount = text.indexOf('\t', afterLine + 1)
    const afterAmount = text.indexOf('\t', afterAccount + 1)
    const afterBase = text.indexOf('\t', afterAmount + 1)
    const number = text.slice(start, afterSeq)
    if (transaction === undefined || number !== transaction.number)
      transaction = new CopiedTransaction(number, text.slice(afterBase + 1, end).split('\t'), reader)
    const account = accounts.get(text.slice(afterLine + 1, afterAccount))
    if (!account) throw new Error(`the journal names an account that was not read, in transaction ${number}`)
    return new CopiedLine(
      transaction,
      Number(text.slice(afterSeq + 1, afterLine)), // exact: a line number, not money
      account,
      text.slice(afterAccount + 1, afterAmount),
      text.slice(afterAmount + 1, afterBase),
    )
  }
  return {
    push: (bytes) => {
      const text = rest + bytes.toString('latin1')
      const lines: JournalLine[] = []
      let start = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        lines.push(decode(text, start, end))
        start = end + 1
      }
      rest = text.slice(start)
      return lines
    },
    end: () => {
      if (rest !== '') throw new Error('the journal ended within a line')
    },
  }
}
