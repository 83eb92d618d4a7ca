import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { type Posting, postCaptured, postFee } from '#ledger/posting-rules.ts'
import { type LedgerItem, postLedger } from '#ledger/repo.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { createTestDatabase } from './ledger-database.ts'

const { db, newMerchant } = await createTestDatabase()
const now = new Date('2026-11-22T10:00:00Z')

const currencyOf = (code: string): Currency => {
  assert.ok(isCurrency(code))
  return code
}
const eur = currencyOf('eur')

const required = (posting: Posting | undefined): Posting => {
  assert.ok(posting)
  return posting
}
const capture = (merchantId: string, ref: string, total = 13000n): LedgerItem => ({
  merchantId,
  posting: required(postCaptured({ providerChargeRef: ref, total, currency: eur, effectiveAt: now })),
  paymentIntentId: null,
  refundId: null,
  threadId: null,
})
const fee = (merchantId: string, ref: string): LedgerItem => ({
  ...capture(merchantId, ref),
  posting: required(postFee({ balanceRef: ref, amount: 220n, currency: eur, effectiveAt: now })),
})

const post = (database: Database, items: readonly LedgerItem[]): Promise<number> =>
  inTransaction(
    database,
    items.map((item) => item.merchantId),
    (tx) => postLedger(tx, items, now),
  )

const sums = (merchantId: string): Promise<Record<string, bigint>> =>
  inTransaction(db, merchantId, async (tx) => {
    const rows = await tx
      .selectFrom('ledger_entries as e')
      .innerJoin('ledger_accounts as a', 'a.id', 'e.account_id')
      .select(['a.code', sql<bigint>`sum(e.amount)::bigint`.as('sum')])
      .groupBy('a.code')
      .orderBy('a.code')
      .execute()
    return Object.fromEntries(rows.map((row) => [row.code, row.sum]))
  })

test('an event posted twice is booked once', async () => {
  const merchant = await newMerchant()
  assert.equal(await post(db, [capture(merchant, 'ch_1'), fee(merchant, 'txn_1')]), 2)
  assert.equal(await post(db, [capture(merchant, 'ch_1'), fee(merchant, 'txn_2')]), 1)
  assert.deepEqual(await sums(merchant), { '1110': 12560n, '4010': -13000n, '5010': 440n })
})

test('an event that is twice in one call is booked once', async () => {
  const merchant = await newMerchant()
  assert.equal(await post(db, [capture(merchant, 'ch_1'), capture(merchant, 'ch_1')]), 1)
  assert.deepEqual(await sums(merchant), { '1110': 13000n, '4010': -13000n })
})

test('the same key of another merchant is another event, also in the same call', async () => {
  const [a, b] = [await newMerchant(), await newMerchant()]
  assert.equal(await post(db, [capture(a, 'ch_1'), capture(b, 'ch_1', 500n)]), 2)
  assert.deepEqual(await sums(a), { '1110': 13000n, '4010': -13000n })
  assert.deepEqual(await sums(b), { '1110': 500n, '4010': -500n })
})

test('sixteen writers that book overlapping events at once, accounts included, book each once', async () => {
  const merchant = await newMerchant()
  const refs = Array.from({ length: 30 }, (_, index) => `ch_${index}`)
  const batches = Array.from({ length: 16 }, (_, writer) =>
    refs.map((_, index) => capture(merchant, refs[(index * 7 + writer) % refs.length] ?? '', 100n)),
  )
  const counts = await Promise.all(batches.map((items) => post(db, items)))
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    30,
  )
  assert.deepEqual(await sums(merchant), { '1110': 3000n, '4010': -3000n })
})

test('a transaction that ends before its commit has booked nothing, and the event can be booked again', async () => {
  const merchant = await newMerchant()
  const killed = inTransaction(db, merchant, async (tx) => {
    await postLedger(tx, [capture(merchant, 'ch_1')], now)
    await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
  })
  await assert.rejects(killed)
  assert.deepEqual(await sums(merchant), {})
  assert.equal(await post(db, [capture(merchant, 'ch_1')]), 1)
  assert.deepEqual(await sums(merchant), { '1110': 13000n, '4010': -13000n })
})

test('a merchant outside of the transaction is refused', async () => {
  const [a, b] = [await newMerchant(), await newMerchant()]
  await assert.rejects(
    inTransaction(db, a, (tx) => postLedger(tx, [capture(b, 'ch_1')], now)),
    /row-level security/,
  )
})

test('no items are no work', async () => {
  assert.equal(await inTransaction(db, newUuid(), (tx) => postLedger(tx, [], now)), 0)
})
