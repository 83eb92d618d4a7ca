import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { createSingleFlight } from '#platform/single-flight.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { PaymentDeps } from './apply-service.ts'
import { cancelIntent } from './command-service.ts'
import { createNewsBatches, type Synced } from './news-batch-service.ts'
import { findDueOperations } from './operation-repo.ts'
import { resolveOperation } from './operation-service.ts'
import { findExpired, findWaiting } from './repo.ts'
import { recordAttempt, syncPayment } from './sync-service.ts'

/** A waiting payment is asked after when the provider has said nothing for this long: a lost webhook costs no more. */
const quietMs = 5 * 60_000

/** Whose notification it was. */
type From = Omit<ProviderAccount, 'merchantId'>

const ageSeconds = (since: Date | undefined, now: Date): number =>
  since ? (now.getTime() - since.getTime()) / 1000 : 0

/** What jobs, webhooks and the sweep do with payments; no client waits for it. */
export const createPaymentWork = (
  deps: PaymentDeps,
  share = createSingleFlight<Synced>(),
  batches = createNewsBatches(deps),
) => ({
  /**
   * Look-up at the provider (webhook, return from a page, sweep). A provider tells of one payment several times at
   * once: those who ask while a look-up runs share the next.
   */
  sync: (merchantId: string, intentId: string, paymentRef?: string, from?: From): Promise<Synced> =>
    share([merchantId, intentId, paymentRef, from?.provider, from?.connectionId].join(' '), () =>
      syncPayment(deps, merchantId, intentId, paymentRef, from, batches),
    ),
  recordAttempt: (merchantId: string, intentId: string, chargeRef: string) =>
    recordAttempt(deps, merchantId, intentId, chargeRef),

  /** Job: finds out what became of an operation. */
  resolve: async (merchantId: string, operationId: string): Promise<void> => {
    await resolveOperation(deps, merchantId, operationId)
  },

  /** Job: cancels a payment whose time is over, unless money has come in. */
  expire: async (merchantId: string, intentId: string): Promise<void> => {
    try {
      await cancelIntent(deps, { merchantId, intentId, requestId: newUuid() }, 'expired')
    } catch (error) {
      // The payer was faster, or somebody works on it: the next sweep looks again.
      if (error instanceof AppError && error.status < 500) await syncPayment(deps, merchantId, intentId)
      else throw error
    }
  },

  /**
   * Job: asks after a payment from which nothing was heard. Touches the row first, so that the sweep goes on to others
   * and comes back in its time also when the answer cannot be had or understood.
   */
  check: async (merchantId: string, intentId: string): Promise<void> => {
    await inTransaction(deps.db, merchantId, (tx) =>
      tx
        .updateTable('payment_intents')
        .set({ updated_at: deps.clock.now() })
        .where('merchant_id', '=', merchantId)
        .where('id', '=', intentId)
        .execute(),
    )
    await syncPayment(deps, merchantId, intentId)
  },

  /** Wakes the jobs for everything that waits: due operations, payments past their time, payments that went quiet. */
  sweep: async (): Promise<void> => {
    const now = deps.clock.now()
    const { maintenance } = deps.db
    const due = await findDueOperations(maintenance, now, 500)
    deps.metrics.backlog.set({ table: 'operations' }, ageSeconds(due[0]?.next_attempt_at, now))
    for (const row of due) {
      const isOurs = row.kind !== 'refund' && row.kind !== 'cancel_refund'
      if (isOurs) deps.queue.wake('operation.resolve', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    }
    for (const row of await findExpired(maintenance, now, 200)) {
      deps.queue.wake('payment.expire', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    }
    const quietSince = new Date(now.getTime() - quietMs)
    for (const row of await findWaiting(maintenance, quietSince, 100)) {
      deps.queue.wake('payment.check', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    }
  },
})
