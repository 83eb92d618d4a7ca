import { sql } from 'kysely'
import type { Db, Tx } from '#platform/database.ts'

export interface Checkpoint {
  readonly merchantId: string
  readonly seq: bigint
  readonly hash: Buffer
  readonly signature: Buffer
}

/** Heads of chains that have grown since their last checkpoint, where that was made before `before`. */
export const readUnsigned = async (tx: Tx, before: Date): Promise<Omit<Checkpoint, 'signature'>[]> => {
  const { rows } = await sql<Omit<Checkpoint, 'signature'>>`
    select m.merchant_id as "merchantId", s.seq, s.hash from merchants m
    cross join lateral (select seq, hash from ledger_seals s where s.merchant_id = m.merchant_id
      order by seq desc limit 1) s
    left join lateral (select seq, created_at from ledger_checkpoints c where c.merchant_id = m.merchant_id
      order by seq desc limit 1) c on true
    where c.seq is null or (c.seq < s.seq and c.created_at <= ${before})`.execute(tx)
  return rows
}

export const insertCheckpoints = async (
  tx: Tx,
  checkpoints: readonly Checkpoint[],
  keyId: string,
  now: Date,
): Promise<void> => {
  await tx
    .insertInto('ledger_checkpoints')
    .values(
      checkpoints.map(({ merchantId, seq, hash, signature }) => ({
        merchant_id: merchantId,
        seq,
        hash,
        signature,
        key_id: keyId,
        created_at: now,
      })),
    )
    .execute()
}

export interface StoredCheckpoint extends Checkpoint {
  readonly keyId: string
  readonly createdAt: Date
}

/** Checkpoints of a merchant with seq > `after`, by seq. */
export const readCheckpoints = async (db: Db, merchantId: string, after: bigint): Promise<StoredCheckpoint[]> =>
  checkpoints(db, merchantId).where('seq', '>', after).orderBy('seq').execute()

export const readLastCheckpoint = async (db: Db, merchantId: string): Promise<StoredCheckpoint | undefined> =>
  checkpoints(db, merchantId).orderBy('seq', 'desc').limit(1).executeTakeFirst()

const checkpoints = (db: Db, merchantId: string) =>
  db
    .selectFrom('ledger_checkpoints')
    .select(['merchant_id as merchantId', 'seq', 'hash', 'signature', 'key_id as keyId', 'created_at as createdAt'])
    .where('merchant_id', '=', merchantId)
