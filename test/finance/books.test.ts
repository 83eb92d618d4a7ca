import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { plainDecimal } from '#finance/books-view.ts'
import type { Currency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import { postCaptured } from '#ledger/posting-rules.ts'
import { postLedger } from '#ledger/repo.ts'
import { inTransaction } from '#platform/database.ts'
import type { Shop } from '../support/shop.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const post = async (shop: Shop, path: string, body: object) => {
  const { status, body: answer } = await world.request('finance', shop).post(`/v1/ledger/${path}`).send(body)
  return { status, answer, error: answer.error }
}
const get = async (shop: Shop, path: string) =>
  (await world.request('finance', shop).get(`/v1/ledger/${path}`).expect(200)).body
const book = (shop: Shop, currency: string, work: () => Promise<void> = async () => undefined) => {
  const effectiveAt = new Date('2026-11-02T00:00:00Z')
  const posting = postCaptured({
    providerChargeRef: newUuid(),
    total: 12_000n,
    currency: currency as Currency,
    effectiveAt,
  })
  assert.ok(posting)
  const item = { merchantId: shop.uuid, posting, paymentIntentId: null, refundId: null, threadId: null }
  return inTransaction(world.app.db, shop.uuid, async (tx) => {
    await postLedger(tx, [item], world.clock.now())
    await work()
  })
}
const valuesOf = (shop: Shop) =>
  inTransaction(world.app.db, shop.uuid, (tx) =>
    tx
      .selectFrom('ledger_entries as e')
      .innerJoin('ledger_transactions as t', 't.id', 'e.transaction_id')
      .select(['t.base_currency', 'e.base_amount'])
      .where('e.amount', '>', 0n)
      .orderBy('t.id')
      .execute(),
  )

describe('the base currency', () => {
  test('is chosen before anything is booked, and holds for what is booked', async () => {
    const shop = await world.openShop()
    assert.deepEqual(await get(shop, 'books'), {
      object: 'ledger_books',
      base_currency: 'eur',
      is_fixed: false,
      four_eyes: true,
    })
    assert.equal((await post(shop, 'books', { base_currency: 'CHF' })).answer.base_currency, 'chf')
    await book(shop, 'chf')
    assert.deepEqual(await valuesOf(shop), [{ base_currency: 'chf', base_amount: 12_000n }])
    const { status, error } = await post(shop, 'books', { base_currency: 'eur' })
    assert.deepEqual([status, error.param], [400, 'base_currency'])
    assert.match(error.message, /no longer change/)
    assert.equal((await post(shop, 'books', { base_currency: 'chf' })).status, 200, 'what it is already is no change')
    assert.equal((await get(shop, 'books')).is_fixed, true)
  })

  test('stays once a rate in it is there', async () => {
    const shop = await world.openShop()
    await post(shop, 'exchange_rates', { currency: 'usd', rate: '0.9', effective_on: '2026-11-01' })
    assert.equal((await post(shop, 'books', { base_currency: 'chf' })).status, 400)
  })

  test('waits for a first entry that is under way, and then stays', async () => {
    const shop = await world.openShop()
    let change: ReturnType<typeof post> | undefined
    await book(shop, 'eur', async () => {
      change = post(shop, 'books', { base_currency: 'chf' })
      // Held up by the entry, which is not committed.
      await until('the change waits for a lock', async () => {
        const { rows } = await sql`select from pg_locks where not granted`.execute(world.app.db.maintenance)
        return rows.length > 0
      })
    })
    assert.equal((await change)?.status, 400)
    assert.equal((await get(shop, 'books')).base_currency, 'eur')
  })

  test('is refused where it is none', async () => {
    for (const base_currency of ['xxx', 'euro', ''])
      assert.equal((await post(world.shop, 'books', { base_currency })).error.param, 'base_currency', base_currency)
  })
})

describe('exchange rates', () => {
  test('value what is booked from their day on, the newest of a day first', async () => {
    const shop = await world.openShop()
    const add = (rate: string, effective_on: string) =>
      post(shop, 'exchange_rates', { currency: 'jpy', rate, effective_on, source: 'ECB' })
    await book(shop, 'jpy')
    await add('0.0062', '2026-10-01')
    await book(shop, 'jpy')
    const made = (await add('0.00625', '2026-10-01')).answer
    await add('0.5', '2026-11-03')
    await book(shop, 'jpy')
    assert.deepEqual(
      (await valuesOf(shop)).map((row) => row.base_amount),
      [0n, 7440n, 7500n],
    )
    assert.match(made.id, /^fxr_/)
    assert.deepEqual(
      { ...made, id: '', created: 0 },
      {
        id: '',
        object: 'exchange_rate',
        currency: 'jpy',
        base_currency: 'eur',
        rate: '0.00625',
        effective_on: '2026-10-01',
        source: 'ECB',
        created: 0,
      },
    )
  })

  test('are listed newest first, and by currency', async () => {
    const shop = await world.openShop()
    for (const [currency, rate] of [
      ['usd', '0.9'],
      ['jpy', '0.0062'],
      ['usd', '123456789012.123456789012'],
    ] as const)
      await post(shop, 'exchange_rates', { currency, rate, effective_on: '2026-11-01' })
    const rates = async (query: string) =>
      (await get(shop, `exchange_rates?${query}`)).data.map((one: { rate: string }) => one.rate)
    assert.deepEqual(await rates(''), ['123456789012.123456789012', '0.0062', '0.9'])
    assert.deepEqual(await rates('currency=jpy'), ['0.0062'])
    assert.deepEqual(await rates('limit=1'), ['123456789012.123456789012'])
  })

  const wrong: [string, object, string][] = [
    ['of zero', { rate: '0' }, 'rate'],
    ['of zero, at length', { rate: '0.000' }, 'rate'],
    ['below zero', { rate: '-1' }, 'rate'],
    ['with an exponent', { rate: '1e3' }, 'rate'],
    ['with a comma', { rate: '0,9' }, 'rate'],
    ['of too many digits', { rate: '0.1234567890123' }, 'rate'],
    ['that is a float', { rate: 0.9 }, 'rate'],
    ['of the base currency', { currency: 'eur' }, 'currency'],
    ['of no currency', { currency: 'xau' }, 'currency'],
    ['of no day', { effective_on: '2026-02-30' }, 'effective_on'],
  ]
  for (const [name, change, param] of wrong)
    test(`are refused: ${name}`, async () => {
      const rate = { currency: 'usd', rate: '0.9', effective_on: '2026-11-01', ...change }
      const { status, error } = await post(world.shop, 'exchange_rates', rate)
      assert.deepEqual([status, error.param], [400, param], error.message)
    })

  test('are shown without zeros at their end', () => {
    const shown: [string, string][] = [
      ['0.006200000000', '0.0062'],
      ['1.000000000000', '1'],
      ['100.000000000000', '100'],
      ['100', '100'],
    ]
    for (const [stored, expected] of shown) assert.equal(plainDecimal(stored), expected)
  })
})

describe('the chart', () => {
  const account = (list: { data: { code: string }[] }, code: string) => list.data.find((one) => one.code === code)

  test('takes names of the merchant’s own, for one tool and for all, and gives them back', async () => {
    const shop = await world.openShop()
    assert.deepEqual(account(await get(shop, 'chart?target=fec'), '4010'), {
      object: 'ledger_chart_account',
      code: '4010',
      name: 'Sales',
      type: 'revenue',
      normal_side: 'credit',
      own_code: '706000',
      own_name: 'Prestations de services',
      is_default: true,
    })
    const own = { 4010: { code: '707000', name: 'Ventes' }, 5010: { code: '627000', name: 'Frais' } }
    const { answer } = await post(shop, 'chart', { target: 'fec', accounts: own })
    assert.deepEqual(account(answer, '4010'), {
      ...account(await get(shop, 'chart?target=fec'), '4010'),
      own_code: '707000',
      own_name: 'Ventes',
      is_default: false,
    })
    await post(shop, 'chart', { accounts: { 4010: { code: 'S1', name: 'Shop sales' } } })
    const names = async (target: string) =>
      Object.values(account(await get(shop, `chart?target=${target}`), '4010') ?? {}).slice(5)
    assert.deepEqual(await names('fec'), ['707000', 'Ventes', false])
    assert.deepEqual(await names('xero'), ['S1', 'Shop sales', false])
    await post(shop, 'chart', { target: 'fec', accounts: { 4010: null } })
    assert.deepEqual(await names('fec'), ['S1', 'Shop sales', false])
    await post(shop, 'chart', { accounts: { 4010: '' } })
    assert.deepEqual(await names('fec'), ['706000', 'Prestations de services', true])
    assert.deepEqual(account(await get(shop, 'chart?target=fec'), '5010'), account(answer, '5010'))
    assert.deepEqual(await get(world.shop, 'chart?target=fec'), await get(await world.openShop(), 'chart?target=fec'))
  })

  const named = { code: '1', name: 'x' }
  const wrong: [string, object, string][] = [
    ['an account that is none', { accounts: { 4011: named } }, 'accounts[4011]'],
    ['a tool that is none', { target: 'excel', accounts: {} }, 'target'],
    ['a code that the tool does not take', { target: 'fec', accounts: { 4010: named } }, 'accounts[4010][code]'],
    ['a name of two lines', { accounts: { 4010: { code: '1', name: 'a\nb' } } }, 'accounts[4010][name]'],
    ['an empty code', { accounts: { 4010: { code: '', name: 'a' } } }, 'accounts[4010][code]'],
    ['nothing', {}, 'accounts'],
  ]
  for (const [name, body, param] of wrong)
    test(`refuses ${name}, and changes nothing`, async () => {
      const before = await get(world.shop, 'chart')
      const { status, error } = await post(world.shop, 'chart', body)
      assert.deepEqual([status, error.param], [400, param], error.message)
      assert.deepEqual(await get(world.shop, 'chart'), before)
    })
})
