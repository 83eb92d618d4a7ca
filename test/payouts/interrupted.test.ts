import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import { createPayoutService } from '#payouts/service.ts'
import { createLogger } from '#platform/logger.ts'
import type { MoneyCalls } from '#providers/money.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { createWorld, type World } from '../support/world.ts'
import { balancesOf, dayMs, hourMs, mirror, pay, payOut } from './money-kit.ts'

describe('following the money', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  const count = async (table: 'ledger_transactions' | 'balance_transactions' | 'balance_settlements' | 'events') => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(
      world.app.db.maintenance,
    )
    return rows[0]?.n
  }
  const counts = async () => ({
    ledger: await count('ledger_transactions'),
    entries: await count('balance_transactions'),
    batches: await count('balance_settlements'),
    events: await count('events'),
  })
  const dueIds = async (table: 'provider_accounts' | 'provider_payouts') => {
    const { rows } = await sql<{
      id: string
    }>`update ${sql.table(table)} set next_attempt_at = ${world.clock.now()} returning id`.execute(
      world.app.db.maintenance,
    )
    return rows.map(({ id }) => id)
  }

  /** The service with a provider that breaks off at the given call, as when the process is killed there. */
  const dyingAt = (call: number) => {
    const { app } = world
    let calls = 0
    const dying = (money: MoneyCalls): MoneyCalls => {
      const wrap =
        <A, T>(inner: (input: A) => Promise<T>) =>
        (input: A): Promise<T> =>
          calls++ === call ? Promise.reject(new Error('killed')) : inner(input)
      return {
        listEntries: wrap(money.listEntries),
        findEntry: wrap(money.findEntry),
        findPayout: wrap(money.findPayout),
        listPayouts: wrap(money.listPayouts),
      }
    }
    const stripe = createStripeProvider({
      secretKey: 'sk_test_world',
      webhookSecrets: ['whsec_world'],
      apiBase: world.sandbox.url,
    })
    return createPayoutService({
      ...app,
      clock: world.clock,
      logger: createLogger('silent'),
      providers: {
        open: async () => (stripe.money ? { ...stripe, money: dying(stripe.money) } : stripe),
        capabilities: () => stripe.capabilities,
        hasOwn: () => true,
        routable: () => ['stripe'],
      },
      followed: { own: ['stripe'], connected: [] },
    })
  }

  test('can be broken off anywhere, and goes on', async () => {
    await pay(world, 20_000)
    await pay(world, 5000, { method: 'pm_card_visa' })
    await world.settle()
    await world.stopWork()
    await world.app.services.payouts.sweep()
    for (let call = 0; call < 4; call++) {
      for (const id of await dueIds('provider_accounts')) await dyingAt(call).followAccount(id)
      for (const id of await dueIds('provider_payouts')) await dyingAt(call).followPayout(id)
      if (call === 1) await payOut(world).then(() => world.sandbox.drainWebhooks())
      await world.app.services.webhooks.sweep()
    }
    await world.startWork()
    await mirror(world)
    await world.advance(dayMs)
    await mirror(world)
    assert.deepEqual(await balancesOf(world), { 1010: 19_675n, 1110: 4900n, 4010: -25_000n, 5010: 425n })
    await world.verifyInvariants()
  })

  test('twice, and at once, changes nothing', async () => {
    const before = await counts()
    for (let round = 0; round < 2; round++) {
      const accounts = await dueIds('provider_accounts')
      const payouts = await dueIds('provider_payouts')
      const { followAccount, followPayout } = world.app.services.payouts
      await Promise.all([...accounts, ...accounts].map(followAccount))
      await Promise.all([...payouts, ...payouts].map(followPayout))
      await world.settle()
    }
    assert.deepEqual(await counts(), before)
  })

  test('loses nothing when the provider cannot be reached, and asks again later', async () => {
    await world.sandboxControl('POST', 'faults', {
      fault: 'error_503',
      count: 2,
      match: { path: '/v1/balance_transactions' },
    })
    await world.sandboxControl('POST', 'adjustments', { kind: 'fee', amount: -300, currency: 'eur' })
    await mirror(world)
    const { rows } = await sql<{ error: string | null }>`select last_error as error from provider_accounts`.execute(
      world.app.db.maintenance,
    )
    assert.match(rows[0]?.error ?? '', /503/)
    await world.sandboxControl('DELETE', 'faults')
    await world.advance(hourMs)
    await mirror(world)
    assert.equal((await balancesOf(world))['5010'], 725n)
    await world.verifyInvariants()
  })

  test('finds payouts of which no news came', async () => {
    await world.advance(2 * dayMs)
    await mirror(world)
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 3 })
    await payOut(world)
    await world.sandboxControl('DELETE', 'faults')
    await mirror(world)
    assert.equal((await balancesOf(world))['1140'], 4600n)
    await world.verifyInvariants()
  })

  test('is refused by the database where it would be wrong', async () => {
    const refused = (statement: ReturnType<typeof sql>) =>
      assert.rejects(
        world.app.db.app.transaction().execute(async (tx) => {
          await sql`select set_config('parley.merchants', ${world.shop.uuid}, true)`.execute(tx)
          await statement.execute(tx)
        }),
        /violates|permission denied|payout .* is/,
      )
    await refused(sql`update payouts set status = 'failed' where confirmed_by is not null`)
    await refused(sql`update payouts set bank_reference = null where confirmed_by is not null`)
    await refused(sql`update payouts set composition = 'complete', composed_amount = provider_amount + 1`)
    await refused(sql`update balance_transactions set net = 0`)
    await refused(sql`delete from balance_transactions`)
    await refused(sql`update balance_transactions set booked = 'waiting' where settlement_id is not null`)
    await refused(sql`insert into balance_settlements select merchant_id, ${newUuid()}::uuid, provider, connection, currency,
      available_on, part, amount, entries, created_at from balance_settlements limit 1`)
    await refused(
      sql`insert into payouts select (jsonb_populate_record(p, jsonb_build_object('id', ${newUuid()}::text))).* from payouts p limit 1`,
    )
  })
})
