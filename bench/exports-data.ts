import type pg from 'pg'

const perStatement = 250_000

/**
 * Half a year of a shop with the events of a payment (authorised, released, captured, fee, a refund now and then) in
 * four currencies, 2.14 entries to a transaction, with what real transactions carry: payment, thread, names at the
 * provider, text beyond ASCII. Triggers are off meanwhile; sealing is left to the sealer.
 */
export const fillJournal = async (superuser: pg.Client, merchant: string, entries: number): Promise<number> => {
  const transactions = Math.ceil((entries * 7) / 15)
  await superuser.query(
    `select ledger_create_partition(d::date) from generate_series('2026-06-01'::date, '2026-12-01'::date, '1 month') d`,
  )
  await superuser.query(accountsSql, [merchant])
  await setTriggers(superuser, 'disable trigger all')
  for (let first = 1; first <= transactions; first += perStatement)
    await superuser.query(insertSql, [merchant, first, Math.min(first + perStatement - 1, transactions), transactions])
  await setTriggers(superuser, 'enable trigger all')
  await superuser.query('vacuum (analyze) ledger_transactions, ledger_entries, ledger_accounts')
  return transactions
}

const setTriggers = async (superuser: pg.Client, how: string): Promise<void> => {
  const { rows } = await superuser.query<{ name: string }>(
    `select 'ledger_transactions' as name union all select 'ledger_entries'
     union all select inhrelid::regclass::text from pg_inherits where inhparent = 'ledger_entries'::regclass`,
  )
  for (const { name } of rows) await superuser.query(`alter table ${name} ${how}`)
}

const accountsSql = `
  insert into ledger_accounts (merchant_id, id, code, name, type, currency, created_at)
  select $1, gen_random_uuid(), code, name, type, currency, '2026-06-01'
  from (values ('1110', 'PSP – pending', 'asset'), ('4010', 'Sales', 'revenue'), ('5010', 'Processing fees', 'expense'),
    ('2310', 'Output VAT / sales tax payable', 'liability'), ('4090', 'Sales refunds', 'revenue'),
    ('9010', 'Authorised', 'memo'), ('9011', 'Authorised – contra', 'memo')) as a (code, name, type),
    unnest(array['eur', 'usd', 'jpy', 'kwd']) currency`

/** UUIDv7 by the moment, so that they lie in the partitions of their months. */
const insertSql = `
  with made as materialized (
    select n, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid as id,
      (array['auth', 'auth_release', 'capture', 'fee', 'capture', 'fee', 'refund'])[1 + n % 7] as kind,
      (array['eur', 'eur', 'eur', 'usd', 'jpy', 'kwd'])[1 + (n / 7) % 6] as currency,
      100 + (n::bigint * 7919) % 90000 as amount, md5('payment ' || n / 7)::uuid as payment, md5('thread ' || n / 7 % 5000)::uuid as thread
    from (select n, md5('transaction ' || n) as h, timestamptz '2026-06-01' + n * interval '180 days' / ($4::int + 1) as at
      from generate_series($2::int, $3::int) n) m
  ), header as (
    insert into ledger_transactions (merchant_id, id, event_key, kind, description, payment_intent_id, thread_id,
      effective_at, created_at, value_at, base_currency, refs)
    select $1, id, 'ch_3Q9xY2eZvKYlo2C' || n || ':' || kind, kind, kind || ' of Blüte № ' || n / 7, payment, thread,
      at, at + interval '1.25 seconds', at + interval '3 days', 'eur',
      jsonb_build_object('provider', 'stripe', 'object', 'ch_3Q9xY2eZvKYlo2C' || n, 'balance_transaction', 'txn_3Q9xY2eZvKYlo2C' || n)
    from made
  )
  insert into ledger_entries (merchant_id, transaction_id, line, account_id, currency, amount, base_amount)
  select $1, made.id, leg.line, a.id, made.currency, leg.amount, leg.amount
  from made cross join lateral (values
    (1, case kind when 'auth' then '9010' when 'auth_release' then '9011' when 'capture' then '1110' when 'fee' then '5010' else '4090' end, amount),
    (2, case kind when 'auth' then '9011' when 'auth_release' then '9010' when 'capture' then '4010' else '1110' end,
      case when n % 7 = 2 then amount / 5 - amount else -amount end),
    (3, '2310', case when n % 7 = 2 then -(amount / 5) end)) as leg (line, code, amount)
  join ledger_accounts a on a.merchant_id = $1 and a.code = leg.code and a.currency = made.currency
  where leg.amount is not null`
