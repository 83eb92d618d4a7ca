import type { Selectable } from 'kysely'
import { notFound } from '#kernel/errors.ts'
import type { Db } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { OutboundPaymentsTable } from '#platform/tables-outbound.ts'

export type OutboundRow = Selectable<OutboundPaymentsTable>

export const selectOutbound = (db: Db, merchantId: string) =>
  db.selectFrom('outbound_payments').selectAll().where('merchant_id', '=', merchantId)

export const findOutbound = (db: Db, merchantId: string, id: string): Promise<OutboundRow | undefined> =>
  selectOutbound(db, merchantId).where('id', '=', id).executeTakeFirst()

export const lockOutbound = (db: Db, merchantId: string, id: string): Promise<OutboundRow | undefined> =>
  selectOutbound(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

/** By its public id; 404 else. */
export const requireOutbound = async (
  db: Db,
  merchantId: string,
  id: string,
  read: typeof findOutbound = findOutbound,
): Promise<OutboundRow> => {
  const row = await read(db, merchantId, requireUuid('outboundPayment', id, 'outbound_payment'))
  if (!row) throw notFound('outbound_payment', id)
  return row
}

/** False when the row is there already: a request repeated after a crash. */
export const insertOutbound = async (db: Db, row: OutboundRow): Promise<boolean> => {
  const inserted = await db
    .insertInto('outbound_payments')
    .values({ ...row, metadata: JSON.stringify(row.metadata), confirmation: null })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted !== undefined
}

type OutboundChange = Partial<
  Pick<
    OutboundRow,
    'status' | 'provider_ref' | 'is_sent' | 'confirmation' | 'failure_code' | 'failure_message' | 'check_at'
  >
>

export const updateOutbound = (db: Db, row: OutboundRow, change: OutboundChange, now: Date): Promise<OutboundRow> => {
  const { confirmation, ...plain } = change
  return db
    .updateTable('outbound_payments')
    .set({
      ...plain,
      ...(confirmation ? { confirmation: JSON.stringify(confirmation) } : {}),
      version: row.version + 1,
      updated_at: now,
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Which payment the provider means, across merchants: by its own id at that account, else by the key it was sent with. */
export const matchOutbound = (
  db: Db,
  account: { provider: string; connectionId: string | null },
  { ref, operationId }: { ref: string; operationId: string | undefined },
): Promise<{ merchant_id: string; id: string } | undefined> =>
  db
    .selectFrom('outbound_payments as payment')
    .leftJoin('outbound_operations as operation', (join) =>
      join
        .onRef('operation.merchant_id', '=', 'payment.merchant_id')
        .onRef('operation.outbound_payment_id', '=', 'payment.id')
        .on('operation.kind', '=', 'send'),
    )
    .select(['payment.merchant_id', 'payment.id'])
    .where('payment.provider', '=', account.provider)
    .where('payment.provider_connection_id', 'is not distinct from', account.connectionId)
    .where((or) =>
      or.or([
        or('payment.provider_ref', '=', ref),
        ...(operationId === undefined ? [] : [or('operation.id', '=', operationId)]),
      ]),
    )
    .executeTakeFirst()

export const findOutboundToCheck = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('outbound_payments')
    .select(['merchant_id', 'id'])
    .where('check_at', '<=', now)
    .orderBy('check_at')
    .limit(limit)
    .execute()
