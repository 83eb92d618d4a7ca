import type { Consent } from '#customers/method-schemas.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { PaySurface } from '#providers/handover.ts'
import { requireFeeTaker } from './application-fee-service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { performOnce, settle } from './command-service.ts'
import { wishesOf } from './hold.ts'
import type { IntentRow } from './intent-view.ts'
import { withConsent } from './one-tap-service.ts'
import type { Outcome } from './operation-service.ts'
import { detailsOf } from './order-details.ts'
import { itemsOf } from './order-lines.ts'
import { keepsByApi, keptUsage, payerToKeep } from './payer-service.ts'
import { refuseOther } from './plan-service.ts'
import { updateIntent } from './repo.ts'
import { findShut, moveOn } from './route-service.ts'
import { wayFor } from './surface-service.ts'

export interface PageLinks {
  returnUrl: string
  cancelUrl: string
  title: string
  locale?: string | undefined
  /** The payer's, to have the method kept. */
  consent?: Consent | undefined
  /** Absent: in some browser. */
  surface?: PaySurface | undefined
  /** As fields on our own page, if the account can. Absent: on a page of the provider's. */
  use?: 'fields' | undefined
}

/**
 * Opens the page of the account that the payment is routed to. An account that refuses for a reason of its own, at the first
 * time of asking, certainly holds nothing: then the next one of the route is asked, as an operation of its own. Nobody
 * else is asked after an answer that was lost, nor once anybody has had a payment for it.
 */
export const openRouted = async (deps: PaymentDeps, asked: IntentRow, links: PageLinks): Promise<IntentRow> => {
  for (let row = asked; ; ) {
    const outcome = await openAt(deps, row, links)
    if (outcome.kind !== 'refused' || !outcome.mayMoveOn) return settle(deps, outcome)
    const reason = outcome.decline.message
    const next = await inTransaction(deps.db, row.merchant_id, (tx) => moveOn(tx, deps, row, reason))
    if (!next) return settle(deps, outcome)
    deps.logger.warn(
      { payment_intent: row.id, from: row.provider, to: next.provider, reason },
      'asking another account',
    )
    row = next
  }
}

const openAt = async (deps: PaymentDeps, asked: IntentRow, links: PageLinks): Promise<Outcome> => {
  const shut = await inTransaction(deps.db, asked.merchant_id, (tx) => findShut(tx, asked))
  if (shut !== undefined) return refusedBy(asked, shut)
  const found = await prepare(deps, asked, links)
  if ('kind' in found) return found
  const { customerRef, ...way } = found
  const scope = { merchantId: asked.merchant_id, intentId: asked.id, requestId: newUuid() }
  return performOnce(deps, scope, 'page', async (tx, current) => {
    refuseOther(asked, current)
    // Another tap was faster.
    if (isUsable(current, deps.clock.now())) return { row: current }
    refuseMoved(asked, current)
    await requireFeeTaker(tx, deps, current)
    const { title, returnUrl, cancelUrl, locale, consent } = links
    const expiresAt = current.expires_at?.toISOString()
    const payer = customerRef === undefined ? way : { ...way, customerRef, save: keptUsage(current.options) }
    const command = { title, returnUrl, cancelUrl, locale, expiresAt, capture: current.capture_method, ...payer }
    const options = withConsent(current.options, customerRef === undefined ? undefined : consent)
    const isSame = options.consent === undefined && current.options.consent === undefined
    return {
      row: isSame ? current : await updateIntent(tx, current, { options }, deps.clock.now()),
      kind: 'page' as const,
      amount: current.amount,
      command: {
        ...command,
        ...wishesOf(options),
        details: detailsOf({ ...current, options }),
        items: itemsOf(current),
      },
    }
  })
}

interface Prepared {
  /** For whom the method is kept, by the name that they have at this account. */
  customerRef: string | undefined
  surface: PaySurface | undefined
  use: 'fields' | undefined
}

/** What only this account can say; one that is gone is passed over. */
const prepare = async (
  deps: PaymentDeps,
  row: IntentRow,
  { consent, ...links }: PageLinks,
): Promise<Prepared | Outcome> => {
  try {
    const customerRef = consent || keepsByApi(row.options) ? await payerToKeep(deps, row) : undefined
    const { surface, use } = await wayFor(deps, row, links)
    return { customerRef, surface, use }
  } catch (error) {
    if (error instanceof AppError && error.code === 'provider_account_unavailable') return refusedBy(row, error.message)
    throw error
  }
}

/** Nobody was asked for money: the account cannot be used. */
const refusedBy = (row: IntentRow, message: string): Outcome => ({
  kind: 'refused',
  decline: { code: 'provider_account_unavailable', message, accountFault: 'gone' },
  row,
  mayMoveOn: true,
})

/** What was prepared was for another account. */
const refuseMoved = (asked: IntentRow, row: IntentRow): void => {
  if (asked.provider !== row.provider || asked.provider_connection_id !== row.provider_connection_id)
    throw new AppError('lock_timeout', { retryAfter: 1 })
}

/** Less than this left, and the provider's page is opened anew instead of sending the payer to one about to close. */
const pageSlackMs = 60_000

/** A page is open, and not about to close. */
export const isUsable = (row: IntentRow, now: Date): boolean => {
  const leftMs = (row.page_expires_at?.getTime() ?? 0) - now.getTime()
  return (row.page_url !== null || row.page_handover !== null) && leftMs > pageSlackMs
}
