import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import { noTurnover, type Turnover } from './balance-movements.ts'
import { readBalances } from './balance-repo.ts'
import type { StatementRow } from './balance-view.ts'
import { sums } from './seal-repo.ts'

/** An account and the seals that count. */
export interface StatementScope {
  readonly merchantId: string
  readonly accountId: string
  readonly asOfSeq: bigint
}

/** A line's place in a statement. The moment is text: JavaScript's dates would lose its microseconds. */
export interface StatementPlace {
  readonly effectiveAt: string
  readonly seq: bigint
  readonly line: number
}

/** Where an entry of this account stands; undefined when it is none, or not sealed up to there. */
export const readPlace = async (
  tx: Tx,
  scope: StatementScope,
  entry: { transactionId: string; line: number },
): Promise<StatementPlace | undefined> => {
  const { rows } = await sql<StatementPlace>`select t.effective_at::text as "effectiveAt", s.seq, e.line ${from(scope)}
    and e.transaction_id = ${entry.transactionId} and e.line = ${entry.line}`.execute(tx)
  return rows[0]
}

/** Lines of the account in [from, before), after a place, by (effective_at, seq, line). */
export const readStatementLines = async (
  tx: Tx,
  scope: StatementScope,
  span: { from: Date | undefined; before: Date | undefined; after: StatementPlace | undefined; limit: number },
): Promise<StatementRow[]> => {
  const { after } = span
  const bounds = [
    ...(span.from === undefined ? [] : [sql`and t.effective_at >= ${span.from}`]),
    ...(span.before === undefined ? [] : [sql`and t.effective_at < ${span.before}`]),
    ...(after === undefined
      ? []
      : [
          // The first condition alone can use an index.
          sql`and t.effective_at >= ${after.effectiveAt}::timestamptz and (t.effective_at, s.seq, e.line) >
            (${after.effectiveAt}::timestamptz, ${after.seq}::bigint, ${after.line}::smallint)`,
        ]),
  ]
  const { rows } = await sql<StatementRow>`
    select e.transaction_id, s.seq, e.line, t.kind, t.description, t.payment_intent_id, t.effective_at, t.value_at,
      t.created_at, e.amount, e.base_amount ${from(scope)} ${sql.join(bounds, sql` `)}
    order by t.effective_at, s.seq, e.line limit ${span.limit}`.execute(tx)
  return rows
}

/** What the account took up to and including a line of its statement. */
export const readTurnoverUpTo = async (tx: Tx, scope: StatementScope, place: StatementPlace): Promise<Turnover> => {
  const before = new Date(place.effectiveAt)
  const earlier = await readAccountTurnover(tx, scope, before)
  const { rows } = await sql<{ debit: bigint; credit: bigint; base_debit: bigint; base_credit: bigint }>`
    select ${sums} ${from(scope)} and t.effective_at >= ${before} and (t.effective_at, s.seq, e.line) <=
      (${place.effectiveAt}::timestamptz, ${place.seq}::bigint, ${place.line}::smallint)`.execute(tx)
  const [row] = rows
  if (!row) return earlier
  return {
    debit: earlier.debit + row.debit,
    credit: earlier.credit + row.credit,
    baseDebit: earlier.baseDebit + row.base_debit,
    baseCredit: earlier.baseCredit + row.base_credit,
  }
}

/** What the account took before a moment; without one, all of it. */
export const readAccountTurnover = async (
  tx: Tx,
  { merchantId, accountId, asOfSeq }: StatementScope,
  before: Date | undefined,
): Promise<Turnover> => {
  const [row] = await readBalances(tx, merchantId, { before, asOfSeq }, { accountIds: [accountId] })
  return row ?? noTurnover
}

const from = ({ merchantId, accountId, asOfSeq }: StatementScope) => sql`
  from ledger_entries e
  join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id
  cross join lateral (select seq from ledger_seals s
    where s.merchant_id = t.merchant_id and s.transaction_id = t.id limit 1) s
  where e.merchant_id = ${merchantId} and e.account_id = ${accountId} and s.seq <= ${asOfSeq}`
