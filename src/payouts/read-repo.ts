import { sql } from 'kysely'
import type { Tx } from '#platform/database.ts'
import type { EntryRow } from './entry-repo.ts'

/** An entry with our ids of what it comes from, as far as they are known. */
export interface ShownEntry extends EntryRow {
  charge_id: string | null
  refund_id: string | null
  dispute_id: string | null
  payout_id: string | null
  paid_out_id: string | null
  payment_intent_id: string | null
}

/** A merchant's entries, to be narrowed and paged; one row each, however many tables know their source. */
export const selectEntries = (tx: Tx, merchantId: string) =>
  tx.selectFrom('balance_transactions').selectAll().where('merchant_id', '=', merchantId)

/** Puts our ids to entries. */
export const withSources = async (tx: Tx, merchantId: string, rows: readonly EntryRow[]): Promise<ShownEntry[]> => {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const { rows: found } = await sql<Omit<ShownEntry, keyof EntryRow> & { id: string }>`
    select b.id, c.id as charge_id, r.id as refund_id, d.id as dispute_id, p.id as payout_id, t.id as paid_out_id,
      c.payment_intent_id
    from balance_transactions b
    left join charges c on c.merchant_id = b.merchant_id and c.provider = b.provider and c.provider_ref = b.charge_ref
    left join refunds r on r.merchant_id = b.merchant_id and r.provider = b.provider and r.provider_ref = b.source_ref
    left join disputes d on d.merchant_id = b.merchant_id and d.provider = b.provider and d.provider_ref = b.source_ref
    left join payouts p on p.merchant_id = b.merchant_id and p.provider = b.provider and p.connection = b.connection
      and p.provider_ref = b.source_ref
    left join payouts t on t.merchant_id = b.merchant_id and t.provider = b.provider and t.connection = b.connection
      and t.provider_ref = b.payout_ref
    where b.merchant_id = ${merchantId} and b.id = any(${ids}::uuid[])`.execute(tx)
  const sources = new Map(found.map((row) => [row.id, row]))
  return rows.flatMap((row) => {
    const source = sources.get(row.id)
    return source ? [{ ...row, ...source }] : []
  })
}

/** How the provider calls one of our charges, refunds, disputes or payouts. */
export const findProviderRef = async (
  tx: Tx,
  merchantId: string,
  table: 'charges' | 'refunds' | 'disputes' | 'payouts',
  id: string,
): Promise<string | undefined> => {
  const { rows } = await sql<{ provider_ref: string | null }>`
    select provider_ref from ${sql.table(table)} where merchant_id = ${merchantId} and id = ${id}`.execute(tx)
  return rows[0]?.provider_ref ?? undefined
}
