import { addMs } from '#kernel/clock.ts'
import { errorCatalogue } from '#kernel/error-catalogue.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { cancelIntent } from '#payments/command-service.ts'
import type { IntentRow } from '#payments/intent-view.ts'
import { isBeforeMoney } from '#payments/provider-news.ts'
import { findIntent } from '#payments/repo.ts'
import { syncPayment } from '#payments/sync-service.ts'
import { inTransaction } from '#platform/database.ts'
import type { CreateRefund } from '#refunds/schemas.ts'
import type { RefundService } from '#refunds/service.ts'
import type { ShareRow } from './bill-rows.ts'
import { expireBill, isExpired } from './decide-service.ts'
import { findPlannedRefunds, readBill, settlePlan, updateShare } from './repo.ts'

export type BillDeps = PaymentDeps & { refunds: Pick<RefundService, 'create'> }

/** A payment that could not be canceled is tried again after this long. */
const leaveAgainMs = 60_000

/**
 * Carries out what has been decided about a bill, and lets it expire when its time is over. Safe to run twice, at once
 * or late: payments are canceled by their own rules, and a planned refund is the refund of its own id.
 */
export const settleBill = async (deps: BillDeps, merchantId: string, billId: string): Promise<void> => {
  const found = await inTransaction(deps.db, merchantId, (tx) => readBill(tx, merchantId, billId))
  if (!found) return
  if (isExpired(found.bill, deps.clock.now())) {
    await askAfterPayments(deps, merchantId, billId)
    await inTransaction(deps.db, merchantId, (tx) => expireBill(tx, deps, merchantId, billId))
  }
  await makeRefunds(deps, merchantId, billId)
  await leavePayments(deps, merchantId, billId)
  deps.queue.wake('outbox.drain', { id: billId })
}

/** Whoever is paying right now may have paid already: the provider knows, and its word counts before a decision. */
export const askAfterPayments = async (deps: BillDeps, merchantId: string, billId: string): Promise<void> => {
  const whole = await inTransaction(deps.db, merchantId, (tx) => readBill(tx, merchantId, billId))
  const open = whole?.shares.filter((share) => share.status === 'open') ?? []
  for (const share of open) {
    const intent = await findPayment(deps, share)
    const isTouched = intent.provider_ref !== null || intent.page_ref !== null
    if (!isTouched || !isWaiting(intent)) continue
    // Best effort: what it does not see now comes late, and goes back.
    await syncPayment(deps, merchantId, intent.id).catch((error: unknown) =>
      deps.logger.warn({ err: error, bill: showId('bill', billId) }, 'a share could not be asked after'),
    )
  }
}

const isWaiting = (intent: IntentRow): boolean => isBeforeMoney(intent.status) || intent.status === 'processing'

const findPayment = async (deps: BillDeps, share: ShareRow): Promise<IntentRow> => {
  const { merchant_id: merchantId, payment_intent_id: id } = share
  const intent = await inTransaction(deps.db, merchantId, (tx) => findIntent(tx, merchantId, id))
  if (!intent) throw new Error('a share without its payment')
  return intent
}

const makeRefunds = async (deps: BillDeps, merchantId: string, billId: string): Promise<void> => {
  const whole = await inTransaction(deps.db, merchantId, (tx) => readBill(tx, merchantId, billId))
  const plans = await inTransaction(deps.db, merchantId, (tx) => findPlannedRefunds(tx, merchantId, billId))
  for (const plan of plans) {
    const scope = { merchantId, livemode: whole?.bill.livemode ?? false, resourceId: plan.id }
    const change = await deps.refunds
      .create(scope, {
        payment_intent: showId('paymentIntent', plan.payment_intent_id),
        amount: toJsonAmount(plan.amount),
        metadata: { bill: showId('bill', billId), bill_share: showId('billShare', plan.share_id) },
        ...(plan.reason === null ? {} : { reason: plan.reason as NonNullable<CreateRefund['reason']> }),
      })
      .then(() => ({ state: 'created' as const }), refusalOf)
    await inTransaction(deps.db, merchantId, (tx) => settlePlan(tx, merchantId, plan.id, change, deps.clock.now()))
  }
}

/** Somebody else has refunded it meanwhile: final. Anything else is tried again. */
const refusalOf = (error: unknown): { state: 'refused'; failure: string } => {
  if (error instanceof AppError && !errorCatalogue[error.code].retryable)
    return { state: 'refused', failure: error.message }
  throw error
}

const leavePayments = async (deps: BillDeps, merchantId: string, billId: string): Promise<void> => {
  const now = deps.clock.now()
  const whole = await inTransaction(deps.db, merchantId, (tx) => readBill(tx, merchantId, billId))
  const due = whole?.shares.filter((share) => share.leave_at !== null && share.leave_at <= now) ?? []
  for (const share of due) {
    const again = addMs(now, leaveAgainMs)
    // Put off first: whatever happens next, the sweep comes back in its time and not at once.
    await inTransaction(deps.db, merchantId, (tx) => updateShare(tx, share, { leave_at: again }, now))
    const isLeft = await leavePayment(deps, share)
    if (isLeft) await inTransaction(deps.db, merchantId, (tx) => updateShare(tx, share, { leave_at: null }, now))
  }
}

/** True when nothing is left to do: it is canceled, or its money has come and goes back when it is heard of. */
const leavePayment = async (deps: BillDeps, share: ShareRow): Promise<boolean> => {
  const scope = { merchantId: share.merchant_id, intentId: share.payment_intent_id }
  try {
    await cancelIntent(deps, { ...scope, requestId: newUuid() }, 'abandoned')
  } catch (error) {
    // The payer was faster, or somebody works on it.
    deps.logger.info({ err: error, bill: showId('bill', share.bill_id) }, 'a share could not be canceled yet')
  }
  const intent = await findPayment(deps, share)
  return intent.status === 'canceled' || intent.amount_captured > 0n || intent.conflict !== null
}
