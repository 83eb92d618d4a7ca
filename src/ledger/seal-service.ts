import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { type Secrets, type Signer, sha256 } from '#platform/crypto.ts'
import type { Database, Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { movementsOf } from './balance-movements.ts'
import { canonicalText, chainStart, checkpointText } from './canonical.ts'
import { insertCheckpoints, readUnsigned } from './seal-checkpoint-repo.ts'
import {
  addToRollups,
  insertMarks,
  insertSeals,
  isWaiting,
  markEvery,
  moveSealer,
  readFinal,
  readHeads,
  readLastUnsealed,
  readRest,
  readSealer,
  readWaiting,
  type Seal,
  type Sealable,
  settleSealer,
  stopWriters,
  tryLockSealer,
} from './seal-repo.ts'

export type Sealer = ReturnType<typeof createSealer>

interface SealerDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  secrets: Secrets
}

const batchMax = 5000
const everyMs = 200
const signEveryMs = 60_000
/** How often `catchUp` looks while another process seals or writers are still at work. */
const lookEveryMs = 20

/**
 * Numbers the ledger: transactions that are final get the next seq of their merchant, a hash made of the one before
 * it, and their place in the roll-ups and marks, all in one database transaction. Any number of processes may seal;
 * one does at a time, and one that dies leaves nothing behind.
 */
export const createSealer = ({ db, clock, logger, metrics, secrets }: SealerDeps) => {
  const signer = secrets.signer(checkpointPurpose)
  let signedAt = 0
  let lookAt = 0

  const seal = async (): Promise<number> => {
    let sealed = 0
    for (;;) {
      const now = clock.now()
      const count = await db.maintenance.transaction().execute((tx) => sealBatch(tx, now))
      sealed += count
      if (count < batchMax) break
    }
    const now = clock.now().getTime()
    // Heads that were too young for it when the chain last grew are looked for once a minute.
    if (lookAt <= now || (sealed > 0 && signedAt + signEveryMs <= now)) {
      lookAt = now + signEveryMs
      if ((await signHeads(db, signer, clock.now())) > 0) signedAt = now
    }
    return sealed
  }

  const round = async (): Promise<void> => {
    const waiting = await readWaiting(db.maintenance)
    metrics.sealLag.set(waiting ? Math.max(0, clock.now().getTime() - waiting.since.getTime()) / 1000 : 0) // exact: seconds, not money
    if (waiting?.isFinal || lookAt <= clock.now().getTime()) await seal()
  }

  return {
    /** Seals what is final now; answers how many transactions. 0 also while another process seals. */
    seal,
    /**
     * Seals until everything of the merchant that was committed before the call is sealed (true), or `timeoutMs` have
     * passed (false): then somebody's transaction has been open for that long.
     */
    catchUp: async (merchantId: string, timeoutMs: number): Promise<boolean> => {
      const last = await readLastUnsealed(db.maintenance, merchantId)
      if (!last) return true
      for (const until = performance.now() + timeoutMs; ; ) {
        await seal()
        if (!(await isWaiting(db.maintenance, merchantId, last))) return true
        if (performance.now() >= until) return false
        await sleep(lookEveryMs)
      }
    },
    /** Seals again and again until closed; what goes wrong is logged and tried again. */
    start: () => {
      const ending = new AbortController()
      const run = async (): Promise<void> => {
        while (!ending.signal.aborted) {
          await round().catch((error: unknown) => logger.warn({ err: error }, 'sealing failed; tried again at once'))
          await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => undefined)
        }
      }
      const running = run()
      return {
        close: async (): Promise<void> => {
          ending.abort()
          await running
        },
      }
    },
  }
}

/** What the key of the checkpoints is derived for. */
export const checkpointPurpose = 'ledger checkpoints'

const sealBatch = async (tx: Tx, now: Date): Promise<number> => {
  if (!(await tryLockSealer(tx))) return 0
  const state = await readSealer(tx)
  if (!state.isAtHome) await stopWriters(tx)
  const batch = state.isAtHome ? await readFinal(tx, state, batchMax) : await readRest(tx, batchMax)
  if (batch.length > 0) await sealAll(tx, batch, now)
  const last = batch.at(-1)
  if (state.isAtHome && last) await moveSealer(tx, { xid: last.xid, id: last.transactionId }, now)
  if (!state.isAtHome && batch.length < batchMax) await settleSealer(tx, now)
  return batch.length
}

const sealAll = async (tx: Tx, batch: readonly Sealable[], now: Date): Promise<void> => {
  const heads = await readHeads(tx, [...new Set(batch.map((one) => one.merchantId))])
  const seals = batch.map((transaction): Seal => {
    const { merchantId, transactionId } = transaction
    const head = heads.get(merchantId) ?? { seq: 0n, hash: chainStart }
    const seq = head.seq + 1n
    const hash = sha256(head.hash, canonicalText({ ...transaction, seq }))
    heads.set(merchantId, { seq, hash })
    return { merchantId, seq, transactionId, hash }
  })
  await insertSeals(tx, seals, now)
  await addToRollups(tx, movementsOf(batch))
  for (const { merchantId, seq } of seals) if (seq % markEvery === 0n) await insertMarks(tx, merchantId, seq)
}

/** Signs the head of every chain that has grown since it was signed last; answers how many. */
const signHeads = (db: Database, signer: Signer, now: Date): Promise<number> =>
  db.maintenance.transaction().execute(async (tx) => {
    if (!(await tryLockSealer(tx))) return 0
    const heads = await readUnsigned(tx, new Date(now.getTime() - signEveryMs))
    const signed = heads.map(({ merchantId, seq, hash }) => ({
      merchantId,
      seq,
      hash,
      signature: signer.sign(checkpointText(showId('merchant', merchantId), seq, hash.toString('hex'))),
    }))
    if (signed.length > 0) await insertCheckpoints(tx, signed, signer.keyId, now)
    return signed.length
  })
