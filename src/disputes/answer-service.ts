import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { findCharges, lockIntent } from '#payments/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { DisputeCalls, EvidenceFile, EvidenceText, ProviderDispute } from '#providers/disputes.ts'
import type { ProviderAnswer } from '#providers/provider.ts'
import { applyDispute } from './apply-service.ts'
import { isDisputeClosed } from './dispute-machine.ts'
import type { DisputeRow } from './dispute-view.ts'
import { claimOperation, findOperation, settleOperation } from './operation-repo.ts'
import { findDispute, lockDispute, type OperationRow } from './repo.ts'
import { callsOf } from './sync-service.ts'

/** What is kept of an answer to a dispute: all that is sent. */
export interface StoredAnswer {
  texts: Partial<Record<EvidenceText, string>>
  files: Partial<Record<EvidenceFile, string>>
  submit: boolean
  /** How often evidence had been submitted before. */
  submissions: number
}

type Answer = ProviderAnswer<ProviderDispute>

/**
 * Takes an operation to the provider, or finds out what became of it: a second try looks before it sends, the key never
 * changes, and what the provider has already is never sent again. Safe to run twice, at once or late.
 */
export const workOnDispute = async (
  deps: PaymentDeps,
  merchantId: string,
  operationId: string,
  force = false,
): Promise<void> => {
  const operation = await inTransaction(deps.db, merchantId, (tx) =>
    claimOperation(tx, merchantId, operationId, deps.clock.now(), force),
  )
  if (!operation) return
  const row = await inTransaction(deps.db, merchantId, (tx) => findDispute(tx, merchantId, operation.dispute_id))
  if (!row) throw new Error('an operation without its dispute')
  const calls = callsOf(await deps.providers.open(accountOf(row)))
  const found = operation.attempts > 1 ? await lookUp(calls, operation, row) : 'absent'
  const answer = found === 'absent' ? await send(deps, calls, operation, row) : found
  await record(deps, operation, answer)
  // A lost answer is looked up at once: somebody may be waiting, and the provider usually knows.
  if (answer.outcome === 'unknown' && operation.attempts === 1) await workOnDispute(deps, merchantId, operationId, true)
}

/** How an operation ended, for the request that waits for it. Throws when it did not end well, or has not yet. */
export const requireDone = async (tx: Tx, merchantId: string, operationId: string): Promise<void> => {
  const operation = await findOperation(tx, merchantId, operationId)
  if (operation?.state === 'succeeded') return
  if (operation?.state === 'failed')
    throw new AppError('dispute_unexpected_state', {
      message: `The provider refused this: ${operation.reason ?? 'it gave no reason'}`,
    })
  throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
}

export const accountOf = (row: DisputeRow) => ({
  merchantId: row.merchant_id,
  provider: row.provider,
  connectionId: row.provider_connection_id,
})

const send = (deps: PaymentDeps, calls: DisputeCalls, operation: OperationRow, row: DisputeRow): Promise<Answer> => {
  const age = deps.clock.now().getTime() - operation.created_at.getTime()
  if (operation.attempts > 1 && age > deps.providers.capabilities(row.provider).idempotencyHorizonMs) {
    const message = 'The provider never received this answer. Send it again.'
    return Promise.resolve({ outcome: 'refused', decline: { code: 'processing_error', message } })
  }
  const order = { idempotencyKey: showId('operation', operation.id), disputeRef: row.provider_ref }
  if (operation.kind === 'close') return calls.close(order)
  const { texts, files, submit } = operation.command as unknown as StoredAnswer
  return calls.submitEvidence({ ...order, texts, files, submit })
}

/** The provider's own state says whether it has done it. */
const lookUp = async (calls: DisputeCalls, operation: OperationRow, row: DisputeRow): Promise<Answer | 'absent'> => {
  const found = await calls.find({ disputeRef: row.provider_ref })
  if (found.outcome !== 'ok') return found
  const { value } = found
  if (!value) return { outcome: 'unknown', reason: 'the provider does not have this dispute' }
  return isDone(operation, value) ? { ...found, value } : 'absent'
}

const isDone = (operation: OperationRow, dispute: ProviderDispute): boolean => {
  if (operation.kind === 'close') return isDisputeClosed(dispute.state)
  const { texts, files, submit, submissions } = operation.command as unknown as StoredAnswer
  if (submit) return dispute.submissions > submissions
  return Object.entries({ ...texts, ...files }).every(
    ([field, value]) => (dispute.evidence[field as EvidenceText] ?? '') === value,
  )
}

const record = async (deps: PaymentDeps, operation: OperationRow, answer: Answer): Promise<void> => {
  const { merchant_id: merchantId } = operation
  await inTransaction(deps.db, merchantId, async (tx) => {
    const now = deps.clock.now()
    if (answer.outcome === 'unknown') {
      const nextAttemptAt = addMs(now, delayMs(lookupSchedule, operation.attempts, Math.random()))
      await settleOperation(tx, operation, { state: 'unknown', reason: answer.reason, nextAttemptAt }, now)
      return
    }
    if (answer.outcome === 'refused') {
      await settleOperation(tx, operation, { state: 'failed', reason: answer.decline.message }, now)
      return
    }
    await applyAnswer(tx, deps, operation, answer.value)
    await settleOperation(tx, operation, { state: 'succeeded' }, now)
  })
  deps.queue.wake('outbox.drain', { id: operation.id })
}

/** An answer that is old by now changes nothing: whoever applied the newer one fetched it later. */
const applyAnswer = async (
  tx: Tx,
  deps: PaymentDeps,
  operation: OperationRow,
  news: ProviderDispute,
): Promise<void> => {
  const { merchant_id: merchantId, dispute_id: id } = operation
  const found = await findDispute(tx, merchantId, id)
  const intent = found && (await lockIntent(tx, merchantId, found.payment_intent_id))
  const row = await lockDispute(tx, merchantId, id)
  const [charge] = row ? await findCharges(tx, merchantId, [row.charge_id]) : []
  if (!row || !intent || !charge) throw new Error('a dispute without its payment')
  const { verdict } = await applyDispute(
    tx,
    deps,
    { intent, charge, connectionId: row.provider_connection_id },
    row,
    news,
  )
  if (verdict.kind === 'conflict')
    deps.logger.error({ dispute: showId('dispute', id), reason: verdict.reason }, 'the provider disagrees')
}
