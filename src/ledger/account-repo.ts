import type { Selectable, SelectQueryBuilder } from 'kysely'
import type { Db, Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { Tables } from '#platform/tables.ts'
import type { LedgerAccountsTable } from '#platform/tables-ledger.ts'

export type AccountRow = Selectable<LedgerAccountsTable>

/** All accounts of a merchant, to be narrowed by the caller. */
export const selectAccounts = (db: Db, merchantId: string): SelectQueryBuilder<Tables, 'ledger_accounts', AccountRow> =>
  db.selectFrom('ledger_accounts').selectAll().where('merchant_id', '=', merchantId)

/** Which accounts are meant: an id or a code of the chart, narrowed by currency and holder. */
export interface AccountChoice {
  readonly account?: string | undefined
  readonly currency?: string | undefined
  readonly holder?: string | undefined
}

/** The accounts of a choice, in the order they were opened. 404 when `account` has the form of no account. */
export const findAccounts = (tx: Tx, merchantId: string, choice: AccountChoice): Promise<AccountRow[]> => {
  const { account, currency, holder } = choice
  let select = selectAccounts(tx, merchantId).orderBy('id')
  if (account !== undefined) {
    select = /^\d{4}$/.test(account)
      ? select.where('code', '=', account)
      : select.where('id', '=', requireUuid('ledgerAccount', account, 'ledger account', 'account'))
  }
  if (currency !== undefined) select = select.where('currency', '=', currency)
  if (holder !== undefined) select = select.where('holder', '=', holder)
  return select.execute()
}

/** The currency in which a merchant's books add up. */
export const readBaseCurrency = async (tx: Tx, merchantId: string): Promise<string> => {
  const select = tx.selectFrom('merchants').select('base_currency').where('merchant_id', '=', merchantId)
  return (await select.executeTakeFirstOrThrow()).base_currency
}
