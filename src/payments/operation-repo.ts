import { type Selectable, sql } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Db } from '#platform/database.ts'
import type { OperationsTable } from '#platform/tables.ts'

export type OperationRow = Selectable<OperationsTable>
export type OperationKind = OperationRow['kind']

const inFlight = ['created', 'sent', 'unknown'] as const
/** While a call may still be under way nobody else touches its operation; longer than the provider's time-out. */
export const callLeaseMs = 30_000

export interface NewOperation {
  merchantId: string
  paymentIntentId: string
  refundId?: string
  kind: OperationKind
  requestId: string
  amount?: bigint
  command: Record<string, unknown>
  /** `sent`: the caller calls the provider at once. `created`: a job will. */
  state: 'sent' | 'created'
}

/**
 * Writes the operation before the provider is called: its id is the provider's idempotency key. The same request
 * finds its operation again (`isNew: false`); a second command on the same payment is refused while one is in flight.
 */
export const beginOperation = async (
  db: Db,
  input: NewOperation,
  now: Date,
): Promise<{ operation: OperationRow; isNew: boolean }> => {
  const inserted = await db
    .insertInto('operations')
    .values({
      merchant_id: input.merchantId,
      id: newUuid(),
      payment_intent_id: input.paymentIntentId,
      refund_id: input.refundId ?? null,
      kind: input.kind,
      request_id: input.requestId,
      state: input.state,
      amount: input.amount ?? null,
      command: JSON.stringify(input.command),
      attempts: input.state === 'sent' ? 1 : 0,
      next_attempt_at: input.state === 'sent' ? new Date(now.getTime() + callLeaseMs) : now,
      created_at: now,
      sent_at: input.state === 'sent' ? now : null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (inserted) return { operation: inserted, isNew: true }
  const existing = await db
    .selectFrom('operations')
    .selectAll()
    .where('merchant_id', '=', input.merchantId)
    .where('payment_intent_id', '=', input.paymentIntentId)
    .where('kind', '=', input.kind)
    .where('request_id', '=', input.requestId)
    .executeTakeFirst()
  if (!existing) throw new AppError('lock_timeout', { retryAfter: 1 })
  return { operation: existing, isNew: false }
}

/** Whether a call is under way, or one whose end nobody knows. Reliable only under the payment's lock. */
export const hasInFlight = async (db: Db, merchantId: string, intentId: string): Promise<boolean> => {
  const row = await db
    .selectFrom('operations')
    .select('id')
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .where('state', 'in', inFlight)
    .where('kind', 'not in', ['refund', 'cancel_refund'])
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Locks an operation that is still in flight; undefined when somebody else has settled it. */
export const lockInFlight = (db: Db, merchantId: string, id: string): Promise<OperationRow | undefined> =>
  db
    .selectFrom('operations')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', 'in', inFlight)
    .forUpdate()
    .executeTakeFirst()

/**
 * Takes an in-flight operation for one more try; only one of several workers gets it, and a crash gives it back when
 * the lease ends. `force` ignores that its time has not come yet (right after a lost answer).
 */
export const claimOperation = (
  db: Db,
  merchantId: string,
  id: string,
  now: Date,
  force = false,
): Promise<OperationRow | undefined> =>
  db
    .updateTable('operations')
    .set((set) => ({
      attempts: set('attempts', '+', 1),
      next_attempt_at: new Date(now.getTime() + callLeaseMs),
      sent_at: set.fn.coalesce('sent_at', set.val(now)),
      state: set
        .case()
        .when('state', '=', 'created')
        .then('sent' as const)
        .else(set.ref('state'))
        .end(),
    }))
    .where('merchant_id', '=', merchantId)
    .where('id', '=', id)
    .where('state', 'in', inFlight)
    .$if(!force, (query) => query.where('next_attempt_at', '<=', now))
    .returningAll()
    .executeTakeFirst()

export const settleOperation = async (
  db: Db,
  operation: OperationRow,
  end: { state: 'succeeded' | 'failed' | 'conflicted'; answer?: Record<string, unknown>; reason?: string },
  now: Date,
): Promise<void> => {
  await db
    .updateTable('operations')
    .set({
      state: end.state,
      answer: end.answer ? JSON.stringify(end.answer) : null,
      reason: end.reason ?? null,
      finished_at: now,
    })
    .where('merchant_id', '=', operation.merchant_id)
    .where('id', '=', operation.id)
    .where('state', 'in', inFlight)
    .execute()
}

export const markUnknown = async (
  db: Db,
  operation: OperationRow,
  reason: string,
  nextAttemptAt: Date,
): Promise<void> => {
  await db
    .updateTable('operations')
    .set({ state: 'unknown', reason, next_attempt_at: nextAttemptAt })
    .where('merchant_id', '=', operation.merchant_id)
    .where('id', '=', operation.id)
    .where('state', 'in', inFlight)
    .execute()
}

export const findDueOperations = (db: Db, now: Date, limit: number) =>
  db
    .selectFrom('operations')
    .select(['merchant_id', 'id', 'kind', 'next_attempt_at'])
    .where('state', 'in', inFlight)
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()

/** The new totals of increments that have been sent and not settled, by payment. */
export const findPendingAmounts = async (
  db: Db,
  intents: readonly { merchant_id: string; id: string }[],
): Promise<Map<string, bigint>> => {
  const { rows } = await sql<{ id: string; amount: bigint }>`
    select w.id, o.amount
    from unnest(${intents.map((row) => row.merchant_id)}::uuid[], ${intents.map((row) => row.id)}::uuid[]) as w (merchant_id, id)
    cross join lateral (
      select amount from operations
      where merchant_id = w.merchant_id and payment_intent_id = w.id and kind = 'increment' and amount is not null
        and state in ('created', 'sent', 'unknown')
      limit 1
    ) as o`.execute(db)
  return new Map(rows.map((row) => [row.id, row.amount]))
}

export const listOperations = (db: Db, merchantId: string, intentId: string): Promise<OperationRow[]> =>
  db
    .selectFrom('operations')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()

export const findOperation = (db: Db, merchantId: string, id: string): Promise<OperationRow | undefined> =>
  db.selectFrom('operations').selectAll().where('merchant_id', '=', merchantId).where('id', '=', id).executeTakeFirst()
