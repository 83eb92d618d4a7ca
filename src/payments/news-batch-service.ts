import { AppError } from '#kernel/errors.ts'
import { coalesce } from '#platform/coalesce.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type RequestContext, requestContext } from '#platform/request-context.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderPayment } from '#providers/provider.ts'
import { applyPayments, type News, type PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { withoutPage } from './news-change.ts'
import { holdsMoney, isBeforeMoney } from './provider-news.ts'
import { findIntent, findIntents, lockIntents, updateIntent } from './repo.ts'
import { isNowhere } from './route-service.ts'

export interface Synced {
  row: IntentRow
  /** What the news was: a change, nothing new, old news, or a conflict with its reason. */
  verdict: 'change' | 'unchanged' | 'stale' | 'abandoned' | 'conflict' | 'nothing'
  reason?: string
}

/** What the provider was found to say of a payment, and of which state of ours it was asked. */
export interface FoundNews {
  readonly merchantId: string
  readonly intentId: string
  /** The row's version before the question. Null: whatever has happened since, this answer is applied. */
  readonly version: number | null
  /** Absent: the page is gone and nothing came of it. */
  readonly payment: ProviderPayment | undefined
  /** The page says that this is its payment. */
  readonly isCurrent: boolean
  /** Whose news it is, where the payment is with another account. */
  readonly elsewhere: Omit<ProviderAccount, 'merchantId'> | undefined
}

/** What goes on before and after a provider is asked how a payment stands. */
export interface NewsBatches {
  readIntent(merchantId: string, intentId: string): Promise<IntentRow | undefined>
  /** Undefined when newer news has overtaken these: the provider is to be asked again. */
  writeNews(found: FoundNews): Promise<Synced | undefined>
}

/** Each by itself. */
export const newsAlone = (deps: PaymentDeps): NewsBatches => ({
  readIntent: (merchantId, intentId) =>
    inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, intentId)),
  writeNews: async (found) => (await writeTogether(deps, [found]))[0],
})

/** News of many payments that come together share one transaction: look-ups, changes, ledger, events and the commit. */
export const createNewsBatches = (deps: PaymentDeps): NewsBatches => {
  const read = coalesce<Pick<FoundNews, 'merchantId' | 'intentId'>, IntentRow | undefined>({
    run: async (keys) => {
      const merchants = keys.map(({ merchantId }) => merchantId)
      const rows = byKey(await inTransaction(deps.db, merchants, (tx) => findIntents(tx, keys)))
      return keys.map((key) => ({ ok: true, value: rows.get(keyOf(key)) }))
    },
  })
  const write = coalesce<Item, Synced | undefined>({
    run: async (items) => (await writeTogether(deps, items)).map((value) => ({ ok: true, value })),
    itemsMax: 64,
    onBatch: (size) => deps.metrics.batches.observe({ name: 'apply_news' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 5 }),
  })
  return {
    readIntent: (merchantId, intentId) => read({ merchantId, intentId }),
    writeNews: (found) => write({ ...found, context: requestContext() }),
  }
}

/** Both ids: whoever names another merchant's payment must not be handed it because its owner asks as well. */
const keyOf = ({ merchantId, intentId }: Pick<FoundNews, 'merchantId' | 'intentId'>): string =>
  `${merchantId} ${intentId}`

const byKey = (rows: readonly IntentRow[]): Map<string, IntentRow> =>
  new Map(rows.map((row) => [keyOf({ merchantId: row.merchant_id, intentId: row.id }), row]))

type Item = FoundNews & { readonly context?: RequestContext | undefined }

const writeTogether = (deps: PaymentDeps, items: readonly Item[]): Promise<(Synced | undefined)[]> =>
  inTransaction(
    deps.db,
    items.map(({ merchantId }) => merchantId),
    async (tx) => {
      const rows = byKey(await lockIntents(tx, items))
      const synced = new Map<Item, Synced>()
      const news = new Map<Item, News>()
      for (const item of items) {
        const row = rows.get(keyOf(item))
        if (!row || (item.version !== null && item.version !== row.version)) continue
        // A second answer about the same payment was found before the first is written: it is asked for again.
        rows.delete(keyOf(item))
        const { payment, isCurrent, elsewhere, context } = item
        if (!payment) {
          synced.set(item, {
            row: await updateIntent(tx, row, withoutPage(row), deps.clock.now()),
            verdict: 'unchanged',
          })
          continue
        }
        const home = elsewhere && (await takeBack(tx, deps, row, elsewhere, payment))
        news.set(item, {
          row: home ?? row,
          payment,
          isCurrent,
          isElsewhere: elsewhere !== undefined && home === undefined,
          context,
        })
      }
      const applied = await applyPayments(tx, deps, [...news.values()])
      for (const [n, item] of [...news.keys()].entries()) {
        const one = applied[n]
        if (one) synced.set(item, showApplied(one))
      }
      return items.map((item) => synced.get(item))
    },
  )

const showApplied = ({ row, verdict }: Awaited<ReturnType<typeof applyPayments>>[number]): Synced => ({
  row,
  verdict: verdict.kind,
  ...('reason' in verdict ? { reason: verdict.reason } : {}),
})

/**
 * An account that was left holds money all the same: the payment is its own again, while nobody else may have taken it.
 */
const takeBack = async (
  tx: Tx,
  deps: PaymentDeps,
  row: IntentRow,
  { provider, connectionId }: Omit<ProviderAccount, 'merchantId'>,
  payment: ProviderPayment,
): Promise<IntentRow | undefined> => {
  const isWanted = holdsMoney(payment.state) && isBeforeMoney(row.status) && row.conflict === null
  if (!isWanted || !(await isNowhere(tx, row))) return undefined
  return updateIntent(tx, row, { provider, provider_connection_id: connectionId }, deps.clock.now())
}
