import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { accountOf, type IntentRow } from '#payments/intent-view.ts'
import {
  claimOperation,
  lockInFlight,
  markUnknown,
  type OperationRow,
  settleOperation,
} from '#payments/operation-repo.ts'
import { findIntent, lockIntent } from '#payments/repo.ts'
import { inTransaction } from '#platform/database.ts'
import type { PaymentProvider, ProviderAnswer, ProviderRefund } from '#providers/provider.ts'
import { applyRefund } from './apply-service.ts'
import type { RefundRow } from './refund-view.ts'
import { findRefund } from './repo.ts'

type Answer = ProviderAnswer<ProviderRefund>

/**
 * Job: takes a refund to the provider, or finds out what became of it. Safe to run twice, at once or late: one worker
 * claims the operation, a second try looks before it sends, and the idempotency key never changes.
 */
export const workOnRefund = async (
  deps: PaymentDeps,
  merchantId: string,
  operationId: string,
  force = false,
): Promise<void> => {
  const operation = await inTransaction(deps.db, merchantId, (tx) =>
    claimOperation(tx, merchantId, operationId, deps.clock.now(), force),
  )
  if (!operation?.refund_id) return
  const { refund_id: refundId } = operation
  const { intent, refund } = await inTransaction(deps.db, merchantId, async (tx) => ({
    intent: await findIntent(tx, merchantId, operation.payment_intent_id),
    refund: await findRefund(tx, merchantId, refundId),
  }))
  if (!intent || !refund) throw new Error('a refund without its payment')
  const provider = await deps.providers.open(accountOf(intent))
  const found = operation.attempts > 1 ? await lookUp(provider, operation, intent, refund) : 'absent'
  const answer = found === 'absent' ? await send(deps, provider, operation, intent, refund) : found
  await record(deps, operation, answer)
}

const send = (
  deps: PaymentDeps,
  provider: PaymentProvider,
  operation: OperationRow,
  intent: IntentRow,
  refund: RefundRow,
): Promise<Answer> => {
  const age = deps.clock.now().getTime() - operation.created_at.getTime()
  if (operation.attempts > 1 && age > provider.capabilities.idempotencyHorizonMs) {
    const message = 'The provider never received this refund.'
    return Promise.resolve({ outcome: 'refused', decline: { code: 'processing_error', message } })
  }
  const idempotencyKey = showId('operation', operation.id)
  if (operation.kind === 'cancel_refund')
    return provider.cancelRefund({ idempotencyKey, refundRef: refund.provider_ref ?? '' })
  return provider.refund({
    idempotencyKey,
    paymentRef: String(operation.command.paymentRef ?? intent.provider_ref ?? ''),
    amount: refund.amount,
    ...(operation.command.refundApplicationFee === true ? { refundApplicationFee: true } : {}),
    ...(operation.command.reverseTransfer === true ? { reverseTransfer: true } : {}),
    currency: refund.currency as ProviderRefund['currency'],
    tags: {
      merchant: showId('merchant', refund.merchant_id),
      paymentIntent: showId('paymentIntent', intent.id),
      refund: showId('refund', refund.id),
    },
    ...(refund.reason === null ? {} : { reason: refund.reason }),
  })
}

const lookUp = async (
  provider: PaymentProvider,
  operation: OperationRow,
  intent: IntentRow,
  refund: RefundRow,
): Promise<Answer | 'absent'> => {
  if (operation.kind === 'cancel_refund' || refund.provider_ref !== null) {
    const found = await provider.findRefund({
      refundRef: refund.provider_ref ?? '',
      paymentRef: intent.provider_ref ?? undefined,
    })
    if (found.outcome !== 'ok') return found
    const isDone =
      found.value &&
      (operation.kind === 'refund' ||
        found.value.state === 'canceled' ||
        found.value.state === 'succeeded' ||
        found.value.state === 'failed')
    return isDone && found.value ? { ...found, value: found.value } : 'absent'
  }
  const key = showId('operation', operation.id)
  const found = await provider.findRefunds({
    paymentRef: String(operation.command.paymentRef ?? intent.provider_ref ?? ''),
    keys: [key],
  })
  if (found.outcome !== 'ok') return found
  const ours = found.value.find(
    (one) => one.key === key || (one.tags.refund !== undefined && parseId('refund', one.tags.refund) === refund.id),
  )
  return ours ? { ...found, value: ours } : 'absent'
}

const record = async (deps: PaymentDeps, operation: OperationRow, answer: Answer): Promise<void> => {
  const { merchant_id: merchantId, refund_id: refundId } = operation
  await inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await lockIntent(tx, merchantId, operation.payment_intent_id)
    const open = intent && (await lockInFlight(tx, merchantId, operation.id))
    const refund = refundId && (await findRefund(tx, merchantId, refundId))
    if (!intent || !open || !refund) return
    const now = deps.clock.now()
    if (answer.outcome === 'unknown') {
      const due = addMs(now, delayMs(lookupSchedule, open.attempts, Math.random())) // exact: a wait, not money
      await markUnknown(tx, open, answer.reason, due)
      return
    }
    if (answer.outcome === 'refused') {
      await settleOperation(
        tx,
        open,
        { state: 'failed', answer: { decline: answer.decline }, reason: answer.decline.message },
        now,
      )
      // A refused cancellation leaves the refund as it is.
      if (open.kind === 'refund')
        await applyRefund(tx, deps, intent, refund, { status: 'failed', failureReason: answer.decline.code })
      return
    }
    const { value } = answer
    const isConflict = value.amount !== refund.amount || value.currency !== refund.currency
    if (isConflict) {
      deps.metrics.conflicts.inc()
      const reason = `the provider refunded ${value.amount} ${value.currency}, asked for ${refund.amount} ${refund.currency}`
      deps.logger.error({ refund: showId('refund', refund.id), reason }, 'the provider disagrees; nothing was booked')
      await settleOperation(tx, open, { state: 'conflicted', answer: { ref: value.ref }, reason }, now)
      return
    }
    await applyRefund(tx, deps, intent, refund, {
      status: value.state,
      providerRef: value.ref,
      failureReason: value.failureReason,
      discount: value.discount,
      createdAt: value.createdAt,
    })
    await settleOperation(
      tx,
      open,
      { state: 'succeeded', answer: { ref: value.ref, state: value.state, request_id: answer.requestId } },
      now,
    )
  })
  deps.queue.wake('outbox.drain', { id: operation.id })
}
