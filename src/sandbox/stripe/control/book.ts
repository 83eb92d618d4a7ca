import type { Pool } from 'pg'

type Rows = Record<string, unknown>[]

/** The oracle: what truly happened here, computed from the stored objects, to hold someone else's books against. */
export async function readBook(pool: Pool): Promise<object> {
  const queries = [INTENTS, CURRENCIES, SELLERS, KEYS].map((sql) => pool.query<Rows[number]>(sql))
  const [intents = [], currencies = [], sellers = [], keys = []] = (await Promise.all(queries)).map(({ rows }) => rows)
  return {
    payment_intents: numbers(intents),
    currencies: numbers(currencies),
    sellers: numbers(sellers),
    idempotency_keys: numbers(keys),
  }
}

/** bigint sums arrive as text; here they are small enough to be numbers. */
function numbers(rows: Rows): Rows {
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, /^-?\d+$/.test(String(value)) ? Number(value) : value]),
    ),
  )
}

const INTENTS = `
with charge as (
  select payment_intent as id,
         sum((doc->>'amount')::bigint) filter (where doc->>'status' = 'succeeded') as authorized,
         sum((doc->>'amount_captured')::bigint) filter (where doc->>'status' = 'succeeded') as captured,
         count(*) filter (where doc->>'status' = 'succeeded') as charges,
         count(*) filter (where doc->>'status' = 'failed') as failed_charges
  from sandbox_stripe.object where kind = 'charge' group by 1
), refund as (
  select payment_intent as id,
         sum((doc->>'amount')::bigint) filter (where doc->>'status' in ('succeeded', 'pending')) as refunded,
         count(*) filter (where doc->>'status' in ('succeeded', 'pending')) as refunds
  from sandbox_stripe.object where kind = 'refund' group by 1
), dispute as (
  select c.payment_intent as id, -sum((t.doc->>'amount')::bigint) as disputed
  from sandbox_stripe.object t join sandbox_stripe.object c on c.id = t.charge and c.kind = 'dispute'
  where t.kind = 'balance_transaction' group by 1
), fee as (
  select c.payment_intent as id, sum((t.doc->>'fee')::bigint) as fees
  from sandbox_stripe.object t join sandbox_stripe.object c on c.id = t.charge and c.kind in ('charge', 'dispute', 'refund')
  where t.kind = 'balance_transaction' group by 1
)
select o.id, o.doc->>'status' as status, o.doc->>'currency' as currency, (o.doc->>'amount')::bigint as amount,
       o.doc->'metadata' as metadata,
       coalesce(authorized, 0) as authorized, coalesce(captured, 0) as captured, coalesce(refunded, 0) as refunded,
       coalesce(fees, 0) as fees, coalesce(disputed, 0) as disputed, coalesce(charges, 0) as charges, coalesce(failed_charges, 0) as failed_charges,
       coalesce(refunds, 0) as refunds
from sandbox_stripe.object o left join charge using (id) left join refund using (id) left join fee using (id) left join dispute using (id)
where o.kind = 'payment_intent' order by o.seq
`

const CURRENCIES = `
select doc->>'currency' as currency,
       coalesce(sum((doc->>'amount')::bigint) filter (where doc->>'reporting_category' = 'charge'), 0) as captured,
       coalesce(-sum((doc->>'amount')::bigint) filter (where doc->>'reporting_category' in ('refund', 'refund_failure')), 0) as refunded,
       coalesce(-sum((doc->>'amount')::bigint) filter (where doc->>'reporting_category' in ('dispute', 'dispute_reversal')), 0) as disputed,
       coalesce(-sum((doc->>'amount')::bigint) filter (where doc->>'reporting_category' in ('payout', 'payout_reversal')), 0) as paid_out,
       coalesce(sum((doc->>'fee')::bigint), 0) as fees,
       coalesce(sum((doc->>'net')::bigint), 0) as net
from sandbox_stripe.object where kind = 'balance_transaction' and hidden->>'seller' is null group by 1 order by 1
`

/** What destination charges have brought each account that sells through another one. */
const SELLERS = `
select account, doc->>'currency' as currency, sum((doc->>'net')::bigint) as net
from sandbox_stripe.object where kind = 'balance_transaction' and hidden->>'seller' is not null group by 1, 2 order by 1, 2
`

/** An effect is money or a promise of it. More than one of a kind under one key would be a broken key. */
const KEYS = `
select doc->'request'->>'idempotency_key' as key, doc->>'type' as effect, count(*) as effects
from sandbox_stripe.object
where kind = 'event' and doc->'request'->>'idempotency_key' is not null
  and doc->>'type' in ('payment_intent.created', 'charge.succeeded', 'charge.failed', 'charge.captured', 'refund.created',
    'payment_intent.canceled', 'payment_intent.amount_capturable_updated', 'payout.created', 'customer.created')
group by 1, 2 order by 1, 2
`
