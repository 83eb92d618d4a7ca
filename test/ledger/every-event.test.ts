import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { reportingCategories } from '#ledger/kinds.ts'
import { inTransaction } from '#platform/database.ts'
import { bookEveryEvent, everyEvent } from './every-event.ts'
import { createTestDatabase, post } from './ledger-database.ts'

const { db, newMerchant } = await createTestDatabase()

test('the database books every kind of event in four currencies, and all of it adds up to zero', async () => {
  const merchantId = await newMerchant()
  const items = await bookEveryEvent(db, merchantId)
  for (const currency of ['eur', 'jpy', 'kwd', 'usd']) {
    const kinds = items.filter((item) => item.posting.legs[0]?.currency === currency).map((item) => item.posting.kind)
    assert.deepEqual([...new Set(kinds)].sort(), Object.keys(reportingCategories).sort(), currency)
  }
  const { rows } = await inTransaction(db, merchantId, (tx) =>
    sql<{ currency: string; amount: bigint; base: bigint; unvalued: bigint }>`
      select currency, sum(amount)::bigint as amount, sum(base_amount)::bigint as base,
        count(*) filter (where base_amount = 0 and abs(amount) > 200) as unvalued
      from ledger_entries group by currency order by currency`.execute(tx),
  )
  assert.deepEqual(
    rows,
    ['eur', 'jpy', 'kwd', 'usd'].map((currency) => ({ currency, amount: 0n, base: 0n, unvalued: 0n })),
  )
})

test('booked one after the other, without any rates, no wallet is overdrawn on the way', async () => {
  const merchantId = await newMerchant()
  for (const item of everyEvent(merchantId)) assert.equal(await post(db, [item]), 1)
})
