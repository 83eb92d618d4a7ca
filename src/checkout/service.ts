import { inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import { changeCheckout, requireCheckout } from './change-service.ts'
import type { Checkout } from './checkout-view.ts'
import { createCheckout, type Scope } from './create-service.ts'
import { type CheckoutDeps, viewCheckout } from './intent-service.ts'
import { findByIntent, openCheckout, selectCheckouts } from './repo.ts'
import type { CreateCheckout, UpdateCheckout } from './schemas.ts'

export type { CheckoutDeps } from './intent-service.ts'

export type CheckoutService = ReturnType<typeof createCheckoutService>

export const createCheckoutService = (deps: CheckoutDeps) => {
  /** After a commit: tells of its events and shows the object as it is. */
  const answer = (checkout: Checkout) => {
    deps.queue.wake('outbox.drain', { id: checkout.row.id })
    return inTransaction(deps.db, checkout.row.merchant_id, (tx) => viewCheckout(tx, deps, checkout))
  }
  return {
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

    sweep: async (): Promise<void> => undefined,
  }
}
