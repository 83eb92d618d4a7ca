import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import { applyOutboundRefusal, applyTransfer, type OutboundDeps } from './apply-service.ts'
import { cancelTransfer, findTransfer, type Sending, sendTransfer, type TransferAnswer } from './calls-service.ts'
import {
  claimOutboundOperation,
  findOutboundOperation,
  findSendOperation,
  lockOutboundOperation,
  type OutboundOperation,
  settleOutboundOperation,
} from './operation-repo.ts'
import { isOutboundOpen } from './outbound-machine.ts'
import { accountOfOutbound } from './outbound-view.ts'
import { transferCallsOf } from './recipient-service.ts'
import { findOutbound, lockOutbound, type OutboundRow } from './repo.ts'

export type OutboundOutcome =
  | { kind: 'done'; row: OutboundRow }
  | { kind: 'refused'; decline: ProviderDecline; row: OutboundRow }
  | { kind: 'unknown'; row: OutboundRow }

/** After this long a call that certainly had no effect is not sent any more: nobody waits for it. */
const giveUpMs = 15 * 60_000

/** The call of an operation that has just been written, and its record. A lost answer is looked up at once. */
export const runOutboundOperation = async (
  deps: OutboundDeps,
  operation: OutboundOperation,
): Promise<OutboundOutcome> => {
  const sending = await readSending(deps, operation.merchant_id, operation.outbound_payment_id)
  const outcome = await recordAnswer(deps, operation, await callFor(deps, operation, sending))
  return outcome.kind === 'unknown'
    ? resolveOutboundOperation(deps, operation.merchant_id, operation.id, true)
    : outcome
}

/**
 * Finds out what became of an operation, and sends it again only if it certainly had no effect, with the same key. Safe
 * to run twice, at once or late.
 */
export const resolveOutboundOperation = async (
  deps: OutboundDeps,
  merchantId: string,
  id: string,
  force = false,
): Promise<OutboundOutcome> => {
  const now = deps.clock.now()
  const claim = (tx: Tx) => claimOutboundOperation(tx, merchantId, id, now, force)
  const operation = await inTransaction(deps.db, merchantId, claim)
  if (!operation) return readOutcome(deps, merchantId, id)
  const sending = await readSending(deps, merchantId, operation.outbound_payment_id)
  const found = await findTransfer(deps, sending)
  return recordAnswer(deps, operation, await answerOf(deps, operation, sending, found))
}

export const readSending = async (deps: OutboundDeps, merchantId: string, paymentId: string): Promise<Sending> => {
  const { row, send } = await inTransaction(deps.db, merchantId, async (tx) => ({
    row: await findOutbound(tx, merchantId, paymentId),
    send: await findSendOperation(tx, merchantId, paymentId),
  }))
  if (!row) throw new Error('an operation without its payment')
  return { row, send, calls: await transferCallsOf(deps.providers, accountOfOutbound(row)) }
}

const callFor = (deps: OutboundDeps, { kind }: OutboundOperation, sending: Sending): Promise<TransferAnswer> =>
  kind === 'send' ? sendTransfer(deps, sending) : cancelTransfer(sending)

const answerOf = async (
  deps: OutboundDeps,
  operation: OutboundOperation,
  sending: Sending,
  found: TransferAnswer | 'absent',
): Promise<TransferAnswer> => {
  const isYoung = deps.clock.now().getTime() - operation.created_at.getTime() <= giveUpMs
  if (found !== 'absent' && !isOutstanding(operation, found, isYoung)) return found
  return isYoung ? callFor(deps, operation, sending) : neverReceived
}

const neverReceived: TransferAnswer = {
  outcome: 'refused',
  decline: { code: 'processing_error', message: 'The provider never received this request. Send it again.' },
}

/** A cancellation that shows nothing may never have arrived; one that is being worked on looks like money on its way. */
const isOutstanding = ({ kind }: OutboundOperation, found: TransferAnswer, isYoung: boolean): boolean => {
  if (kind === 'send' || found.outcome !== 'ok') return false
  return found.value.state === 'requires_action' || (found.value.state === 'pending' && isYoung)
}

const readOutcome = (deps: OutboundDeps, merchantId: string, id: string): Promise<OutboundOutcome> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const operation = await findOutboundOperation(tx, merchantId, id)
    const row = operation && (await findOutbound(tx, merchantId, operation.outbound_payment_id))
    if (!operation || !row) throw new Error('an operation without its payment')
    if (operation.state === 'failed')
      return { kind: 'refused', decline: operation.answer?.decline as ProviderDecline, row }
    return { kind: operation.state === 'succeeded' ? 'done' : 'unknown', row }
  })

const recordAnswer = async (
  deps: OutboundDeps,
  operation: OutboundOperation,
  answer: TransferAnswer,
): Promise<OutboundOutcome> => {
  const { merchant_id: merchantId, outbound_payment_id: paymentId } = operation
  const outcome = await inTransaction(deps.db, merchantId, async (tx) => {
    const row = await lockOutbound(tx, merchantId, paymentId)
    const open = row && (await lockOutboundOperation(tx, merchantId, operation.id))
    return row && open ? record(tx, deps, row, open, answer) : undefined
  })
  deps.queue.wake('outbox.drain', { id: operation.id })
  return outcome ?? readOutcome(deps, merchantId, operation.id)
}

const record = async (
  tx: Tx,
  deps: OutboundDeps,
  row: OutboundRow,
  operation: OutboundOperation,
  answer: TransferAnswer,
): Promise<OutboundOutcome> => {
  const now = deps.clock.now()
  if (answer.outcome === 'unknown') {
    const nextAttemptAt = addMs(now, delayMs(lookupSchedule, operation.attempts, Math.random())) // exact: a wait, not money
    await settleOutboundOperation(tx, operation, { state: 'unknown', reason: answer.reason, nextAttemptAt }, now)
    return { kind: 'unknown', row }
  }
  if (answer.outcome === 'refused') {
    const { decline } = answer
    await settleOutboundOperation(tx, operation, { state: 'failed', answer: { decline }, reason: decline.message }, now)
    if (operation.kind === 'cancel') return { kind: 'refused', decline, row }
    // The provider has told of it meanwhile: whatever was refused, it was not the payment.
    if (row.is_sent) return { kind: 'done', row }
    return { kind: 'refused', decline, row: await applyOutboundRefusal(tx, deps, row, decline) }
  }
  const applied = await applyTransfer(tx, deps, row, answer.value)
  const told = { ref: answer.value.ref, state: answer.value.state }
  if (applied.verdict === 'conflict') {
    const { reason } = applied
    await settleOutboundOperation(tx, operation, { state: 'conflicted', answer: told, reason }, now)
    return { kind: 'unknown', row: applied.row }
  }
  // The person was faster than the cancellation.
  const isLate = operation.kind === 'cancel' && !isOutboundOpen(applied.row.status) && applied.row.status !== 'canceled'
  const message = `It was too late to cancel the payment: it is ${applied.row.status}.`
  const decline = { code: 'outbound_payment_unexpected_state', message }
  await settleOutboundOperation(
    tx,
    operation,
    isLate ? { state: 'failed', answer: { decline }, reason: message } : { state: 'succeeded', answer: told },
    now,
  )
  return isLate ? { kind: 'refused', decline, row: applied.row } : { kind: 'done', row: applied.row }
}
