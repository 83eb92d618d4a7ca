import type { Selectable } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { LedgerExchangeRatesTable } from '#platform/tables-ledger.ts'
import { type MappingTarget, mappingTargets, type OwnAccount, type OwnChart } from './mapping.ts'

export const readBaseCurrency = async (tx: Tx, merchantId: string): Promise<string> => {
  const row = await tx
    .selectFrom('merchants')
    .select('base_currency')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()
  return row.base_currency
}

/** The database refuses it once something is booked or a rate is there. */
export const updateBaseCurrency = async (tx: Tx, merchantId: string, currency: string): Promise<void> => {
  await tx.updateTable('merchants').set({ base_currency: currency }).where('merchant_id', '=', merchantId).execute()
}

/** Whether the base currency can no longer change. */
export const isBaseFixed = async (tx: Tx, merchantId: string): Promise<boolean> => {
  for (const table of ['ledger_transactions', 'ledger_exchange_rates'] as const) {
    const row = await tx
      .selectFrom(table)
      .select('id')
      .where('merchant_id', '=', merchantId)
      .limit(1)
      .executeTakeFirst()
    if (row) return true
  }
  return false
}

export type RateRow = Selectable<LedgerExchangeRatesTable>

/** All exchange rates of a merchant, to be narrowed by the caller. */
export const selectRates = (tx: Tx, merchantId: string) =>
  tx.selectFrom('ledger_exchange_rates').selectAll().where('merchant_id', '=', merchantId)

/** Writes a rate, or finds it under the same id. */
export const insertRate = async (tx: Tx, rate: RateRow): Promise<RateRow> => {
  const row = await tx
    .insertInto('ledger_exchange_rates')
    .values(rate)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  return row ?? selectRates(tx, rate.merchant_id).where('id', '=', rate.id).executeTakeFirstOrThrow()
}

/** What a merchant calls its accounts, for every target. */
export const readOwnChart = async (tx: Tx, merchantId: string): Promise<OwnChart> => {
  const rows = await tx
    .selectFrom('ledger_account_mappings')
    .select(['target', 'code', 'own_code', 'own_name'])
    .where('merchant_id', '=', merchantId)
    .orderBy('code')
    .execute()
  const charts: Partial<Record<MappingTarget, Record<string, OwnAccount>>> = {}
  for (const { target, code, own_code, own_name } of rows) {
    const known = mappingTargets.find((one) => one === target)
    if (known === undefined) continue
    charts[known] = { ...charts[known], [code]: { code: own_code, name: own_name } }
  }
  return charts
}

/** Sets names for a target, and takes those away that are null. */
export const writeOwnChart = async (
  tx: Tx,
  merchantId: string,
  target: MappingTarget,
  accounts: readonly (readonly [code: string, own: OwnAccount | null])[],
  now: Date,
): Promise<void> => {
  for (const [code, own] of accounts) {
    if (own === null) {
      await tx
        .deleteFrom('ledger_account_mappings')
        .where('merchant_id', '=', merchantId)
        .where('target', '=', target)
        .where('code', '=', code)
        .execute()
      continue
    }
    const said = { own_code: own.code, own_name: own.name, updated_at: now }
    await tx
      .insertInto('ledger_account_mappings')
      .values({ merchant_id: merchantId, target, code, ...said })
      .onConflict((conflict) => conflict.columns(['merchant_id', 'target', 'code']).doUpdateSet(said))
      .execute()
  }
}
