import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { withoutPage } from './news-change.ts'
import { beginOperation } from './operation-repo.ts'
import { runOperation } from './operation-service.ts'
import { type CommandScope, newOperation, requireLocked } from './plan-service.ts'
import { isBeforeMoney } from './provider-news.ts'
import { updateIntent } from './repo.ts'
import { syncPayment } from './sync-service.ts'

type Scope = Omit<CommandScope, 'requestId'>

/**
 * Money can come in through a hosted page, so it is closed before anything else may take the payment or give it up.
 * When the payer has just submitted it, the payment is brought up to date instead: the caller's own check of the
 * status then decides. Run again after a crash, it goes on where it stopped. `only` names the page that is meant:
 * another one, opened meanwhile, stays. Answers the payment as it was when it was looked at.
 */
export const leavePage = async (deps: PaymentDeps, scope: Scope, only?: string): Promise<IntentRow> => {
  const { row, operation } = await inTransaction(deps.db, scope.merchantId, async (tx) => {
    const row = await requireLocked(tx, scope)
    if (row.page_ref === null || !isBeforeMoney(row.status)) return { row }
    if (only !== undefined && row.page_ref !== only) return { row }
    const close = { kind: 'close_page' as const, command: { pageRef: row.page_ref } }
    const input = newOperation({ ...scope, requestId: newUuid() }, row, close)
    return { row, operation: (await beginOperation(tx, input, deps.clock.now())).operation }
  })
  if (!operation) return row
  const outcome = await runOperation(deps, operation)
  if (outcome.kind === 'refused') throw new AppError('provider_error', { message: outcome.decline.message })
  if (outcome.kind === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  if (outcome.row.page_ref !== null) await followSubmitted(deps, scope)
  return row
}

const followSubmitted = async (deps: PaymentDeps, scope: Scope): Promise<void> => {
  const { verdict, row } = await syncPayment(deps, scope.merchantId, scope.intentId)
  if (verdict === 'nothing') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  if (!isBeforeMoney(row.status) || row.page_ref === null) return
  // The page is done and its payment failed afterwards (a bank debit that bounced): no money, no way back to the page.
  await inTransaction(deps.db, scope.merchantId, async (tx): Promise<IntentRow> => {
    const locked = await requireLocked(tx, scope)
    return locked.version === row.version ? updateIntent(tx, locked, withoutPage(locked), deps.clock.now()) : locked
  })
}
