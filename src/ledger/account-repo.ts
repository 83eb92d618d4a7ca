import { type Selectable, type SelectQueryBuilder, sql } from 'kysely'
import type { Db, Tx } from '#platform/database.ts'
import type { Tables } from '#platform/tables.ts'
import type { LedgerAccountsTable } from '#platform/tables-ledger.ts'

export type AccountRow = Selectable<LedgerAccountsTable>

/** What an account took on either side, both ≥ 0. */
export interface Turnover {
  readonly debit: bigint
  readonly credit: bigint
}

export const noTurnover: Turnover = { debit: 0n, credit: 0n }

/** All accounts of a merchant, to be narrowed by the caller. */
export const selectAccounts = (db: Db, merchantId: string): SelectQueryBuilder<Tables, 'ledger_accounts', AccountRow> =>
  db.selectFrom('ledger_accounts').selectAll().where('merchant_id', '=', merchantId)

/** Turnover by account id. `before` leaves out transactions that took effect then or later. */
export const readTurnovers = async (
  db: Db,
  merchantId: string,
  accountIds: readonly string[],
  before?: Date,
): Promise<Map<string, Turnover>> => {
  if (accountIds.length === 0) return new Map()
  const rows = await turnovers(db, merchantId, before)
    .where('e.account_id', 'in', [...accountIds])
    .execute()
  return new Map(rows.map(({ account_id, debit, credit }) => [account_id, { debit, credit }]))
}

/** Accounts that have entries, with their turnover. One statement, hence one snapshot: it always balances. */
export const readTrialBalance = (
  tx: Tx,
  merchantId: string,
  filter: { currency: string | undefined; before: Date | undefined },
): Promise<(Pick<AccountRow, 'id' | 'code' | 'name' | 'type' | 'currency'> & Turnover)[]> => {
  const query = tx
    .selectFrom(turnovers(tx, merchantId, filter.before).as('t'))
    .innerJoin('ledger_accounts as a', 'a.id', 't.account_id')
    .select(['a.id', 'a.code', 'a.name', 'a.type', 'a.currency', 't.debit', 't.credit'])
    .where('a.merchant_id', '=', merchantId)
    .orderBy('a.code')
    .orderBy('a.currency')
  return (filter.currency === undefined ? query : query.where('a.currency', '=', filter.currency)).execute()
}

const turnovers = (db: Db, merchantId: string, before: Date | undefined) =>
  db
    .selectFrom('ledger_entries as e')
    .$if(before !== undefined, (query) =>
      query
        .innerJoin('ledger_transactions as t', (join) =>
          join.onRef('t.merchant_id', '=', 'e.merchant_id').onRef('t.id', '=', 'e.transaction_id'),
        )
        .where('t.effective_at', '<', before ?? new Date(0)),
    )
    .where('e.merchant_id', '=', merchantId)
    .groupBy('e.account_id')
    .select([
      'e.account_id',
      sql<bigint>`coalesce(sum(e.amount) filter (where e.amount > 0), 0)::bigint`.as('debit'),
      sql<bigint>`coalesce(-sum(e.amount) filter (where e.amount < 0), 0)::bigint`.as('credit'),
    ])
