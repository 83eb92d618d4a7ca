import { notFound } from '#kernel/errors.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { requireUuid } from '#platform/listing.ts'
import type { PaySurface } from '#providers/handover.ts'
import type { PaymentDeps } from './apply-service.ts'
import { redirectAction } from './handover.ts'
import type { HandoverBody } from './handover-schemas.ts'
import { type IntentRow, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import type { createPageService } from './page-service.ts'
import { findIntent } from './repo.ts'

type OpenPage = ReturnType<typeof createPageService>['openPage']

/**
 * Opens the provider's page for a payer whom an integrator's own front end has before it; `next_action` of the answer is how
 * to hand them over. The same call again brings the page that is open; another surface closes it first. Throws what a tap on
 * the hosted page's button can run into.
 */
export const createHandover =
  (deps: PaymentDeps, openPage: OpenPage) => async (scope: { merchantId: string }, id: string, body: HandoverBody) => {
    const { merchantId } = scope
    const intentId = requireUuid('paymentIntent', id, 'payment_intent', 'intent')
    const { row, merchant } = await inTransaction(deps.db, merchantId, (tx) => read(tx, merchantId, intentId, id))
    const returnUrl = body.return_url ?? row.return_url ?? `${intentLinks(deps, row).checkoutUrl}?returned=1`
    const title = row.description || merchant
    const links = { returnUrl, cancelUrl: returnUrl, title, surface: surfaceOf(body) }
    const url = await openPage(row, links)
    const opened = await inTransaction(deps.db, merchantId, (tx) => read(tx, merchantId, intentId, id))
    const view = showIntent(opened.row, intentLinks(deps, opened.row))
    return url === undefined ? view : { ...view, next_action: redirectAction(opened.row) }
  }

const surfaceOf = ({ surface: kind, openid, client_ip: ip }: HandoverBody): PaySurface => ({
  kind,
  ...(openid === undefined ? {} : { openid }),
  ...(ip === undefined ? {} : { ip }),
})

const read = async (
  tx: Tx,
  merchantId: string,
  intentId: string,
  id: string,
): Promise<{ row: IntentRow; merchant: string }> => {
  const row = await findIntent(tx, merchantId, intentId)
  if (!row) throw notFound('payment_intent', id, 'intent')
  const { name } = await tx
    .selectFrom('merchants')
    .select('name')
    .where('merchant_id', '=', merchantId)
    .executeTakeFirstOrThrow()
  return { row, merchant: name }
}
