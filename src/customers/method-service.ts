import { sql } from 'kysely'
import { delayMs, lookupSchedule } from '#kernel/backoff.ts'
import { addMs, type Clock } from '#kernel/clock.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { Logger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { ProviderAccount, Providers } from '#providers/accounts.ts'
import { detachMethods, type MethodRow, requireMethod, selectMethods } from './method-repo.ts'
import type { MethodsQuery, MethodUpdate, PaymentMethod } from './method-schemas.ts'
import { syncMethod } from './method-sync-service.ts'
import { updateMethod } from './method-update-service.ts'
import { showMethod } from './method-view.ts'
import { requireCustomer } from './repo.ts'

export interface MethodDeps {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
  logger: Logger
  providers: Providers
}

export type MethodService = ReturnType<typeof createMethodService>

/** Methods of payment that are kept. They come with a payment (`keep-service.ts`) and go here. */
export const createMethodService = (deps: MethodDeps) => ({
  retrieve: (merchantId: string, id: string): Promise<PaymentMethod> =>
    inTransaction(deps.db, merchantId, async (tx) => showMethod(await requireMethod(tx, merchantId, id))),

  /** Those in use. */
  list: (merchantId: string, { customer, ...query }: MethodsQuery, url: string) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = selectMethods(tx, merchantId).where('detached_at', 'is', null)
      if (customer !== undefined) {
        const owner = requireUuid('customer', customer, 'customer', 'customer')
        select = select.where('customer_id', '=', (await requireCustomer(tx, merchantId, owner)).id)
      }
      if (query.type !== undefined) select = select.where(sql<boolean>`method ->> 'type' = ${query.type}`)
      const page = await readPage(select, query, 'paymentMethod')
      return listAnswer(url, page.rows.map(showMethod), page.hasMore)
    }),

  /** Changes what is said of a method: see `updateMethod`. */
  update: (
    scope: { merchantId: string; resourceId: string },
    id: string,
    input: MethodUpdate,
  ): Promise<PaymentMethod> => updateMethod(deps, scope, id, input),

  /** What the provider says of a method, for its news: see `syncMethod`. */
  sync: (from: Omit<ProviderAccount, 'merchantId'>, methodRef: string, owner: string | undefined) =>
    syncMethod(deps, from, methodRef, owner),

  /** Takes a method out of use at once; a job tells the provider. What is detached already stays so. */
  detach: async (merchantId: string, id: string): Promise<PaymentMethod> => {
    const row = await inTransaction(deps.db, merchantId, async (tx) => {
      const before = await requireMethod(tx, merchantId, id)
      const [detached] = await detachMethods(tx, merchantId, { id: before.id }, deps.clock.now())
      return detached ?? before
    })
    deps.queue.wake('method.forget', { id: row.id, merchant: merchantId })
    deps.queue.wake('outbox.drain', { id: newUuid() })
    return showMethod(row)
  },

  /** Job: has the provider forget a method that was detached. */
  forget: (merchantId: string, id: string) => forget(deps, merchantId, id),

  /** Wakes the job for what the provider has not forgotten yet. */
  sweep: async (): Promise<void> => {
    const due = await deps.db.maintenance
      .selectFrom('payment_methods')
      .select(['merchant_id', 'id'])
      .where('forget_at', '<=', deps.clock.now())
      .orderBy('forget_at')
      .limit(100)
      .execute()
    for (const { merchant_id: merchant, id } of due)
      deps.queue.wake('method.forget', { id, merchant }, { repeated: true })
  },
})

/** Claimed with a lease, so that a crash gives it back. Forgetting twice does nothing, a lost answer is asked again. */
const forget = async (deps: MethodDeps, merchantId: string, id: string): Promise<void> => {
  const now = deps.clock.now()
  const row = await inTransaction(deps.db, merchantId, async (tx) => {
    const due = await selectMethods(tx, merchantId)
      .where('id', '=', id)
      .where('forget_at', '<=', now)
      .forUpdate()
      .executeTakeFirst()
    if (!due) return undefined
    const attempts = due.forget_attempts + 1
    await update(tx, due, {
      forget_attempts: attempts,
      forget_at: addMs(now, delayMs(lookupSchedule, attempts, Math.random())),
    })
    return { ...due, forget_attempts: attempts }
  })
  if (!row) return
  // A key per try: the provider would replay a stored failure for as long as it keeps the key.
  const idempotencyKey = `${showId('paymentMethod', id)}:${row.forget_attempts}`
  const provider = await deps.providers.open({
    merchantId,
    provider: row.provider,
    connectionId: row.provider_connection_id,
  })
  const answer = await provider.detachMethod({ idempotencyKey, methodRef: row.provider_ref })
  if (answer.outcome === 'ok') {
    await inTransaction(deps.db, merchantId, (tx) => update(tx, row, { forget_at: null }))
    return
  }
  const reason = answer.outcome === 'refused' ? answer.decline.message : answer.reason
  deps.logger.warn({ payment_method: showId('paymentMethod', id), reason }, 'the provider has not forgotten it yet')
}

const update = async (
  tx: Tx,
  row: MethodRow,
  change: { forget_attempts?: number; forget_at: Date | null },
): Promise<void> => {
  await tx
    .updateTable('payment_methods')
    .set(change)
    .where('merchant_id', '=', row.merchant_id)
    .where('id', '=', row.id)
    .execute()
}
