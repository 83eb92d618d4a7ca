import { type RawBuilder, sql } from 'kysely'
import { toJsonAmount } from '#kernel/money.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { createdBounds, listAnswer } from '#platform/listing.ts'
import { type AttributionQuery, type AttributionRow, type TouchField, touchFields } from './attribution-schemas.ts'

interface Counted extends Record<TouchField, string | null> {
  currency: string
  payments: bigint
  captured: bigint
  refunded: bigint
}

/** What ads and links brought: per touch and currency, what was captured less what was given back. */
export const createAttributionReport = ({ db }: { db: Database }) => ({
  attribution: (merchantId: string, query: AttributionQuery) =>
    inTransaction(db, merchantId, async (tx) => {
      const wanted = touchFields.filter((name) => query.group_by.includes(name))
      const touch = sql.lit(`${query.touch}_touch`)
      const column = (name: TouchField): RawBuilder<string | null> =>
        wanted.includes(name) ? sql<string | null>`attribution -> ${touch} ->> ${sql.lit(name)}` : sql<null>`null::text`
      let select = tx
        .selectFrom('payment_intents')
        .select([
          'currency',
          ...touchFields.map((name) => column(name).as(name)),
          sql<bigint>`count(*)`.as('payments'),
          sql<bigint>`sum(amount_captured)::bigint`.as('captured'),
          sql<bigint>`sum(amount_refunded)::bigint`.as('refunded'),
        ])
        .where('merchant_id', '=', merchantId)
        .where('amount_captured', '>', 0n)
      if (query.currency) select = select.where('currency', '=', query.currency)
      for (const [operator, seconds] of createdBounds(query.created))
        select = select.where('created_at', operator, new Date(seconds * 1000))
      // The largest first; equal ones by name, so that the same question has the same answer.
      const rows = await select
        .groupBy(['currency', sql`2`, sql`3`, sql`4`, sql`5`])
        .orderBy(sql`captured`, 'desc')
        .orderBy('currency')
        .orderBy(sql`2, 3, 4, 5`)
        .limit(query.limit + 1)
        .execute()
      const data = rows.slice(0, query.limit).map((row) => showRow(row as Counted, query.touch, wanted))
      return listAnswer('/v1/reports/attribution', data, rows.length > query.limit)
    }),
})

const showRow = (row: Counted, touch: 'first' | 'last', wanted: readonly TouchField[]): AttributionRow => ({
  object: 'attribution_report.row',
  touch,
  ...Object.fromEntries(wanted.map((name) => [name, row[name]])),
  currency: row.currency,
  payments: toJsonAmount(row.payments),
  captured: toJsonAmount(row.captured),
  refunded: toJsonAmount(row.refunded),
  net: toJsonAmount(row.captured - row.refunded),
})
