import { createMerchant, type LedgerBench } from './ledger.ts'

const codes = ['1110', '1120', '1140', '2010', '2060', '2310', '4010', '4020', '4090', '5010']
const currencies = ['eur', 'usd', 'gbp', 'jpy']
const perStatement = 250_000

/** A merchant with so many entries on 40 accounts over a year, two to a transaction, sealed by the sealer itself. */
export const fillLedger = async (
  { db, superuser, sealer }: LedgerBench,
  entries: number,
): Promise<{ merchant: string; sealedPerSecond: number }> => {
  const merchant = await createMerchant(db)
  await superuser.query(
    `insert into ledger_accounts (merchant_id, id, code, name, type, currency, created_at)
     select $1, gen_random_uuid(), code, code, 'asset', currency, now() from unnest($2::text[]) code, unnest($3::text[]) currency`,
    [merchant, codes, currencies],
  )
  const transactions = Math.ceil(entries / 2)
  await setTriggers(superuser, 'disable trigger all')
  for (let from = 0; from < transactions; from += perStatement)
    await superuser.query(insertSql, [
      merchant,
      from,
      Math.min(from + perStatement, transactions) - 1,
      currencies,
      codes,
      transactions,
    ])
  await setTriggers(superuser, 'enable trigger all')
  await superuser.query('vacuum (analyze) ledger_transactions, ledger_entries, ledger_accounts')
  const started = performance.now()
  while (!(await sealer.catchUp(merchant, 600_000)));
  const sealedPerSecond = transactions / ((performance.now() - started) / 1000)
  await superuser.query('vacuum (analyze) ledger_seals, ledger_rollups, ledger_marks')
  return { merchant, sealedPerSecond }
}

const setTriggers = async (superuser: LedgerBench['superuser'], how: string): Promise<void> => {
  for (const table of ['ledger_transactions', 'ledger_entries']) await superuser.query(`alter table ${table} ${how}`)
  const { rows } = await superuser.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ledger_entries'::regclass`,
  )
  for (const { name } of rows) await superuser.query(`alter table ${name} ${how}`)
}

/** In the order of their time, as a year of business writes them. */
const insertSql = `
  with made as materialized (
    select uuidv7() as id, n, timestamptz '2026-01-01' + n * interval '1 year' / $6::int as at,
      ($4::text[])[1 + n % cardinality($4::text[])] as currency
    from generate_series($2::int, $3::int) n
  ), header as (
    insert into ledger_transactions (merchant_id, id, event_key, kind, description, effective_at, created_at, base_currency)
    select $1, id, 'bench ' || n, 'capture', 'Captured ch_' || n, at, at, 'eur' from made
  )
  insert into ledger_entries (merchant_id, transaction_id, line, account_id, currency, amount, base_amount)
  select $1, made.id, side.line, a.id, made.currency, side.sign * (1 + n % 10000), side.sign * (1 + n % 10000)
  from made cross join (values (1, 1), (2, -1)) as side (line, sign)
  join ledger_accounts a on a.merchant_id = $1 and a.currency = made.currency
    and a.code = ($5::text[])[1 + (n / 4 + side.line * 3) % cardinality($5::text[])]`

/** Milliseconds of trial balances, answers made and all, by what was asked. */
export const measureBalances = async (
  { service }: LedgerBench,
  merchant: string,
  calls: number,
): Promise<Map<string, number[]>> => {
  const { seq: head } = await service.sealHead(merchant)
  const year = 365 * 86_400
  const first = Date.UTC(2026, 0, 1) / 1000
  const dayEnd = () => first + Math.floor(Math.random() * 365) * 86_400 - 1
  const seal = () => Math.floor(Math.random() * head)
  const asked: Record<string, () => { as_of?: number; as_of_seq?: number }> = {
    'everything booked': () => ({}),
    'as of the end of a day': () => ({ as_of: dayEnd() }),
    'as of a second of a day': () => ({ as_of: first + Math.floor(Math.random() * year) }),
    'as of a seal': () => ({ as_of_seq: seal() }),
    'as of the end of a day, at a seal 1,000 later': () => {
      const day = Math.floor(Math.random() * 360)
      return { as_of: first + day * 86_400 - 1, as_of_seq: Math.min(head, Math.floor((day / 365) * head) + 1000) }
    },
  }
  const times = new Map<string, number[]>()
  for (const [name, query] of Object.entries(asked)) {
    const values: number[] = []
    for (let n = 0; n < calls; n++) {
      const started = performance.now()
      await service.trialBalance(merchant, query())
      values.push(performance.now() - started)
    }
    times.set(name, values)
  }
  return times
}
