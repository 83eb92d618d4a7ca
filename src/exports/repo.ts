import { type Selectable, sql } from 'kysely'
import type { Db, Tx } from '#platform/database.ts'
import type { ExportPartsTable, ExportsTable } from '#platform/tables-ledger.ts'
import type { ExportSpec } from './spec.ts'
import type { AccountTotal } from './tally.ts'

export type ExportRow = Omit<Selectable<ExportsTable>, 'spec'> & { readonly spec: ExportSpec }
export type PartRow = Omit<Selectable<ExportPartsTable>, 'totals'> & { readonly totals: readonly AccountTotal[] }

/** `spec` and `totals` are written by this slice alone, hence what the types say. */
const asExport = (row: Selectable<ExportsTable>): ExportRow => row as unknown as ExportRow

export const insertExport = async (
  tx: Tx,
  row: Pick<
    ExportRow,
    'merchant_id' | 'id' | 'format' | 'spec' | 'from_seq' | 'as_of_seq' | 'parts_total' | 'requested_by' | 'livemode'
  >,
  now: Date,
): Promise<ExportRow> => {
  // The same request again, after a crash: its export is there.
  await tx
    .insertInto('exports')
    .values({ ...row, spec: JSON.stringify(row.spec), status: 'queued', next_attempt_at: now, created_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const found = await findExport(tx, row.merchant_id, row.id)
  if (!found) throw new Error('the export that was just written is not there')
  return found
}

export const selectExports = (db: Db, merchantId: string) =>
  db.selectFrom('exports').selectAll().where('merchant_id', '=', merchantId)

export const findExport = async (db: Db, merchantId: string, id: string): Promise<ExportRow | undefined> => {
  const row = await selectExports(db, merchantId).where('id', '=', id).executeTakeFirst()
  return row && asExport(row)
}

/** Takes the next turn of an export that is due; undefined when it is not, or when another worker has it. */
export const claimExport = async (
  tx: Tx,
  merchantId: string,
  id: string,
  now: Date,
  lease: Date,
): Promise<ExportRow | undefined> => {
  const row = await tx
    .updateTable('exports')
    .set({ status: 'running', attempts: sql`attempts + 1`, next_attempt_at: lease })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .where('next_attempt_at', '<=', now)
    .returningAll()
    .executeTakeFirst()
  return row && asExport(row)
}

type Change = Partial<
  Pick<
    ExportRow,
    'status' | 'failures' | 'error_code' | 'error_message' | 'next_attempt_at' | 'finished_at' | 'expires_at' | 'sha256'
  >
> & { manifest?: string; rows_total?: bigint }

/** Changes an export that this turn still has; false when another worker has it, or it was canceled. */
export const updateTurn = async (tx: Tx, turn: ExportRow, change: Change): Promise<ExportRow | undefined> => {
  const row = await tx
    .updateTable('exports')
    .set(change)
    .where('merchant_id', '=', turn.merchant_id)
    .where('id', '=', turn.id)
    .where('attempts', '=', turn.attempts)
    .where('status', '=', 'running')
    .returningAll()
    .executeTakeFirst()
  return row && asExport(row)
}

export type NewPart = Pick<PartRow, 'number' | 'first_seq' | 'last_seq' | 'rows' | 'bytes' | 'sha256' | 'totals'>

/** Writes a part and the progress. A part made twice has the same bytes, so the first row of it may stand. */
export const insertPart = async (tx: Tx, turn: ExportRow, part: NewPart, now: Date, lease: Date): Promise<boolean> => {
  await tx
    .insertInto('export_parts')
    .values({
      merchant_id: turn.merchant_id,
      export_id: turn.id,
      ...part,
      totals: JSON.stringify(part.totals),
      created_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { rows } = await sql`
    update exports set parts_done = p.count, rows_done = p.rows, bytes = p.bytes, failures = 0, error_code = null,
      error_message = null, next_attempt_at = ${lease}
    from (select count(*)::int as count, sum(rows)::bigint as rows, sum(bytes)::bigint as bytes from export_parts
      where merchant_id = ${turn.merchant_id} and export_id = ${turn.id}) p
    where merchant_id = ${turn.merchant_id} and id = ${turn.id} and attempts = ${turn.attempts} and status = 'running'
    returning id`.execute(tx)
  return rows.length === 1
}

export const readParts = async (db: Db, merchantId: string, exportId: string): Promise<PartRow[]> => {
  const rows = await db
    .selectFrom('export_parts')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('export_id', '=', exportId)
    .orderBy('number')
    .execute()
  return rows as unknown as PartRow[]
}

export const deleteParts = async (tx: Tx, merchantId: string, exportId: string, number?: number): Promise<void> => {
  const parts = tx.deleteFrom('export_parts').where('merchant_id', '=', merchantId).where('export_id', '=', exportId)
  await (number === undefined ? parts : parts.where('number', '=', number)).execute()
}

/** Stops an export that is not finished; its files go with the next upkeep. */
export const cancelExport = async (
  tx: Tx,
  merchantId: string,
  id: string,
  now: Date,
): Promise<ExportRow | undefined> => {
  const row = await tx
    .updateTable('exports')
    .set({ status: 'canceled', finished_at: now, expires_at: now })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('status', 'in', ['queued', 'running'])
    .returningAll()
    .executeTakeFirst()
  return row && asExport(row)
}

/** Nothing of it is served from here on, so its files may go. */
export const expireExport = async (tx: Tx, merchantId: string, id: string): Promise<void> => {
  await sql`update exports set status = case when status = 'succeeded' then 'expired' else status end
    where merchant_id = ${merchantId} and id = ${id}`.execute(tx)
}

export const markFilesGone = async (tx: Tx, merchantId: string, id: string): Promise<void> => {
  await deleteParts(tx, merchantId, id)
  await tx
    .updateTable('exports')
    .set({ expires_at: null })
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .execute()
}

type Found = Pick<ExportRow, 'merchant_id' | 'id' | 'parts_total'>

/** Across merchants: exports that a worker may take. */
export const findDueExports = (maintenance: Db, now: Date, most: number): Promise<Found[]> =>
  maintenance
    .selectFrom('exports')
    .select(['merchant_id', 'id', 'parts_total'])
    .where('status', 'in', ['queued', 'running'])
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(most)
    .execute()

/** Across merchants: exports whose files have had their time. */
export const findExpiredExports = (maintenance: Db, now: Date, most: number): Promise<Found[]> =>
  maintenance
    .selectFrom('exports')
    .select(['merchant_id', 'id', 'parts_total'])
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(most)
    .execute()
