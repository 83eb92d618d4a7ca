import { type Insertable, type Selectable, sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import type { DisputeFilesTable, DisputeMovementsTable, DisputeOperationsTable } from '#platform/tables-returns.ts'
import type { DisputeRow, FileRow, MovementRow, WholeDispute } from './dispute-view.ts'

export type OperationRow = Selectable<DisputeOperationsTable>

const disputes = (db: Db, merchantId: string) =>
  db.selectFrom('disputes').selectAll().where('merchant_id', '=', merchantId)

export const findDispute = (db: Db, merchantId: string, id: string): Promise<DisputeRow | undefined> =>
  disputes(db, merchantId).where('id', '=', id).executeTakeFirst()

export const lockDispute = (db: Db, merchantId: string, id: string): Promise<DisputeRow | undefined> =>
  disputes(db, merchantId).where('id', '=', id).forUpdate().executeTakeFirst()

export const findDisputeByRef = (
  db: Db,
  merchantId: string,
  provider: string,
  ref: string,
): Promise<DisputeRow | undefined> =>
  disputes(db, merchantId).where('provider', '=', provider).where('provider_ref', '=', ref).executeTakeFirst()

/** Whose dispute it is, across merchants: for news of the deployment's own account. */
export const findDisputeOwner = (db: Db, provider: string, ref: string) =>
  db
    .selectFrom('disputes')
    .select(['merchant_id', 'payment_intent_id as id'])
    .where('provider', '=', provider)
    .where('provider_ref', '=', ref)
    .executeTakeFirst()

export const findDisputesOfCharge = (db: Db, merchantId: string, chargeId: string): Promise<DisputeRow[]> =>
  disputes(db, merchantId).where('charge_id', '=', chargeId).orderBy('opened_at').orderBy('id').execute()

/** Undefined when somebody else has written it meanwhile. */
export const insertDispute = (db: Db, row: DisputeRow): Promise<DisputeRow | undefined> =>
  db
    .insertInto('disputes')
    .values({ ...row, ...asJson(row) })
    .onConflict((conflict) => conflict.columns(['merchant_id', 'provider', 'provider_ref']).doNothing())
    .returningAll()
    .executeTakeFirst()

export type DisputeChange = Partial<
  Omit<DisputeRow, 'merchant_id' | 'id' | 'version' | 'created_at' | 'updated_at' | 'provider' | 'provider_ref'>
>

export const updateDispute = (db: Db, row: DisputeRow, change: DisputeChange, now: Date): Promise<DisputeRow> =>
  db
    .updateTable('disputes')
    .set({ ...change, ...asJson(change), version: row.version + 1, updated_at: now })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

const asJson = ({ evidence, network, metadata }: DisputeChange) =>
  ({
    ...(evidence ? { evidence: JSON.stringify(evidence) } : {}),
    ...(network ? { network: JSON.stringify(network) } : {}),
    ...(metadata ? { metadata: JSON.stringify(metadata) } : {}),
  }) as { evidence: string; network: string; metadata: string }

export const listMovements = (db: Db, merchantId: string, ids: readonly string[]): Promise<MovementRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('dispute_movements')
        .selectAll()
        .where('merchant_id', '=', merchantId)
        .where('dispute_id', 'in', [...ids])
        .orderBy('occurred_at')
        .orderBy('ref')
        .execute()

export const insertMovements = async (db: Db, rows: readonly Insertable<DisputeMovementsTable>[]): Promise<void> => {
  if (rows.length > 0)
    await db
      .insertInto('dispute_movements')
      .values([...rows])
      .execute()
}

/** Says of the charge that it is disputed, and whether it may be refunded. */
export const markCharge = async (
  db: Db,
  row: DisputeRow,
  mark: { dispute_id: string; refund_block: 'charge_disputed' | 'refund_disputed_payment' | null },
): Promise<void> => {
  await db
    .updateTable('charges')
    .set(mark)
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.charge_id)
    .execute()
}

/** Disputes with all that is shown of them, in the order given. */
export const readWhole = async (db: Db, rows: readonly DisputeRow[]): Promise<WholeDispute[]> => {
  const [first] = rows
  if (!first) return []
  const merchantId = first.merchant_id
  const ids = rows.map(({ id }) => id)
  const refs = rows.flatMap(({ evidence }) => Object.values(evidence))
  const movements = await listMovements(db, merchantId, ids)
  const files = await findFilesByRef(db, merchantId, refs)
  const threads = await db
    .selectFrom('payment_intents')
    .select(['id', 'thread_id'])
    .where('merchant_id', '=', merchantId)
    .where(
      'id',
      'in',
      rows.map((row) => row.payment_intent_id),
    )
    .execute()
  return rows.map((row) => ({
    row,
    movements: movements.filter((movement) => movement.dispute_id === row.id),
    files,
    threadId: threads.find(({ id }) => id === row.payment_intent_id)?.thread_id ?? null,
  }))
}

const findFilesByRef = async (db: Db, merchantId: string, refs: readonly string[]) =>
  refs.length === 0
    ? []
    : db
        .selectFrom('dispute_files')
        .select(['id', 'provider_ref'])
        .where('merchant_id', '=', merchantId)
        .where('provider_ref', 'in', [...refs])
        .execute()

/** Of a merchant: where the newest dispute that is open was paid. */
export const findOpenAccount = (db: Db, merchantId: string) =>
  db
    .selectFrom('disputes')
    .select(['merchant_id', 'provider', 'provider_connection_id'])
    .where('merchant_id', '=', merchantId)
    .where('settled_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()

export const findFile = (db: Db, merchantId: string, id: string): Promise<FileRow | undefined> =>
  db
    .selectFrom('dispute_files')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** The file of this request: the one that is there already, when it comes again. */
export const keepFile = async (db: Db, row: Insertable<DisputeFilesTable>): Promise<FileRow> => {
  await db
    .insertInto('dispute_files')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const kept = await findFile(db, row.merchant_id, row.id)
  if (!kept) throw new Error('a file vanished')
  return kept
}

export const nameFile = (db: Db, row: FileRow, ref: string): Promise<FileRow> =>
  db
    .updateTable('dispute_files')
    .set({ provider_ref: ref })
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** What is due, across merchants: those to ask after, and those to remind of. */
export const findToCheck = (db: Db, before: Date, limit: number) =>
  db
    .selectFrom('disputes')
    .select(['merchant_id', 'id'])
    .where('settled_at', 'is', null)
    .where('checked_at', '<', before)
    .orderBy('checked_at')
    .limit(limit)
    .execute()

export const findToRemind = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('disputes')
    .select(['merchant_id', 'id'])
    .where('next_reminder_at', '<=', now)
    .orderBy('next_reminder_at')
    .limit(limit)
    .execute()

/** Touched first, so that what cannot be asked after does not come back with every sweep. */
export const touchChecked = (db: Db, merchantId: string, id: string, now: Date): Promise<DisputeRow | undefined> =>
  sql<DisputeRow>`update disputes set checked_at = ${now} where merchant_id = ${merchantId} and id = ${id} returning *`
    .execute(db)
    .then(({ rows }) => rows[0])
