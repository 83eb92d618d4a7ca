import { z } from 'zod'
import { isCurrency } from '#kernel/currencies.ts'
import { listOf, listQuery } from '#platform/listing.ts'

export const touchFields = ['source', 'ad_id', 'ref', 'ctwa_clid'] as const
export type TouchField = (typeof touchFields)[number]

export const attributionQuery = z.strictObject({
  touch: z.enum(['first', 'last']).default('last').meta({
    description: 'Which touch gets the credit: the one that brought the person, or the latest before the payment.',
  }),
  group_by: z
    .array(z.enum(touchFields))
    .min(1)
    .max(4)
    .default(['source', 'ad_id', 'ref'])
    .meta({ description: 'What makes a row.' }),
  currency: z.string().toLowerCase().refine(isCurrency, 'is no currency that is known here').optional(),
  created: listQuery.shape.created.meta({ description: 'When the payments were created: Unix seconds, or a range.' }),
  limit: z.int().min(1).max(1000).default(100),
})
export type AttributionQuery = z.output<typeof attributionQuery>

const field = z
  .string()
  .nullable()
  .optional()
  .meta({ description: 'null: payments without it. Absent: not asked for.' })

export const attributionRow = z
  .object({
    object: z.literal('attribution_report.row'),
    touch: z.enum(['first', 'last']),
    source: field,
    ad_id: field,
    ref: field,
    ctwa_clid: field,
    currency: z.string(),
    payments: z.int().meta({ description: 'Payments of which something was captured.' }),
    captured: z.int().meta({ description: 'Minor units.' }),
    refunded: z.int().meta({ description: 'What was given back of these payments until now.' }),
    net: z.int().meta({ description: 'Captured less refunded.' }),
  })
  .meta({ id: 'AttributionReportRow' })
export type AttributionRow = z.output<typeof attributionRow>
export const attributionReport = listOf(attributionRow)
