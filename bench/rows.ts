import type { Client } from 'pg'
import type { Script } from './pgbench.ts'

/**
 * The rows of one payment intent as pgbench writes them: the same four tables with the same sizes, in one durable
 * transaction per intent, under the same role and row-level security, in one round trip.
 */
export const intentScript = async (database: Client, merchant: string): Promise<Script> => {
  const { rows } = await database.query<{
    body: string
    fingerprint: string
    description: string
    metadata: string
    options: string
  }>(
    `select k.body, encode(k.fingerprint, 'hex') as fingerprint, i.description, i.metadata::text as metadata, i.options::text as options
     from idempotency_keys k join payment_intents i on i.merchant_id = k.merchant_id and i.id = k.resource_id
     where k.merchant_id = $1 order by k.created_at desc limit 1`,
    [merchant],
  )
  const [row] = rows
  if (!row) throw new Error('there is no payment intent to take the sizes from')
  return {
    text: intentText,
    values: {
      merchant,
      body: row.body,
      fingerprint: `\\x${row.fingerprint}`,
      description: row.description,
      metadata: row.metadata,
      options: row.options,
      request: 'req_01m81h0karee08xparh70e0p33',
    },
  }
}

const intentText = `\\startpipeline
begin;
select set_config('parley.merchants', :merchant, true);
insert into idempotency_keys (merchant_id, key, fingerprint, resource_id, status, body, created_at)
  values (:merchant::uuid, gen_random_uuid()::text, :fingerprint::bytea, uuidv7(), 200, :body::text, now())
  on conflict (merchant_id, key) do nothing;
with intent as (
  insert into payment_intents (merchant_id, id, status, capture_method, amount, currency, description, metadata, options,
    provider, livemode, created_at, updated_at)
  values (:merchant::uuid, uuidv7(), 'requires_payment_method', 'automatic', 4200, 'eur', :description::text,
    :metadata::jsonb, :options::jsonb, 'stripe', false, now(), now())
  on conflict (merchant_id, id) do nothing returning merchant_id, id
), event as (
  insert into events (merchant_id, id, type, object_id, payment_intent_id, data, request_id, idempotency_key, livemode, created_at)
  select merchant_id, uuidv7(), 'payment_intent.created', id, id, :body::jsonb, :request::text, gen_random_uuid()::text, false, now()
  from intent returning merchant_id, id, created_at
)
insert into outbox select merchant_id, id, created_at from event;
commit;
\\endpipeline
`

/** One row of the provider's inbox, as the webhook endpoint stores it. */
export const inboxScript = (sample: { body: Buffer; notice: object; ref: string }): Script => ({
  text: `insert into provider_events (id, provider, connection, ref, type, body, notice, state, attempts, next_attempt_at,
    provider_created_at, received_at)
  values (uuidv7(), 'stripe', '', 'evt_' || gen_random_uuid()::text, 'payment_intent.succeeded', :body::bytea, :notice::jsonb,
    'received', 0, now() + interval '1 day', now(), now())
  on conflict (provider, connection, ref) do nothing returning id;
`,
  values: { body: `\\x${sample.body.toString('hex')}`, notice: JSON.stringify(sample.notice) },
})
