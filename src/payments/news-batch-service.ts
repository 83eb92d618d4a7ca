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
import { lockIntents, updateIntent } from './repo.ts'
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

/** Answers undefined when newer news has overtaken these: the provider is to be asked again. */
export type WriteNews = (found: FoundNews) => Promise<Synced | undefined>

/** Each by itself. */
export const writeAlone =
  (deps: PaymentDeps): WriteNews =>
  async (found) => {
    const [synced] = await writeNews(deps, [found])
    return synced
  }

/** News of many payments that come together share one transaction: look-ups, changes, ledger, events and the commit. */
export const createNewsWriter = (deps: PaymentDeps): WriteNews => {
  const write = coalesce<Item, Synced | undefined>({
    run: async (items) => (await writeNews(deps, items)).map((value) => ({ ok: true, value })),
    itemsMax: 64,
    onBatch: (size) => deps.metrics.batches.observe({ name: 'apply_news' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 5 }),
  })
  return (found) => write({ ...found, context: requestContext() })
}

type Item = FoundNews & { readonly context?: RequestContext | undefined }

const writeNews = (deps: PaymentDeps, items: readonly Item[]): Promise<(Synced | undefined)[]> =>
  inTransaction(
    deps.db,
    items.map(({ merchantId }) => merchantId),
    async (tx) => {
      const rows = await lockIntents(tx, items)
      const synced = new Map<Item, Synced>()
      const news = new Map<Item, News>()
      for (const item of items) {
        const row = rows.get(item.intentId)
        if (!row || (item.version !== null && item.version !== row.version)) continue
        // A second answer about the same payment was found before the first is written: it is asked for again.
        rows.delete(item.intentId)
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
