import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { findBrokenMoney, type MoneyBook } from '../support/money-invariants.ts'
import type { Shop } from '../support/shop.ts'
import { createAnswerCheck } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'
import { balancesOf, dayMs, finance, mirror, pay, payOut, simulator } from './money-kit.ts'

const check = createAnswerCheck()

describe('an account that serves several merchants', () => {
  let world: World
  let other: Shop
  before(async () => {
    world = await createWorld()
    other = await world.openShop('Tea House')
  })
  after(() => world[Symbol.asyncDispose]())

  const unclaimed = async () => {
    const { rows } = await sql<{ refs: string; net: bigint }>`
      select string_agg(provider_ref, ',') as refs, coalesce(sum(net), 0)::bigint as net from unclaimed_entries`.execute(
      world.app.db.maintenance,
    )
    return rows[0]?.net
  }
  const payoutOf = async (shop: Shop) => {
    const [payout] = (await finance(world, check, shop).payouts.list()).data
    return payout as (Stripe.Payout & { composition: string; provider_amount: number }) | undefined
  }

  test('gives each entry to whose charge it comes from, and the rest to nobody', async () => {
    await pay(world, 10_000)
    await pay(world, 20_000, { shop: other })
    await simulator(world).paymentIntents.create({
      amount: 5000,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_bypassPending',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    })
    await mirror(world)
    assert.deepEqual(
      [(await balancesOf(world))['1120'], (await balancesOf(world, other))['1120'], await unclaimed()],
      [9825n, 19_675n, 4900n],
    )
    const { data } = await finance(world, check, other).balanceTransactions.list()
    assert.deepEqual(
      data.map(({ net }) => net),
      [19_675],
    )
    await finance(world, check)
      .balanceTransactions.retrieve(data[0]?.id ?? '')
      .then(
        () => assert.fail('shown to another merchant'),
        (error: Stripe.errors.StripeError) => assert.equal(error.code, 'resource_missing'),
      )
    const metrics = await world.app.metrics.registry.metrics()
    assert.match(metrics, /parley_unclaimed_balance_entries 1\n/)
  })

  test('pays out to each its own part, and says what the whole is', async () => {
    const whole = await payOut(world)
    await mirror(world)
    const [one, two] = [await payoutOf(world.shop), await payoutOf(other)]
    assert.deepEqual([one?.amount, one?.provider_amount, one?.composition], [9825, whole.amount, 'complete'])
    assert.deepEqual([two?.amount, two?.provider_amount, two?.composition], [19_675, whole.amount, 'complete'])
    assert.equal(whole.amount, 9825 + 19_675 + 4900)
    assert.deepEqual([(await balancesOf(world))['1140'], (await balancesOf(world, other))['1140']], [9825n, 19_675n])
    const { rows } = await sql<{ unclaimed: bigint }>`select unclaimed from provider_payouts`.execute(
      world.app.db.maintenance,
    )
    assert.deepEqual(rows, [{ unclaimed: 4900n }])
    const { data } = await finance(world, check, other).balanceTransactions.list({ payout: two?.id ?? '' })
    assert.equal(
      data.reduce((sum, { net }) => sum + net, 0),
      0,
    )
    assert.deepEqual(
      await findBrokenMoney(world.app.db.maintenance, await world.sandboxControl<MoneyBook>('GET', 'book')),
      [],
    )
  })

  test('lets the part of one merchant be negative, and ends at zero in transit for everybody', async () => {
    const [intent] = (await world.stripe('service').paymentIntents.list()).data
    await pay(world, 30_000, { shop: other })
    await world.stripe('service').refunds.create({ payment_intent: intent?.id ?? '', amount: 4000 })
    await world.settle()
    await world.advance(2 * dayMs + 1000)
    await mirror(world)
    assert.equal((await balancesOf(world))['1120'], -4000n)
    await payOut(world)
    await mirror(world)
    assert.deepEqual([(await payoutOf(world.shop))?.amount, (await payoutOf(other))?.amount], [-4000, 29_525])
    await world.advance(dayMs)
    await mirror(world)
    for (const shop of [world.shop, other]) {
      const { 1120: available, 1140: transit } = await balancesOf(world, shop)
      assert.deepEqual([available, transit], [undefined, undefined])
    }
    assert.deepEqual(
      await findBrokenMoney(world.app.db.maintenance, await world.sandboxControl<MoneyBook>('GET', 'book')),
      [],
    )
  })

  test('and one that a merchant connected: what it makes past us is booked as unidentified, after a day', async () => {
    const third = await world.openShop('Own Account')
    const connected = await world
      .request('merchant', third)
      .post('/v1/connections')
      .send({
        channel: 'stripe',
        settings: {},
        secrets: { secret_key: 'sk_test_world', webhook_secret: 'whsec_world' },
      })
    assert.equal(connected.status, 200, connected.text)
    await world.app.services.payouts.sweep()
    await simulator(world).paymentIntents.create({
      amount: 6000,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_bypassPending',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    })
    await world.advance(2 * 3_600_000)
    await mirror(world)
    const own = async () => (await finance(world, check, third).balanceTransactions.list()).data
    const [entry] = await own()
    assert.deepEqual([entry?.net, (entry as unknown as { identified: boolean }).identified], [5885, false])
    assert.deepEqual(await balancesOf(world, third), {})
    await world.advance(dayMs)
    await mirror(world)
    assert.deepEqual(await balancesOf(world, third), { 1120: 5885n, 2090: -5885n })
  })
})
