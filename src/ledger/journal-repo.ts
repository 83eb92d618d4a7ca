import { type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { Tables } from '#platform/tables.ts'
import type { LedgerTransactionsTable } from '#platform/tables-ledger.ts'

export type TransactionRow = Omit<Selectable<LedgerTransactionsTable>, 'xid'> & { seq: bigint | null }

/** An entry with what its account and its transaction say of it. */
export interface JournalLine {
  merchant_id: string
  transaction_id: string
  line: number
  account_id: string
  currency: string
  amount: bigint
  account_code: string
  account_name: string
  holder: string
  /** Null until it is sealed. */
  seq: bigint | null
  base_amount: bigint
  base_currency: string
  original_effective_at: Date | null
  value_at: Date | null
  event_key: string
  kind: string
  description: string
  payment_intent_id: string | null
  refund_id: string | null
  thread_id: string | null
  effective_at: Date
  created_at: Date
}

export interface JournalFilter {
  accountIds?: readonly string[] | undefined
  currency?: string | undefined
  paymentIntentId?: string | undefined
  transactionIds?: readonly string[] | undefined
}

/** Place of an entry in the journal. */
export interface EntryKey {
  transactionId: string
  line: number
}

/** All transactions of a merchant, to be narrowed by the caller. */
export const selectTransactions = (
  db: Db,
  merchantId: string,
): SelectQueryBuilder<Tables, 'ledger_transactions', TransactionRow> =>
  db
    .selectFrom('ledger_transactions')
    .select(['merchant_id', 'id', 'event_key', 'kind', 'description', 'payment_intent_id', 'refund_id', 'thread_id'])
    .select(['effective_at', 'created_at', 'base_currency', 'reverses_id', 'original_effective_at', 'value_at', 'refs'])
    .select((eb) =>
      eb
        .selectFrom('ledger_seals as s')
        .select('s.seq')
        .whereRef('s.merchant_id', '=', 'ledger_transactions.merchant_id')
        .whereRef('s.transaction_id', '=', 'ledger_transactions.id')
        .as('seq'),
    )
    .where('merchant_id', '=', merchantId)

/** Every line of the given transactions, in their order. */
export const readLines = (db: Db, merchantId: string, transactionIds: readonly string[]): Promise<JournalLine[]> =>
  transactionIds.length === 0
    ? Promise.resolve([])
    : journal(db, merchantId, { transactionIds }).orderBy('e.transaction_id').orderBy('e.line').execute()

/** A page of entries, newest first. Reads one more than asked for, which tells whether there are more. */
export const readEntryPage = async (
  db: Db,
  merchantId: string,
  filter: JournalFilter,
  page: { limit: number; after?: EntryKey | undefined; before?: EntryKey | undefined },
): Promise<{ rows: JournalLine[]; hasMore: boolean }> => {
  const backwards = page.before !== undefined
  const cursor = page.after ?? page.before
  let query = journal(db, merchantId, filter)
  if (cursor) {
    const place = sql<boolean>`(e.transaction_id, e.line) ${sql.raw(backwards ? '>' : '<')} (${cursor.transactionId}::uuid, ${cursor.line}::smallint)`
    query = query.where(place)
  }
  const order = backwards ? 'asc' : 'desc'
  const rows = await query
    .orderBy('e.transaction_id', order)
    .orderBy('e.line', order)
    .limit(page.limit + 1)
    .execute()
  const shown = rows.slice(0, page.limit)
  return { rows: backwards ? shown.reverse() : shown, hasMore: rows.length > page.limit }
}

const journal = (db: Db, merchantId: string, filter: JournalFilter) => {
  let query = db
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_transactions as t', (join) =>
      join.onRef('t.merchant_id', '=', 'e.merchant_id').onRef('t.id', '=', 'e.transaction_id'),
    )
    .innerJoin('ledger_accounts as a', (join) =>
      join.onRef('a.merchant_id', '=', 'e.merchant_id').onRef('a.id', '=', 'e.account_id'),
    )
    .leftJoin('ledger_seals as s', (join) =>
      join.onRef('s.merchant_id', '=', 'e.merchant_id').onRef('s.transaction_id', '=', 'e.transaction_id'),
    )
    .select(['e.merchant_id', 'e.transaction_id', 'e.line', 'e.account_id', 'e.currency', 'e.amount', 'e.base_amount'])
    .select(['s.seq', 't.base_currency', 't.original_effective_at', 't.value_at', 'a.holder'])
    .select(['a.code as account_code', 'a.name as account_name', 't.event_key', 't.kind', 't.description'])
    .select(['t.payment_intent_id', 't.refund_id', 't.thread_id', 't.effective_at', 't.created_at'])
    .where('e.merchant_id', '=', merchantId)
  if (filter.accountIds) query = query.where('e.account_id', 'in', [...filter.accountIds])
  if (filter.transactionIds) query = query.where('e.transaction_id', 'in', [...filter.transactionIds])
  if (filter.currency !== undefined) query = query.where('e.currency', '=', filter.currency)
  if (filter.paymentIntentId !== undefined) query = query.where('t.payment_intent_id', '=', filter.paymentIntentId)
  return query
}
