import { sql } from 'kysely'
import { unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { changeSettings, type StoredSettings, showSettings, wantsElement } from './settings.ts'
import type { Account, AccountUpdate } from './settings-schemas.ts'

export interface SettingsDeps {
  db: Database
  /** Whether the deployment's own account at the provider can show its fields on the checkout page. */
  ownFields?: boolean
}

/** How a merchant is shown, and when it speaks by itself. */
export const createSettingsService = ({ db, ownFields = false }: SettingsDeps) => ({
  retrieveAccount: (merchantId: string): Promise<Account> =>
    inTransaction(db, merchantId, async (tx) =>
      showAccount(await selectMerchant(tx, merchantId).executeTakeFirstOrThrow()),
    ),

  updateAccount: (merchantId: string, { name, settings }: AccountUpdate): Promise<Account> =>
    inTransaction(db, merchantId, async (tx) => {
      // Two may change different settings at once: what is merged must be read under the lock.
      const merchant = await selectMerchant(tx, merchantId).forNoKeyUpdate().executeTakeFirstOrThrow()
      if (wantsElement(settings) && !ownFields) await requirePublishableKey(tx, merchantId)
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

/** Of any account of the merchant's own: which of them takes a payment is known only then. */
const requirePublishableKey = async (tx: Tx, merchantId: string): Promise<void> => {
  const found = await tx
    .selectFrom('connections')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('deleted_at', 'is', null)
    .where(sql<string>`settings ->> 'publishable_key'`, 'is not', null)
    .limit(1)
    .executeTakeFirst()
  if (found) return
  throw new AppError('provider_account_unavailable', {
    message:
      'No account of yours can show its fields here. Save settings[publishable_key] with your connection to the payment provider first, or have the publishable key of this deployment set.',
    param: 'settings[checkout][hosted_page]',
  })
}

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
