import { newUuid, parseId, showId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { accountOf, type IntentRow } from '#payments/intent-view.ts'
import { findOperation } from '#payments/operation-repo.ts'
import { findIntent, lockIntent } from '#payments/repo.ts'
import { LookupFailed } from '#payments/sync-service.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderRefund } from '#providers/provider.ts'
import { applyRefund } from './apply-service.ts'
import { type RefundRow, showRefund } from './refund-view.ts'
import { findRefund, findRefundByRef, insertRefund, reserveRefund } from './repo.ts'

export type RefundSync = { verdict: 'applied' | 'unchanged' | 'missing' } | { verdict: 'conflict'; reason: string }

/**
 * Asks the provider how a refund stands and applies it. A refund that was made in the provider's own dashboard is
 * mirrored, as long as it fits into what was captured; one that does not is a conflict.
 */
export const syncRefund = async (
  deps: PaymentDeps,
  merchantId: string,
  intentId: string,
  refundRef: string,
): Promise<RefundSync> => {
  for (let attempt = 1; ; attempt++) {
    const before = await inTransaction(deps.db, merchantId, async (tx) => ({
      intent: await findIntent(tx, merchantId, intentId),
    }))
    if (!before.intent) return { verdict: 'missing' }
    const provider = await deps.providers.open(accountOf(before.intent))
    const found = await provider.findRefund({ refundRef, paymentRef: before.intent.provider_ref ?? undefined })
    if (found.outcome !== 'ok')
      throw new LookupFailed(found.outcome === 'unknown' ? found.reason : found.decline.message)
    const news = found.value
    if (!news) return { verdict: 'missing' }
    const synced = await inTransaction(deps.db, merchantId, async (tx): Promise<RefundSync | undefined> => {
      const intent = await lockIntent(tx, merchantId, intentId)
      if (!intent || (intent.version !== before.intent?.version && attempt < 5)) return undefined
      return applyNews(tx, deps, intent, news)
    })
    if (synced) {
      deps.queue.wake('outbox.drain', { id: intentId })
      return synced
    }
  }
}

const applyNews = async (tx: Tx, deps: PaymentDeps, intent: IntentRow, news: ProviderRefund): Promise<RefundSync> => {
  const ours = await findOurs(tx, intent, news)
  if (ours && (ours.amount !== news.amount || ours.currency !== news.currency)) {
    return {
      verdict: 'conflict',
      reason: `the provider's refund is ${news.amount} ${news.currency}, ours is ${ours.amount} ${ours.currency}`,
    }
  }
  const row = ours ?? (await mirror(tx, deps, intent, news))
  if (!row)
    return { verdict: 'conflict', reason: `a refund of ${news.amount} does not fit into what is left of the payment` }
  const saved = await applyRefund(tx, deps, intent, row, {
    status: news.state,
    providerRef: news.ref,
    failureReason: news.failureReason,
    discount: news.discount,
    createdAt: news.createdAt,
  })
  return { verdict: saved.version === row.version && ours ? 'unchanged' : 'applied' }
}

const findOurs = async (tx: Tx, intent: IntentRow, news: ProviderRefund): Promise<RefundRow | undefined> => {
  const byRef = await findRefundByRef(tx, intent.merchant_id, intent.provider, news.ref)
  if (byRef) return byRef
  const id = news.tags.refund === undefined ? await idByKey(tx, intent, news.key) : parseId('refund', news.tags.refund)
  return id === undefined ? undefined : findRefund(tx, intent.merchant_id, id)
}

/** A provider may keep nothing of ours but the key that made the refund: our operation's id. */
const idByKey = async (tx: Tx, intent: IntentRow, key: string | undefined): Promise<string | undefined> => {
  const id = key === undefined ? undefined : parseId('operation', key)
  const operation = id === undefined ? undefined : await findOperation(tx, intent.merchant_id, id)
  return operation?.payment_intent_id === intent.id ? (operation.refund_id ?? undefined) : undefined
}

const mirror = async (
  tx: Tx,
  deps: PaymentDeps,
  intent: IntentRow,
  news: ProviderRefund,
): Promise<RefundRow | undefined> => {
  if (intent.latest_charge_id === null || news.currency !== intent.currency) return undefined
  if (!(await reserveRefund(tx, intent.merchant_id, intent.id, news.amount))) return undefined
  const now = deps.clock.now()
  const row = await insertRefund(tx, {
    merchant_id: intent.merchant_id,
    id: newUuid(),
    payment_intent_id: intent.id,
    charge_id: intent.latest_charge_id,
    status: 'pending',
    amount: news.amount,
    currency: news.currency,
    reason: null,
    failure_reason: null,
    metadata: {},
    provider: intent.provider,
    provider_ref: news.ref,
    version: 1,
    created_at: now,
    updated_at: now,
  })
  deps.logger.info({ refund: showId('refund', row.id) }, 'mirrored a refund made at the provider')
  await appendEvents(tx, [
    {
      merchantId: intent.merchant_id,
      type: 'refund.created',
      objectId: row.id,
      threadId: intent.thread_id,
      paymentIntentId: intent.id,
      object: showRefund(row, intent.thread_id),
      livemode: intent.livemode,
      createdAt: now,
    },
  ])
  return row
}
