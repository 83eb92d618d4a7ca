import { type Insertable, type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { PromotionCodesTable } from '#platform/tables-chat.ts'
import type { Promotion } from './discount.ts'

export type PromotionRow = Selectable<PromotionCodesTable>

export const selectPromotions = (db: Db, merchantId: string) =>
  db.selectFrom('promotion_codes').selectAll().where('merchant_id', '=', merchantId)

/** The active code that a payer typed, whatever its case. */
export const findPromotionByCode = (db: Db, merchantId: string, code: string): Promise<PromotionRow | undefined> =>
  selectPromotions(db, merchantId)
    .where(sql`lower(code)`, '=', sql`lower(${code})`)
    .where('active', '=', true)
    .executeTakeFirst()

export const lockPromotion = (db: Db, merchantId: string, id: string): Promise<PromotionRow | undefined> =>
  selectPromotions(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

export const insertPromotion = (db: Db, row: Insertable<PromotionCodesTable>): Promise<PromotionRow> =>
  db.insertInto('promotion_codes').values(row).returningAll().executeTakeFirstOrThrow()

export const updatePromotion = (
  db: Db,
  row: PromotionRow,
  { active, metadata }: Pick<PromotionRow, 'active' | 'metadata'>,
): Promise<PromotionRow> =>
  db
    .updateTable('promotion_codes')
    .set({ active, metadata: JSON.stringify(metadata) })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

export const promotionOf = (row: PromotionRow): Promotion => ({
  id: row.id,
  code: row.code,
  percentOff: row.percent_off,
  amountOff: row.amount_off,
  currency: row.currency,
  minimumAmount: row.minimum_amount,
  maxRedemptions: row.max_redemptions,
  timesRedeemed: row.times_redeemed,
  active: row.active,
  expiresAt: row.expires_at,
})

/**
 * Counts one redemption if one is left and the code still holds, in one relative UPDATE: of any number at once only
 * as many get through as are left.
 */
export const takeRedemption = async (db: Db, merchantId: string, id: string, now: Date): Promise<boolean> => {
  const { numAffectedRows } = await sql`
    update promotion_codes set times_redeemed = times_redeemed + 1
    where merchant_id = ${merchantId} and id = ${id} and active and (expires_at is null or expires_at > ${now})
      and (max_redemptions is null or times_redeemed < max_redemptions)`.execute(db)
  return numAffectedRows === 1n
}

export const giveRedemptionBack = async (db: Db, merchantId: string, id: string): Promise<void> => {
  await sql`update promotion_codes set times_redeemed = times_redeemed - 1
    where merchant_id = ${merchantId} and id = ${id} and times_redeemed > 0`.execute(db)
}
