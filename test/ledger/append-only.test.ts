import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type pg from 'pg'
import { newUuid } from '#kernel/ids.ts'
import { reversePosting } from '#ledger/correction-rules.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postToppedUp } from '#ledger/wallet-rules.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { lockPeriod } from './posting-period.ts'

const database = await createTestDatabase()
const merchantId = await database.newMerchant()
const effectiveAt = new Date('2026-11-22T10:00:00Z')
const sale = (ref: string, currency: string) =>
  itemOf(merchantId, postCaptured({ providerChargeRef: ref, total: 500n, currency: currencyOf(currency), effectiveAt }))
const topup = itemOf(
  merchantId,
  postToppedUp({ providerChargeRef: 'ch_3', amount: 500n, user: 'u1', currency: currencyOf('eur'), effectiveAt }),
)
const original = { ...sale('ch_1', 'eur'), id: newUuid() }
const reversal = itemOf(merchantId, reversePosting(original.posting, { reverses: original.id, effectiveAt }))
await post(database.db, [original, sale('ch_2', 'usd'), reversal, topup])
await lockPeriod(database.db, merchantId, 1, 'closing', '2026-02-01')

const app = await database.connectAs('parley_app', merchantId)
const owner = await database.connectAs('parley_owner', merchantId)
const superuser = await database.connectAsSuperuser()
const clients: [string, pg.Client][] = [
  ['the application', app],
  ['the owner', owner],
]
if (superuser) clients.push(['the superuser', superuser])

const { rows: partitions } = await app.query<{ name: string }>(
  `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'ledger_entries'::regclass order by 1`,
)
const entryTables = ['ledger_entries', ...partitions.map((partition) => partition.name)]
const onlyGrows = /the ledger only grows|permission denied/

describe('the ledger only grows', () => {
  for (const [who, client] of clients) {
    for (const table of ['ledger_transactions', ...entryTables]) {
      const column = table === 'ledger_transactions' ? `description = 'x'` : 'amount = 1'
      const statements = [
        `update ${table} set ${column}`,
        `update ${table} set ${column} where false`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ]
      test(`${who} can neither change nor empty ${table}`, async () => {
        for (const statement of statements) await assert.rejects(client.query(statement), onlyGrows, statement)
      })
    }
  }

  test('an upsert cannot change an entry either', async () => {
    const upsert = `insert into ledger_entries select * from ledger_entries
      on conflict (merchant_id, transaction_id, line) do update set amount = excluded.amount * 2`
    for (const [who, client] of clients) await assert.rejects(client.query(upsert), onlyGrows, who)
  })

  test('a superuser who turns ordinary triggers off is refused all the same', { skip: !superuser }, async () => {
    await superuser?.query(`set session_replication_role = 'replica'`)
    await assert.rejects(Promise.resolve(superuser?.query('delete from ledger_entries')), onlyGrows)
    await superuser?.query(`set session_replication_role = 'origin'`)
  })
})

const { rows: accounts } = await app.query<{ id: string; code: string; currency: string }>(
  'select id, code, currency from ledger_accounts',
)
const accountId = (code: string, currency: string): string =>
  accounts.find((account) => account.code === code && account.currency === currency)?.id ?? ''

type Line = [code: string, currency: string, amount: number, bookedIn?: string, value?: number]

interface Header {
  lateFor?: string
  reverses?: string
  effectiveAt?: string
}

/** Inserts a transaction and its lines in one database transaction, as raw SQL. */
const insert = async (
  client: pg.Client,
  table: string,
  lines: readonly Line[],
  { lateFor, reverses, effectiveAt = '2026-11-22' }: Header = {},
): Promise<string> => {
  const id = lateFor ?? newUuid()
  await client.query('begin')
  try {
    // The owner is bound by row-level security too; here it takes that off, to see what the triggers do alone.
    if (client === owner) {
      for (const name of ['ledger_transactions', 'ledger_accounts', 'ledger_period_locks', ...entryTables]) {
        await client.query(`alter table ${name} no force row level security`)
      }
    }
    await client.query(
      `insert into ledger_transactions (merchant_id, id, event_key, kind, base_currency, effective_at, created_at, reverses_id)
       values ($1, $2::uuid, $2::uuid::text, 'test', 'eur', $3, now(), $4) on conflict (event_key, merchant_id) do nothing`,
      [merchantId, id, effectiveAt, reverses],
    )
    const values = lines.map(
      ([code, currency, amount, bookedIn = currency, value = bookedIn === 'eur' ? amount : 0], index) =>
        `('${merchantId}', '${id}', ${index + (lateFor === undefined ? 1 : 101)}, '${accountId(code, currency)}', '${bookedIn}', ${amount}, ${value})`,
    )
    await client.query(`insert into ${table} values ${values.join(', ')}`)
    await client.query(client === owner ? 'rollback' : 'commit')
    return id
  } catch (error) {
    await client.query('rollback')
    throw error
  }
}

const balanced: readonly Line[] = [
  ['1110', 'eur', 700],
  ['4010', 'eur', -700],
]

describe('what the database refuses to book', () => {
  test('the application may not choose the database transaction that closes a booking', async () => {
    const forged = `insert into ledger_transactions (merchant_id, id, event_key, kind, base_currency, effective_at, created_at, xid)
      values ('${merchantId}', '${newUuid()}', 'forged', 'test', 'eur', now(), now(), '999999')`
    await assert.rejects(app.query(forged), /permission denied/)
  })

  test('the application may write neither the balances that are watched nor the seals', async () => {
    const balances = await app.query<{ balance: string }>('select balance from ledger_guarded_balances')
    assert.deepEqual(balances.rows, [{ balance: '-500' }])
    const statements = [
      'update ledger_guarded_balances set balance = -1000000',
      'delete from ledger_guarded_balances',
      `insert into ledger_guarded_balances values ('${merchantId}', '${accountId('1110', 'eur')}', 0)`,
      `insert into ledger_seals values ('${merchantId}', 1, '${original.id}', sha256('x'), now())`,
      'update ledger_seals set seq = 2',
      'delete from ledger_seals',
    ]
    for (const statement of statements) await assert.rejects(app.query(statement), /permission denied/, statement)
  })

  const places: [string, pg.Client, string][] = clients.map(([who, client]) => [who, client, 'ledger_entries'])
  const month = `ledger_entries_${new Date().toISOString().slice(0, 7).replace('-', '_')}`
  places.push(['the owner, on a partition', owner, month])
  if (superuser) places.push(['the superuser, on a partition', superuser, month])

  for (const [who, client, table] of places) {
    test(`${who} may book what is balanced`, async () => {
      await insert(client, table, balanced)
    })

    test(`${who} may not book what is unbalanced`, async () => {
      const lines: readonly Line[] = [
        ['1110', 'eur', 700],
        ['4010', 'eur', -699],
      ]
      await assert.rejects(insert(client, table, lines), { constraint: 'ledger_balanced' })
      await assert.rejects(insert(client, table, [['1110', 'eur', 700]]), { constraint: 'ledger_balanced' })
    })

    test(`${who} may not balance one currency with another`, async () => {
      const lines: readonly Line[] = [
        ['1110', 'usd', 700],
        ['4010', 'eur', -700],
      ]
      await assert.rejects(insert(client, table, lines), { constraint: 'ledger_balanced' })
    })

    test(`${who} may not book what is unbalanced in the base currency`, async () => {
      const lines: readonly Line[] = [
        ['1110', 'usd', 700, 'usd', 651],
        ['4010', 'usd', -700, 'usd', -650],
      ]
      await assert.rejects(insert(client, table, lines), { constraint: 'ledger_base_balanced' })
    })

    test(`${who} may not reverse a transaction a second time`, async () => {
      const again = insert(client, table, balanced, { reverses: original.id })
      await assert.rejects(again, { code: '23505', constraint: 'ledger_reversed_once' })
    })

    test(`${who} may not book into a closed period, and is told to try again`, async () => {
      const late = insert(client, table, balanced, { effectiveAt: '2026-01-31T23:59:59.999Z' })
      await assert.rejects(late, { code: '40001', constraint: 'ledger_period_closed' })
      await insert(client, table, balanced, { effectiveAt: '2026-02-01T00:00:00Z' })
    })

    test(`${who} may not book with a snapshot that could be older than a lock`, async () => {
      await client.query(`set default_transaction_isolation = 'repeatable read'`)
      await assert.rejects(insert(client, table, balanced), /booked in read committed/)
      await client.query('reset default_transaction_isolation')
    })

    test(`${who} may not take more from a wallet than is in it`, async () => {
      const lines: readonly Line[] = [
        ['2020', 'eur', 501],
        ['4010', 'eur', -501],
      ]
      await assert.rejects(insert(client, table, lines), { code: '23514', constraint: 'ledger_never_negative' })
    })

    test(`${who} may not book a currency on an account of another`, async () => {
      const lines: readonly Line[] = [
        ['1110', 'usd', 700, 'eur'],
        ['4010', 'eur', -700],
      ]
      await assert.rejects(insert(client, table, lines), { constraint: 'ledger_currency' })
    })

    test(`${who} may not add to a transaction that is committed`, async () => {
      const id = await insert(app, 'ledger_entries', balanced)
      await assert.rejects(insert(client, table, balanced, { lateFor: id }), { constraint: 'ledger_closed' })
    })
  }
})
