import { type RawBuilder, sql } from 'kysely'
import type { Db } from '#platform/database.ts'

/** What the simulator says of its balance: every entry, paid out or not. */
export interface MoneyBook {
  currencies: { currency: string; net: number }[]
}

/**
 * I-21: once everything has been followed, what our books have at the provider (1110 and 1120, and what is nobody's) is
 * the provider's balance, each payout stands in transit exactly until it has arrived or come back, and reserves are what
 * the provider holds. A line per violation; nothing to say while no money has been followed.
 */
export const findBrokenMoney = async (db: Db, book: MoneyBook): Promise<string[]> => {
  const { rows } = await sql`select from balance_transactions limit 1`.execute(db)
  const others = await sql`select from payment_intents where provider <> 'stripe' limit 1`.execute(db)
  if (rows.length === 0 || others.rows.length > 0) return []
  const found = await Promise.all([transit, reserves, batches].map((query) => query.execute(db)))
  return [...found.flatMap((answer) => answer.rows.map(({ what }) => what)), ...(await compareBalance(db, book))]
}

const compareBalance = async (db: Db, book: MoneyBook): Promise<string[]> => {
  const { rows } = await sql<{ currency: string; total: bigint }>`
    select currency, sum(amount)::bigint as total from (
      select e.currency, e.amount from ledger_entries e join ledger_accounts a on a.merchant_id = e.merchant_id
        and a.id = e.account_id where a.code in ('1110', '1120')
      union all select currency, net from unclaimed_entries
      union all select currency, -unclaimed from provider_payouts where state not in ('unknown', 'failed', 'canceled')
      union all select currency, -amount from refunds where status = 'pending' and provider_ref is not null) x
    where currency is not null group by 1`.execute(db)
  const ours = new Map(rows.map((row) => [row.currency, row.total]))
  return book.currencies.flatMap(({ currency, net }) =>
    (ours.get(currency) ?? 0n) === BigInt(net)
      ? []
      : [`${currency}: provider has ${net}, we have ${ours.get(currency)}`],
  )
}

type Complaint = RawBuilder<{ what: string }>

const transit: Complaint = sql`
  select p.provider_ref || ' is ' || p.status || ', in transit ' || coalesce(sum(e.amount), 0) as what
  from payouts p
  left join ledger_transactions t on t.merchant_id = p.merchant_id and t.refs->>'payout' = p.provider_ref
  left join ledger_accounts a on a.merchant_id = p.merchant_id and a.code = '1140' and a.currency = p.currency
  left join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id and e.account_id = a.id
  group by p.merchant_id, p.id
  having coalesce(sum(e.amount), 0) <> case when p.status in ('failed', 'canceled') or p.confirmed_by is not null
    then 0 else p.amount end`

const reserves: Complaint = sql`
  select r.merchant_id || ' reserves ' || r.held || ', booked ' || coalesce(b.total, 0) as what
  from (select merchant_id, currency, -sum(net) as held from balance_transactions
    where kind in ('reserve_hold', 'reserve_release') group by 1, 2) r
  left join (select e.merchant_id, e.currency, sum(e.amount) as total from ledger_entries e join ledger_accounts a
    on a.merchant_id = e.merchant_id and a.id = e.account_id where a.code = '1130' group by 1, 2) b
    on b.merchant_id = r.merchant_id and b.currency = r.currency
  where r.held <> coalesce(b.total, 0)`

const batches: Complaint = sql`
  select s.id || ' says ' || s.amount || ' of ' || s.entries as what from balance_settlements s
  left join balance_transactions b on b.merchant_id = s.merchant_id and b.settlement_id = s.id
  group by s.merchant_id, s.id having s.amount <> coalesce(sum(b.net), 0) or s.entries <> count(b.id)
  union all
  select coalesce(a.currency, b.currency) || ' settled ' || coalesce(a.total, 0) || ', booked ' || coalesce(b.total, 0)
  from (select merchant_id, currency, sum(amount) as total from balance_settlements group by 1, 2) a
  full join (select e.merchant_id, e.currency, sum(e.amount) as total from ledger_entries e
    join ledger_transactions t on t.merchant_id = e.merchant_id and t.id = e.transaction_id and t.kind = 'settle'
    join ledger_accounts c on c.merchant_id = e.merchant_id and c.id = e.account_id and c.code = '1120' group by 1, 2) b
    on b.merchant_id = a.merchant_id and b.currency = a.currency
  where coalesce(a.total, 0) <> coalesce(b.total, 0)`
