import { sql } from 'kysely'
import { addMs, unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { coalesce, type Settled } from '#platform/coalesce.ts'
import { inTransaction, type Tx, violatedConstraint } from '#platform/database.ts'
import { checkFingerprint } from '#platform/idempotency.ts'
import { mergeMetadata, requireUuid } from '#platform/listing.ts'
import { requestContext } from '#platform/request-context.ts'
import { resolveParticipant, resolveThread } from '#threads/service.ts'
import type { PaymentDeps } from './apply-service.ts'
import { carriedOptions } from './command-service.ts'
import { type IntentRow, type IntentView, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'
import { findIntent } from './repo.ts'
import type { CreateIntent } from './schemas.ts'

export interface CreateScope {
  merchantId: string
  livemode: boolean
  /** The new payment intent's id. */
  resourceId: string
}

/** The Idempotency-Key of a request that is written together with its result. */
export interface OwnKey {
  key: string
  fingerprint: Buffer
}

export type Created = { view: IntentView; body: string } | { replay: { status: number; body: string } }

interface Item {
  row: IntentRow
  key: OwnKey | undefined
  view: IntentView
  body: string
  requestId: string | null
}

/** Builds the row of a new payment intent; the thread and the participant are found or created first. */
export const planIntent = async (deps: PaymentDeps, scope: CreateScope, body: CreateIntent): Promise<IntentRow> => {
  const now = deps.clock.now()
  const place = await resolvePlace(deps, scope, body, now)
  return {
    merchant_id: scope.merchantId,
    id: scope.resourceId,
    ...place,
    customer_id: body.customer === undefined ? null : requireUuid('customer', body.customer, 'customer', 'customer'),
    status: body.payment_method === undefined ? 'requires_payment_method' : 'requires_confirmation',
    capture_method: body.capture_method === 'manual' ? 'manual' : 'automatic',
    amount: BigInt(body.amount),
    currency: body.currency,
    amount_authorized: 0n,
    amount_capturable: 0n,
    amount_captured: 0n,
    amount_refunded: 0n,
    amount_refund_pending: 0n,
    description: body.description ?? null,
    metadata: mergeMetadata({}, body.metadata ?? {}),
    options: {
      ...carriedOptions(body),
      ...(body.automatic_payment_methods === undefined
        ? {}
        : { automatic_payment_methods: body.automatic_payment_methods }),
      ...(body.confirmation_method === undefined ? {} : { confirmation_method: body.confirmation_method }),
    },
    payment_method: body.payment_method ?? null,
    return_url: body.return_url ?? null,
    next_action: null,
    last_payment_error: null,
    latest_charge_id: null,
    cancellation_reason: null,
    canceled_at: null,
    expires_at: expiryOf(body, now),
    provider: 'stripe',
    provider_ref: null,
    page_ref: null,
    page_url: null,
    page_expires_at: null,
    conflict: null,
    version: 1,
    livemode: scope.livemode,
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

const resolvePlace = async (deps: PaymentDeps, scope: CreateScope, body: CreateIntent, now: Date) => {
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
  // A known id needs no look-up: the foreign key refuses what does not exist, in the same statement.
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

/**
 * Returns the function that writes new payment intents. Requests that arrive together share one transaction: their
 * idempotency keys, rows, events and outbox rows are committed before any of them is answered.
 */
export const createIntentWriter = (deps: PaymentDeps): ((row: IntentRow, key?: OwnKey) => Promise<Created>) => {
  const write = coalesce<Item, Created>({
    run: (items) => writeBatch(deps, items),
    onBatch: (size) => deps.metrics.batches.observe({ name: 'create_intent' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 1 }),
  })
  return async (row, key) => {
    const view = showIntent(row, intentLinks(deps, row))
    const created = await write({
      row,
      key,
      view,
      body: JSON.stringify(view),
      requestId: requestContext()?.requestId ?? null,
    }).catch(explainViolation)
    deps.queue.wake('outbox.drain', { id: row.id })
    return created
  }
}

const explainViolation = (error: unknown): never => {
  const constraint = violatedConstraint(error) ?? ''
  if (constraint.includes('thread_id'))
    throw new AppError('resource_missing', {
      message: 'No such thread. Create it first, or send its channel and external_id.',
      param: 'thread',
    })
  if (constraint.includes('customer_id'))
    throw new AppError('resource_missing', { message: 'No such customer.', param: 'customer' })
  throw error
}

const writeBatch = (deps: PaymentDeps, items: readonly Item[]): Promise<Settled<Created>[]> =>
  inTransaction(
    deps.db,
    items.map((item) => item.row.merchant_id),
    async (tx) => {
      const fresh = await claimKeys(tx, items)
      const chosen = items.filter((item) => !item.key || fresh.has(item))
      if (chosen.length > 0) await insertBatch(tx, chosen)
      return Promise.all(
        items.map(async (item): Promise<Settled<Created>> => {
          if (!item.key || fresh.has(item)) return { ok: true, value: { view: item.view, body: item.body } }
          return replay(tx, item, item.key)
        }),
      )
    },
  )

/** Writes the keys with their answers; what is not new belongs to an earlier request (or to one in this batch). */
const claimKeys = async (tx: Tx, items: readonly Item[]): Promise<Set<Item>> => {
  const keyed = items.flatMap((item) => (item.key ? [{ item, key: item.key }] : []))
  if (keyed.length === 0) return new Set()
  const rows = keyed.map(({ item, key }) => ({
    merchant_id: item.row.merchant_id,
    key: key.key,
    fingerprint: `\\x${key.fingerprint.toString('hex')}`,
    resource_id: item.row.id,
    locked_until: null,
    status: 200,
    body: item.body,
    created_at: item.row.created_at,
  }))
  const { rows: claimed } = await sql<{ resource_id: string }>`
    insert into idempotency_keys select * from jsonb_populate_recordset(null::idempotency_keys, ${JSON.stringify(rows)}::jsonb)
    on conflict (merchant_id, key) do nothing returning resource_id`.execute(tx)
  const ids = new Set(claimed.map((row) => row.resource_id))
  return new Set(keyed.flatMap(({ item }) => (ids.has(item.row.id) ? [item] : [])))
}

/** Four tables, one statement, one parameter each. `on conflict` serves a create that is finished after a crash. */
const insertBatch = async (tx: Tx, items: readonly Item[]): Promise<void> => {
  const intents = items.map(({ row }) => ({ ...row, amount: row.amount.toString() }))
  const events = items.map(({ row, view, key, requestId }) => ({
    merchant_id: row.merchant_id,
    id: newUuid(),
    type: 'payment_intent.created',
    object_id: row.id,
    thread_id: row.thread_id,
    payment_intent_id: row.id,
    data: view,
    previous_attributes: null,
    request_id: requestId,
    idempotency_key: key?.key ?? null,
    livemode: row.livemode,
    created_at: row.created_at,
  }))
  await sql`
    with intent as (
      insert into payment_intents
      select * from jsonb_populate_recordset(null::payment_intents, ${stringify(intents)}::jsonb)
      on conflict (merchant_id, id) do nothing returning merchant_id, id
    ), event as (
      insert into events
      select e.* from jsonb_populate_recordset(null::events, ${stringify(events)}::jsonb) e
      join intent on intent.merchant_id = e.merchant_id and intent.id = e.payment_intent_id
      returning merchant_id, id, created_at
    )
    insert into outbox select merchant_id, id, created_at from event`.execute(tx)
}

const stringify = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))

const replay = async (tx: Tx, item: Item, key: OwnKey): Promise<Settled<Created>> => {
  const stored = await tx
    .selectFrom('idempotency_keys')
    .select(['fingerprint', 'status', 'body'])
    .where('merchant_id', '=', item.row.merchant_id)
    .where('key', '=', key.key)
    .executeTakeFirst()
  try {
    if (!stored || stored.status === null || stored.body === null)
      throw new AppError('idempotency_key_in_use', { retryAfter: 1 })
    checkFingerprint(stored.fingerprint, key)
    return { ok: true, value: { replay: { status: stored.status, body: stored.body } } }
  } catch (error) {
    return { ok: false, error }
  }
}

/** The row as it is after its creation; a request that is taken over finds what it made. */
export const readCreated = async (tx: Tx, scope: CreateScope): Promise<IntentRow> => {
  const row = await findIntent(tx, scope.merchantId, scope.resourceId)
  if (!row) throw new AppError('internal_error', { cause: new Error('payment intent vanished after its insert') })
  return row
}
