import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { mergeMetadata } from '#platform/listing.ts'
import { appendEvents } from '#platform/outbox.ts'
import { changeMethod, lockMethod, type MethodRow, requireMethod } from './method-repo.ts'
import type { BillingInput, MethodUpdate, PaymentMethod } from './method-schemas.ts'
import type { MethodDeps } from './method-service.ts'
import { mergeBilling, methodUpdated, showMethod } from './method-view.ts'

interface Scope {
  merchantId: string
  /** Identity of the request. */
  resourceId: string
}

/**
 * Changes what is said of a kept method. Who pays with it goes to the provider first, who shows it to the bank; the same
 * request again sends the same under the same key. Throws `payment_method_unexpected_state` for one that was detached,
 * `capability_missing` where the provider takes no such details, and `provider_unknown_outcome`.
 */
export const updateMethod = async (
  deps: MethodDeps,
  scope: Scope,
  id: string,
  { billing_details: billing, metadata }: MethodUpdate,
): Promise<PaymentMethod> => {
  const { merchantId } = scope
  const asked = await inTransaction(deps.db, merchantId, (tx) => requireAttached(tx, merchantId, id))
  if (billing !== undefined) await tellProvider(deps, scope, asked, billing)
  const saved = await inTransaction(deps.db, merchantId, async (tx) => {
    await lockMethod(tx, merchantId, asked.id)
    const before = await requireAttached(tx, merchantId, id)
    const after = await changeMethod(tx, before, {
      ...(billing === undefined ? {} : { billing_details: mergeBilling(before.billing_details, billing) }),
      ...(metadata === undefined ? {} : { metadata: mergeMetadata(before.metadata, metadata) }),
    })
    const event = methodUpdated(before, after, deps.clock.now())
    if (Object.keys(event.previousAttributes).length > 0) await appendEvents(tx, [event])
    return after
  })
  deps.queue.wake('outbox.drain', { id: newUuid() })
  return showMethod(saved)
}

const requireAttached = async (tx: Tx, merchantId: string, id: string): Promise<MethodRow> => {
  const row = await requireMethod(tx, merchantId, id)
  if (row.detached_at === null) return row
  throw new AppError('payment_method_unexpected_state', {
    message: 'The payment method was detached from its customer and cannot be changed any more.',
    param: 'payment_method',
  })
}

const tellProvider = async (
  deps: MethodDeps,
  { merchantId, resourceId }: Scope,
  row: MethodRow,
  billing: BillingInput,
): Promise<void> => {
  const { provider, provider_connection_id: connectionId, provider_ref: methodRef } = row
  const { setups } = await deps.providers.open({ merchantId, provider, connectionId })
  if (!setups?.updateMethod)
    throw new AppError('capability_missing', {
      message: `${provider} takes no billing details for a method that it keeps. Send metadata only.`,
      param: 'billing_details',
    })
  const idempotencyKey = `${showId('paymentMethod', row.id)}:${resourceId}`
  const answer = await setups.updateMethod({ idempotencyKey, methodRef, billing })
  if (answer.outcome === 'unknown') throw new AppError('provider_unknown_outcome', { retryAfter: 2 })
  if (answer.outcome === 'refused')
    throw new AppError('provider_error', { message: answer.decline.message, param: 'billing_details' })
}
