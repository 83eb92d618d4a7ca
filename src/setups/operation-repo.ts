import type { Selectable } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Db } from '#platform/database.ts'
import type { SetupOperationsTable } from '#platform/tables-setups.ts'

export type SetupOperation = Selectable<SetupOperationsTable>

const inFlight = ['sent', 'unknown'] as const
/** While a call may still be under way nobody else touches its operation; longer than the provider's time-out. */
const callLeaseMs = 30_000

const leaseUntil = (now: Date): Date => new Date(now.getTime() + callLeaseMs)

type NewOperation = Pick<SetupOperation, 'merchant_id' | 'setup_intent_id' | 'customer_id' | 'kind' | 'request_id'> & {
  command: Record<string, unknown>
}

/**
 * Writes the operation before the provider is called: its id is the provider's idempotency key. Another one at the same
 * setup intent is refused while one is under way (`lock_timeout`).
 */
export const beginSetupOperation = async (db: Db, input: NewOperation, now: Date): Promise<SetupOperation> => {
  const inserted = await db
    .insertInto('setup_operations')
    .values({
      ...input,
      id: newUuid(),
      state: 'sent',
      command: JSON.stringify(input.command),
      answer: null,
      reason: null,
      attempts: 1,
      next_attempt_at: leaseUntil(now),
      created_at: now,
      finished_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (!inserted) throw new AppError('lock_timeout', { retryAfter: 1 })
  return inserted
}

const selectOperations = (db: Db, merchantId: string) =>
  db.selectFrom('setup_operations').selectAll().where('merchant_id', '=', merchantId)

/** Of the same request, when it comes again. */
export const findEarlier = (
  db: Db,
  { merchant_id, kind, request_id }: Pick<SetupOperation, 'merchant_id' | 'kind' | 'request_id'>,
): Promise<SetupOperation | undefined> =>
  selectOperations(db, merchant_id).where('kind', '=', kind).where('request_id', '=', request_id).executeTakeFirst()

export const findSetupOperation = (db: Db, merchantId: string, id: string): Promise<SetupOperation | undefined> =>
  selectOperations(db, merchantId).where('id', '=', id).executeTakeFirst()

/** Whether a call at this setup intent is under way. */
export const hasSetupInFlight = async (db: Db, merchantId: string, setupIntentId: string): Promise<boolean> => {
  const found = await selectOperations(db, merchantId)
    .where('setup_intent_id', '=', setupIntentId)
    .where('state', 'in', inFlight)
    .executeTakeFirst()
  return found !== undefined
}

/**
 * Takes what is due; only one of several workers gets it, and a crash gives it back when the lease ends. `force`: also
 * what is not due yet, right after a lost answer.
 */
export const claimSetupOperation = (
  db: Db,
  merchantId: string,
  id: string,
  now: Date,
  force: boolean,
): Promise<SetupOperation | undefined> =>
  db
    .updateTable('setup_operations')
    .set((set) => ({ attempts: set('attempts', '+', 1), next_attempt_at: leaseUntil(now) }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', 'in', inFlight)
    .$if(!force, (query) => query.where('next_attempt_at', '<=', now))
    .returningAll()
    .executeTakeFirst()

/** The operation, locked, unless somebody else has settled it. */
export const lockSetupOperation = (db: Db, merchantId: string, id: string): Promise<SetupOperation | undefined> =>
  selectOperations(db, merchantId).where('id', '=', id).where('state', 'in', inFlight).forUpdate().executeTakeFirst()

type End =
  | { state: 'succeeded'; answer: Record<string, unknown> }
  | { state: 'failed'; answer: Record<string, unknown>; reason: string }
  | { state: 'unknown'; reason: string; nextAttemptAt: Date }

/** Ends an operation that is under way, or puts it off. */
export const settleSetupOperation = async (db: Db, operation: SetupOperation, end: End, now: Date): Promise<void> => {
  await db
    .updateTable('setup_operations')
    .set({
      state: end.state,
      reason: 'reason' in end ? end.reason.slice(0, 500) : null,
      ...(end.state === 'unknown'
        ? { next_attempt_at: end.nextAttemptAt }
        : { finished_at: now, answer: JSON.stringify(end.answer) }),
    })
    .where('merchant_id', '=', operation.merchant_id)
    .where('id', '=', operation.id)
    .where('state', 'in', inFlight)
    .execute()
}

export const findDueSetupOperations = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('setup_operations')
    .select(['merchant_id', 'id'])
    .where('state', 'in', inFlight)
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
