import { type Selectable, sql } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Db } from '#platform/database.ts'
import type { OutboundOperationsTable } from '#platform/tables-outbound.ts'

export type OutboundOperation = Selectable<OutboundOperationsTable>

const inFlight = ['sent', 'unknown'] as const
/** While a call may still be under way nobody else touches its operation; longer than the provider's time-out. */
const callLeaseMs = 30_000

const leaseUntil = (now: Date): Date => new Date(now.getTime() + callLeaseMs)

type NewOperation = Pick<OutboundOperation, 'merchant_id' | 'outbound_payment_id' | 'kind' | 'request_id' | 'command'>

/**
 * Writes the operation before the provider is called. Another one at the same payment is refused while one is under way
 * (`lock_timeout`).
 */
export const beginOutboundOperation = async (db: Db, input: NewOperation, now: Date): Promise<OutboundOperation> => {
  const inserted = await db
    .insertInto('outbound_operations')
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
  db.selectFrom('outbound_operations').selectAll().where('merchant_id', '=', merchantId)

export const findOutboundOperation = (db: Db, merchantId: string, id: string): Promise<OutboundOperation | undefined> =>
  selectOperations(db, merchantId).where('id', '=', id).executeTakeFirst()

/** Of the same request, when it comes again. */
export const findEarlierOutbound = (
  db: Db,
  { merchant_id, kind, request_id }: Pick<OutboundOperation, 'merchant_id' | 'kind' | 'request_id'>,
): Promise<OutboundOperation | undefined> =>
  selectOperations(db, merchant_id).where('kind', '=', kind).where('request_id', '=', request_id).executeTakeFirst()

/** The one that sends the payment; there is never another. */
export const findSendOperation = (db: Db, merchantId: string, paymentId: string): Promise<OutboundOperation> =>
  selectOperations(db, merchantId)
    .where('outbound_payment_id', '=', paymentId)
    .where('kind', '=', 'send')
    .executeTakeFirstOrThrow()

/**
 * Takes what is due; only one of several workers gets it, and a crash gives it back when the lease ends. `force`: also
 * what is not due yet, right after a lost answer.
 */
export const claimOutboundOperation = (
  db: Db,
  merchantId: string,
  id: string,
  now: Date,
  force: boolean,
): Promise<OutboundOperation | undefined> =>
  db
    .updateTable('outbound_operations')
    .set((set) => ({ attempts: set('attempts', '+', 1), next_attempt_at: leaseUntil(now) }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', 'in', inFlight)
    .$if(!force, (query) => query.where('next_attempt_at', '<=', now))
    .returningAll()
    .executeTakeFirst()

/** The operation, locked, unless somebody else has settled it. */
export const lockOutboundOperation = (db: Db, merchantId: string, id: string): Promise<OutboundOperation | undefined> =>
  selectOperations(db, merchantId).where('id', '=', id).where('state', 'in', inFlight).forUpdate().executeTakeFirst()

type End =
  | { state: 'succeeded'; answer: Record<string, unknown> }
  | { state: 'failed' | 'conflicted'; answer: Record<string, unknown>; reason: string }
  | { state: 'unknown'; reason: string; nextAttemptAt: Date }

/** Ends an operation that is under way, or puts it off. */
export const settleOutboundOperation = async (
  db: Db,
  operation: OutboundOperation,
  end: End,
  now: Date,
): Promise<void> => {
  await db
    .updateTable('outbound_operations')
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

/** Once a payment is over nobody needs the recipient's name any more. */
export const forgetName = async (db: Db, merchantId: string, paymentId: string): Promise<void> => {
  await db
    .updateTable('outbound_operations')
    .set({ command: sql<string>`command - 'name'` })
    .where('merchant_id', '=', merchantId)
    .where('outbound_payment_id', '=', paymentId)
    .execute()
}

export const findDueOutboundOperations = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('outbound_operations')
    .select(['merchant_id', 'id'])
    .where('state', 'in', inFlight)
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
