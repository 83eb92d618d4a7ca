import { ensureCustomerRef } from '#customers/keep-service.ts'
import type { Consent } from '#customers/method-schemas.ts'
import { requireCustomer } from '#customers/repo.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { SetupDeps } from './apply-service.ts'
import { findSetup, type SetupRow, updateSetup } from './repo.ts'
import { isSetupOpen } from './setup-machine.ts'
import { accountOfSetup } from './setup-view.ts'
import { leaveSetupPage } from './sync-service.ts'
import { performSetup } from './work-service.ts'

/** Less than this left, and the provider's page is opened anew instead of sending the payer to one about to close. */
const pageSlackMs = 60_000

/**
 * The URL of the provider's page on which the payer enters a method, opened if need be; who taps twice gets the same.
 * What the payer agreed to is written down with it. Throws `setup_intent_unexpected_state` when there is nothing to set up
 * any more, and `lock_timeout` while another tap is under way.
 */
export const openSetupPage = async (
  deps: SetupDeps,
  row: SetupRow,
  links: { returnUrl: string; cancelUrl: string; locale: string; consent: Consent },
): Promise<string> => {
  const { merchant_id: merchantId, id: setupIntentId } = row
  const scope = { merchantId, setupIntentId, requestId: newUuid() }
  const open = usablePage(row, deps.clock.now())
  if (open !== undefined) return open
  await leaveSetupPage(deps, scope)
  const fresh = await inTransaction(deps.db, merchantId, (tx) => findSetup(tx, merchantId, setupIntentId))
  if (!fresh || !isSetupOpen(fresh.status)) throw new AppError('setup_intent_unexpected_state')
  const customerRef = await ensureCustomerRef(deps, accountOfSetup(fresh), fresh.customer_id)
  const saved = await performSetup(deps, scope, 'page', async (tx, current) => {
    if (!isSetupOpen(current.status)) throw new AppError('setup_intent_unexpected_state')
    // Another tap was faster.
    if (current.page_ref !== null) return { row: current }
    await requireCustomer(tx, merchantId, current.customer_id)
    const { returnUrl, cancelUrl, locale, consent } = links
    const agreed = await updateSetup(tx, current, { consent }, deps.clock.now())
    return { row: agreed, command: { customerRef, returnUrl, cancelUrl, locale } }
  })
  const url = usablePage(saved, deps.clock.now())
  if (url === undefined) throw new AppError('lock_timeout', { retryAfter: 1 })
  return url
}

const usablePage = (row: SetupRow, now: Date): string | undefined => {
  const leftMs = (row.page_expires_at?.getTime() ?? 0) - now.getTime()
  return row.page_url !== null && leftMs > pageSlackMs && isSetupOpen(row.status) ? row.page_url : undefined
}
