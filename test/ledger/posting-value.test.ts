import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { currencies, currencyExponent } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { postAdjusted, reversePosting } from '#ledger/correction-rules.ts'
import type { Leg } from '#ledger/posting.ts'
import { postCaptured, postFee } from '#ledger/posting-rules.ts'
import type { LedgerItem } from '#ledger/repo.ts'
import { inTransaction } from '#platform/database.ts'
import { createTestDatabase, currencyOf, itemOf, post } from './ledger-database.ts'
import { lockPeriod } from './posting-period.ts'

const { db, newMerchant } = await createTestDatabase()
const [eur, usd, jpy, kwd] = [currencyOf('eur'), currencyOf('usd'), currencyOf('jpy'), currencyOf('kwd')]
const onDay = (day: string): Date => new Date(`${day}T12:00:00Z`)

const setRate = (merchantId: string, currency: string, day: string, rate: string): Promise<unknown> =>
  inTransaction(db, merchantId, (tx) =>
    tx
      .insertInto('ledger_exchange_rates')
      .values({ merchant_id: merchantId, id: newUuid(), currency, effective_on: day, rate, created_at: new Date() })
      .execute(),
  )

/** Legs of a transaction as `code amount value`, in order. */
const valuesOf = (merchantId: string, eventKey: string): Promise<string[]> =>
  inTransaction(db, merchantId, async (tx) => {
    const rows = await tx
      .selectFrom('ledger_transactions as t')
      .innerJoin('ledger_entries as e', 'e.transaction_id', 't.id')
      .innerJoin('ledger_accounts as a', 'a.id', 'e.account_id')
      .select(['a.code', 'e.amount', 'e.base_amount'])
      .where('t.event_key', '=', eventKey)
      .orderBy('e.line')
      .execute()
    return rows.map((row) => `${row.code} ${row.amount} ${row.base_amount}`)
  })

const readHeader = (merchantId: string, eventKey: string) =>
  inTransaction(db, merchantId, (tx) =>
    tx.selectFrom('ledger_transactions').selectAll().where('event_key', '=', eventKey).executeTakeFirstOrThrow(),
  )

const capture = (merchantId: string, ref: string, day: string, currency = usd, total = 1000n): LedgerItem =>
  itemOf(merchantId, postCaptured({ providerChargeRef: ref, total, currency, effectiveAt: onDay(day) }))

test('the database knows the digits of every currency as the kernel does', async () => {
  const { rows } = await sql<{ currency: string; digits: number }>`
    select currency, ledger_exponent(currency) as digits from unnest(${[...currencies]}::text[]) as currency`.execute(
    db.app,
  )
  assert.equal(rows.length, currencies.length)
  for (const { currency, digits } of rows) assert.equal(digits, currencyExponent(currencyOf(currency)), currency)
})

describe('the value of an entry in the base currency', () => {
  test('is by the rate of its day, the last before it, and the latest word on a day', async () => {
    const merchant = await newMerchant()
    await setRate(merchant, 'usd', '2026-03-01', '0.90')
    await setRate(merchant, 'usd', '2026-03-05', '0.80')
    await setRate(merchant, 'usd', '2026-03-05', '0.95')
    const days = ['2026-02-28', '2026-03-01', '2026-03-04', '2026-03-05', '2026-04-01']
    await post(
      db,
      days.map((day) => capture(merchant, day, day)),
    )
    const values = await Promise.all(days.map(async (day) => (await valuesOf(merchant, `${day}:capture`))[0]))
    assert.deepEqual(values, ['1110 1000 0', '1110 1000 900', '1110 1000 900', '1110 1000 950', '1110 1000 950'])
  })

  test('counts the digits of either currency: yen have none, dinars three', async () => {
    const merchant = await newMerchant()
    await setRate(merchant, 'jpy', '2026-03-01', '0.0062')
    await setRate(merchant, 'kwd', '2026-03-01', '3.0125')
    await post(db, [
      capture(merchant, 'yen', '2026-03-02', jpy, 10000n),
      capture(merchant, 'fils', '2026-03-02', kwd, 12345n),
      capture(merchant, 'cents', '2026-03-02', eur, 4200n),
    ])
    assert.deepEqual(await valuesOf(merchant, 'yen:capture'), ['1110 10000 6200', '4010 -10000 -6200'])
    assert.deepEqual(await valuesOf(merchant, 'fils:capture'), ['1110 12345 3719', '4010 -12345 -3719'])
    assert.deepEqual(await valuesOf(merchant, 'cents:capture'), ['1110 4200 4200', '4010 -4200 -4200'])
  })

  test('of a later rate changes nothing that is booked, and a reversal takes back the value that was booked', async () => {
    const merchant = await newMerchant()
    await setRate(merchant, 'usd', '2026-03-01', '0.90')
    const [sale] = [{ ...capture(merchant, 'ch_1', '2026-03-02'), id: newUuid() }]
    await post(db, [sale])
    await setRate(merchant, 'usd', '2026-03-02', '0.50')
    const booked: Leg[] = sale.posting.legs.map((leg) => ({ ...leg, baseAmount: (leg.amount * 9n) / 10n }))
    const reversal = reversePosting(
      { ...sale.posting, legs: booked },
      { reverses: sale.id, effectiveAt: onDay('2026-05-01') },
    )
    assert.equal(await post(db, [itemOf(merchant, reversal)]), 1)
    assert.deepEqual(await valuesOf(merchant, 'ch_1:capture'), ['1110 1000 900', '4010 -1000 -900'])
    assert.deepEqual(await valuesOf(merchant, 'ch_1:capture:reversal'), ['1110 -1000 -900', '4010 1000 900'])
  })

  test('of any legs adds up to zero in each currency, and is off by less than one unit per leg', async () => {
    const merchant = await newMerchant()
    await setRate(merchant, 'usd', '2026-01-01', '0.917431192661')
    await setRate(merchant, 'jpy', '2026-01-01', '0.006134969325')
    const rates = new Map([
      [usd, 0.917431192661],
      [jpy, 0.6134969325],
    ])
    const part = fc.bigInt({ min: -99_999n, max: 99_999n }).filter((amount) => amount !== 0n)
    const legsIn = (currency: typeof usd) =>
      fc
        .array(part, { minLength: 1, maxLength: 8 })
        .map((parts) => [...parts, -parts.reduce((sum, amount) => sum + amount, 0n)])
        .map((parts) => parts.filter((amount) => amount !== 0n))
        .map((parts) => parts.map((amount) => ({ code: '2090', currency, amount }) as const))
    const postings = fc.array(fc.tuple(legsIn(usd), legsIn(jpy)), { minLength: 40, maxLength: 40 })
    const [sample = []] = fc.sample(postings, 1)
    await post(
      db,
      sample.map((legs, index) =>
        itemOf(
          merchant,
          postAdjusted({ adjustmentRef: `a${index}`, legs: legs.flat(), effectiveAt: onDay('2026-03-01') }),
        ),
      ),
    )
    const { rows } = await inTransaction(db, merchant, (tx) =>
      sql<{ currency: typeof usd; amount: bigint; value: bigint; rest: bigint }>`
        select currency, amount, base_amount as value,
          (sum(base_amount) over (partition by transaction_id, currency))::bigint as rest
        from ledger_entries`.execute(tx),
    )
    assert.equal(rows.length, sample.flat(2).length)
    for (const { currency, amount, value, rest } of rows) {
      assert.equal(rest, 0n)
      assert.ok(Math.abs(Number(value) - Number(amount) * (rates.get(currency) ?? 0)) <= 1, `${amount} ${currency}`)
    }
  })
})

describe('an event of a closed period', () => {
  test('is booked at the first open moment, with its own day beside it and valued at its own day', async () => {
    const merchant = await newMerchant()
    await setRate(merchant, 'usd', '2026-03-01', '0.90')
    await setRate(merchant, 'usd', '2026-04-01', '0.50')
    await post(db, [capture(merchant, 'ch_1', '2026-03-20')])
    await lockPeriod(db, merchant, 1, 'closing', '2026-04-01')
    await post(db, [capture(merchant, 'ch_2', '2026-03-21'), capture(merchant, 'ch_3', '2026-04-21')])
    const [before, late, after] = await Promise.all(
      ['ch_1:capture', 'ch_2:capture', 'ch_3:capture'].map((key) => readHeader(merchant, key)),
    )
    assert.deepEqual(
      [before, late, after].map((row) => [row?.effective_at, row?.original_effective_at]),
      [
        [onDay('2026-03-20'), null],
        [new Date('2026-04-01T00:00:00Z'), onDay('2026-03-21')],
        [onDay('2026-04-21'), null],
      ],
    )
    assert.deepEqual((await valuesOf(merchant, 'ch_2:capture'))[0], '1110 1000 900')
    await lockPeriod(db, merchant, 2, 'reopened', '2026-03-01')
    await post(db, [capture(merchant, 'ch_4', '2026-03-22')])
    assert.equal((await readHeader(merchant, 'ch_4:capture')).original_effective_at, null)
  })
})

describe('a reversal', () => {
  test('names what it reverses, also when both are booked in one statement', async () => {
    const merchant = await newMerchant()
    const sale = { ...capture(merchant, 'ch_1', '2026-03-02'), id: newUuid() }
    const reversal = reversePosting(sale.posting, { reverses: sale.id, effectiveAt: onDay('2026-03-03') })
    assert.equal(await post(db, [itemOf(merchant, reversal), sale]), 2)
    const [original, back] = [
      await readHeader(merchant, 'ch_1:capture'),
      await readHeader(merchant, 'ch_1:capture:reversal'),
    ]
    assert.deepEqual([original.id, back.reverses_id], [sale.id, sale.id])
  })

  test('of the same transaction is booked once; with another key the database refuses it', async () => {
    const merchant = await newMerchant()
    const sale = { ...capture(merchant, 'ch_1', '2026-03-02'), id: newUuid() }
    const reversal = reversePosting(sale.posting, { reverses: sale.id, effectiveAt: onDay('2026-03-03') })
    assert.equal(await post(db, [sale, itemOf(merchant, reversal)]), 2)
    assert.equal(await post(db, [itemOf(merchant, reversal)]), 0)
    const again = itemOf(merchant, { ...reversal, eventKey: 'another' })
    await assert.rejects(post(db, [again]), { code: '23505', constraint: 'ledger_reversed_once' })
  })

  test('of a transaction that does not exist, or is another merchant’s, is refused', async () => {
    const [mine, other] = [await newMerchant(), await newMerchant()]
    const sale = { ...capture(other, 'ch_1', '2026-03-02'), id: newUuid() }
    await post(db, [sale])
    const reversal = reversePosting(sale.posting, { reverses: sale.id, effectiveAt: onDay('2026-03-03') })
    await assert.rejects(post(db, [itemOf(mine, reversal)]), { code: '23503' })
  })
})

test('accounts of several holders share a code; each holder and currency has one', async () => {
  const merchant = await newMerchant()
  const fee = (ref: string, seller?: string): LedgerItem =>
    itemOf(
      merchant,
      postFee({
        balanceRef: ref,
        amount: 100n,
        currency: eur,
        effectiveAt: onDay('2026-03-01'),
        ...(seller === undefined ? {} : { seller }),
      }),
    )
  await post(db, [fee('t1', 'a'), fee('t2', 'b'), fee('t3', 'a'), fee('t4')])
  const { rows } = await inTransaction(db, merchant, (tx) =>
    sql<{ code: string; holder: string; amount: bigint }>`
      select a.code, a.holder, sum(e.amount)::bigint as amount from ledger_entries e
      join ledger_accounts a on a.id = e.account_id group by a.id, a.code, a.holder order by a.code, a.holder`.execute(
      tx,
    ),
  )
  assert.deepEqual(
    rows.map(({ code, holder, amount }) => `${code}/${holder} ${amount}`),
    ['1110/ -400', '2010/a 200', '2010/b 100', '5010/ 100'],
  )
})
