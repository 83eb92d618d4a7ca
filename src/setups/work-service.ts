import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { type ErrorCode, errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import type { ProviderSetup, ProviderSetupPage } from '#providers/setups.ts'
import { applyRefusal, applySetup, applySetupPage, type SetupDeps } from './apply-service.ts'
import {
  commandOf,
  lookUpSetup,
  type SetupCallAnswer,
  type StoredSetupCommand,
  sendSetup,
  setupCallsFor,
} from './calls-service.ts'
import { viewSetup } from './methods-link-service.ts'
import {
  beginSetupOperation,
  claimSetupOperation,
  findEarlier,
  findSetupOperation,
  hasSetupInFlight,
  lockSetupOperation,
  type SetupOperation,
  settleSetupOperation,
} from './operation-repo.ts'
import { findSetup, lockSetup, type SetupRow } from './repo.ts'

/** A client's command: whose setup intent, and the request's identity, which makes the command happen once. */
export interface SetupScope {
  merchantId: string
  setupIntentId: string
  requestId: string
}

export interface PlannedSetup {
  row: SetupRow
  /** Absent: nothing to call, the row is the result. */
  command?: Omit<StoredSetupCommand, 'provider' | 'connection' | 'version'>
}

/** Phase one in a transaction (check, plan, write the operation), then the call, then the record. */
export const performSetup = async (
  deps: SetupDeps,
  scope: SetupScope,
  kind: Exclude<SetupOperation['kind'], 'attach'>,
  plan: (tx: Tx, row: SetupRow) => Promise<PlannedSetup>,
): Promise<SetupRow> => {
  const { merchantId, requestId } = scope
  const planned = await inTransaction(deps.db, merchantId, async (tx) => {
    const locked = await lockSetup(tx, merchantId, scope.setupIntentId)
    if (!locked) throw notFound('setup_intent', showId('setupIntent', scope.setupIntentId), 'intent')
    const key = { merchant_id: merchantId, kind, request_id: requestId }
    const earlier = await findEarlier(tx, key)
    if (earlier) return { earlier }
    if (await hasSetupInFlight(tx, merchantId, locked.id)) throw new AppError('lock_timeout', { retryAfter: 1 })
    const { row, command } = await plan(tx, locked)
    if (!command) return { row }
    const { provider, provider_connection_id: connection, version } = row
    const operation = {
      ...key,
      setup_intent_id: row.id,
      customer_id: row.customer_id,
      command: { ...command, provider, connection, version },
    }
    return { operation: await beginSetupOperation(tx, operation, deps.clock.now()) }
  })
  deps.queue.wake('outbox.drain', { id: scope.setupIntentId })
  if (planned.row) return planned.row
  // The same request again, after a crash or a lost connection: finish its operation instead of making another.
  const outcome = planned.earlier
    ? await resolveSetupOperation(deps, merchantId, planned.earlier.id, true)
    : await runSetupOperation(deps, planned.operation)
  return settle(deps, outcome)
}

type Outcome =
  | { kind: 'done'; row: SetupRow }
  | { kind: 'refused'; decline: ProviderDecline; row: SetupRow }
  | { kind: 'unknown' }

const settle = (deps: SetupDeps, outcome: Outcome): SetupRow => {
  if (outcome.kind === 'done') return outcome.row
  if (outcome.kind === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  const { decline, row } = outcome
  throw refusedAs(decline, { setup_intent: viewSetup(deps, row) })
}

/** The provider's refusal as an error of ours. */
export const refusedAs = (decline: ProviderDecline, extra: Record<string, unknown> = {}): AppError =>
  new AppError(decline.code in errorCatalogue ? (decline.code as ErrorCode) : 'card_declined', {
    message: decline.message,
    ...(decline.declineCode === undefined ? {} : { declineCode: decline.declineCode }),
    extra,
  })

const runSetupOperation = async (deps: SetupDeps, operation: SetupOperation): Promise<Outcome> => {
  const calls = await setupCallsFor(deps, operation)
  const outcome = await recordAnswer(deps, operation, await sendSetup(calls, operation))
  // A lost answer is looked up at once: the client is still waiting and the provider usually knows.
  return outcome.kind === 'unknown' ? resolveSetupOperation(deps, operation.merchant_id, operation.id, true) : outcome
}

/** After this long a call that certainly had no effect is not sent any more: nobody waits for it. */
const giveUpMs = 15 * 60_000

/**
 * Looks what became of an operation, and sends it again only if it certainly had no effect, with the same key and only
 * while the provider remembers keys.
 */
export const askAgain = async (deps: SetupDeps, operation: SetupOperation): Promise<SetupCallAnswer> => {
  const calls = await setupCallsFor(deps, operation)
  const found = await lookUpSetup(calls, operation)
  if (found !== 'absent') return found
  const age = deps.clock.now().getTime() - operation.created_at.getTime()
  if (age <= giveUpMs) return sendSetup(calls, operation)
  const message = 'The provider never received this request. Send it again.'
  return { outcome: 'refused', decline: { code: 'processing_error', message } }
}

/** Finds out what became of an operation at a setup intent. Safe to run twice, at once or late. */
export const resolveSetupOperation = async (
  deps: SetupDeps,
  merchantId: string,
  id: string,
  force = false,
): Promise<Outcome> => {
  const now = deps.clock.now()
  const claimed = await inTransaction(deps.db, merchantId, (tx) => claimSetupOperation(tx, merchantId, id, now, force))
  if (!claimed) return readOutcome(deps, merchantId, id)
  // An answer that is replayed may be as old as its first use: no version fits it, so it is read again.
  const asked = { ...claimed, command: { ...claimed.command, version: -1 } }
  return recordAnswer(deps, asked, await askAgain(deps, claimed))
}

const readOutcome = (deps: SetupDeps, merchantId: string, id: string): Promise<Outcome> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const operation = await findSetupOperation(tx, merchantId, id)
    const row = operation?.setup_intent_id && (await findSetup(tx, merchantId, operation.setup_intent_id))
    if (!operation || !row || operation.state === 'sent' || operation.state === 'unknown') return { kind: 'unknown' }
    if (operation.state === 'succeeded') return { kind: 'done', row }
    return { kind: 'refused', decline: operation.answer?.decline as ProviderDecline, row }
  })

const recordAnswer = async (deps: SetupDeps, operation: SetupOperation, answer: SetupCallAnswer): Promise<Outcome> => {
  const { merchant_id: merchantId, setup_intent_id: setupIntentId } = operation
  let [fresh, version] = [answer, commandOf(operation).version]
  for (let attempt = 1; attempt <= 5; attempt++) {
    const outcome = await inTransaction(deps.db, merchantId, async (tx) => {
      const row = await lockSetup(tx, merchantId, setupIntentId ?? '')
      const open = row && (await lockSetupOperation(tx, merchantId, operation.id))
      if (!row || !open) return undefined
      // Somebody else has told us newer news since the call: ask again instead of applying an older answer.
      const isOld = row.version !== version && setupOf(fresh) !== undefined && attempt < 5
      return isOld ? { stale: row } : record(tx, deps, row, open, fresh)
    })
    deps.queue.wake('outbox.drain', { id: operation.id })
    if (outcome === undefined) return readOutcome(deps, merchantId, operation.id)
    if (!('stale' in outcome)) return outcome
    fresh = await readAgain(deps, operation, fresh)
    version = outcome.stale.version
  }
  return { kind: 'unknown' }
}

const setupOf = (answer: SetupCallAnswer): ProviderSetup | undefined => {
  if (answer.outcome === 'refused') return answer.setup
  return answer.outcome === 'ok' && 'tags' in answer.value ? answer.value : undefined
}

const readAgain = async (
  deps: SetupDeps,
  operation: SetupOperation,
  answer: SetupCallAnswer,
): Promise<SetupCallAnswer> => {
  const calls = await setupCallsFor(deps, operation)
  const found = await calls.find({ setupRef: setupOf(answer)?.ref ?? '' })
  if (found.outcome !== 'ok' || !found.value) return { outcome: 'unknown', reason: 'the setup could not be read again' }
  return answer.outcome === 'refused' ? { ...answer, setup: found.value } : { outcome: 'ok', value: found.value }
}

const record = async (
  tx: Tx,
  deps: SetupDeps,
  row: SetupRow,
  operation: SetupOperation,
  answer: SetupCallAnswer,
): Promise<Outcome> => {
  const now = deps.clock.now()
  if (answer.outcome === 'unknown') {
    const nextAttemptAt = addMs(now, delayMs(lookupSchedule, operation.attempts, Math.random()))
    await settleSetupOperation(tx, operation, { state: 'unknown', reason: answer.reason, nextAttemptAt }, now)
    return { kind: 'unknown' }
  }
  const setup = setupOf(answer)
  const applied = setup ? (await applySetup(tx, deps, row, setup, { isAnswer: true })).row : row
  if (answer.outcome === 'refused') {
    const { decline } = answer
    await settleSetupOperation(tx, operation, { state: 'failed', answer: { decline }, reason: decline.message }, now)
    const isAttempt = operation.kind === 'confirm'
    return { kind: 'refused', decline, row: isAttempt ? await applyRefusal(tx, deps, applied, decline) : applied }
  }
  await settleSetupOperation(tx, operation, { state: 'succeeded', answer: { ref: answer.value.ref } }, now)
  const isPage = operation.kind === 'page' || operation.kind === 'close_page'
  const page = isPage ? (answer.value as ProviderSetupPage) : undefined
  return { kind: 'done', row: page ? await applySetupPage(tx, applied, page, now) : applied }
}
