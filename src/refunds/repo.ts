import { type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { RefundsTable } from '#platform/tables.ts'
import type { RefundRow } from './refund-view.ts'

const refunds = (db: Db, merchantId: string) =>
  db.selectFrom('refunds').selectAll().where('merchant_id', '=', merchantId)

export const findRefund = (db: Db, merchantId: string, id: string): Promise<RefundRow | undefined> =>
  refunds(db, merchantId).where('id', '=', id).executeTakeFirst()

/** For a client's change, which is read and then written. What the provider says is applied under the payment's lock. */
export const lockRefund = (db: Db, merchantId: string, id: string): Promise<RefundRow | undefined> =>
  refunds(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

export const findRefundByRef = (
  db: Db,
  merchantId: string,
  provider: string,
  ref: string,
): Promise<RefundRow | undefined> =>
  refunds(db, merchantId).where('provider', '=', provider).where('provider_ref', '=', ref).executeTakeFirst()

export const insertRefund = (db: Db, row: Selectable<RefundsTable>): Promise<RefundRow> =>
  db
    .insertInto('refunds')
    .values({ ...row, metadata: JSON.stringify(row.metadata) })
    .returningAll()
    .executeTakeFirstOrThrow()

export const updateRefund = (
  db: Db,
  row: RefundRow,
  change: {
    status?: RefundRow['status']
    provider_ref?: string
    failure_reason?: string | null
    metadata?: Record<string, string>
  },
  now: Date,
): Promise<RefundRow> => {
  const { metadata, ...plain } = change
  return db
    .updateTable('refunds')
    .set({
      ...plain,
      ...(metadata ? { metadata: JSON.stringify(metadata) } : {}),
      version: row.version + 1,
      updated_at: now,
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/**
 * Takes `amount` of what is left to refund, in one relative UPDATE with the limit in its WHERE: of any number of
 * requests at once only those that fit together get through. False when it does not fit.
 */
export const reserveRefund = async (db: Db, merchantId: string, intentId: string, amount: bigint): Promise<boolean> => {
  const { numAffectedRows } = await sql`
    update payment_intents set amount_refund_pending = amount_refund_pending + ${amount}, version = version + 1
    where merchant_id = ${merchantId} and id = ${intentId}
      and amount_refunded + amount_refund_pending + ${amount} <= amount_captured`.execute(db)
  return numAffectedRows === 1n
}

/** Moves the payment's and the charge's totals by signed amounts. */
export const moveTotals = async (
  db: Db,
  refund: RefundRow,
  pending: bigint,
  refunded: bigint,
  now: Date,
): Promise<void> => {
  if (pending === 0n && refunded === 0n) return
  await sql`
    update payment_intents set amount_refund_pending = amount_refund_pending + ${pending},
      amount_refunded = amount_refunded + ${refunded}, version = version + 1, updated_at = ${now}
    where merchant_id = ${refund.merchant_id} and id = ${refund.payment_intent_id}`.execute(db)
  if (refunded === 0n) return
  await sql`
    update charges set amount_refunded = amount_refunded + ${refunded}
    where merchant_id = ${refund.merchant_id} and id = ${refund.charge_id}`.execute(db)
}

export const findQuietRefunds = (db: Db, before: Date, limit: number) =>
  db
    .selectFrom('refunds')
    .select(['merchant_id', 'id'])
    .where('status', 'in', ['pending', 'requires_action'])
    .where('provider_ref', 'is not', null)
    .where('updated_at', '<', before)
    .orderBy('updated_at')
    .limit(limit)
    .execute()
