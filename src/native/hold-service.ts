import type { Connection } from '#channels/channel.ts'
import { addMs } from '#kernel/clock.ts'
import type { Currency } from '#kernel/currencies.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { intentEvent } from '#payments/command-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { leavePage } from '#payments/leave-page-service.ts'
import { hasInFlight } from '#payments/operation-repo.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { findIntent, lockIntent, updateIntent } from '#payments/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { HoldBatches } from './batch-service.ts'
import { findNative, findOnlyPayer, lockNative, type NativeRow, updateNative, upsertOffer } from './repo.ts'
import {
  type HoldRefusal,
  type HoldVerdict,
  heldChange,
  holdMs,
  isUntouched,
  judgeAmount,
  judgeHold,
  nativeProviderOf,
  type SeenOffer,
  takenBy,
} from './rules.ts'

/** What a platform asks before it charges. */
export interface HoldQuery {
  /** What the request carried: the payment intent's public id, or the request's own reference. */
  payload: string
  /** Who would pay, at the platform. */
  payer: string
}

export type Held = { ok: true; intentId: string } | { ok: false; reason: HoldRefusal }

/** What a question is decided on. `hold` asks again, under the payment's lock, unless nothing of it has changed. */
export type Prepared = { ok: true; seen: SeenOffer } | { ok: false; reason: HoldRefusal }

export type HoldDeps = PaymentDeps & HoldBatches

export interface Offered {
  intent: IntentRow
  native: NativeRow | undefined
}

/** The payment that a platform's payload names, and the request that asked for it (if we know of one). */
export const findOffered = async (
  tx: Tx,
  connection: Pick<Connection, 'merchantId' | 'id'>,
  payload: string,
): Promise<Offered | undefined> => {
  const { merchantId } = connection
  const native = await findNative(tx, { merchantId, connectionId: connection.id, reference: payload })
  const intentId = native?.payment_intent_id ?? parseId('paymentIntent', payload)
  const intent = intentId && (await findIntent(tx, merchantId, intentId))
  return intent ? { intent, native } : undefined
}

/**
 * Says whether the platform may go on, the amount aside, and leaves an open hosted page first: money must come in one
 * way only. Whoever calls may then change the payment's terms, and asks `hold`.
 */
export const prepareHold = async (deps: HoldDeps, connection: Connection, query: HoldQuery): Promise<Prepared> => {
  const first = await readVerdict(deps, connection, query)
  if (!first.ok) return first
  const { intent } = first.seen
  if (intent.page_ref === null || !isBeforeMoney(intent.status)) return first
  const isLeft = await within(leaveMs, leavePage(deps, { merchantId: intent.merchant_id, intentId: intent.id }))
  return isLeft ? readVerdict(deps, connection, query) : { ok: false, reason: 'busy' }
}

/** The platform waits ten seconds for everything; a provider that is slower than this does not get it. */
const leaveMs = 2000

const within = (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  const done = work.then(
    () => true,
    () => false,
  )
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}

const readVerdict = async (deps: HoldDeps, connection: Connection, query: HoldQuery): Promise<Prepared> => {
  const seen = await deps.readOffer(connection, query.payload)
  if (!seen) return { ok: false, reason: 'unknown' }
  const verdict = judgeHold({ ...seen, payer: query.payer, now: deps.clock.now() })
  return verdict.ok ? { ok: true, seen } : verdict
}

const judge = async (
  tx: Tx,
  deps: PaymentDeps,
  { merchantId, channel }: Connection,
  { payer }: HoldQuery,
  { intent, native }: Offered,
): Promise<HoldVerdict> => {
  const onlyPayer = await findOnlyPayer(tx, merchantId, channel, intent.participant_id)
  return judgeHold({ intent, native, payer, onlyPayer, now: deps.clock.now() })
}

export interface HoldRequest extends HoldQuery {
  amount: bigint
  currency: Currency
  /** What `prepareHold` has read. */
  seen?: SeenOffer
  /** Aborted, nothing is held. */
  signal?: AbortSignal
}

/**
 * Lets the platform charge: the payment becomes `processing` for at most a quarter of an hour, and every other way to
 * pay stays shut meanwhile. Of any number that ask at once one gets a yes. The usual question is decided already, and
 * its hold is written together with others; what has changed since, or is unusual, is decided anew under the lock.
 */
export const holdNative = async (deps: HoldDeps, connection: Connection, request: HoldRequest): Promise<Held> => {
  const { seen, payer } = request
  const isEasy =
    seen !== undefined &&
    isUntouched(seen) &&
    judgeHold({ ...seen, payer, now: deps.clock.now() }).ok &&
    judgeAmount(seen.intent, request).ok
  const isHeld = isEasy && (await deps.writeHold(connection, request, seen))
  const held: Held = isHeld ? { ok: true, intentId: seen.intent.id } : await holdLocked(deps, connection, request)
  if (held.ok) deps.queue.wake('outbox.drain', { id: held.intentId })
  return held
}

const holdLocked = (deps: HoldDeps, connection: Connection, request: HoldRequest): Promise<Held> =>
  inTransaction(deps.db, connection.merchantId, async (tx): Promise<Held> => {
    const offered = await lockOffered(tx, deps, connection, request)
    if (!offered) return { ok: false, reason: 'unknown' }
    const { intent } = offered
    const verdict = await judge(tx, deps, connection, request, offered)
    if (!verdict.ok) return verdict
    const amount = judgeAmount(intent, request)
    if (!amount.ok) return amount
    const hasPage = intent.page_ref !== null && isBeforeMoney(intent.status)
    const isBusy =
      hasPage ||
      intent.options.let_go === true ||
      request.signal?.aborted === true ||
      (await hasInFlight(tx, intent.merchant_id, intent.id))
    if (isBusy) return { ok: false, reason: 'busy' }
    await keepHold(tx, deps, offered, request)
    return { ok: true, intentId: intent.id }
  })

/** Both rows locked, the payment first; the request is made if it is not known. */
export const lockOffered = async (
  tx: Tx,
  deps: PaymentDeps,
  connection: Connection,
  { payload }: { payload: string },
): Promise<{ intent: IntentRow; native: NativeRow } | undefined> => {
  const { merchantId } = connection
  const known = await findNative(tx, { merchantId, connectionId: connection.id, reference: payload })
  const intentId = known?.payment_intent_id ?? parseId('paymentIntent', payload)
  const intent = intentId && (await lockIntent(tx, merchantId, intentId))
  if (!intent) return undefined
  // What is written is locked.
  const native = known
    ? await lockNative(tx, merchantId, known.id)
    : await upsertOffer(tx, newOffer(connection, intent, payload, deps.clock.now()))
  return native ? { intent, native } : undefined
}

export const newOffer = (
  connection: Pick<Connection, 'merchantId' | 'id' | 'channel'>,
  intent: Pick<IntentRow, 'id' | 'amount' | 'currency'>,
  reference: string,
  now: Date,
): NativeRow => ({
  merchant_id: connection.merchantId,
  id: newUuid(),
  payment_intent_id: intent.id,
  connection_id: connection.id,
  channel: connection.channel,
  reference,
  state: 'offered',
  amount: intent.amount,
  currency: intent.currency,
  payer: null,
  check_at: null,
  platform_ref: null,
  processor_ref: null,
  method: null,
  paid_at: null,
  created_at: now,
  updated_at: now,
  link_url: null,
  link_terms: null,
})

/** The second yes to the same payer only lasts longer. */
const keepHold = async (
  tx: Tx,
  deps: PaymentDeps,
  { intent, native }: { intent: IntentRow; native: NativeRow },
  { payer }: HoldQuery,
): Promise<void> => {
  const now = deps.clock.now()
  const { amount } = intent
  await updateNative(tx, native, { state: 'held', payer, amount, check_at: addMs(now, holdMs) }, now)
  if (intent.provider_ref !== native.id) await takeOver(tx, deps, intent, native, now)
}

const takeOver = async (tx: Tx, deps: PaymentDeps, intent: IntentRow, native: NativeRow, now: Date): Promise<void> => {
  const provider = nativeProviderOf(native.channel as Connection['channel'])
  if (provider === undefined) throw new Error(`${native.channel} takes no money`)
  const saved = await updateIntent(tx, intent, { ...heldChange, ...takenBy(provider, native.id) }, now)
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.processing', { status: intent.status })])
}
