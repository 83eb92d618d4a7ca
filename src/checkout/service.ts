import { inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import { changeCheckout, requireCheckout } from './change-service.ts'
import type { Checkout } from './checkout-row.ts'
import { cancelCheckout, completeCheckout } from './complete-service.ts'
import { createCheckout, type Scope } from './create-service.ts'
import { expireCheckout } from './follow-service.ts'
import { type CheckoutDeps, viewCheckout } from './intent-service.ts'
import { choose, quoteShipping } from './native-service.ts'
import { createPromotionService } from './promotion-service.ts'
import { findByIntent, findCheckout, findExpired, openCheckout, selectCheckouts } from './repo.ts'
import type { CompleteCheckout, CreateCheckout, UpdateCheckout } from './schemas.ts'

export type { CheckoutDeps } from './intent-service.ts'

export type CheckoutService = ReturnType<typeof createCheckoutService>

type Tail<F> = F extends (deps: CheckoutDeps, ...rest: infer R) => unknown ? R : never

export const createCheckoutService = (deps: CheckoutDeps) => {
  /** After a commit: tells of its events and shows the object as it is. */
  const answer = (checkout: Checkout) => {
    deps.queue.wake('outbox.drain', { id: checkout.row.id })
    return inTransaction(deps.db, checkout.row.merchant_id, (tx) => viewCheckout(tx, deps, checkout))
  }
  return {
    promotions: createPromotionService(deps),

    create: async (scope: Scope, body: CreateCheckout) => answer(await createCheckout(deps, scope, body)),

    update: async (scope: Scope, id: string, body: UpdateCheckout) =>
      answer(await changeCheckout(deps, scope, id, body)),

    retrieve: (merchantId: string, id: string) =>
      inTransaction(deps.db, merchantId, async (tx) =>
        viewCheckout(tx, deps, await requireCheckout(tx, merchantId, id)),
      ),

    list: (
      merchantId: string,
      query: ListQuery & { thread?: string | undefined; status?: Checkout['row']['status'] | undefined },
    ) =>
      inTransaction(deps.db, merchantId, async (tx) => {
        let select = selectCheckouts(tx, merchantId)
        if (query.thread !== undefined)
          select = select.where('thread_id', '=', requireUuid('thread', query.thread, 'thread', 'thread'))
        if (query.status !== undefined) select = select.where('status', '=', query.status)
        const page = await readPage(select, query, 'checkout')
        const data = await Promise.all(page.rows.map((row) => viewCheckout(tx, deps, openCheckout(row))))
        return listAnswer('/v1/checkouts', data, page.hasMore)
      }),

    /** The checkout that a payment belongs to, or undefined: what cards and pages show of it. */
    readByIntent: (merchantId: string, intentId: string): Promise<Checkout | undefined> =>
      inTransaction(deps.db, merchantId, (tx) => findByIntent(tx, merchantId, intentId)),

    /** What a payment's link shows: its checkout, also once the payment was let go because nothing was left to pay. */
    readForPage: (merchantId: string, id: string): Promise<Checkout | undefined> =>
      inTransaction(deps.db, merchantId, (tx) => findCheckout(tx, merchantId, id)),

    complete: async (scope: Scope, id: string, body: CompleteCheckout) =>
      answer(await completeCheckout(deps, scope, id, body)),

    cancel: async (scope: Scope, id: string, reason?: Parameters<typeof cancelCheckout>[3]) =>
      answer(await cancelCheckout(deps, scope, id, reason)),

    quoteShipping: (...query: Tail<typeof quoteShipping>) => quoteShipping(deps, ...query),

    choose: async (...choice: Tail<typeof choose>) => {
      const answered = await choose(deps, ...choice)
      deps.queue.wake('outbox.drain', { id: choice[1] })
      return answered
    },

    expire: (merchantId: string, id: string): Promise<void> => expireCheckout(deps, merchantId, id),

    /** Wakes the job of every checkout whose time is over. */
    sweep: async (): Promise<void> => {
      for (const row of await findExpired(deps.db.maintenance, deps.clock.now(), 200))
        deps.queue.wake('checkout.expire', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    },
  }
}
