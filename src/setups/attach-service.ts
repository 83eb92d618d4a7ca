import { ensureCustomerRef, keepMethod } from '#customers/keep-service.ts'
import { findCustomerRef, findMethod, findMethodByRef, type MethodRow } from '#customers/method-repo.ts'
import type { Consent, ConsentInput, PaymentMethod } from '#customers/method-schemas.ts'
import { showMethod } from '#customers/method-view.ts'
import { requireCustomer } from '#customers/repo.ts'
import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import type { ProviderMethod } from '#providers/setups.ts'
import { chooseKeeper } from './account-service.ts'
import type { SetupDeps } from './apply-service.ts'
import { commandOf, type SetupCallAnswer, sendSetup, setupCallsFor, setupCallsOf } from './calls-service.ts'
import {
  beginSetupOperation,
  claimSetupOperation,
  findEarlier,
  findSetupOperation,
  lockSetupOperation,
  type SetupOperation,
  settleSetupOperation,
} from './operation-repo.ts'
import { consentOf } from './setup-view.ts'
import { askAgain, refusedAs } from './work-service.ts'

interface Scope {
  merchantId: string
  livemode: boolean
  /** Identity of the request. */
  resourceId: string
}

interface Attachment {
  customer: string
  consent?: ConsentInput | undefined
  connection?: string | undefined
}

/**
 * Keeps a method that the provider has already for a customer of ours. One that is kept for them is left as it is; one
 * of another customer, and one that was detached, is refused (`payment_method_unexpected_state`).
 */
export const attachMethod = async (
  deps: SetupDeps,
  scope: Scope,
  method: string,
  { customer, consent, connection }: Attachment,
): Promise<PaymentMethod> => {
  const { merchantId } = scope
  const planned = await inTransaction(deps.db, merchantId, async (tx) => {
    const id = parseId('paymentMethod', method)
    const own = id === undefined ? undefined : await findMethod(tx, merchantId, id)
    if (id !== undefined && !own) throw notFound('payment_method', method, 'payment_method')
    const owner = await requireCustomer(tx, merchantId, requireUuid('customer', customer, 'customer', 'customer'))
    if (own) return { kept: requireKept(own, owner.id) }
    const earlier = await findEarlier(tx, { merchant_id: merchantId, kind: 'attach', request_id: scope.resourceId })
    if (earlier) return { earlier }
    return { account: await chooseKeeper(tx, deps.providers, scope, connection), customerId: owner.id }
  })
  if (planned.kept) return showMethod(planned.kept)
  if (planned.earlier)
    return settle(deps, merchantId, await resolveAttachment(deps, merchantId, planned.earlier.id, true))
  const { account, customerId } = planned
  const known = await findAtProvider(deps, account, customerId, method)
  if (known) return showMethod(known)
  const customerRef = await ensureCustomerRef(deps, account, customerId)
  const operation = await inTransaction(deps.db, merchantId, (tx) => {
    const now = deps.clock.now()
    const { provider, connectionId } = account
    const stored = { provider, connection: connectionId, version: 0, customerRef, method }
    const command = { ...stored, consent: consentOf(consent, now), livemode: scope.livemode }
    const key = { merchant_id: merchantId, kind: 'attach' as const, request_id: scope.resourceId }
    return beginSetupOperation(tx, { ...key, setup_intent_id: null, customer_id: customerId, command }, now)
  })
  const answer = await sendSetup(await setupCallsFor(deps, operation), operation)
  const outcome = await record(deps, operation, answer)
  // A lost answer is looked up at once: the client is still waiting and the provider usually knows.
  const final = outcome.kind === 'unknown' ? await resolveAttachment(deps, merchantId, operation.id, true) : outcome
  return settle(deps, merchantId, final)
}

/**
 * A method that the provider already has for somebody: for this customer, in which case it was kept here before; for
 * another one, whose it stays. In a merchant's own account a customer whom nobody here goes by is taken over with it.
 */
const findAtProvider = async (
  deps: SetupDeps,
  account: ProviderAccount,
  customerId: string,
  method: string,
): Promise<MethodRow | undefined> => {
  const { merchantId, provider, connectionId } = account
  const found = await (await setupCallsOf(deps, account)).findMethod({ methodRef: method })
  if (found.outcome !== 'ok')
    throw new AppError('provider_unknown_outcome', {
      retryAfter: 2,
      message: 'The payment method could not be looked up. Nothing was attached. Try again.',
    })
  if (!found.value) throw notFound('payment_method', method, 'payment_method')
  const { savedFor, ref } = found.value
  if (savedFor === undefined) return undefined
  return inTransaction(deps.db, merchantId, async (tx) => {
    const row = await findMethodByRef(tx, merchantId, provider, ref)
    if (row) return requireKept(row, customerId)
    const ours = await findCustomerRef(tx, account, customerId)
    if (ours === savedFor) return undefined
    // Not in an account that several merchants share: the customer there may be another merchant's.
    if (ours !== undefined || connectionId === null) throw isTaken()
    await tx
      .insertInto('customer_refs')
      .values({
        merchant_id: merchantId,
        customer_id: customerId,
        provider,
        connection: connectionId,
        ref: savedFor,
        created_at: deps.clock.now(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    if ((await findCustomerRef(tx, account, customerId)) !== savedFor) throw isTaken()
    return undefined
  })
}

const isTaken = (): AppError =>
  new AppError('payment_method_unexpected_state', {
    message: 'The payment method you provided has already been attached to another customer. Detach it there first.',
    param: 'payment_method',
  })

/** One of ours: kept for this customer, or nothing that can be attached. */
const requireKept = (row: MethodRow, customerId: string): MethodRow => {
  if (row.customer_id !== customerId) throw isTaken()
  if (row.detached_at === null) return row
  throw new AppError('payment_method_unexpected_state', {
    message: 'The payment method was detached from its customer and may not be used again. Ask the payer for it anew.',
    param: 'payment_method',
  })
}

type Outcome = { kind: 'done'; id: string } | { kind: 'refused'; decline: ProviderDecline } | { kind: 'unknown' }

const settle = (deps: SetupDeps, merchantId: string, outcome: Outcome): Promise<PaymentMethod> => {
  if (outcome.kind === 'refused') throw refusedAs(outcome.decline)
  if (outcome.kind === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  return inTransaction(deps.db, merchantId, async (tx) => {
    const row = await findMethod(tx, merchantId, outcome.id)
    if (!row) throw notFound('payment_method', showId('paymentMethod', outcome.id), 'payment_method')
    return showMethod(row)
  })
}

/** Finds out what became of an attachment. Safe to run twice, at once or late. */
export const resolveAttachment = async (
  deps: SetupDeps,
  merchantId: string,
  id: string,
  force = false,
): Promise<Outcome> => {
  const now = deps.clock.now()
  const claimed = await inTransaction(deps.db, merchantId, (tx) => claimSetupOperation(tx, merchantId, id, now, force))
  if (!claimed) return readOutcome(deps, merchantId, id)
  return record(deps, claimed, await askAgain(deps, claimed))
}

const readOutcome = (deps: SetupDeps, merchantId: string, id: string): Promise<Outcome> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const operation = await findSetupOperation(tx, merchantId, id)
    if (operation?.state === 'succeeded') return { kind: 'done', id: String(operation.answer?.method) }
    if (operation?.state !== 'failed') return { kind: 'unknown' }
    return { kind: 'refused', decline: operation.answer?.decline as ProviderDecline }
  })

const record = async (deps: SetupDeps, operation: SetupOperation, answer: SetupCallAnswer): Promise<Outcome> => {
  const { merchant_id: merchantId, id } = operation
  const now = deps.clock.now()
  const outcome = await inTransaction(deps.db, merchantId, async (tx): Promise<Outcome | undefined> => {
    const open = await lockSetupOperation(tx, merchantId, id)
    if (!open) return undefined
    if (answer.outcome === 'unknown') {
      const nextAttemptAt = addMs(now, delayMs(lookupSchedule, open.attempts, Math.random()))
      await settleSetupOperation(tx, open, { state: 'unknown', reason: answer.reason, nextAttemptAt }, now)
      return { kind: 'unknown' }
    }
    if (answer.outcome === 'refused') {
      const { decline } = answer
      await settleSetupOperation(tx, open, { state: 'failed', answer: { decline }, reason: decline.message }, now)
      return { kind: 'refused', decline }
    }
    const kept = await keepAttached(tx, open, answer.value as ProviderMethod, now)
    await settleSetupOperation(tx, open, { state: 'succeeded', answer: { method: kept.id } }, now)
    return { kind: 'done', id: kept.id }
  })
  deps.queue.wake('outbox.drain', { id })
  return outcome ?? readOutcome(deps, merchantId, id)
}

const keepAttached = async (
  tx: Tx,
  operation: SetupOperation,
  { ref, savedFor = '', details }: ProviderMethod,
  now: Date,
): Promise<MethodRow> => {
  const { provider, connection, consent } = commandOf(operation)
  const kept = await keepMethod(
    tx,
    {
      merchantId: operation.merchant_id,
      provider,
      connectionId: connection,
      methodRef: ref,
      savedFor,
      details,
      consent: consent as unknown as Consent,
      usage: 'off_session',
      paymentIntentId: null,
      threadId: null,
      livemode: operation.command.livemode === true,
    },
    now,
  )
  if (!kept) throw new Error('the provider attached a method, but not to a customer of ours')
  return kept
}
