import { addMs, unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { resolveParticipant, resolveThread } from '#threads/service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { carriedOptions } from './command-service.ts'
import type { IntentRow } from './intent-view.ts'
import type { createPlaceReader } from './place-service.ts'
import { findIntent } from './repo.ts'
import { routeNew } from './route-service.ts'
import type { CreateIntent } from './schemas.ts'

/** What creating needs besides: where payments are asked for, read for many at once. */
export interface PlanDeps extends PaymentDeps {
  readPlace: ReturnType<typeof createPlaceReader>
}

export interface CreateScope {
  merchantId: string
  livemode: boolean
  /** The new payment intent's id. */
  resourceId: string
}

/**
 * Builds the row of a new payment intent; the thread and the participant are found or created first, and it is decided
 * who takes the payment.
 */
export const planIntent = async (deps: PlanDeps, scope: CreateScope, body: CreateIntent): Promise<IntentRow> => {
  const now = deps.clock.now()
  if (body.setup_future_usage !== undefined && body.customer === undefined) {
    const message = 'A payment method is kept for somebody. Send customer with setup_future_usage.'
    throw new AppError('parameter_missing', { message, param: 'customer' })
  }
  const customer_id =
    body.customer === undefined ? null : requireUuid('customer', body.customer, 'customer', 'customer')
  const { merchantId, livemode } = scope
  const expires_at = expiryOf(body, now)
  const ids = await resolvePlace(deps, scope, body, now)
  const place = await deps.readPlace({ merchantId, threadId: ids.thread_id, customerId: customer_id })
  const terms = {
    amount: BigInt(body.amount),
    currency: body.currency,
    capture_method: body.capture_method === 'manual' ? ('manual' as const) : ('automatic' as const),
    options: {
      ...carriedOptions(body),
      ...(body.automatic_payment_methods === undefined
        ? {}
        : { automatic_payment_methods: body.automatic_payment_methods }),
      ...(body.confirmation_method === undefined ? {} : { confirmation_method: body.confirmation_method }),
    },
  }
  return {
    merchant_id: merchantId,
    id: scope.resourceId,
    ...ids,
    customer_id,
    status: body.payment_method === undefined ? 'requires_payment_method' : 'requires_confirmation',
    ...terms,
    ...routeNew(deps, place, { ...terms, livemode }),
    amount_authorized: 0n,
    amount_capturable: 0n,
    amount_captured: 0n,
    amount_refunded: 0n,
    amount_refund_pending: 0n,
    description: body.description ?? null,
    metadata: mergeMetadata({}, body.metadata ?? {}),
    payment_method: body.payment_method ?? null,
    return_url: body.return_url ?? null,
    next_action: null,
    last_payment_error: null,
    latest_charge_id: null,
    cancellation_reason: null,
    canceled_at: null,
    expires_at,
    provider_ref: null,
    page_ref: null,
    page_url: null,
    page_handover: null,
    page_expires_at: null,
    conflict: null,
    attribution: place.attribution && { ...place.attribution },
    version: 1,
    livemode,
    created_at: now,
    updated_at: now,
  }
}

export const expiryOf = (
  body: { expires_at?: number | undefined; expires_in?: number | undefined },
  now: Date,
): Date | null => {
  if (body.expires_at !== undefined && body.expires_in !== undefined) {
    throw new AppError('parameters_exclusive', {
      message: 'Send expires_at or expires_in, not both.',
      param: 'expires_in',
    })
  }
  if (body.expires_in !== undefined) return addMs(now, body.expires_in * 1000)
  if (body.expires_at === undefined) return null
  if (body.expires_at <= unixSeconds(now)) {
    throw new AppError('payment_intent_invalid_parameter', {
      message: 'expires_at must be in the future (Unix seconds).',
      param: 'expires_at',
    })
  }
  return new Date(body.expires_at * 1000)
}

const resolvePlace = async (deps: PlanDeps, scope: CreateScope, body: CreateIntent, now: Date) => {
  // Clients whose SDK drops unknown parameters name the thread in the metadata.
  const thread = body.thread ?? metadataThread(body.metadata)
  if (thread === undefined) {
    if (body.participant !== undefined) {
      throw new AppError('parameter_missing', {
        message: 'participant needs a thread. Send thread as well.',
        param: 'thread',
      })
    }
    return { thread_id: null, participant_id: null }
  }
  // A known id needs no look-up of its own: places are read for many at once, the foreign key refuses what is not there.
  const known = typeof thread === 'string' ? parseId('thread', thread) : undefined
  if (known && body.participant === undefined) return { thread_id: known, participant_id: null }
  return inTransaction(deps.db, scope.merchantId, async (tx) => {
    const row = await resolveThread(tx, scope, thread, now)
    const participant =
      body.participant && (await resolveParticipant(tx, scope.merchantId, row.id, body.participant, now))
    return { thread_id: row.id, participant_id: participant ?? null }
  })
}

const metadataThread = (metadata: CreateIntent['metadata']): string | undefined =>
  metadata === undefined || metadata === '' ? undefined : metadata.thread || undefined

/** The row as it is after its creation; a request that is taken over finds what it made. */
export const readCreated = async (tx: Tx, scope: CreateScope): Promise<IntentRow> => {
  const row = await findIntent(tx, scope.merchantId, scope.resourceId)
  if (!row) throw new AppError('internal_error', { cause: new Error('payment intent vanished after its insert') })
  return row
}
