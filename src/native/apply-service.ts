import type { Connection } from '#channels/channel.ts'
import { addMs } from '#kernel/clock.ts'
import { type Applied, applyPayment, type PaymentDeps } from '#payments/apply-service.ts'
import { intentEvent } from '#payments/command-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { leavePage } from '#payments/leave-page-service.ts'
import { hasInFlight } from '#payments/operation-repo.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { updateIntent } from '#payments/repo.ts'
import { routeHome } from '#payments/route-service.ts'
import { LookupFailed } from '#payments/sync-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { findOffered, lockOffered } from './hold-service.ts'
import { type NativeRow, updateNative } from './repo.ts'
import {
  holdMs,
  isFree,
  judgeAmount,
  type NativeNews,
  nativeProviderOf,
  nextLook,
  takenBy,
  toProviderPayment,
} from './rules.ts'

/** What came of a platform's news, in the words of `Synced`. */
export interface NativeVerdict {
  verdict: 'change' | 'applied' | 'unchanged' | 'stale' | 'abandoned' | 'conflict' | 'nothing' | 'missing'
  reason?: string
}

interface Offer {
  intent: IntentRow
  native: NativeRow
}

/**
 * Books what a platform has told us of money, through the same door as every provider's news. The same news twice, or
 * news that something newer has overtaken, change nothing; money that should not have come is a conflict.
 */
export const applyNative = async (
  deps: PaymentDeps,
  connection: Connection,
  news: NativeNews,
): Promise<NativeVerdict> => {
  const { merchantId } = connection
  const found = await inTransaction(deps.db, merchantId, (tx) => findOffered(tx, connection, news.payload))
  if (!found) return { verdict: 'nothing', reason: 'not about a payment of ours' }
  const { intent } = found
  // Somebody may be about to pay on the hosted page what has been paid in the chat: shut it before this is booked.
  const isElsewhere = intent.provider_ref !== found.native?.id && isBeforeMoney(intent.status)
  if (isElsewhere && intent.page_ref !== null && news.state !== 'failed')
    await leavePage(deps, { merchantId, intentId: intent.id })
  const verdict = await inTransaction(deps.db, merchantId, async (tx) => {
    const offer = await lockOffered(tx, deps, connection, news)
    return offer ? apply(tx, deps, offer, news) : ({ verdict: 'nothing' } as const)
  })
  if (verdict.verdict === 'change' || verdict.verdict === 'conflict') deps.queue.wake('outbox.drain', { id: intent.id })
  return verdict
}

const apply = async (tx: Tx, deps: PaymentDeps, offer: Offer, news: NativeNews): Promise<NativeVerdict> => {
  const { intent, native } = offer
  const isKnown = native.platform_ref === news.platformRef && (native.state === 'paid' || native.state === 'conflicted')
  if (isKnown) {
    const isConflict = native.state === 'conflicted'
    return isConflict ? { verdict: 'conflict', reason: intent.conflict ?? 'kept' } : { verdict: 'unchanged' }
  }
  const isFollowed = intent.provider_ref === native.id && native.state !== 'paid'
  const followed = isFollowed ? intent : await follow(tx, deps, offer, news)
  if (news.state !== 'succeeded' && followed.provider_ref !== native.id)
    return { verdict: 'stale', reason: `${news.state} in the chat, while the payment is ${intent.status}` }
  return keep(tx, deps, { intent: followed, native }, news)
}

/** Late news of a request that is not held any more: it is followed again, if nobody else has taken the payment. */
const follow = async (tx: Tx, deps: PaymentDeps, { intent, native }: Offer, news: NativeNews): Promise<IntentRow> => {
  const provider = nativeProviderOf(native.channel as Connection['channel'])
  const isWanted = native.state !== 'paid' && isBeforeMoney(intent.status) && judgeAmount(intent, news).ok
  if (!isWanted || provider === undefined || (intent.status === 'requires_action' && intent.page_ref === null))
    return intent
  // What cannot be decided yet is asked again; the money is safe where it is.
  if (!isFree(intent) || (await hasInFlight(tx, intent.merchant_id, intent.id)))
    throw new LookupFailed('another way to pay is being shut')
  return updateIntent(tx, intent, takenBy(provider, native.id), deps.clock.now())
}

const keep = async (tx: Tx, deps: PaymentDeps, { intent, native }: Offer, news: NativeNews): Promise<NativeVerdict> => {
  const now = deps.clock.now()
  const isFollowed = intent.provider_ref === native.id && native.state !== 'paid'
  const payment = toProviderPayment(isFollowed ? native.id : news.platformRef, native.channel, news)
  const applied = await applyPayment(tx, deps, intent, payment)
  await updateNative(tx, native, changeOf(native, applied, news, now), now)
  if (news.state === 'failed') await goHome(tx, deps, applied.row)
  const { verdict } = applied
  return { verdict: verdict.kind, ...('reason' in verdict ? { reason: verdict.reason } : {}) }
}

const changeOf = (native: NativeRow, { verdict }: Applied, news: NativeNews, now: Date) => {
  // A second payment of the same request: what is known of the first stays.
  if (native.state === 'paid' || verdict.kind === 'stale') return {}
  const refs = {
    platform_ref: news.platformRef,
    processor_ref: news.processorRef ?? null,
    method: news.method ?? null,
    ...(news.from === undefined ? {} : { payer: news.from.personId }),
  }
  if (verdict.kind === 'conflict')
    return { ...refs, state: 'conflicted' as const, amount: news.amount, paid_at: news.at, check_at: null }
  if (news.state === 'pending') return { state: 'held' as const, check_at: addMs(now, holdMs) }
  if (news.state === 'failed') return { state: 'offered' as const, check_at: nextLook(native.created_at, now) }
  return { ...refs, state: 'paid' as const, amount: news.amount, paid_at: news.at, check_at: null }
}

/** The payment can be paid another way again, by the account that was decided on. */
export const goHome = async (tx: Tx, deps: PaymentDeps, intent: IntentRow): Promise<IntentRow> =>
  updateIntent(
    tx,
    intent,
    {
      ...(await routeHome(tx, deps, intent)),
      provider_ref: null,
      ...(intent.status === 'processing' ? { status: 'requires_payment_method' as const } : {}),
    },
    deps.clock.now(),
  )

/** Nothing came of a yes in its time. */
export const releaseNative = async (
  tx: Tx,
  deps: PaymentDeps,
  { intent, native }: Offer,
  checkAt: Date | null,
): Promise<void> => {
  await updateNative(tx, native, { state: 'released', check_at: checkAt }, deps.clock.now())
  if (intent.provider_ref !== native.id || intent.status !== 'processing') return
  const saved = await goHome(tx, deps, intent)
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated', { status: intent.status })])
}
