import { journalFields } from './journal-decoder.ts'
import type { JournalFilter, SeqRange } from './spec.ts'

/** The first and the last transaction id of a range of seals: what keeps the plan to the partitions that matter. */
export interface IdRange {
  readonly first: string
  readonly last: string
}

/**
 * The lines of a range of seals, ordered by (seq, line), with the columns of `journalFields`. COPY takes no
 * parameters, hence literals: each is checked here to be nothing else.
 */
export const selectJournal = (merchantId: string, filter: JournalFilter, range: SeqRange, ids: IdRange): string => {
  // Without a filter of lines the first line of a transaction is always there and may speak for the others.
  const isWhole = filter.accountIds === null && filter.exceptIds === null && filter.currency === null
  const fields = journalFields.map((name) => {
    if (name in ofLine) return ofLine[name]
    const value = ofTransaction[name]
    return isWhole ? `case when e.line = 1 then ${value} end` : value
  })
  return `select ${fields.join(', ')} ${fromWhere(merchantId, filter)}
    and s.seq > ${range.fromSeq} and s.seq <= ${range.asOfSeq}
    and t.id between ${uuid(ids.first)} and ${uuid(ids.last)}
    and e.transaction_id between ${uuid(ids.first)} and ${uuid(ids.last)}
    order by s.seq, e.line`
}

/** First and last day on which a line of the range took effect. */
export const selectDays = (merchantId: string, filter: JournalFilter, range: SeqRange): string => {
  const days = ['min', 'max'].map((end) => `(${end}(t.effective_at) at time zone 'UTC')::date`)
  return `select ${days.join(', ')} ${fromWhere(merchantId, filter)}
    and s.seq > ${range.fromSeq} and s.seq <= ${range.asOfSeq}`
}

const ofLine: Readonly<Record<string, string>> = {
  seq: 's.seq',
  line: 'e.line',
  account_id: 'e.account_id',
  amount: 'e.amount',
  base_amount: 'e.base_amount',
}

const ofTransaction: Readonly<Record<string, string>> = {
  transaction_id: 't.id',
  event_key: 't.event_key',
  kind: 't.kind',
  description: 't.description',
  effective_at: 't.effective_at',
  original_effective_at: 't.original_effective_at',
  created_at: 't.created_at',
  value_at: 't.value_at',
  base_currency: 't.base_currency',
  payment_intent_id: 't.payment_intent_id',
  refund_id: 't.refund_id',
  thread_id: 't.thread_id',
  reverses_id: 't.reverses_id',
  refs: 't.refs',
  hash: "encode(s.hash, 'hex')",
}

const fromWhere = (merchantId: string, filter: JournalFilter): string => {
  const merchant = uuid(merchantId)
  const conditions = [
    `s.merchant_id = ${merchant} and t.merchant_id = ${merchant} and e.merchant_id = ${merchant}`,
    ...(filter.from === null ? [] : [`t.effective_at >= ${moment(filter.from)}`]),
    ...(filter.before === null ? [] : [`t.effective_at < ${moment(filter.before)}`]),
    ...(filter.kind === null ? [] : [`t.kind = ${text(filter.kind)}`]),
    ...(filter.threadId === null ? [] : [`t.thread_id = ${uuid(filter.threadId)}`]),
    ...(filter.currency === null ? [] : [`e.currency = ${text(filter.currency)}`]),
    ...(filter.accountIds === null ? [] : [`e.account_id = any(${uuids(filter.accountIds)})`]),
    ...(filter.exceptIds === null ? [] : [`e.account_id <> all(${uuids(filter.exceptIds)})`]),
  ]
  return `from ledger_seals s
    join ledger_transactions t on t.id = s.transaction_id
    join ledger_entries e on e.transaction_id = s.transaction_id
    where ${conditions.join(' and ')}`
}

const checked = (form: RegExp, value: string): string => {
  if (!form.test(value)) throw new Error(`not fit for a statement: ${value}`)
  return value
}
const checkUuid = (value: string): string => checked(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, value)
const uuid = (value: string): string => `'${checkUuid(value)}'::uuid`
const uuids = (values: readonly string[]): string => `'{${values.map(checkUuid).join(',')}}'::uuid[]`
const moment = (value: string): string => `'${checked(/^[0-9TZ:.-]+$/, value)}'::timestamptz`
/** Kinds and currencies: no quotes, no backslashes. */
const text = (value: string): string => `'${checked(/^[a-z0-9_.-]+$/, value)}'`
