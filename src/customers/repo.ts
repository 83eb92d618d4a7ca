import type { Selectable } from 'kysely'
import { notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Db } from '#platform/database.ts'
import type { CustomersTable } from '#platform/tables.ts'
import type { Address, Shipping } from './schemas.ts'

export type CustomerRow = Omit<Selectable<CustomersTable>, 'address' | 'shipping'> & {
  address: Address | null
  shipping: Shipping | null
}

/** Also a deleted one; look at `deleted_at`. */
export const findCustomer = async (db: Db, merchantId: string, id: string): Promise<CustomerRow | undefined> => {
  const row = await selectCustomers(db, merchantId).where('id', '=', id).executeTakeFirst()
  return row as CustomerRow | undefined // addresses are written by this file's callers alone
}

/** The customer, or 404; a deleted one counts as missing. For slices that attach something to it. */
export const requireCustomer = async (
  db: Db,
  merchantId: string,
  id: string,
  param = 'customer',
): Promise<CustomerRow> => {
  const row = await findCustomer(db, merchantId, id)
  if (!row || row.deleted_at) throw notFound('customer', showId('customer', id), param)
  return row
}

export const lockCustomer = async (db: Db, merchantId: string, id: string): Promise<CustomerRow | undefined> => {
  const row = await selectCustomers(db, merchantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row as CustomerRow | undefined
}

export const selectCustomers = (db: Db, merchantId: string) =>
  db.selectFrom('customers').selectAll().where('merchant_id', '=', merchantId)

/** False when the row is there already: a request repeated after a crash. */
export const insertCustomer = async (db: Db, row: CustomerRow): Promise<boolean> => {
  const inserted = await db
    .insertInto('customers')
    .values({ ...row, ...asJson(row) })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'id']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted !== undefined
}

export const saveCustomer = async (db: Db, row: CustomerRow): Promise<void> => {
  const { merchant_id, id, created_at: _, ...rest } = row
  await db
    .updateTable('customers')
    .set({ ...rest, ...asJson(row) })
    .where('merchant_id', '=', merchant_id)
    .where('id', '=', id)
    .execute()
}

const asJson = ({ address, shipping, metadata }: CustomerRow) => ({
  address: address && JSON.stringify(address),
  shipping: shipping && JSON.stringify(shipping),
  metadata: JSON.stringify(metadata),
})
