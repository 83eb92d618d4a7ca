import type { Selectable } from 'kysely'
import type { PaymentDeps } from '#payments/apply-service.ts'
import type { Tx } from '#platform/database.ts'
import type { JobHandlers } from '#platform/queue.ts'
import type { EventsTable } from '#platform/tables-records.ts'
import { followPayments } from './follow-service.ts'
import { findBillOfIntent } from './repo.ts'
import type { BillService } from './service.ts'

export const billJobs = (bills: BillService): Pick<JobHandlers, 'bill.settle'> => ({
  'bill.settle': ({ id, merchant = '' }) => bills.settle(merchant, id),
})

/** After these a share may stand elsewhere. Which of them it was does not matter: the payment's row says how. */
const moves: ReadonlySet<string> = new Set([
  'payment_intent.succeeded',
  'payment_intent.canceled',
  'charge.refunded',
  'charge.updated',
])

/** Follows the payments of shares in the transaction that tells of them. */
export const createBillSubscriber =
  (deps: PaymentDeps) =>
  async (tx: Tx, event: Selectable<EventsTable>): Promise<void> => {
    if (event.payment_intent_id === null || !moves.has(event.type)) return
    const billId = await findBillOfIntent(tx, event.merchant_id, event.payment_intent_id)
    if (billId !== undefined) await followPayments(tx, deps, event.merchant_id, billId)
  }
