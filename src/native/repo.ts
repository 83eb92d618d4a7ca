import type { Selectable, Updateable } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { NativePaymentsTable } from '#platform/tables.ts'

export type NativeRow = Selectable<NativePaymentsTable>

const natives = (db: Db, merchantId: string) =>
  db.selectFrom('native_payments').selectAll().where('merchant_id', '=', merchantId)

/** The request that a platform's reference names. */
export const findNative = (
  db: Db,
  { merchantId, connectionId, reference }: { merchantId: string; connectionId: string; reference: string },
): Promise<NativeRow | undefined> =>
  natives(db, merchantId)
    .where('connection_id', '=', connectionId)
    .where('reference', '=', reference)
    .executeTakeFirst()

/** Of whatever merchant: a payment names it alone. Only the maintenance role may ask. */
export const findNativeById = (db: Db, id: string): Promise<NativeRow | undefined> =>
  db.selectFrom('native_payments').selectAll().where('id', '=', id).executeTakeFirst()

/** Lock the payment first: everything that changes a request does. */
export const lockNative = (db: Db, merchantId: string, id: string): Promise<NativeRow | undefined> =>
  natives(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

/** Inserts it, or gives one that nobody has acted upon its new terms; answers the row as it is. */
export const upsertOffer = (db: Db, row: NativeRow): Promise<NativeRow> =>
  db
    .insertInto('native_payments')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['merchant_id', 'connection_id', 'reference']).doUpdateSet((set) => ({
        amount: set
          .case()
          .when('native_payments.state', '=', 'offered')
          .then(set.ref('excluded.amount'))
          .else(set.ref('native_payments.amount'))
          .end(),
        updated_at: set.ref('excluded.updated_at'),
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow()

export const updateNative = (
  db: Db,
  row: NativeRow,
  change: Updateable<NativePaymentsTable>,
  now: Date,
): Promise<NativeRow> =>
  db
    .updateTable('native_payments')
    .set({ ...change, updated_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

export const findDueNatives = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('native_payments')
    .select(['merchant_id', 'id'])
    .where('check_at', '<=', now)
    .orderBy('check_at')
    .limit(limit)
    .execute()

/** Who alone may pay: the payment's participant, when it was asked for on this channel. */
export const findOnlyPayer = async (
  db: Db,
  merchantId: string,
  channel: string,
  participantId: string | null,
): Promise<string | undefined> => {
  if (participantId === null) return undefined
  const row = await db
    .selectFrom('participants as p')
    .innerJoin('threads as t', (join) =>
      join.onRef('t.merchant_id', '=', 'p.merchant_id').onRef('t.id', '=', 'p.thread_id'),
    )
    .select('p.external_id')
    .where('p.merchant_id', '=', merchantId)
    .where('p.id', '=', participantId)
    .where('t.channel', '=', channel)
    .executeTakeFirst()
  return row?.external_id
}

/** Our refunds of a payment, oldest first. */
export const listRefundRefs = (db: Db, merchantId: string, intentId: string) =>
  db
    .selectFrom('refunds')
    .select(['id', 'amount', 'status', 'provider_ref'])
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
