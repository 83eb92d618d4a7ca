import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import { atOnce, inTransaction, openDatabase, sqlState } from '#platform/database.ts'
import { createTestDatabase } from '../support/database.ts'

const database = await createTestDatabase()
// One connection: what leaked from one transaction to the next would show.
const db = openDatabase({ url: database.url, poolMax: 1, onError: () => undefined })
after(async () => {
  await db.close()
  await database[Symbol.asyncDispose]()
})

const addMerchant = (id: string, as = id) =>
  atOnce(db, as, {
    name: 'add_merchant',
    text: `insert into merchants (merchant_id, name, created_at) values ($1, 'Noodle Bar', now()) returning merchant_id`,
    values: [id],
  })
const countMerchants = { name: 'count_merchants', text: 'select count(*)::int as count from merchants', values: [] }

describe('a statement sent at once', () => {
  test('is committed and sees its merchants only', async () => {
    const [one, two] = [newUuid(), newUuid()]
    assert.deepEqual(await addMerchant(one), [{ merchant_id: one }])
    await addMerchant(two)
    assert.deepEqual(await atOnce(db, one, countMerchants), [{ count: 1 }])
    assert.deepEqual(await atOnce(db, [one, two, one], countMerchants), [{ count: 2 }])
  })

  test('cannot write for another merchant', async () => {
    const id = newUuid()
    await assert.rejects(addMerchant(id, newUuid()), (error) => sqlState(error) === '42501')
    assert.deepEqual(await atOnce(db, id, countMerchants), [{ count: 0 }])
  })

  test('leaves no merchants behind on its connection', async () => {
    await addMerchant(newUuid())
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from merchants`.execute(db.app)
    assert.deepEqual(rows, [{ count: 0 }])
  })

  test('fails with its own error and leaves the connection usable', async () => {
    const id = newUuid()
    await addMerchant(id)
    await assert.rejects(addMerchant(id), (error) => sqlState(error) === '23505')
    assert.deepEqual(await atOnce(db, id, countMerchants), [{ count: 1 }])
  })

  test('fails when its merchants are no ids, and writes nothing', async () => {
    await assert.rejects(atOnce(db, "'; drop table merchants; --", countMerchants), /no ids/)
    assert.deepEqual(await atOnce(db, newUuid(), countMerchants), [{ count: 0 }])
  })
})

describe('several statements sent at once', () => {
  const insertMerchant = (id: string) => ({
    text: `insert into merchants (merchant_id, name, created_at) values ($1, 'Noodle Bar', now())`,
    values: [id],
  })

  test('answer with the last, which sees what those before it did', async () => {
    const id = newUuid()
    assert.deepEqual(await atOnce(db, id, insertMerchant(id), countMerchants), [{ count: 1 }])
  })

  test('are undone together when one fails, and the error is its own', async () => {
    const id = newUuid()
    const failing = { text: 'select 1 / 0', values: [] }
    const isDivision = (error: unknown) => sqlState(error) === '22012'
    await assert.rejects(atOnce(db, id, insertMerchant(id), failing), isDivision)
    await assert.rejects(atOnce(db, id, failing, insertMerchant(id)), isDivision)
    assert.deepEqual(await atOnce(db, id, countMerchants), [{ count: 0 }])
  })
})

describe('a transaction whose opening is not waited for', () => {
  const count = async (merchants: string): Promise<number | undefined> =>
    inTransaction(db, merchants, async (tx) => {
      const { rows } = await sql<{ count: number }>`select count(*)::int as count from merchants`.execute(tx)
      return rows[0]?.count
    })

  test('sees its merchants from the first statement on, and the next one sees none of them', async () => {
    const id = newUuid()
    await addMerchant(id)
    assert.equal(await count(id), 1)
    assert.equal(await count(newUuid()), 0)
  })

  test('is rolled back as a whole', async () => {
    const id = newUuid()
    const work = inTransaction(db, id, async (tx) => {
      await tx
        .insertInto('merchants')
        .values({ merchant_id: id, name: 'x', settings: '{}', created_at: new Date() })
        .execute()
      throw new Error('changed my mind')
    })
    await assert.rejects(work, /changed my mind/)
    assert.equal(await count(id), 0)
  })

  test('without a statement it neither fails nor disturbs the next', async () => {
    assert.equal(await inTransaction(db, newUuid(), async () => 'nothing to do'), 'nothing to do')
    await assert.rejects(
      inTransaction(db, newUuid(), async () => {
        throw new Error('before the first statement')
      }),
      /before the first/,
    )
    assert.equal(await count(newUuid()), 0)
  })

  test('survives the loss of its connection', async () => {
    const id = newUuid()
    await addMerchant(id)
    await assert.rejects(inTransaction(db, id, (tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)))
    assert.equal(await count(id), 1)
  })
})
