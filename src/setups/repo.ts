import type { Selectable } from 'kysely'
import { notFound } from '#kernel/errors.ts'
import type { Db } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { SetupIntentsTable } from '#platform/tables-setups.ts'

export type SetupRow = Selectable<SetupIntentsTable>

export const selectSetups = (db: Db, merchantId: string) =>
  db.selectFrom('setup_intents').selectAll().where('merchant_id', '=', merchantId)

export const findSetup = (db: Db, merchantId: string, id: string): Promise<SetupRow | undefined> =>
  selectSetups(db, merchantId).where('id', '=', id).executeTakeFirst()

export const lockSetup = (db: Db, merchantId: string, id: string): Promise<SetupRow | undefined> =>
  selectSetups(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

/** By its public id; 404 else. */
export const requireSetup = async (
  db: Db,
  merchantId: string,
  id: string,
  read: typeof findSetup = findSetup,
): Promise<SetupRow> => {
  const row = await read(db, merchantId, requireUuid('setupIntent', id, 'setup_intent', 'intent'))
  if (!row) throw notFound('setup_intent', id, 'intent')
  return row
}

/** False when the row is there already: a request repeated after a crash. */
export const insertSetup = async (db: Db, row: SetupRow): Promise<boolean> => {
  const inserted = await db
    .insertInto('setup_intents')
    .values({ ...row, ...asJson(row) })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted !== undefined
}

export type SetupChange = Partial<
  Omit<SetupRow, 'merchant_id' | 'id' | 'customer_id' | 'version' | 'created_at' | 'updated_at'>
>

export const updateSetup = (db: Db, row: SetupRow, change: SetupChange, now: Date): Promise<SetupRow> =>
  db
    .updateTable('setup_intents')
    .set({ ...change, ...asJson(change), version: row.version + 1, updated_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

const asJson = (change: SetupChange) =>
  Object.fromEntries(
    (['consent', 'next_action', 'last_setup_error', 'metadata'] as const).flatMap((name) =>
      change[name] ? [[name, JSON.stringify(change[name])]] : [],
    ),
  ) as { consent: string; next_action: string; last_setup_error: string; metadata: string }

/** Whose setup the provider means, across merchants: by the ids that we gave it, else by its own. */
export const matchSetup = (
  db: Db,
  by: { merchantId: string; id: string } | { provider: string; ref: string; isPage: boolean },
): Promise<{ merchant_id: string; id: string } | undefined> => {
  const select = db.selectFrom('setup_intents').select(['merchant_id', 'id'])
  return 'ref' in by
    ? select
        .where('provider', '=', by.provider)
        .where(by.isPage ? 'page_ref' : 'provider_ref', '=', by.ref)
        .executeTakeFirst()
    : select.where('merchant_id', '=', by.merchantId).where('id', '=', by.id).executeTakeFirst()
}

export const findSetupsToCheck = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('setup_intents')
    .select(['merchant_id', 'id'])
    .where('check_at', '<=', now)
    .orderBy('check_at')
    .limit(limit)
    .execute()
