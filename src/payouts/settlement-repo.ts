import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { AccountKey } from './account-repo.ts'
import type { Batch } from './settlement.ts'

/** The number of the next batch of a day: 1, or more when entries of it came late. */
export const nextPart = async (
  tx: Tx,
  merchantId: string,
  { provider, connection }: AccountKey,
  { currency, day }: Batch,
): Promise<number> => {
  const row = await tx
    .selectFrom('balance_settlements')
    .select(sql<number>`coalesce(max(part), 0) + 1`.as('part'))
    .where('merchant_id', '=', merchantId)
    .where('provider', '=', provider)
    .where('connection', '=', connection)
    .where('currency', '=', currency)
    .where('available_on', '=', day)
    .executeTakeFirstOrThrow()
  return row.part
}

/** Writes a batch, and on its entries that they are in it. */
export const addSettlement = async (
  tx: Tx,
  of: { merchantId: string; account: AccountKey; batch: Batch; part: number; now: Date },
): Promise<void> => {
  const { merchantId, batch } = of
  const id = newUuid()
  await tx
    .insertInto('balance_settlements')
    .values({
      merchant_id: merchantId,
      id,
      ...of.account,
      currency: batch.currency,
      available_on: batch.day,
      part: of.part,
      amount: batch.amount,
      entries: batch.entryIds.length,
      created_at: of.now,
    })
    .execute()
  await tx
    .updateTable('balance_transactions')
    .set({ settlement_id: id })
    .where('merchant_id', '=', merchantId)
    .where(sql<boolean>`id = any(${batch.entryIds}::uuid[])`)
    .execute()
}
