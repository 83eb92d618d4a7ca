import { notFound } from '#kernel/errors.ts'
import { intentEvent } from '#payments/command-service.ts'
import { expiryOf } from '#payments/create-service.ts'
import { lockIntent, updateIntent } from '#payments/repo.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { BillRow, ShareRow } from './bill-rows.ts'
import { type BillScope, createBill } from './create-service.ts'
import { cancelBill, closeBill, refundBill, requireLocked, requireOpen } from './decide-service.ts'
import { saveBill, viewBill } from './follow-service.ts'
import { bills, findDueBills, readBill, readShares } from './repo.ts'
import type { Bill, CloseBill, CreateBill, ListBills, RefundBill, UpdateBill } from './schemas.ts'
import { askAfterPayments, type BillDeps, settleBill } from './settle-service.ts'
import { shareTitle } from './share-title.ts'

export type BillService = ReturnType<typeof createBillService>

/** A bill that several pay: one payment for each share, and what becomes of the whole. */
export const createBillService = (deps: BillDeps) => {
  const show = (merchantId: string, id: string): Promise<Bill> =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const whole = await readBill(tx, merchantId, requireUuid('bill', id, 'bill'))
      if (!whole) throw notFound('bill', id)
      return viewBill(deps, whole)
    })
  /** Decides in one transaction, then carries out what that takes; the sweep does what a crash leaves undone. */
  const decide = async (scope: BillScope, id: string, decision: (tx: Tx, billId: string) => Promise<void>) => {
    const billId = requireUuid('bill', id, 'bill')
    await askAfterPayments(deps, scope.merchantId, billId)
    await inTransaction(deps.db, scope.merchantId, (tx) => decision(tx, billId))
    await settleBill(deps, scope.merchantId, billId)
    return show(scope.merchantId, id)
  }
  return {
    create: async (scope: BillScope, body: CreateBill): Promise<Bill> => {
      const bill = await inTransaction(deps.db, scope.merchantId, (tx) => createBill(tx, deps, scope, body))
      deps.queue.wake('outbox.drain', { id: scope.resourceId })
      return bill
    },

    retrieve: show,

    list: (merchantId: string, query: ListBills) =>
      inTransaction(deps.db, merchantId, async (tx) => {
        let select = bills(tx, merchantId)
        if (query.thread !== undefined)
          select = select.where('thread_id', '=', requireUuid('thread', query.thread, 'thread', 'thread'))
        if (query.status !== undefined) select = select.where('status', '=', query.status)
        const page = await readPage(select, query, 'bill')
        const rows = page.rows as BillRow[]
        const shares = await readShares(
          tx,
          merchantId,
          rows.map((row) => row.id),
        )
        const data = rows.map((bill) =>
          viewBill(deps, { bill, shares: shares.filter((share) => share.bill_id === bill.id) }),
        )
        return listAnswer('/v1/bills', data, page.hasMore)
      }),

    update: async (scope: BillScope, id: string, body: UpdateBill): Promise<Bill> => {
      const billId = requireUuid('bill', id, 'bill')
      const bill = await inTransaction(deps.db, scope.merchantId, (tx) => changeBill(tx, deps, scope, billId, body))
      deps.queue.wake('outbox.drain', { id: scope.resourceId })
      return bill
    },

    close: (scope: BillScope, id: string, body: CloseBill) =>
      decide(scope, id, (tx, billId) => closeBill(tx, deps, scope, billId, body)),

    cancel: (scope: BillScope, id: string, reason: string | undefined) =>
      decide(scope, id, (tx, billId) => cancelBill(tx, deps, scope, billId, reason)),

    refund: (scope: BillScope, id: string, body: RefundBill) =>
      decide(scope, id, (tx, billId) => refundBill(tx, deps, scope, billId, body)),

    /** Job `bill.settle`. */
    settle: (merchantId: string, billId: string) => settleBill(deps, merchantId, billId),

    sweep: async (): Promise<void> => {
      for (const row of await findDueBills(deps.db.maintenance, deps.clock.now(), 200))
        deps.queue.wake('bill.settle', { id: row.id, merchant: row.merchant_id }, { repeated: true })
    },
  }
}

const changeBill = async (tx: Tx, deps: BillDeps, scope: BillScope, id: string, body: UpdateBill): Promise<Bill> => {
  const whole = await requireLocked(tx, scope, id)
  requireOpen(whole.bill, 'updated')
  const { bill } = whole
  const expiresAt = expiryOf(body, deps.clock.now())
  const change = {
    ...(body.title === undefined ? {} : { title: body.title }),
    ...(expiresAt === null ? {} : { expires_at: expiresAt }),
    ...(body.metadata === undefined ? {} : { metadata: mergeMetadata(bill.metadata, body.metadata) }),
  }
  if (Object.keys(change).length === 0) return viewBill(deps, whole)
  const saved = await saveBill(tx, deps, whole, change, 'bill.updated')
  if (body.title === undefined && expiresAt === null) return saved
  for (const share of whole.shares) await carryOver(tx, deps, share, { ...bill, ...change })
  return saved
}

/** A share that is still to be paid is called and expires as its bill. */
const carryOver = async (
  tx: Tx,
  deps: BillDeps,
  share: ShareRow,
  { title, expires_at }: Pick<BillRow, 'title' | 'expires_at'>,
): Promise<void> => {
  const intent = await lockIntent(tx, share.merchant_id, share.payment_intent_id)
  if (intent?.status !== 'requires_payment_method' && intent?.status !== 'requires_confirmation') return
  const description = shareTitle(title, share.locale)
  const saved = await updateIntent(tx, intent, { description, expires_at }, deps.clock.now())
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated')])
}
