import { sql } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { sha256 } from './crypto.ts'
import { type Database, inTransaction, type Tx } from './database.ts'
import type { Raw } from './form.ts'

/**
 * How long a key stays with a process that has died: a client that sends again waits no longer than this. A request
 * that lives renews its hold, however long the provider takes.
 */
const leaseMs = 5000
const renewEveryMs = 1500
/** Keys are kept this long (Stripe promises at least 24 h). */
export const idempotencyKeptMs = 48 * 3_600_000

export interface Claim {
  merchantId: string
  key: string
  fingerprint: Buffer
  now: Date
}

export type ClaimResult = { claimed: true; resourceId: string } | { claimed: false; status: number; body: string }

/** Fingerprint of a request: method, path, query (an empty one leaves no mark) and parameters in a canonical order. */
export const fingerprint = (method: string, path: string, parameters: Raw, query: Raw = {}): Buffer =>
  sha256(method, '\n', path, canonical(query) === '{}' ? '' : `?${canonical(query)}`, '\n', canonical(parameters))

const canonical = (value: Raw): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.keys(value).sort()
    return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/**
 * Claims a key for a request that takes several phases. A finished request is replayed, one that still runs answers
 * 409, and one whose process died is taken over with the same resource id, so that its work is finished and not
 * repeated.
 */
export const claimKey = (db: Database, claim: Claim): Promise<ClaimResult> =>
  inTransaction(db, claim.merchantId, async (tx) => {
    const inserted = await tx
      .insertInto('idempotency_keys')
      .values({
        merchant_id: claim.merchantId,
        key: claim.key,
        fingerprint: claim.fingerprint,
        resource_id: newUuid(),
        locked_until: lease(claim.now),
        created_at: claim.now,
      })
      .onConflict((conflict) => conflict.columns(['merchant_id', 'key']).doNothing())
      .returning('resource_id')
      .executeTakeFirst()
    if (inserted) return { claimed: true, resourceId: inserted.resource_id }
    return resumeKey(tx, claim)
  })

const lease = (now: Date): Date => new Date(now.getTime() + leaseMs)

const resumeKey = async (tx: Tx, claim: Claim): Promise<ClaimResult> => {
  const row = await tx
    .selectFrom('idempotency_keys')
    .selectAll()
    .where('merchant_id', '=', claim.merchantId)
    .where('key', '=', claim.key)
    .forUpdate()
    .executeTakeFirstOrThrow()
  checkFingerprint(row.fingerprint, claim)
  if (row.status !== null && row.body !== null) return { claimed: false, status: row.status, body: row.body }
  if (row.locked_until && row.locked_until > claim.now) throw new AppError('idempotency_key_in_use', { retryAfter: 1 })
  await tx
    .updateTable('idempotency_keys')
    .set({ locked_until: lease(claim.now) })
    .where('merchant_id', '=', claim.merchantId)
    .where('key', '=', claim.key)
    .execute()
  return { claimed: true, resourceId: row.resource_id }
}

export const checkFingerprint = (stored: Uint8Array, claim: Pick<Claim, 'key' | 'fingerprint'>): void => {
  if (claim.fingerprint.equals(stored)) return
  throw new AppError('idempotency_error', {
    message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Use another key than '${claim.key}' for another request.`,
  })
}

/**
 * Keeps a claimed key with a request that is still at work; returns what ends that. Losing it is harmless: whoever
 * takes over works on the same resource, so nothing happens twice.
 */
export const holdKey = (db: Database, claim: Claim, now: () => Date): (() => void) => {
  const renew = (): Promise<unknown> =>
    inTransaction(db, claim.merchantId, (tx) =>
      tx
        .updateTable('idempotency_keys')
        .set({ locked_until: lease(now()) })
        .where('merchant_id', '=', claim.merchantId)
        .where('key', '=', claim.key)
        .where('locked_until', 'is not', null)
        .execute(),
    ).catch(() => undefined)
  const timer = setInterval(() => void renew(), renewEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Stores the answer under the key, or gives the key back (`answer` undefined) so that a retry finishes the work. */
export const settleKey = (
  db: Database,
  claim: Claim,
  answer: { status: number; body: string } | undefined,
): Promise<void> =>
  inTransaction(db, claim.merchantId, async (tx) => {
    await tx
      .updateTable('idempotency_keys')
      .set({ locked_until: null, status: answer?.status ?? null, body: answer?.body ?? null })
      .where('merchant_id', '=', claim.merchantId)
      .where('key', '=', claim.key)
      .where('status', 'is', null)
      .execute()
  })

/** Forgets keys that are older than the promise; called by a scheduled job. */
export const forgetOldKeys = async (db: Database, now: Date): Promise<number> => {
  const result = await sql`
    delete from idempotency_keys where created_at < ${new Date(now.getTime() - idempotencyKeptMs)}
  `.execute(db.maintenance)
  return Number(result.numAffectedRows ?? 0n)
}
