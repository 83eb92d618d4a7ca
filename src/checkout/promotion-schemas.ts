import { z } from 'zod'
import { amountSchema, currencySchema } from '#payments/schemas.ts'
import { listOf, listQuery, metadataSchema } from '#platform/listing.ts'
import { percentSchema } from './cart-schemas.ts'

const emptyableMetadata = z.union([metadataSchema, z.literal('')])
const code = z
  .string()
  .regex(/^[\p{L}\p{N}_-]{1,64}$/u, 'may hold up to 64 letters, digits, "-" and "_"')
  .meta({ description: 'What payers type; case does not matter. Unique among the active ones.', example: 'SPRING' })

export const createPromotionBody = z.strictObject({
  code,
  percent_off: percentSchema.optional(),
  amount_off: amountSchema.optional(),
  currency: currencySchema.optional().meta({ description: 'Of `amount_off`; needed with it.' }),
  minimum_amount: amountSchema.optional().meta({ description: 'The goods must cost this much.' }),
  max_redemptions: z.int().min(1).max(2_147_483_647).optional(),
  expires_at: z.int().min(0).max(4_102_444_800).optional().meta({ description: 'Unix seconds.' }),
  active: z.boolean().default(true),
  metadata: emptyableMetadata.optional(),
})
export type CreatePromotion = z.output<typeof createPromotionBody>

export const updatePromotionBody = z.strictObject({
  active: z.boolean().optional(),
  metadata: emptyableMetadata.optional(),
})
export type UpdatePromotion = z.output<typeof updatePromotionBody>

export const promotionParams = z.strictObject({ id: z.string().max(64) })
export const listPromotionsQuery = listQuery.extend({
  active: z.boolean().optional(),
  code: z.string().max(64).optional(),
})

export const promotionSchema = z
  .object({
    id: z.string(),
    object: z.literal('promotion_code'),
    active: z.boolean(),
    amount_off: z.int().nullable(),
    code: z.string(),
    created: z.int(),
    currency: z.string().nullable(),
    expires_at: z.int().nullable(),
    livemode: z.boolean(),
    max_redemptions: z.int().nullable(),
    metadata: z.record(z.string(), z.string()),
    minimum_amount: z.int().nullable(),
    percent_off: z.string().nullable(),
    times_redeemed: z.int().meta({
      description: 'Counted just before the charge; given back when that checkout is canceled or expires.',
    }),
  })
  .meta({ id: 'PromotionCode' })
export type PromotionView = z.output<typeof promotionSchema>
export const promotionList = listOf(promotionSchema)
