import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Db } from '#platform/database.ts'
import type { OperationRow } from './repo.ts'

const inFlight = ['sent', 'unknown'] as const
/** While a call may still be under way nobody else touches its operation; longer than the provider's time-out. */
const callLeaseMs = 30_000

const leaseUntil = (now: Date): Date => new Date(now.getTime() + callLeaseMs)

interface NewOperation {
  merchantId: string
  disputeId: string
  kind: OperationRow['kind']
  requestId: string
  command: Record<string, unknown>
}

/**
 * Writes the operation before the provider is called: its id is the provider's idempotency key. The same request finds
 * its operation again; another one is refused while one is under way.
 */
export const beginOperation = async (db: Db, input: NewOperation, now: Date): Promise<OperationRow> => {
  const inserted = await db
    .insertInto('dispute_operations')
    .values({
      merchant_id: input.merchantId,
      id: newUuid(),
      dispute_id: input.disputeId,
      kind: input.kind,
      request_id: input.requestId,
      state: 'sent',
      command: JSON.stringify(input.command),
      reason: null,
      attempts: 0,
      // Due at once, and the caller claims it: a crash between the two loses nothing.
      next_attempt_at: now,
      created_at: now,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  const operation = inserted ?? (await findByRequest(db, input))
  if (!operation) throw new AppError('lock_timeout', { retryAfter: 1 })
  return operation
}

const findByRequest = (db: Db, { merchantId, disputeId, kind, requestId }: Omit<NewOperation, 'command'>) =>
  db
    .selectFrom('dispute_operations')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('dispute_id', '=', disputeId)
    .where('kind', '=', kind)
    .where('request_id', '=', requestId)
    .executeTakeFirst()

export const findOperation = (db: Db, merchantId: string, id: string): Promise<OperationRow | undefined> =>
  db
    .selectFrom('dispute_operations')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .executeTakeFirst()

/**
 * Takes what is due; only one of several workers gets it, and a crash gives it back when the lease ends. `force`: also
 * what is not due yet, right after a lost answer.
 */
export const claimOperation = (
  db: Db,
  merchantId: string,
  id: string,
  now: Date,
  force = false,
): Promise<OperationRow | undefined> =>
  db
    .updateTable('dispute_operations')
    .set((set) => ({ attempts: set('attempts', '+', 1), next_attempt_at: leaseUntil(now) }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', 'in', inFlight)
    .$if(!force, (query) => query.where('next_attempt_at', '<=', now))
    .returningAll()
    .executeTakeFirst()

/** Ends an operation that is under way, or puts it off. */
export const settleOperation = async (
  db: Db,
  operation: OperationRow,
  end: { state: 'succeeded' | 'failed'; reason?: string } | { state: 'unknown'; reason: string; nextAttemptAt: Date },
  now: Date,
): Promise<void> => {
  await db
    .updateTable('dispute_operations')
    .set({
      state: end.state,
      reason: end.reason?.slice(0, 500) ?? null,
      ...(end.state === 'unknown' ? { next_attempt_at: end.nextAttemptAt } : { finished_at: now }),
    })
    .where('merchant_id', '=', operation.merchant_id)
    .where('id', '=', operation.id)
    .where('state', 'in', inFlight)
    .execute()
}

export const findDueOperations = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('dispute_operations')
    .select(['merchant_id', 'id'])
    .where('state', 'in', inFlight)
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
