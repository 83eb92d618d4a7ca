import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { coalesce, type Settled } from '#platform/coalesce.ts'
import { atOnce, inTransaction, violatedConstraint } from '#platform/database.ts'
import { checkFingerprint } from '#platform/idempotency.ts'
import { requestContext } from '#platform/request-context.ts'
import type { PaymentDeps } from './apply-service.ts'
import { type IntentRow, type IntentView, showIntent } from './intent-view.ts'
import { intentLinks } from './link-service.ts'

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

const writeBatch = async (deps: PaymentDeps, items: readonly Item[]): Promise<Settled<Created>[]> => {
  const claimed = await atOnce<{ resource_id: string }>(
    deps.db,
    items.map((item) => item.row.merchant_id),
    { name: 'create_payment_intents', text: createSql, values: [`[${items.map(itemJson).join(',')}]`] },
  )
  const fresh = new Set(claimed.map((row) => row.resource_id))
  return Promise.all(
    items.map(async (item): Promise<Settled<Created>> => {
      if (!item.key || fresh.has(item.row.id)) return { ok: true, value: { view: item.view, body: item.body } }
      return replay(deps, item, item.key)
    }),
  )
}

/**
 * Four tables, one statement, one parameter. A key that is not new belongs to an earlier request, or to one in this
 * batch, and nothing else of its item is written. `on conflict` of the intent serves a create that is finished after
 * a crash. The answer's text is sent once: as `json` it keeps its bytes for the key and becomes the event's data.
 */
const createSql = `
  with item as materialized (
    select * from json_to_recordset($1::json) as i (key text, fingerprint text, event_id uuid, request_id text,
      intent json, body json)
  ), wanted as materialized (
    select i as row, (i).merchant_id, (i).id, (i).created_at, item.key, item.fingerprint, item.event_id,
      item.request_id, item.body
    from item cross join lateral json_populate_record(null::payment_intents, item.intent) as i
  ), claimed as (
    insert into idempotency_keys (merchant_id, key, fingerprint, resource_id, status, body, created_at)
    select merchant_id, key, fingerprint::bytea, id, 200, body::text, created_at from wanted where key is not null
    order by merchant_id, key -- two batches that share keys wait for each other instead of deadlocking
    on conflict (merchant_id, key) do nothing returning merchant_id, resource_id
  ), intent as (
    insert into payment_intents select (row).* from wanted
    where key is null or (merchant_id, id) in (select merchant_id, resource_id from claimed)
    on conflict (merchant_id, id) do nothing returning merchant_id, id, thread_id, livemode
  ), event as (
    insert into events (merchant_id, id, type, object_id, thread_id, payment_intent_id, data, request_id,
      idempotency_key, livemode, created_at)
    select w.merchant_id, w.event_id, 'payment_intent.created', w.id, intent.thread_id, w.id, w.body::jsonb,
      w.request_id, w.key, intent.livemode, w.created_at
    from wanted w join intent on intent.merchant_id = w.merchant_id and intent.id = w.id
    returning merchant_id, id, created_at
  ), told as (
    insert into outbox (merchant_id, event_id, created_at) select merchant_id, id, created_at from event
  )
  select resource_id from claimed`

const itemJson = ({ row, key, body, requestId }: Item): string => {
  const names = JSON.stringify({
    key: key?.key ?? null,
    fingerprint: key ? `\\x${key.fingerprint.toString('hex')}` : null,
    event_id: newUuid(),
    request_id: requestId,
    intent: {
      ...row,
      amount: row.amount.toString(),
      amount_authorized: row.amount_authorized.toString(),
      amount_capturable: row.amount_capturable.toString(),
      amount_captured: row.amount_captured.toString(),
      amount_refunded: row.amount_refunded.toString(),
      amount_refund_pending: row.amount_refund_pending.toString(),
    },
  })
  return `${names.slice(0, -1)},"body":${body}}`
}

const replay = async (deps: PaymentDeps, item: Item, key: OwnKey): Promise<Settled<Created>> => {
  try {
    const value = await findReplay(deps, item.row.merchant_id, key)
    return value ? { ok: true, value } : { ok: false, error: new AppError('idempotency_key_in_use', { retryAfter: 1 }) }
  } catch (error) {
    return { ok: false, error }
  }
}

/**
 * The answer that was given to this key before; undefined: nobody has used it. Throws `idempotency_error` when that was
 * another request, `idempotency_key_in_use` when it is not answered yet.
 */
export const findReplay = async (
  deps: Pick<PaymentDeps, 'db'>,
  merchantId: string,
  key: OwnKey,
): Promise<Extract<Created, { replay: object }> | undefined> => {
  const stored = await inTransaction(deps.db, merchantId, (tx) =>
    tx
      .selectFrom('idempotency_keys')
      .select(['fingerprint', 'status', 'body'])
      .where('merchant_id', '=', merchantId)
      .where('key', '=', key.key)
      .executeTakeFirst(),
  )
  if (!stored) return undefined
  if (stored.status === null || stored.body === null) throw new AppError('idempotency_key_in_use', { retryAfter: 1 })
  checkFingerprint(stored.fingerprint, key)
  return { replay: { status: stored.status, body: stored.body } }
}
