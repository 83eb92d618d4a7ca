import { type Insertable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { BillRefundsTable, BillSharesTable, BillsTable } from '#platform/tables-chat.ts'
import type { BillRow, ShareRow, WholeBill } from './bill-rows.ts'

/** The bill and its shares, or undefined when this merchant has none of that id (a UUID). */
export const readBill = async (db: Db, merchantId: string, id: string): Promise<WholeBill | undefined> => {
  const bill = await bills(db, merchantId).where('id', '=', id).executeTakeFirst()
  return bill && { bill, shares: await readShares(db, merchantId, [id]) }
}

/** Everything that changes a bill or its shares reads it this way first. */
export const lockBill = async (db: Db, merchantId: string, id: string): Promise<WholeBill | undefined> => {
  const bill = await bills(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()
  return bill && { bill, shares: await readShares(db, merchantId, [id]) }
}

export const bills = (db: Db, merchantId: string) =>
  db.selectFrom('bills').selectAll().where('merchant_id', '=', merchantId)

export const readShares = async (db: Db, merchantId: string, billIds: readonly string[]): Promise<ShareRow[]> =>
  billIds.length === 0
    ? []
    : db
        .selectFrom('bill_shares as share')
        .innerJoin('participants as person', (join) =>
          join.onRef('person.merchant_id', '=', 'share.merchant_id').onRef('person.id', '=', 'share.participant_id'),
        )
        .selectAll('share')
        .select(['person.name', 'person.locale'])
        .select(
          sql<string[]>`array(select r.id from bill_refunds r where r.merchant_id = share.merchant_id
            and r.bill_id = share.bill_id and r.share_id = share.id and r.state = 'created' order by r.id)`.as(
            'refunds',
          ),
        )
        .where('share.merchant_id', '=', merchantId)
        .where('share.bill_id', 'in', [...billIds])
        .orderBy('share.id')
        .execute()

/** Which bill a payment is a share of. */
export const findBillOfIntent = async (db: Db, merchantId: string, intentId: string): Promise<string | undefined> => {
  const share = await db
    .selectFrom('bill_shares')
    .select('bill_id')
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .executeTakeFirst()
  return share?.bill_id
}

export const insertBill = (db: Db, row: Insertable<BillsTable>): Promise<BillRow> =>
  db.insertInto('bills').values(row).returningAll().executeTakeFirstOrThrow()

export const insertShares = async (db: Db, rows: readonly Insertable<BillSharesTable>[]): Promise<void> => {
  await db
    .insertInto('bill_shares')
    .values([...rows])
    .execute()
}

export type BillChange = Partial<
  Pick<
    BillRow,
    'status' | 'title' | 'expires_at' | 'closed_at' | 'closing_request' | 'amount_paid' | 'amount_refunded' | 'metadata'
  >
>

/** Writes a change of a locked bill and returns the row as it is now. */
export const updateBill = (db: Db, row: BillRow, { metadata, ...plain }: BillChange, now: Date): Promise<BillRow> =>
  db
    .updateTable('bills')
    .set({
      ...plain,
      ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }),
      version: row.version + 1,
      updated_at: now,
    })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

export type ShareChange = Partial<Pick<ShareRow, 'status' | 'amount_paid' | 'amount_refunded' | 'leave_at'>>

/** Writes a change of a share whose bill is locked. */
export const updateShare = async (db: Db, row: ShareRow, change: ShareChange, now: Date): Promise<void> => {
  await db
    .updateTable('bill_shares')
    .set({ ...change, updated_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .execute()
}

/** Plans refunds; those that the same request has planned already stay as they are. */
export const planRefunds = async (db: Db, rows: readonly Insertable<BillRefundsTable>[]): Promise<void> => {
  if (rows.length === 0) return
  await db
    .insertInto('bill_refunds')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['merchant_id', 'request_id', 'share_id']).doNothing())
    .execute()
}

/** What is planned for a bill and not yet given to the refunds: each with its payment. */
export const findPlannedRefunds = (db: Db, merchantId: string, billId: string) =>
  db
    .selectFrom('bill_refunds as plan')
    .innerJoin('bill_shares as share', (join) =>
      join.onRef('share.merchant_id', '=', 'plan.merchant_id').onRef('share.id', '=', 'plan.share_id'),
    )
    .selectAll('plan')
    .select('share.payment_intent_id')
    .where('plan.merchant_id', '=', merchantId)
    .where('plan.bill_id', '=', billId)
    .where('plan.state', '=', 'planned')
    .orderBy('plan.id')
    .execute()

/**
 * Planned amounts that no refund counts yet, by share. Read it under the locks of the payments: a refund that is there
 * is in the payment's own sums, also while its plan still waits to hear of it.
 */
export const findUncounted = async (db: Db, merchantId: string, billId: string): Promise<Map<string, bigint>> => {
  const rows = await db
    .selectFrom('bill_refunds as plan')
    .select(['plan.share_id', (eb) => sql<bigint>`${eb.fn.sum('plan.amount')}::bigint`.as('amount')])
    .where('plan.merchant_id', '=', merchantId)
    .where('plan.bill_id', '=', billId)
    .where('plan.state', '=', 'planned')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('refunds')
            .select('refunds.id')
            .whereRef('refunds.merchant_id', '=', 'plan.merchant_id')
            .whereRef('refunds.id', '=', 'plan.id'),
        ),
      ),
    )
    .groupBy('plan.share_id')
    .execute()
  return new Map(rows.map((row) => [row.share_id, row.amount]))
}

export const hasRefundsOf = async (db: Db, merchantId: string, requestId: string): Promise<boolean> => {
  const row = await db
    .selectFrom('bill_refunds')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('request_id', '=', requestId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export const settlePlan = async (
  db: Db,
  merchantId: string,
  id: string,
  change: { state: 'created' } | { state: 'refused'; failure: string },
  now: Date,
): Promise<void> => {
  await db
    .updateTable('bill_refunds')
    .set({ ...change, updated_at: now })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .execute()
}

/** Bills on which something is due, across merchants: past their time, payments to cancel, refunds to make. */
export const findDueBills = async (maintenance: Db, now: Date, limit: number) => {
  const { rows } = await sql<{ merchant_id: string; id: string }>`
    (select merchant_id, id from bills where status = 'open' and expires_at <= ${now} order by expires_at limit ${limit})
    union
    (select merchant_id, bill_id from bill_shares where leave_at <= ${now} order by leave_at limit ${limit})
    union
    (select merchant_id, bill_id from bill_refunds where state = 'planned' order by created_at limit ${limit})
  `.execute(maintenance)
  return rows
}
