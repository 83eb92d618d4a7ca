import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { inTransaction } from '#platform/database.ts'
import type {
  PaymentProvider,
  ProviderAnswer,
  ProviderDecline,
  ProviderPage,
  ProviderPayment,
} from '#providers/provider.ts'
import { applyPayment, type PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { showDecline, withoutPage } from './news-change.ts'
import { claimOperation, lockInFlight, markUnknown, type OperationRow, settleOperation } from './operation-repo.ts'
import { lookUpOperation, type StoredCommand, sendOperation } from './provider-calls-service.ts'
import { findIntent, lockIntent, updateIntent } from './repo.ts'

/** How an operation stands after its call, its look-up, or somebody else's work on it. */
export type Outcome =
  | { kind: 'done'; row: IntentRow }
  /** The provider did something else than we asked for; the row says what, nothing was booked. */
  | { kind: 'conflict'; row: IntentRow }
  /** `mayMoveOn`: it is the account's fault, and the account certainly holds nothing of this call. */
  | { kind: 'refused'; decline: ProviderDecline; row: IntentRow; mayMoveOn: boolean }
  | { kind: 'unknown' }

type Answer = ProviderAnswer<ProviderPayment | ProviderPage>
type Refused = Extract<Answer, { outcome: 'refused' }>

/** Calls the provider for an operation that is written as `sent`, and records what came of it. */
export const runOperation = async (deps: PaymentDeps, operation: OperationRow): Promise<Outcome> => {
  const provider = await openFirst(deps, operation)
  const answer = 'outcome' in provider ? provider : await sendOperation(provider, operation)
  const outcome = await recordAnswer(deps, operation, answer)
  // A lost answer is looked up at once: the client is still waiting and the provider usually knows.
  return outcome.kind === 'unknown' ? resolveOperation(deps, operation.merchant_id, operation.id, true) : outcome
}

/**
 * After this long a call that certainly had no effect is not sent any more: a provider replays a stored 5xx for as long
 * as it keeps the key, which would block the payment for a day, and a payer charged an hour after they gave up is wrong.
 */
const giveUpMs = 15 * 60_000

/**
 * Finds out what became of an operation: looks at the provider first and sends again only what certainly had no
 * effect, with the same idempotency key and only while the provider remembers keys.
 */
export const resolveOperation = async (
  deps: PaymentDeps,
  merchantId: string,
  id: string,
  force = false,
): Promise<Outcome> => {
  const operation = await inTransaction(deps.db, merchantId, (tx) =>
    claimOperation(tx, merchantId, id, deps.clock.now(), force),
  )
  if (!operation) return readOutcome(deps, merchantId, id)
  const provider = await providerOf(deps, operation)
  const row = await inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, operation.payment_intent_id))
  const found = row
    ? await lookUpOperation(provider, operation, row)
    : ({ outcome: 'unknown', reason: 'the payment is missing' } as const)
  if (found !== 'absent') return recordAnswer(deps, operation, found)
  const age = deps.clock.now().getTime() - operation.created_at.getTime()
  if (age > giveUpMs || age > provider.capabilities.idempotencyHorizonMs) {
    return recordAnswer(deps, operation, {
      outcome: 'refused',
      decline: { code: 'processing_error', message: 'The provider never received this request. Send it again.' },
    })
  }
  // The answer to a key that was used before may be as old as its first use: no version fits it, so it is read again.
  const asked = { ...operation, command: { ...operation.command, version: -1 } }
  return recordAnswer(deps, asked, await sendOperation(provider, operation))
}

const providerOf = (
  deps: PaymentDeps,
  { merchant_id: merchantId, command }: OperationRow,
): Promise<PaymentProvider> => {
  const { provider, connection } = command as unknown as StoredCommand
  return deps.providers.open({ merchantId, provider, connectionId: connection ?? null })
}

/** An account that is gone has not been asked anything yet, when this is the first call of the operation. */
const openFirst = async (deps: PaymentDeps, operation: OperationRow): Promise<PaymentProvider | Refused> => {
  try {
    return await providerOf(deps, operation)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'provider_account_unavailable') throw error
    return { outcome: 'refused', decline: { code: error.code, message: error.message, accountFault: 'gone' } }
  }
}

const recordAnswer = async (deps: PaymentDeps, operation: OperationRow, answer: Answer): Promise<Outcome> => {
  const { merchant_id: merchantId } = operation
  let fresh = answer
  for (let attempt = 1; attempt <= 5; attempt++) {
    const outcome = await inTransaction(deps.db, merchantId, async (tx) => {
      const row = await lockIntent(tx, merchantId, operation.payment_intent_id)
      const open = row && (await lockInFlight(tx, merchantId, operation.id))
      if (!row || !open) return undefined
      if (fresh.outcome === 'unknown') {
        const delay = delayMs(lookupSchedule, open.attempts, Math.random()) // exact: a wait, not money
        await markUnknown(tx, open, fresh.reason, addMs(deps.clock.now(), delay))
        return { kind: 'unknown' } as const
      }
      // Somebody else has told us newer news since the call: ask again instead of applying an older answer.
      const isOld = row.version !== operation.command.version && attempt < 5 && isPayment(fresh)
      return isOld ? 'stale' : record(tx, deps, row, open, fresh)
    })
    deps.queue.wake('outbox.drain', { id: operation.id })
    if (outcome === undefined) return readOutcome(deps, merchantId, operation.id)
    if (outcome !== 'stale') return outcome
    const again = await refetch(deps, operation, fresh)
    fresh = again.answer
    operation = { ...operation, command: { ...operation.command, version: again.version } }
  }
  return { kind: 'unknown' }
}

const isPayment = (answer: Answer): boolean =>
  (answer.outcome === 'ok' && 'amountReceived' in answer.value) ||
  (answer.outcome === 'refused' && answer.payment !== undefined)

const refetch = async (deps: PaymentDeps, operation: OperationRow, answer: Answer) => {
  const { merchant_id: merchantId } = operation
  const row = await inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, operation.payment_intent_id))
  const payment =
    answer.outcome === 'ok'
      ? (answer.value as ProviderPayment)
      : answer.outcome === 'refused'
        ? answer.payment
        : undefined
  const provider = await providerOf(deps, operation)
  const found = await provider.findPayment({ paymentRef: payment?.ref ?? '' })
  const version = row?.version ?? 0
  if (found.outcome !== 'ok' || !found.value)
    return { answer: { outcome: 'unknown' as const, reason: 'the payment could not be read again' }, version }
  return {
    answer: answer.outcome === 'refused' ? { ...answer, payment: found.value } : { ...answer, value: found.value },
    version,
  }
}

type Settled = Exclude<Answer, { outcome: 'unknown' }>

const record = async (
  tx: Parameters<typeof applyPayment>[0],
  deps: PaymentDeps,
  row: IntentRow,
  operation: OperationRow,
  answer: Settled,
): Promise<Outcome> => {
  const now = deps.clock.now()
  if (answer.outcome === 'refused') {
    const applied = answer.payment ? await applyPayment(tx, deps, row, answer.payment, { isCurrent: true }) : { row }
    const saved = await keepDecline(tx, deps, applied.row, operation, answer.decline)
    await settleOperation(
      tx,
      operation,
      {
        state: 'failed',
        answer: { decline: answer.decline, request_id: answer.requestId, ref: answer.payment?.ref },
        reason: answer.decline.message,
      },
      now,
    )
    // A call that was sent before may have had its effect then.
    const isFirst = operation.attempts <= 1 && answer.payment === undefined
    return {
      kind: 'refused',
      decline: answer.decline,
      row: saved,
      mayMoveOn: isFirst && answer.decline.accountFault !== undefined,
    }
  }
  const { value } = answer
  if ('amountReceived' in value) {
    const reason = typeof operation.command.reason === 'string' ? operation.command.reason : undefined
    const applied = await applyPayment(tx, deps, row, value, { isCurrent: true, cancellationReason: reason })
    const isConflict = applied.verdict.kind === 'conflict'
    await settleOperation(
      tx,
      operation,
      {
        state: isConflict ? 'conflicted' : 'succeeded',
        answer: { ref: value.ref, state: value.state, request_id: answer.requestId },
        ...(isConflict ? { reason: applied.row.conflict ?? '' } : {}),
      },
      now,
    )
    return { kind: isConflict ? 'conflict' : 'done', row: applied.row }
  }
  await settleOperation(
    tx,
    operation,
    { state: 'succeeded', answer: { ref: value.ref, state: value.state, request_id: answer.requestId } },
    now,
  )
  return { kind: 'done', row: await keepPage(tx, row, value, now) }
}

/**
 * An open page becomes the way to pay; an expired one is left behind. A completed one stays: what came of it is asked
 * of the provider (`leavePage`), for the payer may have paid.
 */
const keepPage = (
  tx: Parameters<typeof applyPayment>[0],
  row: IntentRow,
  page: ProviderPage,
  now: Date,
): Promise<IntentRow> => {
  if (page.state === 'expired') return updateIntent(tx, row, withoutPage(row), now)
  if (page.state === 'complete')
    return updateIntent(tx, row, { page_ref: page.ref, page_url: null, page_handover: null }, now)
  // A page asks for a method whatever was attached before, and the sweep looks after pages in this state.
  const status = row.status === 'requires_confirmation' ? { status: 'requires_payment_method' as const } : {}
  const opened = {
    ...status,
    page_ref: page.ref,
    page_url: page.url ?? null,
    page_handover: page.handover ? { ...page.handover } : null,
    page_expires_at: page.expiresAt ?? null,
  }
  // The page makes a payment of its own; an earlier one that failed is not followed any more.
  return updateIntent(tx, row, { ...opened, provider_ref: null }, now)
}

/** A declined attempt without a payment object still tells the client why. */
const keepDecline = async (
  tx: Parameters<typeof applyPayment>[0],
  deps: PaymentDeps,
  row: IntentRow,
  operation: OperationRow,
  decline: ProviderDecline,
): Promise<IntentRow> => {
  if (operation.kind !== 'authorize' || row.last_payment_error || row.status === 'succeeded') return row
  return updateIntent(
    tx,
    row,
    { last_payment_error: showDecline(decline, undefined, deps.publicUrl) },
    deps.clock.now(),
  )
}

/** What an operation that somebody else settled (or holds) has come to. */
export const readOutcome = (deps: PaymentDeps, merchantId: string, id: string): Promise<Outcome> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const operation = await tx
      .selectFrom('operations')
      .selectAll()
      .where('merchant_id', '=', merchantId)
      .where('id', '=', id)
      .executeTakeFirst()
    const row = operation && (await findIntent(tx, merchantId, operation.payment_intent_id))
    if (!operation || !row) return { kind: 'unknown' }
    if (operation.state === 'succeeded') return { kind: 'done', row }
    if (operation.state === 'conflicted') return { kind: 'conflict', row }
    if (operation.state !== 'failed') return { kind: 'unknown' }
    const decline = operation.answer?.decline as ProviderDecline | undefined
    return {
      kind: 'refused',
      decline: decline ?? { code: 'processing_error', message: operation.reason ?? 'The provider refused.' },
      row,
      mayMoveOn: false,
    }
  })
