import { type Insertable, type Selectable, sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import type { Db, Tx } from '#platform/database.ts'
import type { PayoutsTable, ProviderPayoutsTable } from '#platform/tables-payouts.ts'
import type { AccountKey } from './account-repo.ts'

export type PayoutRow = Selectable<PayoutsTable>
export type ProviderPayoutRow = Selectable<ProviderPayoutsTable>

/** Payouts of which we have heard; those that are new are looked at as soon as possible. */
export const ensurePayouts = async (
  maintenance: Db,
  account: AccountKey,
  refs: readonly string[],
  now: Date,
): Promise<void> => {
  if (refs.length === 0) return
  await maintenance
    .insertInto('provider_payouts')
    .values(
      refs.map((ref) => ({ id: newUuid(), ...account, provider_ref: ref, next_attempt_at: now, created_at: now })),
    )
    .onConflict((conflict) => conflict.columns(['provider', 'connection', 'provider_ref']).doNothing())
    .execute()
}

/** There is news of a payout: it is due now. Answers its id. */
export const wakePayout = async (maintenance: Db, account: AccountKey, ref: string, now: Date): Promise<string> => {
  const row = await maintenance
    .insertInto('provider_payouts')
    .values({ id: newUuid(), ...account, provider_ref: ref, next_attempt_at: now, created_at: now })
    .onConflict((conflict) =>
      conflict.columns(['provider', 'connection', 'provider_ref']).doUpdateSet({ next_attempt_at: now, attempts: 0 }),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export const findProviderPayout = (
  maintenance: Db,
  { provider, connection }: AccountKey,
  ref: string,
): Promise<ProviderPayoutRow | undefined> =>
  maintenance
    .selectFrom('provider_payouts')
    .selectAll()
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('provider_ref', '=', ref)
    .executeTakeFirst()

export const claimPayout = (
  maintenance: Db,
  id: string,
  now: Date,
  until: Date,
): Promise<ProviderPayoutRow | undefined> =>
  maintenance
    .updateTable('provider_payouts')
    .set((eb) => ({ next_attempt_at: until, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('next_attempt_at', '<=', now)
    .returningAll()
    .executeTakeFirst()

export interface PayoutRelease {
  state?: ProviderPayoutRow['state']
  amount?: bigint
  currency?: string
  unclaimed?: bigint
  composed_at?: Date
  attempts?: number
  last_error: string | null
  next_attempt_at: Date | null
}

/** Gives it back, to be looked at again then; at once when news have come meanwhile. */
export const releasePayout = async (
  maintenance: Db,
  id: string,
  lease: Date,
  { next_attempt_at: next, ...change }: PayoutRelease,
): Promise<void> => {
  await maintenance
    .updateTable('provider_payouts')
    .set({
      ...change,
      next_attempt_at: sql<Date>`case when next_attempt_at = ${lease} then ${next}::timestamptz else next_attempt_at end`,
    })
    .where('id', '=', id)
    .execute()
}

export const findDuePayouts = (maintenance: Db, now: Date, limit: number) =>
  maintenance
    .selectFrom('provider_payouts')
    .select('id')
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** The merchants' parts of a payout, as they are known so far. */
export const findParts = async (
  maintenance: Db,
  { provider, connection }: AccountKey,
  ref: string,
): Promise<{ merchantId: string; amount: bigint }[]> => {
  const rows = await maintenance
    .selectFrom('payouts')
    .select(['merchant_id', 'amount'])
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('provider_ref', '=', ref)
    .orderBy('merchant_id')
    .execute()
  return rows.map((row) => ({ merchantId: row.merchant_id, amount: row.amount }))
}

/** Inserts a merchant's part unless it is here, and locks it. */
export const insertPart = async (
  tx: Tx,
  row: Insertable<PayoutsTable>,
): Promise<{ row: PayoutRow; isNew: boolean }> => {
  const inserted = await tx
    .insertInto('payouts')
    .values(row)
    .onConflict((conflict) => conflict.columns(['merchant_id', 'provider', 'connection', 'provider_ref']).doNothing())
    .returningAll()
    .executeTakeFirst()
  if (inserted) return { row: inserted, isNew: true }
  const locked = await tx
    .selectFrom('payouts')
    .selectAll()
    .where('merchant_id', '=', row.merchant_id)
    .where('provider', '=', row.provider)
    .where('connection', '=', row.connection ?? '')
    .where('provider_ref', '=', row.provider_ref)
    .forUpdate()
    .executeTakeFirstOrThrow()
  return { row: locked, isNew: false }
}

export const findPayout = (tx: Tx, merchantId: string, id: string): Promise<PayoutRow | undefined> =>
  tx.selectFrom('payouts').selectAll().where('merchant_id', '=', merchantId).where('id', '=', id).executeTakeFirst()

export const lockPayout = (tx: Tx, merchantId: string, id: string): Promise<PayoutRow | undefined> =>
  tx
    .selectFrom('payouts')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export const updatePayout = (tx: Tx, row: PayoutRow, change: Partial<PayoutRow>): Promise<PayoutRow> =>
  tx
    .updateTable('payouts')
    .set(change)
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Whether the books know an arrival at the bank by this name. */
export const isArrivalBooked = async (tx: Tx, merchantId: string, bankReference: string): Promise<boolean> => {
  const row = await tx
    .selectFrom('ledger_transactions')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('event_key', '=', `${bankReference}:payout_paid`)
    .executeTakeFirst()
  return row !== undefined
}

/** Whose word the merchant takes for the arrival of payouts. */
export const readSettings = async (tx: Tx, merchantId: string): Promise<Readonly<Record<string, unknown>>> => {
  const row = await tx
    .selectFrom('merchants')
    .select('settings')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()
  return row.settings
}
