import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { createTestSealer } from './ledger-server.ts'

const { db, newMerchant, connect } = await createTestDatabase()
const sealer = createTestSealer(db)
const eur = currencyOf('eur')
const migration = new URL('../../migrations/20261122210500_sum_the_ledger_by_the_hour.sql', import.meta.url)

const bookAt = (merchantId: string, moment: string, amount: bigint) =>
  post(db, [
    itemOf(merchantId, {
      eventKey: newUuid(),
      kind: 'adjustment',
      description: '',
      effectiveAt: new Date(moment),
      legs: [
        { code: '1110', currency: eur, amount },
        { code: '4010', currency: eur, amount: -amount },
      ],
    }),
  ])

const readHours = async (merchantId: string): Promise<string[]> => {
  const { rows } = await sql<{ line: string }>`
    select to_char(h.starts_at at time zone 'UTC', 'DD HH24:MI:SS') || ' ' || a.code || ' ' || h.debit || ' ' || h.credit
      || ' ' || h.base_debit || ' ' || h.base_credit as line
    from ledger_hours h join ledger_accounts a on a.merchant_id = h.merchant_id and a.id = h.account_id
    where h.merchant_id = ${merchantId} order by line`.execute(db.maintenance)
  return rows.map((row) => row.line)
}

const seal = async (merchantId: string): Promise<void> => {
  assert.equal(await sealer.catchUp(merchantId, 20_000), true)
}

const wanted = [
  '21 23:00:00 1110 70 0 70 0',
  '21 23:00:00 4010 0 70 0 70',
  '22 00:00:00 1110 1001 5 1001 5',
  '22 00:00:00 4010 5 1001 5 1001',
  '22 01:00:00 1110 9 0 9 0',
  '22 01:00:00 4010 0 9 0 9',
]
const bookSome = async (merchant: string): Promise<void> => {
  await bookAt(merchant, '2026-11-22T00:00:00.000Z', 1000n)
  await bookAt(merchant, '2026-11-22T00:59:59.999Z', -5n)
  await bookAt(merchant, '2026-11-22T01:00:00.000Z', 9n)
  await seal(merchant)
  // Late ones, into an hour that had nothing and one that had something.
  await bookAt(merchant, '2026-11-21T23:59:59.999Z', 70n)
  await bookAt(merchant, '2026-11-22T00:10:00.000Z', 1n)
  await seal(merchant)
}

describe('the sums by the hour', () => {
  test('are those of what is sealed, late entries too, and of nothing else', async () => {
    const merchant = await newMerchant()
    await bookSome(merchant)
    await bookAt(merchant, '2026-11-22T00:20:00.000Z', 800n)
    assert.deepEqual(await readHours(merchant), wanted)
  })

  test('begin with all that had been sealed before there were any', async () => {
    const [one, two] = [await newMerchant(), await newMerchant()]
    for (const merchant of [one, two]) await bookSome(merchant)
    const owner = await connect()
    await owner.query('set role parley_owner')
    await owner.query('begin; drop table ledger_hours; drop function ledger_keep_hours cascade')
    await owner.query(await readFile(migration, 'utf8'))
    await owner.query('commit')
    for (const merchant of [one, two]) assert.deepEqual(await readHours(merchant), wanted)
    await bookAt(one, '2026-11-22T01:30:00.000Z', 1n)
    await seal(one)
    assert.equal((await readHours(one)).at(-2), '22 01:00:00 1110 10 0 10 0')
  })
})
