import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import type { Currency } from '#kernel/currencies.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { markEvery } from '#ledger/seal-repo.ts'
import { inTransaction } from '#platform/database.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'

const post = async (world: World, path: string, body: object) => {
  const answer = await world.request().post(path).send(body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

/** At least one row in every table of a merchant. */
const fill = async (world: World): Promise<void> => {
  const customer = await post(world, '/v1/customers', { email: 'a@example.com' })
  const thread = { channel: 'webchat', external_id: 'room-1', participants: [{ external_id: 'ann', role: 'payer' }] }
  await post(world, '/v1/threads', thread)
  await post(world, '/v1/webhook_endpoints', { url: `${world.url}/nobody`, enabled_events: ['*'] })
  const order = {
    amount: 4200,
    currency: 'eur',
    customer: customer.id,
    thread: { channel: 'webchat', external_id: 'room-1' },
  }
  const { id } = await post(world, '/v1/payment_intents', order)
  const keep = { payment_method: 'pm_card_visa', setup_future_usage: 'off_session' }
  await post(world, `/v1/payment_intents/${id}/confirm`, keep)
  await post(world, '/v1/refunds', { payment_intent: id, amount: 100 })
  await post(world, '/v1/setup_intents', { customer: customer.id, payment_method: 'pm_card_visa', confirm: true })
  await post(world, '/v1/payment_intents', { ...order, payment_method: 'pm_card_bypassPending', confirm: true })
  await fillBooks(world)
  await world.settle()
  await world.sandboxControl('POST', 'payouts', { currency: 'eur' })
  await world.settle()
  await world.request().post('/v1/customers').set('Idempotency-Key', 'kept').send({ name: 'B' })
  await world.stopWork()
  await post(world, '/v1/payment_intents', order)
}

/** What finance has: enough transactions for a mark, a month that is closed, a wallet, a rate and a name. */
const fillBooks = async (world: World): Promise<void> => {
  const { shop, app } = world
  const now = world.clock.now()
  const lastMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0))
  const postings = Array.from({ length: Number(markEvery) }, (_, index) =>
    postCaptured({ providerChargeRef: `ch_${index}`, total: 5n, currency: 'eur' as Currency, effectiveAt: lastMonth }),
  ).filter((posting) => posting !== undefined)
  const ties = { merchantId: shop.uuid, paymentIntentId: null, refundId: null, threadId: null }
  await inTransaction(app.db, shop.uuid, (tx) =>
    postLedger(
      tx,
      postings.map((posting) => ({ ...ties, posting })),
      now,
    ),
  )
  const ask = async (path: string, body: object): Promise<string> => {
    const answer = await world.request('finance').post(`/v1/ledger/${path}`).send(body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body.id
  }
  const approve = (id: string) => world.request('merchant').post(`/v1/ledger/proposals/${id}/approve`).expect(200)
  await ask('exchange_rates', { currency: 'usd', rate: '0.9', effective_on: '2026-11-01' })
  await ask('chart', { accounts: { 4010: { code: '700', name: 'Sales' } } })
  const topUp = await ask('transactions', {
    description: 'Top-up',
    reason: 'Paid in cash',
    entries: [
      { account: '1010', currency: 'eur', amount: 5 },
      { account: '2020', currency: 'eur', amount: -5, holder: 'ann' },
    ],
  })
  await approve(topUp)
  await approve(await ask(`periods/${lastMonth.toISOString().slice(0, 7)}/close`, {}))
  await until('a mark and a checkpoint are there', async () => {
    world.clock.advance(61_000)
    await app.services.sealer.seal()
    const { rows } = await sql`select from ledger_marks, ledger_checkpoints limit 1`.execute(app.db.maintenance)
    return rows.length > 0
  })
  await insertExport(world)
  await insertChats(world)
}

/** One row in each table of channels, checkouts and bills. */
const insertChats = async ({ app, shop }: World): Promise<void> => {
  await inTransaction(app.db, shop.uuid, async (tx) => {
    const key = sql`${shop.uuid}::uuid, gen_random_uuid()`
    const thread = sql`(select id from threads limit 1)`
    const intent = sql`(select id from payment_intents limit 1)`
    const connection = sql`(select id from connections)`
    const participant = sql`(select id from participants limit 1)`
    const now = sql`now(), now()`
    for (const statement of [
      sql`connections (merchant_id, id, created_at, updated_at, channel, external_id, name, status, secrets, secrets_key, livemode)
        values (${key}, ${now}, 'telegram', '7', 'Bot', 'active', '', 'k', false)`,
      sql`routings (merchant_id, created_at, updated_at) values (${shop.uuid}, ${now})`,
      sql`thread_aliases (merchant_id, thread_id, connection_id, external_id, created_at)
        values (${shop.uuid}, ${thread}, ${connection}, '8', now())`,
      sql`channel_updates (merchant_id, id, connection_id, channel, ref, type, content, state, next_attempt_at, occurred_at, received_at)
        values (${key}, ${connection}, 'telegram', '1', 'message', '{}', 'ignored', now(), ${now})`,
      sql`native_payments (merchant_id, id, created_at, updated_at, payment_intent_id, connection_id, channel, reference, state, amount, currency)
        values (${key}, ${now}, ${intent}, ${connection}, 'telegram', 'r', 'offered', 1, 'eur')`,
      sql`vetoes (merchant_id, id, payment_intent_id, request_id, answer, is_allowed, duration_ms, created_at)
        values (${key}, ${intent}, gen_random_uuid(), 'approved', true, 1, now())`,
      sql`provider_statements (merchant_id, id, provider, day, state, next_attempt_at, created_at)
        values (${key}, 'wechatpay', now(), 'due', ${now})`,
      sql`disputes (merchant_id, id, created_at, updated_at, payment_intent_id, charge_id, provider, provider_ref, state,
          reason, amount, currency, is_refundable, is_past_due, submissions, round, evidence, network, metadata, checked_at,
          livemode, version, opened_at)
        select ${key}, ${now}, payment_intent_id, id, 'stripe', 'du_1', 'lost', 'general', 1, 'eur', false, false, 0, 1,
          '{}', '{}', '{}', now(), false, 1, now() from charges limit 1`,
      sql`dispute_movements (merchant_id, dispute_id, ref, kind, amount, fee, currency, available_on, occurred_at)
        values (${shop.uuid}, (select id from disputes), 'txn_1', 'withdrawn', 1, 0, 'eur', ${now})`,
      sql`dispute_operations (merchant_id, id, dispute_id, kind, request_id, state, command, attempts, next_attempt_at, created_at, finished_at)
        values (${key}, (select id from disputes), 'close', gen_random_uuid(), 'failed', '{}', 1, ${now}, now())`,
      sql`dispute_files (merchant_id, id, provider, name, type, size, sha256, livemode, created_at)
        values (${key}, 'stripe', 'a.pdf', 'pdf', 1, sha256('x'), false, now())`,
      sql`outbound_payments (merchant_id, id, status, amount, currency, payee, provider, source, is_sent, description,
          metadata, livemode, version, check_at, created_at, updated_at)
        values (${key}, 'processing', 1, 'cny', 'o', 'wechatpay', 'pending', false, 'Prize', '{}', false, 1, 'infinity', ${now})`,
      sql`outbound_operations (merchant_id, id, outbound_payment_id, kind, request_id, state, command, attempts,
          next_attempt_at, created_at, finished_at)
        values (${key}, (select id from outbound_payments), 'send', gen_random_uuid(), 'failed', '{}', 1, ${now}, now())`,
      sql`promotion_codes (merchant_id, id, code, percent_off, livemode, created_at) values (${key}, 'TEN', 10, false, now())`,
      sql`checkouts (merchant_id, id, created_at, updated_at, status, currency, cart, quote, total, expires_at, livemode)
        values (${key}, ${now}, 'incomplete', 'eur', '{}', '{}', 0, now(), false)`,
      sql`bills (merchant_id, id, created_at, updated_at, thread_id, split, status, title, currency, amount, livemode)
        values (${key}, ${now}, ${thread}, 'equal', 'open', 'Dinner', 'eur', 1, false)`,
      sql`bill_shares (merchant_id, id, created_at, updated_at, bill_id, participant_id, payment_intent_id, status, amount, tax, tip)
        values (${key}, ${now}, (select id from bills), ${participant}, ${intent}, 'open', 1, 0, 0)`,
      sql`bill_refunds (merchant_id, id, created_at, updated_at, bill_id, share_id, request_id, amount, state)
        values (${key}, ${now}, (select id from bills), (select id from bill_shares), gen_random_uuid(), 1, 'created')`,
    ])
      await sql`insert into ${statement}`.execute(tx)
  })
}

/** As a worker leaves it when it has written a part. */
const insertExport = async ({ app, shop, clock }: World): Promise<void> => {
  await inTransaction(app.db, shop.uuid, async (tx) => {
    const values = sql`${shop.uuid}::uuid, gen_random_uuid()`
    await sql`with made as (
        insert into exports (merchant_id, id, format, spec, from_seq, as_of_seq, status, next_attempt_at, requested_by, livemode, created_at)
        values (${values}, 'csv', '{}', 0, 1, 'canceled', ${clock.now()}, gen_random_uuid(), false, ${clock.now()}) returning merchant_id, id
      ) insert into export_parts (merchant_id, export_id, number, first_seq, last_seq, rows, bytes, sha256, totals, created_at)
      select merchant_id, id, 1, 1, 1, 2, 3, sha256('x'), '{}', ${clock.now()} from made`.execute(tx)
  })
}

describe('row-level security', () => {
  let world: World
  let client: pg.Client
  let tables: string[]
  before(async () => {
    world = await createWorld()
    await fill(world)
    client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    const { rows } = await client.query<{ name: string }>(`
      select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'merchant_id' order by 1`)
    tables = rows.map((row) => row.name)
  })
  after(async () => {
    await client.end()
    await world[Symbol.asyncDispose]()
  })

  /** Acts as a role for some merchants, and leaves no trace. */
  const as = async <T>(role: string, merchants: string, work: () => Promise<T>): Promise<T> => {
    await client.query('begin')
    try {
      await client.query(`set local role ${role}`)
      await client.query(`select set_config('parley.merchants', $1, true)`, [merchants])
      return await work()
    } finally {
      await client.query('rollback')
    }
  }
  const count = async (table: string): Promise<number> =>
    Number((await client.query<{ count: string }>(`select count(*) from ${table}`)).rows[0]?.count)
  const refused = async (sql: string): Promise<string> => {
    await client.query('savepoint before')
    try {
      await client.query(sql)
      return 'allowed'
    } catch (error) {
      await client.query('rollback to before')
      return error instanceof Error ? error.message : ''
    }
  }

  test('is forced on every table that names a merchant, and has a policy', async () => {
    const { rows } = await client.query<{ name: string }>(`
      select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'merchant_id'
        and not (c.relrowsecurity and c.relforcerowsecurity)`)
    assert.deepEqual(rows, [])
    const policies = await client.query<{ name: string; roles: string }>(`
      select tablename as name, string_agg(distinct array_to_string(roles, ','), ' ' order by array_to_string(roles, ',')) as roles
      from pg_policies where schemaname = 'public' group by 1`)
    for (const { name, roles } of policies.rows) {
      // Kept by a trigger that runs as the owner: the application may not write it.
      const also = name === 'ledger_guarded_balances' ? ' parley_owner' : ''
      assert.equal(roles, `parley_app parley_maintenance${also}`, name)
    }
    const parents = tables.filter((name) => !/^ledger_entries_/.test(name))
    assert.deepEqual(policies.rows.map((row) => row.name).sort(), parents)
  })

  test('shows a merchant their own rows and nobody else’s, in every table', async () => {
    const other = (await world.openShop('Elsewhere')).uuid
    for (const table of tables.filter((name) => !/^ledger_entries_/.test(name))) {
      const [own, foreign, none, both] = [
        await as('parley_app', world.shop.uuid, () => count(table)),
        await as('parley_app', other, () => count(`${table} where merchant_id <> '${other}'`)),
        await as('parley_app', '', () => count(table)),
        await as('parley_app', `${world.shop.uuid},${other}`, () => count(table)),
      ]
      assert.ok(own > 0, `${table} has no row to hide`)
      assert.equal(foreign, 0, table)
      assert.equal(none, 0, table)
      assert.ok(both >= own, table)
    }
  })

  test('refuses to write, move or take over another merchant’s rows', async () => {
    const other = (await world.openShop('Elsewhere')).uuid
    await as('parley_app', other, async () => {
      for (const table of ['payment_intents', 'threads', 'customers', 'api_keys']) {
        const { rowCount } = await client.query(`update ${table} set created_at = now()`)
        const { rows } = await client.query<{ count: string }>(`select count(*) from ${table}`)
        assert.equal(rowCount, Number(rows[0]?.count), table)
      }
      const row = `'${world.shop.uuid}', gen_random_uuid(), 'webchat', 'stolen', now(), now()`
      const stolen = `insert into threads (merchant_id, id, channel, external_id, created_at, updated_at) values (${row})`
      assert.match(await refused(stolen), /row-level security/)
      assert.match(await refused(`update api_keys set merchant_id = '${world.shop.uuid}'`), /row-level security/)
    })
  })

  test('is not to be got round by the roles that work here', async () => {
    const { rows } = await client.query<{ rolname: string }>(`
      select rolname from pg_roles where rolname in ('parley_app', 'parley_maintenance', 'parley_owner')
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin)`)
    assert.deepEqual(rows, [])
    const owned = await client.query(`select from pg_class c join pg_roles r on r.oid = c.relowner
      where c.relnamespace = 'public'::regnamespace and r.rolname <> 'parley_owner'`)
    assert.equal(owned.rowCount, 0)
  })

  test('the application may do what it was granted and nothing more', async () => {
    const { rows } = await client.query<{ name: string; rights: string }>(`
      select table_name as name, string_agg(lower(privilege_type), ' ' order by privilege_type) as rights
      from information_schema.role_table_grants where grantee = 'parley_app' and table_schema = 'public' group by 1 order by 1`)
    const all = 'delete insert select update'
    const kept = 'insert select update'
    const wanted: Record<string, string> = {
      ...Object.fromEntries(
        ['customers', 'deliveries', 'idempotency_keys', 'messages', 'outbox'].map((name) => [name, all]),
      ),
      ...Object.fromEntries(['participants', 'threads', 'webhook_endpoints'].map((name) => [name, all])),
      ...Object.fromEntries(
        ['api_keys', 'charges', 'merchants', 'operations', 'payment_intents', 'refunds'].map((name) => [name, kept]),
      ),
      ...Object.fromEntries(['events', 'ledger_accounts', 'ledger_entries'].map((name) => [name, 'insert select'])),
      ...Object.fromEntries(['bill_refunds', 'bill_shares', 'bills', 'checkouts'].map((name) => [name, kept])),
      ...Object.fromEntries(['channel_updates', 'connections', 'thread_aliases'].map((name) => [name, kept])),
      ...Object.fromEntries(['native_payments', 'promotion_codes'].map((name) => [name, all])),
      provider_statements: kept,
      customer_refs: 'insert select',
      routings: kept,
      ...Object.fromEntries(['payment_methods', 'setup_intents', 'setup_operations'].map((name) => [name, kept])),
      vetoes: 'insert select',
      balance_settlements: 'insert select',
      balance_transactions: 'insert select', // and update, but only of what we make of it
      payouts: kept,
      ...Object.fromEntries(['outbound_payments', 'outbound_operations'].map((name) => [name, kept])),
      dispute_movements: 'insert select',
      ...Object.fromEntries(['disputes', 'dispute_files', 'dispute_operations'].map((name) => [name, kept])),
      export_parts: 'delete insert select',
      exports: kept,
      ledger_account_mappings: all,
      ...Object.fromEntries(['ledger_exchange_rates', 'ledger_period_locks'].map((name) => [name, 'insert select'])),
      ledger_proposals: 'insert select', // and update, but only of what decides
      ...Object.fromEntries(
        ['checkpoints', 'guarded_balances', 'hours', 'mark_points', 'marks', 'rollups', 'sealer', 'seals'].map(
          (name) => [`ledger_${name}`, 'select'],
        ),
      ),
      ledger_transactions: 'select', // and insert, but for the column that says when it was final
      provider_events: 'select update',
    }
    assert.deepEqual(Object.fromEntries(rows.map((row) => [row.name, row.rights])), wanted)
  })

  test('neither role may create, drop, empty or reach what is not theirs', async () => {
    for (const role of ['parley_app', 'parley_maintenance']) {
      await as(role, world.shop.uuid, async () => {
        const forbidden = [
          'create table public.mine (id int)',
          'drop table payment_intents',
          'truncate payment_intents',
          'truncate ledger_entries',
          'delete from ledger_entries',
          'update ledger_entries set amount = amount',
          'delete from ledger_transactions',
          'delete from ledger_seals',
          'update ledger_seals set hash = hash',
          'update ledger_guarded_balances set balance = 0',
          'update ledger_period_locks set closed_until = closed_until',
          'delete from ledger_exchange_rates',
          `update ledger_proposals set content = '{}'`,
          'delete from payment_intents',
          'delete from events',
          'alter table payment_intents disable row level security',
          'alter table ledger_entries disable trigger all',
          'set session authorization postgres',
          `copy payment_intents to program 'cat'`,
          'create extension dblink',
          'select * from parley_migrations_lock',
        ]
        for (const sql of forbidden) assert.notEqual(await refused(sql), 'allowed', `${role}: ${sql}`)
      })
    }
  })
})
