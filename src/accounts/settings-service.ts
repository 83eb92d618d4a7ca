import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { changeSettings, type StoredSettings, showSettings } from './settings.ts'
import type { Account, AccountUpdate } from './settings-schemas.ts'

/** How a merchant is shown, and when it speaks by itself. */
export const createSettingsService = ({ db }: { db: Database }) => ({
  retrieveAccount: (merchantId: string): Promise<Account> =>
    inTransaction(db, merchantId, async (tx) =>
      showAccount(await selectMerchant(tx, merchantId).executeTakeFirstOrThrow()),
    ),

  updateAccount: (merchantId: string, { name, settings }: AccountUpdate): Promise<Account> =>
    inTransaction(db, merchantId, async (tx) => {
      // Two may change different settings at once: what is merged must be read under the lock.
      const merchant = await selectMerchant(tx, merchantId).forNoKeyUpdate().executeTakeFirstOrThrow()
      const changed = {
        name: name ?? merchant.name,
        settings: settings === undefined ? merchant.settings : changeSettings(merchant.settings, settings),
      }
      await tx
        .updateTable('merchants')
        .set({ name: changed.name, settings: JSON.stringify(changed.settings) })
        .where('merchant_id', '=', merchantId)
        .execute()
      return showAccount({ ...merchant, ...changed })
    }),
})

const selectMerchant = (tx: Tx, merchantId: string) =>
  tx
    .selectFrom('merchants')
    .select(['merchant_id', 'name', 'settings', 'base_currency', 'created_at'])
    .where('merchant_id', '=', merchantId)

const showAccount = (row: {
  merchant_id: string
  name: string
  settings: StoredSettings
  base_currency: string
  created_at: Date
}): Account => ({
  id: showId('merchant', row.merchant_id),
  object: 'account',
  created: unixSeconds(row.created_at),
  name: row.name,
  default_currency: row.base_currency,
  settings: showSettings(row.settings),
})
