import type { Clock } from '#kernel/clock.ts'
import { addMs, unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { newApiKey, type Role } from '#platform/api-keys.ts'
import { sha256 } from '#platform/crypto.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage } from '#platform/listing.ts'
import type { ApiKey, CreateKey } from './schemas.ts'
import { createSettingsService, type SettingsDeps } from './settings-service.ts'

interface Scope {
  merchantId: string
  livemode: boolean
}

interface KeyRow {
  id: string
  role: Role
  name: string
  hint: string
  livemode: boolean
  created_at: Date
  expires_at: Date | null
}

export type AccountService = ReturnType<typeof createAccountService>

interface AccountDeps extends SettingsDeps {
  clock: Clock
}

/** Merchants and their API keys. A key's secret leaves this file once, in the answer to its creation. */
export const createAccountService = ({ db, clock, ...given }: AccountDeps) => ({
  ...createSettingsService({ db, ...given }),

  /** Creates the merchant, or finds it under the same id. */
  createMerchant: (merchantId: string, name: string, settings: object = {}): Promise<void> =>
    inTransaction(db, merchantId, async (tx) => {
      await tx
        .insertInto('merchants')
        .values({ merchant_id: merchantId, name, settings: JSON.stringify(settings), created_at: clock.now() })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }),

  createKey: (scope: Scope, id: string, input: CreateKey): Promise<ApiKey> =>
    inTransaction(db, scope.merchantId, (tx) => insertKey(tx, scope, id, input, clock.now())),

  listKeys: (merchantId: string, query: Omit<ListQuery, 'expand'>) =>
    inTransaction(db, merchantId, async (tx) => {
      const select = tx.selectFrom('api_keys').selectAll().where('merchant_id', '=', merchantId)
      const page = await readPage(select, query, 'apiKey')
      return listAnswer(
        '/v1/api_keys',
        page.rows.map((row) => showKey(row)),
        page.hasMore,
      )
    }),

  /** Revokes within a second in every process. A revoked key stays listed. */
  revokeKey: (merchantId: string, id: string, by: Role): Promise<ApiKey> =>
    inTransaction(db, merchantId, async (tx) => showKey(await expireKey(tx, merchantId, id, by, clock.now()))),

  /** A new secret with the same role and name; the old one ends now or after an overlap. */
  rollKey: (scope: Scope, newId: string, id: string, by: Role, expiresInSeconds: number): Promise<ApiKey> =>
    inTransaction(db, scope.merchantId, async (tx) => {
      const now = clock.now()
      const old = await expireKey(tx, scope.merchantId, id, by, addMs(now, expiresInSeconds * 1000))
      return insertKey(
        tx,
        { merchantId: scope.merchantId, livemode: old.livemode },
        newId,
        { role: old.role, name: old.name },
        now,
      )
    }),
})

const insertKey = async (tx: Tx, scope: Scope, id: string, input: CreateKey, now: Date): Promise<ApiKey> => {
  const secret = newApiKey(scope.merchantId, input.role, scope.livemode)
  const row = await tx
    .insertInto('api_keys')
    .values({
      merchant_id: scope.merchantId,
      id,
      role: input.role,
      name: input.name,
      livemode: scope.livemode,
      hash: sha256(secret),
      hint: `${secret.slice(0, 12)}…${secret.slice(-4)}`,
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  // A request that is taken over after a crash cannot show the secret again; nobody has seen it.
  if (!row)
    throw new AppError('resource_already_exists', {
      message: 'The key was made, but its secret is lost. Create another one.',
    })
  return { ...showKey(row), secret }
}

/** Only a platform key may touch a platform key: it acts for every merchant, whoever holds it. */
const expireKey = async (tx: Tx, merchantId: string, id: string, by: Role, at: Date): Promise<KeyRow> => {
  const uuid = parseId('apiKey', id) ?? newUuid()
  const row = await tx
    .updateTable('api_keys')
    .set((set) => ({ expires_at: set.fn('least', [set.fn.coalesce('expires_at', set.val(at)), set.val(at)]) }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', uuid)
    .$if(by !== 'platform', (query) => query.where('role', '<>', 'platform'))
    .returningAll()
    .executeTakeFirst()
  if (!row) throw notFound('api key', id)
  return row
}

const showKey = (row: KeyRow): ApiKey => ({
  id: showId('apiKey', row.id),
  object: 'api_key',
  role: row.role,
  name: row.name,
  hint: row.hint,
  livemode: row.livemode,
  created: unixSeconds(row.created_at),
  expires_at: row.expires_at && unixSeconds(row.expires_at),
})
