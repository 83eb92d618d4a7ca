import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction, openDatabase, sqlState } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'

const { url, newMerchant, connect } = await createTestDatabase()
// One connection: every posting of this file meets the plan that the ones before it left there.
const db = openDatabase({ url, poolMax: 1, onError: () => undefined })
after(() => db.close())

const sale = () =>
  postCaptured({
    providerChargeRef: newUuid(),
    total: 4200n,
    currency: currencyOf('eur'),
    effectiveAt: new Date('2026-11-22T10:15:42.123Z'),
  })
const sell = (merchantId: string, count = 1) =>
  post(
    db,
    Array.from({ length: count }, () => itemOf(merchantId, sale())),
  )

const readKept = async () => {
  const { rows } = await sql<{ pid: number; generic: bigint; custom: bigint }>`
    select pg_backend_pid() as pid, generic_plans as generic, custom_plans as custom
    from pg_prepared_statements where name = 'post_ledger'`.execute(db.app)
  return rows[0]
}

const countBooked = async (merchantId: string): Promise<number> =>
  inTransaction(db, merchantId, async (tx) => {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from ledger_transactions`.execute(tx)
    return rows[0]?.count ?? 0
  })

describe('the plan of a posting is kept by its connection', () => {
  test('and serves every merchant and every number of postings', async () => {
    const [one, two] = [await newMerchant(), await newMerchant()]
    for (let n = 0; n < 8; n++) assert.equal(await sell(one), 1)
    const kept = await readKept()
    assert.ok(kept && kept.generic > 0n, 'the sixth posting and those after it are not planned')
    assert.equal(await sell(two), 1)
    assert.equal(await sell(one, 150), 150)
    assert.equal(await sell(two, 3), 3)
    assert.deepEqual([await countBooked(one), await countBooked(two)], [158, 4])
    assert.equal((await readKept())?.custom, kept.custom)
  })

  test('and asks whose turn it is each time', async () => {
    const [one, two] = [await newMerchant(), await newMerchant()]
    for (let n = 0; n < 8; n++) await sell(n % 2 === 0 ? one : two)
    const asOther = inTransaction(db, two, (tx) => postLedger(tx, [itemOf(one, sale())], new Date()))
    await assert.rejects(asOther, (error) => sqlState(error) === '42501')
    assert.deepEqual([await countBooked(one), await countBooked(two)], [4, 4])
  })

  test('until a migration changes the tables or statistics are new', async () => {
    const merchant = await newMerchant()
    const owner = await connect()
    await owner.query('set role parley_owner')
    for (const change of [
      'alter table ledger_transactions add column tried int',
      'analyze ledger_accounts',
      'alter table ledger_transactions drop column tried',
    ]) {
      for (let n = 0; n < 7; n++) await sell(merchant)
      await owner.query(change)
      assert.equal(await sell(merchant), 1, change)
    }
  })

  test('and is made again on the connection that follows a lost one', async () => {
    const merchant = await newMerchant()
    await sell(merchant)
    const before = await readKept()
    const killer = await connect()
    await killer.query('select pg_terminate_backend($1)', [before?.pid])
    await sell(merchant).catch(() => undefined)
    assert.equal(await sell(merchant), 1)
    assert.notEqual((await readKept())?.pid, before?.pid)
  })

  test('also when it was first asked for in a transaction that had failed', async () => {
    const merchant = await newMerchant()
    const fresh = openDatabase({ url, poolMax: 1, onError: () => undefined })
    try {
      const failing = inTransaction(fresh, merchant, async (tx) => {
        await sql`select 1 / 0`.execute(tx).catch(() => undefined)
        await postLedger(tx, [itemOf(merchant, sale())], new Date())
      })
      await assert.rejects(failing, (error) => sqlState(error) === '25P02')
      assert.equal(await post(fresh, [itemOf(merchant, sale())]), 1)
    } finally {
      await fresh.close()
    }
  })
})
