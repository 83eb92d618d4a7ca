import { unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { inTransaction, type Tx, violatedConstraint } from '#platform/database.ts'
import { type ListQuery, listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import type { Scope } from './create-service.ts'
import type { CheckoutDeps } from './intent-service.ts'
import {
  insertPromotion,
  lockPromotion,
  type PromotionRow,
  selectPromotions,
  updatePromotion,
} from './promotion-repo.ts'
import type { CreatePromotion, PromotionView, UpdatePromotion } from './promotion-schemas.ts'

type Deps = Pick<CheckoutDeps, 'db' | 'clock'>

/** Discount codes that payers type into a checkout. */
export const createPromotionService = ({ db, clock }: Deps) => ({
  create: (scope: Scope, body: CreatePromotion): Promise<PromotionView> => {
    refuseUnclear(body)
    return whileUnique(body.code, () =>
      inTransaction(db, scope.merchantId, async (tx) => {
        const known = await findOne(tx, scope.merchantId, scope.resourceId)
        // Written by the same request before its process died.
        if (known) return showPromotion(known)
        const row = await insertPromotion(tx, {
          merchant_id: scope.merchantId,
          id: scope.resourceId,
          code: body.code,
          percent_off: body.percent_off ?? null,
          amount_off: body.amount_off === undefined ? null : BigInt(body.amount_off),
          currency: body.amount_off === undefined ? null : (body.currency ?? null),
          minimum_amount: body.minimum_amount === undefined ? null : BigInt(body.minimum_amount),
          max_redemptions: body.max_redemptions ?? null,
          active: body.active,
          expires_at: body.expires_at === undefined ? null : new Date(body.expires_at * 1000),
          metadata: JSON.stringify(mergeMetadata({}, body.metadata ?? {})),
          livemode: scope.livemode,
          created_at: clock.now(),
        })
        return showPromotion(row)
      }),
    )
  },

  retrieve: (merchantId: string, id: string): Promise<PromotionView> =>
    inTransaction(db, merchantId, async (tx) => {
      const row = await findOne(tx, merchantId, uuidOf(id))
      if (!row) throw notFound('promotion_code', id)
      return showPromotion(row)
    }),

  /** Switches a code on or off; what it gives never changes, for somebody may have been promised it. */
  update: (scope: Scope, id: string, body: UpdatePromotion): Promise<PromotionView> =>
    whileUnique(id, () =>
      inTransaction(db, scope.merchantId, async (tx) => {
        const row = await lockPromotion(tx, scope.merchantId, uuidOf(id))
        if (!row) throw notFound('promotion_code', id)
        const metadata = mergeMetadata(row.metadata, body.metadata ?? {})
        return showPromotion(await updatePromotion(tx, row, { active: body.active ?? row.active, metadata }))
      }),
    ),

  list: (merchantId: string, query: ListQuery & { active?: boolean | undefined; code?: string | undefined }) =>
    inTransaction(db, merchantId, async (tx) => {
      let select = selectPromotions(tx, merchantId)
      if (query.active !== undefined) select = select.where('active', '=', query.active)
      if (query.code !== undefined) select = select.where('code', 'ilike', query.code.replaceAll(/[\\%_]/g, '\\$&'))
      const page = await readPage(select, query, 'promotionCode')
      return listAnswer('/v1/promotion_codes', page.rows.map(showPromotion), page.hasMore)
    }),
})

const uuidOf = (id: string): string => requireUuid('promotionCode', id, 'promotion_code')

const findOne = (tx: Tx, merchantId: string, id: string): Promise<PromotionRow | undefined> =>
  selectPromotions(tx, merchantId).where('id', '=', id).executeTakeFirst()

const refuseUnclear = ({ percent_off, amount_off, currency }: CreatePromotion): void => {
  if (percent_off !== undefined && amount_off !== undefined) {
    throw new AppError('parameters_exclusive', {
      message: 'Send percent_off or amount_off, not both.',
      param: 'amount_off',
    })
  }
  if (percent_off === undefined && amount_off === undefined)
    throw new AppError('parameter_missing', { message: 'Send percent_off or amount_off.', param: 'percent_off' })
  if (percent_off === '0') {
    throw new AppError('parameter_invalid_string', { message: 'percent_off must be above 0.', param: 'percent_off' })
  }
  if (amount_off !== undefined && currency === undefined)
    throw new AppError('parameter_missing', { message: 'amount_off needs its currency.', param: 'currency' })
}

const whileUnique = async <T>(code: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (violatedConstraint(error) !== 'promotion_codes_by_code') throw error
    throw new AppError('resource_already_exists', {
      message: `Another active code is the same as '${code}'. Deactivate it first.`,
      param: 'code',
    })
  }
}

const showPromotion = (row: PromotionRow): PromotionView => ({
  id: showId('promotionCode', row.id),
  object: 'promotion_code',
  active: row.active,
  amount_off: row.amount_off === null ? null : toJsonAmount(row.amount_off),
  code: row.code,
  created: unixSeconds(row.created_at),
  currency: row.currency,
  expires_at: row.expires_at && unixSeconds(row.expires_at),
  livemode: row.livemode,
  max_redemptions: row.max_redemptions,
  metadata: row.metadata,
  minimum_amount: row.minimum_amount === null ? null : toJsonAmount(row.minimum_amount),
  percent_off: row.percent_off,
  times_redeemed: row.times_redeemed,
})
