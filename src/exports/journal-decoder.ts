import type { JournalAccount, JournalLine, JournalTransaction } from './journal.ts'

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
export const createJournalDecoder = (accounts: ReadonlyMap<string, JournalAccount>): JournalDecoder => {
  // A letter for each byte, as most of it is: what is more is decoded field by field, and no chunk cuts a character.
  let rest = ''
  let transaction: JournalTransaction | undefined
  let seq = ''
  // Field by field: most lines are not the first of their transaction and have nothing behind the fifth.
  const decode = (text: string, start: number, end: number): JournalLine => {
    const afterSeq = text.indexOf('\t', start)
    const afterLine = text.indexOf('\t', afterSeq + 1)
    const afterAccount = text.indexOf('\t', afterLine + 1)
    const afterAmount = text.indexOf('\t', afterAccount + 1)
    const afterBase = text.indexOf('\t', afterAmount + 1)
    const number = text.slice(start, afterSeq)
    if (transaction === undefined || number !== seq) {
      transaction = decodeTransaction(number, text.slice(afterBase + 1, end).split('\t'))
      seq = number
    }
    const account = accounts.get(text.slice(afterLine + 1, afterAccount))
    if (!account) throw new Error(`the journal names an account that was not read, in transaction ${seq}`)
    return {
      transaction,
      line: Number(text.slice(afterSeq + 1, afterLine)), // exact: a line number, not money
      account,
      amount: BigInt(text.slice(afterAccount + 1, afterAmount)),
      baseAmount: BigInt(text.slice(afterAmount + 1, afterBase)),
    }
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

const decodeTransaction = (seq: string, fields: readonly string[]): JournalTransaction => {
  const [id = '', eventKey = '', kind = '', written = '', effective = '', original = '', created = '', value = ''] =
    fields
  const [baseCurrency = '', intent, refund, thread, reverses, refs = '', hash = ''] = fields.slice(8)
  if (id === absent || hash === '') throw new Error(`the journal lacks the first line of transaction ${seq}`)
  const descriptionAsWritten = unescapeField(written)
  const effectiveAt = toMoment(effective)
  const originalEffectiveAt = original === absent ? null : toMoment(original)
  const valueAt = value === absent ? null : toMoment(value)
  return {
    seq: BigInt(seq),
    id,
    eventKey: unescapeField(eventKey),
    kind: unescapeField(kind),
    description: oneLine(descriptionAsWritten),
    descriptionAsWritten,
    effectiveOn: effectiveAt.slice(0, 10),
    originalEffectiveOn: originalEffectiveAt?.slice(0, 10) ?? null,
    effectiveAt,
    originalEffectiveAt,
    postedAt: toMoment(created),
    valueOn: valueAt?.slice(0, 10) ?? null,
    valueAt,
    baseCurrency,
    paymentIntentId: nullable(intent),
    refundId: nullable(refund),
    threadId: nullable(thread),
    reversesId: nullable(reverses),
    refs: refs === '{}' ? noRefs : JSON.parse(unescapeField(refs)),
    hash,
  }
}

const noRefs: Readonly<Record<string, string>> = {}
const absent = '\\N'
const nullable = (field: string | undefined): string | null => (field === undefined || field === absent ? null : field)

/** 2026-11-30 12:00:00.12+00 → 2026-11-30T12:00:00.120000Z */
const toMoment = (field: string): string => {
  if (!field.endsWith('+00') || field.charAt(10) !== ' ') throw new Error(`not a moment of UTC: ${field}`)
  const time =
    field.length === 29 ? field.slice(11, 26) : `${field.slice(11, 19)}.${field.slice(20, -3).padEnd(6, '0')}`
  return `${field.slice(0, 10)}T${time}Z`
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const unescapeField = (field: string): string => {
  const text = beyondAscii.test(field) ? utf8.decode(Buffer.from(field, 'latin1')) : field
  return text.includes('\\') ? text.replaceAll(/\\(.)/g, (_all, letter: string) => escapes[letter] ?? letter) : text
}
const beyondAscii = /[\u0080-\u00ff]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/
const oneLine = (text: string): string => (control.test(text) ? text.replaceAll(new RegExp(control, 'g'), ' ') : text)
