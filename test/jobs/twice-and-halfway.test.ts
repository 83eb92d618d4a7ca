import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import pg from 'pg'
import type { PaymentProvider } from '#providers/provider.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { startStripeSandbox } from '#sandbox/stripe/index.ts'
import {
  assertSound,
  bookOf,
  confirm,
  createIntent,
  paid,
  planFault,
  post,
  read,
  takenFor,
} from '../faults/fault-kit.ts'
import { createTestDatabase } from '../support/database.ts'
import { createWorld, noRedis, type World } from '../support/world.ts'

/** Of this file alone: other tests keep their jobs in the same Redis. */
const prefix = `twice-${randomUUID()}`

interface Due {
  merchant: string
  id: string
}

for (const backend of ['postgres', 'redis'] as const) {
  describe(`jobs on ${backend}`, { skip: backend === 'redis' ? noRedis : false }, () => {
    let world: World
    before(async () => {
      world = await createWorld({ queue: backend, overrides: { queuePrefix: prefix } })
    })
    after(() => world[Symbol.asyncDispose]())

    const operations = async (state: readonly string[]): Promise<(Due & { kind: string })[]> => {
      const rows = await world.app.db.maintenance
        .selectFrom('operations')
        .select(['merchant_id', 'id', 'kind'])
        .where('state', 'in', state as ('created' | 'sent' | 'unknown')[])
        .execute()
      return rows.map((row) => ({ merchant: row.merchant_id, id: row.id, kind: row.kind }))
    }
    const atOnce = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, work))

    test('refund.submit run sixteen times at once refunds once', async () => {
      const id = await paid(world)
      await world.settle()
      await world.stopWork()
      await post(world, '/v1/refunds', { payment_intent: id, amount: 1200 })
      const [due] = await operations(['created'])
      assert.ok(due)
      await atOnce(16, () => world.app.services.refunds.work(due.merchant, due.id))
      await world.startWork()
      await assertSound(world)
      assert.equal((await bookOf(world, id))[0]?.refunded, 1200)
    })

    test('webhook.process run sixteen times at once works an event off once', async () => {
      const id = await paid(world)
      await world.sandbox.drainWebhooks()
      const rows = await world.app.db.maintenance.selectFrom('provider_events').select('id').execute()
      await Promise.all(
        rows.flatMap((row) => Array.from({ length: 16 }, () => world.app.services.webhooks.process(row.id))),
      )
      await assertSound(world)
      assert.equal(await takenFor(world, id), 4200)
    })

    test('operation.resolve run sixteen times at once finds one end', async () => {
      const id = await createIntent(world)
      await planFault(world, 'error_503', { method: 'POST', path: '/v1/payment_intents' }, 2)
      assert.equal((await confirm(world, id)).status, 503)
      const [due] = await operations(['unknown'])
      assert.ok(due)
      world.clock.advance(60_000)
      await atOnce(16, () => world.app.services.payments.resolve(due.merchant, due.id))
      await assertSound(world)
      assert.equal((await read(world, id)).status, 'succeeded')
      assert.equal(await takenFor(world, id), 4200)
    })

    test('payment.expire run sixteen times at once cancels once, and never what has been paid', async () => {
      const open = await createIntent(world, { expires_in: 60 })
      const held = await paid(world, { capture_method: 'manual', expires_in: 60 })
      const sold = await paid(world, { expires_in: 60 })
      await world.settle()
      await world.advance(61_000)
      const rows = await world.app.db.maintenance
        .selectFrom('payment_intents')
        .select(['merchant_id', 'id'])
        .where('expires_at', 'is not', null)
        .execute()
      const expire = (row: { merchant_id: string; id: string }) =>
        world.app.services.payments.expire(row.merchant_id, row.id)
      await Promise.all(rows.flatMap((row) => Array.from({ length: 16 }, () => expire(row))))
      await world.settle({ throughTime: true })
      const statuses = await Promise.all([open, held, sold].map(async (id) => (await read(world, id)).status))
      assert.deepEqual(statuses, ['canceled', 'canceled', 'succeeded'])
      await assertSound(world)
    })

    test('payment.check, refund.check, outbox.drain and the upkeep run twice at once', async () => {
      const id = await paid(world)
      const refund = await post(world, '/v1/refunds', { payment_intent: id, amount: 10 })
      await world.settle()
      const payment = await world.app.db.maintenance
        .selectFrom('payment_intents')
        .select(['merchant_id', 'id'])
        .executeTakeFirstOrThrow()
      const rows = await world.app.db.maintenance.selectFrom('refunds').select(['merchant_id', 'id']).execute()
      const { payments, refunds, events } = world.app.services
      await atOnce(4, () => payments.check(payment.merchant_id, payment.id))
      await Promise.all(
        rows.flatMap((row) => [refunds.check(row.merchant_id, row.id), refunds.check(row.merchant_id, row.id)]),
      )
      await atOnce(4, () => events.drainOutbox())
      for (const name of ['upkeep.forget_keys', 'upkeep.create_partitions'] as const)
        for (let n = 0; n < 2; n++) world.app.queue.wake(name, { id: randomUUID() })
      await assertSound(world)
      assert.equal(refund.status, 200)
    })

    test('with its queue wiped again and again under load, all work is done: the sweep finds it', async () => {
      const stop = new AbortController()
      const wiping = wipeUntil(backend, world, stop.signal)
      const ids = await Promise.all(Array.from({ length: 12 }, () => paid(world)))
      await Promise.all(ids.map((id) => post(world, '/v1/refunds', { payment_intent: id, amount: 100 })))
      stop.abort()
      await wiping
      await wipe(backend, world)
      await assertSound(world)
      for (const id of ids) assert.equal((await bookOf(world, id))[0]?.refunded, 100)
    })
  })
}

const wipe = async (backend: 'postgres' | 'redis', world: World): Promise<void> => {
  if (backend === 'redis') {
    const redis = new Redis(String(process.env.TEST_REDIS_URL))
    // At once, as a lost Redis is: keys of one job taken away one by one leave an active job that nobody has,
    // which BullMQ itself clears only after a minute.
    await redis.eval(
      "for _, key in ipairs(redis.call('keys', ARGV[1])) do redis.call('del', key) end",
      0,
      `${prefix}:*`,
    )
    redis.disconnect()
    return
  }
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  await client.query('delete from bullmq.job')
  await client.end()
}

const wipeUntil = async (backend: 'postgres' | 'redis', world: World, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) await wipe(backend, world)
}

describe('a worker that dies half-way', () => {
  /** Does the work at the provider and then throws, as if the process had ended before it could write it down. */
  const createMortal = async () => {
    const database = await createTestDatabase()
    const sandbox = await startStripeSandbox({ databaseUrl: database.url, port: 0, secretKey: 'sk_test_mortal' })
    const real = createStripeProvider({
      secretKey: 'sk_test_mortal',
      webhookSecrets: ['whsec_x'],
      apiBase: sandbox.url,
    })
    const state = { deaths: 0 }
    const dieAfter =
      <A, R>(work: (argument: A) => Promise<R>) =>
      async (argument: A): Promise<R> => {
        const answer = await work(argument)
        if (state.deaths === 0) return answer
        state.deaths--
        throw new Error('the process died')
      }
    const dieBefore =
      <A, R>(work: (argument: A) => Promise<R>) =>
      async (argument: A): Promise<R> => {
        if (state.deaths > 0) {
          state.deaths--
          throw new Error('the process died')
        }
        return work(argument)
      }
    const mortal = (die: typeof dieAfter): PaymentProvider => ({
      ...real,
      authorize: die(real.authorize),
      capture: die(real.capture),
      cancel: die(real.cancel),
      refund: die(real.refund),
      openPage: die(real.openPage),
      closePage: die(real.closePage),
    })
    const book = async (): Promise<{ captured: number; refunded: number; charges: number }[]> => {
      const answer = await fetch(`${sandbox.url}/_sandbox/book`, {
        headers: { authorization: 'Bearer sk_test_mortal' },
      })
      return (await answer.json()).payment_intents
    }
    const close = async () => {
      await sandbox.close()
      await database[Symbol.asyncDispose]()
    }
    return { mortal, state, dieAfter, dieBefore, book, close }
  }

  for (const when of ['dieAfter', 'dieBefore'] as const) {
    test(`${when === 'dieAfter' ? 'after' : 'before'} the provider has done the work: done once all the same`, async () => {
      const life = await createMortal()
      const world = await createWorld({ overrides: { providers: { stripe: life.mortal(life[when]) } } })
      try {
        const id = await createIntent(world, { capture_method: 'manual' })
        const steps: [string, object, string][] = [
          [`/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_card_visa' }, 'requires_capture'],
          [`/v1/payment_intents/${id}/capture`, { amount_to_capture: 4000 }, 'succeeded'],
        ]
        for (const [path, body, status] of steps) {
          const key = randomUUID()
          life.state.deaths = 1
          assert.equal((await post(world, path, body, key)).status, 500)
          const again = await post(world, path, body, key)
          assert.equal(again.body.status, status, JSON.stringify(again.body))
        }
        life.state.deaths = 1
        assert.equal((await post(world, '/v1/refunds', { payment_intent: id, amount: 500 })).status, 200)
        await world.settle({ throughTime: true })
        const [only, ...more] = await life.book()
        assert.deepEqual([only?.captured, only?.refunded, only?.charges, more.length], [4000, 500, 1, 0])
        await world.trialBalanceIsZero()
      } finally {
        await world[Symbol.asyncDispose]()
        await life.close()
      }
    })

    test(`${when === 'dieAfter' ? 'after' : 'before'} the call, and the client never comes back: the sweep ends it`, async () => {
      const life = await createMortal()
      const world = await createWorld({ overrides: { providers: { stripe: life.mortal(life[when]) } } })
      try {
        const id = await createIntent(world)
        life.state.deaths = 1
        assert.equal((await confirm(world, id)).status, 500)
        assert.equal((await confirm(world, id)).status, 429, 'while nobody knows, nobody may try something else')
        await world.settle({ throughTime: true })
        assert.equal((await read(world, id)).status, 'succeeded')
        const [only, ...more] = await life.book()
        assert.deepEqual([only?.captured, only?.charges, more.length], [4200, 1, 0])
      } finally {
        await world[Symbol.asyncDispose]()
        await life.close()
      }
    })

    test(`${when === 'dieAfter' ? 'after' : 'before'} closing a page: the payment is not stuck`, async () => {
      const life = await createMortal()
      const world = await createWorld({ overrides: { providers: { stripe: life.mortal(life[when]) } } })
      try {
        const id = await createIntent(world)
        const { checkout_url: url } = await read(world, id)
        await (await fetch(url, { method: 'POST', redirect: 'manual', headers: { origin: world.url } })).text()
        const key = randomUUID()
        life.state.deaths = 1
        assert.equal((await confirm(world, id, 'pm_card_visa', key)).status, 500)
        await world.settle({ throughTime: true })
        const again = await confirm(world, id, 'pm_card_visa', key)
        assert.equal(again.body.status, 'succeeded', JSON.stringify(again.body))
        await world.settle({ throughTime: true })
        assert.equal(
          (await life.book()).reduce((sum, one) => sum + one.captured, 0),
          4200,
        )
      } finally {
        await world[Symbol.asyncDispose]()
        await life.close()
      }
    })
  }
})
