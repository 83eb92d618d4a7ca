import { sql } from 'kysely'
import type { Db } from '#platform/database.ts'
import { behind, readSealer, unsealed } from './seal-repo.ts'

export interface SealRow {
  readonly seq: bigint
  readonly transactionId: string
  readonly hash: Buffer
  readonly sealedAt: Date
}

const seals = (db: Db, merchantId: string) =>
  db
    .selectFrom('ledger_seals')
    .select(['seq', 'transaction_id as transactionId', 'hash', 'sealed_at as sealedAt'])
    .where('merchant_id', '=', merchantId)

/** The seal with this number; without one, the last. */
export const readSeal = (db: Db, merchantId: string, seq: bigint | undefined): Promise<SealRow | undefined> => {
  const select = seals(db, merchantId).orderBy('seq', 'desc').limit(1)
  return (seq === undefined ? select : select.where('seq', '=', seq)).executeTakeFirst()
}

export const readSeals = (db: Db, merchantId: string, after: bigint, limit: number): Promise<SealRow[]> =>
  seals(db, merchantId).where('seq', '>', after).orderBy('seq').limit(limit).execute()

/** When the oldest transaction of a merchant that has no seal was booked. */
export const readUnsealedSince = async (db: Db, merchantId: string): Promise<Date | undefined> => {
  const { rows } = await sql<{ since: Date | null }>`select min(t.created_at) as since from ledger_transactions t
    where t.merchant_id = ${merchantId} and ${behind(await readSealer(db))} and ${unsealed}`.execute(db)
  return rows[0]?.since ?? undefined
}
