import { type Database, inTransaction } from '#platform/database.ts'
import type { KeyRing } from '#platform/key-ring.ts'
import { type ConnectionRow, findSealedOtherwise, rewrapConnection } from './repo.ts'
import { secretContext } from './secret-service.ts'

export interface RotationStep {
  /** Rows that the current key wraps now, since the start. */
  rewrapped: number
  /** Rows that no key of the environment opens. */
  failed: readonly { id: string; keyId: string; reason: string }[]
}

const batchMax = 100

/**
 * Wraps the data key of every connection with the current key, batch by batch: each is committed before the next, so
 * that a run that is killed goes on where it stopped. Secrets stay closed. Runs beside a service that works.
 */
export async function* rotateKeys(db: Database, keys: KeyRing): AsyncGenerator<RotationStep> {
  let rewrapped = 0
  const failed: { id: string; keyId: string; reason: string }[] = []
  for (let after: string | undefined; ; ) {
    const rows = await findSealedOtherwise(db.maintenance, keys.currentId, after, batchMax)
    if (rows.length === 0) return
    const turned = rows.flatMap((row) => {
      const result = rewrap(keys, row)
      if ('reason' in result) failed.push({ id: row.id, keyId: row.secrets_key, reason: result.reason })
      return 'reason' in result ? [] : [{ row, ...result }]
    })
    if (turned.length > 0)
      rewrapped += await inTransaction(
        db,
        turned.map(({ row }) => row.merchant_id),
        async (tx) => {
          const done = await Promise.all(turned.map(({ row, bytes, keyId }) => rewrapConnection(tx, row, bytes, keyId)))
          return done.filter(Boolean).length
        },
      )
    after = rows.at(-1)?.id
    yield { rewrapped, failed }
  }
}

const rewrap = (keys: KeyRing, row: ConnectionRow) => {
  try {
    return keys.rewrap({ bytes: row.secrets, keyId: row.secrets_key }, secretContext(row))
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}
