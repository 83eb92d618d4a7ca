import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import type { Posting } from '#ledger/posting.ts'
import { postCaptured, postFee, postRefunded, postRefundFailed, refundableOf } from '#ledger/posting-rules.ts'
import { type LedgerItem, postLedger, readRefundable } from '#ledger/repo.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'

const { db, newMerchant } = await createTestDatabase()
const now = new Date('2026-11-22T10:00:00Z')

const eur = currencyOf('eur')

const capture = (merchantId: string, ref: string, total = 13000n): LedgerItem =>
  itemOf(merchantId, postCaptured({ providerChargeRef: ref, total, currency: eur, effectiveAt: now }))
const fee = (merchantId: string, ref: string): LedgerItem =>
  itemOf(merchantId, postFee({ balanceRef: ref, amount: 220n, currency: eur, effectiveAt: now }))

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

test('what may be refunded is what the ledger has of the payment, also within the same transaction', async () => {
  const merchant = await newMerchant()
  const paymentIntentId = newUuid()
  const money = { currency: eur, effectiveAt: now }
  const parts = { goods: 10000n, shipping: 500n, tax: 2100n, tip: 400n }
  await inTransaction(db, merchant, async (tx) => {
    const payments = [{ merchantId: merchant, paymentIntentId, currency: eur }]
    const left = async () => (await readRefundable(tx, payments)).get(paymentIntentId)
    const book = (posting: Posting | undefined) => postLedger(tx, [itemOf(merchant, posting, { paymentIntentId })], now)
    assert.deepEqual(await left(), { sales: 0n, tax: 0n, tip: 0n, owed: 0n })
    await book(postCaptured({ ...money, providerChargeRef: 'ch_1', total: 13000n, parts }))
    assert.deepEqual(await left(), { ...refundableOf(parts) })
    await book(postRefunded({ ...money, refundId: 're_1', amount: 1300n, left: refundableOf(parts) }))
    assert.deepEqual(await left(), { sales: 9450n, tax: 1890n, tip: 360n, owed: 0n })
    await book(postRefundFailed({ ...money, refundId: 're_1', amount: 1300n }))
    assert.deepEqual(await left(), { sales: 9450n, tax: 1890n, tip: 360n, owed: 1300n })
  })
})
