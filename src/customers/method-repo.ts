import type { Selectable } from 'kysely'
import { notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { Db, Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { PaymentMethodsTable } from '#platform/tables-setups.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import { showMethod } from './method-view.ts'
import { findCustomer } from './repo.ts'

export type MethodRow = Selectable<PaymentMethodsTable>

export const selectMethods = (db: Db, merchantId: string) =>
  db.selectFrom('payment_methods').selectAll().where('merchant_id', '=', merchantId)

/** Also a detached one; look at `detached_at`. */
export const findMethod = (db: Db, merchantId: string, id: string): Promise<MethodRow | undefined> =>
  selectMethods(db, merchantId).where('id', '=', id).executeTakeFirst()

export const findMethodByRef = (
  db: Db,
  merchantId: string,
  provider: string,
  ref: string,
): Promise<MethodRow | undefined> =>
  selectMethods(db, merchantId).where('provider', '=', provider).where('provider_ref', '=', ref).executeTakeFirst()

/** What is kept by an account under the provider's ref, across merchants: for its news. */
export const findKeptByRef = (
  maintenance: Db,
  { provider, connectionId }: Omit<ProviderAccount, 'merchantId'>,
  ref: string,
): Promise<MethodRow | undefined> =>
  maintenance
    .selectFrom('payment_methods')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_ref', '=', ref)
    .where('provider_connection_id', 'is not distinct from', connectionId)
    .executeTakeFirst()

export const lockMethod = (tx: Tx, merchantId: string, id: string): Promise<MethodRow | undefined> =>
  selectMethods(tx, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

/** Also a detached one. What belonged to somebody who was erased is not there. */
export const requireMethod = async (tx: Tx, merchantId: string, id: string): Promise<MethodRow> => {
  const row = await findMethod(tx, merchantId, requireUuid('paymentMethod', id, 'payment_method', 'payment_method'))
  const owner = row && (await findCustomer(tx, merchantId, row.customer_id))
  if (!row || owner?.deleted_at) throw notFound('payment_method', id, 'payment_method')
  return row
}

/** Changes a locked method. */
export const changeMethod = (
  tx: Tx,
  { merchant_id: merchantId, id }: MethodRow,
  change: Partial<Pick<MethodRow, 'method' | 'metadata' | 'billing_details'>>,
): Promise<MethodRow> => {
  const asText = Object.fromEntries(Object.entries(change).map(([name, value]) => [name, JSON.stringify(value)]))
  return tx
    .updateTable('payment_methods')
    .set({ id, ...asText })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** What a customer can be charged with, newest first. */
export const listAttached = (db: Db, merchantId: string, customerId: string): Promise<MethodRow[]> =>
  selectMethods(db, merchantId)
    .where('customer_id', '=', customerId)
    .where('detached_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(20)
    .execute()

/** How the provider's account names the customer, if anything was ever kept there. */
export const findCustomerRef = async (
  db: Db,
  { merchantId, provider, connectionId }: ProviderAccount,
  customerId: string,
): Promise<string | undefined> => {
  const row = await db
    .selectFrom('customer_refs')
    .select('ref')
    .where('merchant_id', '=', merchantId)
    .where('customer_id', '=', customerId)
    .where('provider', '=', provider)
    .where('connection', '=', connectionId ?? '')
    .executeTakeFirst()
  return row?.ref
}

/**
 * Takes methods out of use, with their events, in the caller's transaction; those that are out already are left alone.
 * The caller wakes `method.forget` for each that is answered, else the sweep does. `isErased`: nothing of them is kept.
 */
export const detachMethods = async (
  tx: Tx,
  merchantId: string,
  by: { id: string } | { customerId: string; isErased: true },
  now: Date,
): Promise<MethodRow[]> => {
  const isErased = 'isErased' in by
  const before = await selectMethods(tx, merchantId)
    .$if('id' in by, (query) => query.where('id', '=', 'id' in by ? by.id : ''))
    .$if(isErased, (query) => query.where('customer_id', '=', isErased ? by.customerId : ''))
    .forUpdate()
    .execute()
  const attached = before.filter(({ detached_at }) => detached_at === null)
  for (const { id, detached_at } of before) {
    if (detached_at !== null && !isErased) continue
    await tx
      .updateTable('payment_methods')
      .set({
        ...(detached_at === null ? { detached_at: now, forget_at: now } : {}),
        ...(isErased ? { method: null, billing_details: null, metadata: '{}' } : {}),
      })
      .where('merchant_id', '=', merchantId)
      .where('id', '=', id)
      .execute()
  }
  const detached = attached.map((row) => ({ ...row, detached_at: now }))
  await appendEvents(tx, detached.map(detachedEvent))
  return detached
}

const detachedEvent = (row: MethodRow & { detached_at: Date }) => ({
  merchantId: row.merchant_id,
  type: 'payment_method.detached',
  objectId: row.id,
  threadId: null,
  paymentIntentId: null,
  object: showMethod(row),
  previousAttributes: { customer: showId('customer', row.customer_id) },
  livemode: row.livemode,
  createdAt: row.detached_at,
})
