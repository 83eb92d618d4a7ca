import type { IntentRow } from '#payments/intent-view.ts'
import { atOnce, type Database } from '#platform/database.ts'
import type { NativeState } from './rules.ts'

export interface OfferQuery {
  merchantId: string
  connectionId: string
  channel: string
  payload: string
  /** The payment that the payload names itself, if it does. */
  intentId: string | null
}

/** The payment with the request that asked for it, if we know of one, and who alone may pay. */
export type OfferRow = IntentRow & {
  /** Which of the queries it answers. */
  asked: number
  native_id: string | null
  native_state: NativeState | null
  native_payer: string | null
  only_payer: string | null
}

export const findOffers = (db: Database, queries: readonly OfferQuery[]): Promise<OfferRow[]> =>
  atOnce<OfferRow>(
    db,
    queries.map((query) => query.merchantId),
    {
      // Row by row, so that the keys are used also while the tables have no statistics.
      text: `select i.*, q.asked, n.id as native_id, n.state as native_state, n.payer as native_payer,
          p.external_id as only_payer
        from json_to_recordset($1::json) as q (asked int, "merchantId" uuid, "connectionId" uuid, channel text,
          payload text, "intentId" uuid)
        left join lateral (
          select id, payment_intent_id, state, payer from native_payments
          where merchant_id = q."merchantId" and connection_id = q."connectionId" and reference = q.payload limit 1
        ) as n on true
        -- As a column of its own: row-level security lets no index be used for an expression.
        cross join lateral (select coalesce(n.payment_intent_id, q."intentId") as id offset 0) as wanted
        cross join lateral (
          select * from payment_intents where merchant_id = q."merchantId" and id = wanted.id limit 1
        ) as i
        left join lateral (
          select p.external_id from participants p join threads t on t.merchant_id = p.merchant_id and t.id = p.thread_id
          where p.merchant_id = i.merchant_id and p.id = i.participant_id and t.channel = q.channel limit 1
        ) as p on true`,
      values: [JSON.stringify(queries.map((query, asked) => ({ asked, ...query })))],
    },
  )

/** A hold of a payment that nobody has touched since it was read; `id` is the event's that tells of it. */
export interface NewHold {
  id: string
  merchantId: string
  intentId: string
  /** The payment's, as it was read. */
  version: number
  nativeId: string
  connectionId: string
  channel: string
  reference: string
  /** Minor units, as text. */
  amount: string
  currency: string
  payer: string
  provider: string
  checkAt: Date
  now: Date
  /** The payment as it will be, as clients read it, and what it was. */
  data: object
  previous: object
  requestId: string | null
}

/**
 * Writes those holds whose payments are as they were read, and answers their ids. Two statements in one packet: the
 * second sees whatever had been committed when the first got its locks, hence every call that is under way. A payment
 * that somebody else has locked right now is left out, so that nobody's question waits for another's.
 */
export const insertHolds = async (db: Database, holds: readonly NewHold[]): Promise<Set<string>> => {
  const merchants = holds.map((hold) => hold.merchantId)
  const rows = await atOnce<{ id: string }>(
    db,
    merchants,
    { name: 'lock_for_holds', text: lockSql, values: [merchants, holds.map((hold) => hold.intentId)] },
    { name: 'hold_native_payments', text: holdSql, values: [JSON.stringify(holds)] },
  )
  return new Set(rows.map((row) => row.id))
}

/** Excludes whoever takes the payment `for update`, and lets its foreign keys be checked. */
const lockSql = `
  select set_config('parley.locked', coalesce(string_agg(i.id::text, ','), ''), true)
  from unnest($1::uuid[], $2::uuid[]) as w (merchant_id, id) cross join lateral (
    select id from payment_intents where merchant_id = w.merchant_id and id = w.id for no key update skip locked
  ) as i`

const holdSql = `
  with hold as materialized (
    select * from json_to_recordset($1::json) as h (id uuid, "merchantId" uuid, "intentId" uuid, version int,
      "nativeId" uuid, "connectionId" uuid, channel text, reference text, amount bigint, currency text, payer text,
      provider text, "checkAt" timestamptz, now timestamptz, data json, previous json, "requestId" text)
  ), free as materialized (
    select distinct on (h."merchantId", h."intentId") h.*, i.thread_id, i.livemode
    from hold h cross join lateral (
      select thread_id, livemode from payment_intents i
      where i.merchant_id = h."merchantId" and i.id = h."intentId" and i.version = h.version limit 1
    ) as i
    -- Split once, and one look-up per payment (offset 0) instead of a join with all that the merchant has ever done.
    where h."intentId" = any ((select string_to_array(current_setting('parley.locked'), ',')::uuid[])::uuid[])
      and not exists (
        select from operations o where o.merchant_id = h."merchantId" and o.payment_intent_id = h."intentId"
          and o.state in ('created', 'sent', 'unknown') and o.kind not in ('refund', 'cancel_refund') offset 0
      )
    order by h."merchantId", h."intentId"
  ), native as (
    insert into native_payments as n (merchant_id, id, payment_intent_id, connection_id, channel, reference, state,
      amount, currency, payer, check_at, created_at, updated_at)
    select "merchantId", "nativeId", "intentId", "connectionId", channel, reference, 'held', amount, currency, payer,
      "checkAt", now, now from free
    on conflict (merchant_id, connection_id, reference) do update set state = 'held', payer = excluded.payer,
      amount = excluded.amount, check_at = excluded.check_at, updated_at = excluded.updated_at
      where n.payment_intent_id = excluded.payment_intent_id and n.state in ('offered', 'released')
    returning n.merchant_id, n.id, n.payment_intent_id
  ), intent as (
    update payment_intents i set status = 'processing', provider = free.provider, provider_connection_id = null, provider_ref = native.id,
      next_action = null, version = i.version + 1, updated_at = free.now
    from free join native on native.merchant_id = free."merchantId" and native.payment_intent_id = free."intentId"
    where i.merchant_id = free."merchantId" and i.id = free."intentId"
    returning free.*
  ), event as (
    insert into events (merchant_id, id, type, object_id, thread_id, payment_intent_id, data, previous_attributes,
      request_id, livemode, created_at)
    select "merchantId", id, 'payment_intent.processing', "intentId", thread_id, "intentId", data::jsonb,
      previous::jsonb, "requestId", livemode, now from intent
    returning merchant_id, id, created_at
  ), told as (
    insert into outbox (merchant_id, event_id, created_at) select merchant_id, id, created_at from event
  )
  select id from event`
