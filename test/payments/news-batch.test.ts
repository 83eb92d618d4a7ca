import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { parseId } from '#kernel/ids.ts'
import { assertSound, bookOf, createIntent, payOnPage, read, tapPay } from '../faults/fault-kit.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const uuidOf = (id: string): string => parseId('paymentIntent', id) ?? ''

/** Payments that were paid on the provider's page, of which we have not heard. */
const paidUnheard = async (count: number): Promise<string[]> => {
  const ids: string[] = []
  for (let n = 0; n < count; n++) {
    const id = await createIntent(world, { amount: 1000 + n })
    const page = await tapPay(world, id)
    assert.ok(page)
    await payOnPage(page)
    ids.push(id)
  }
  return ids
}

const hear = (ids: readonly string[]) =>
  Promise.allSettled(ids.map((id) => world.app.services.payments.sync(world.shop.uuid, uuidOf(id))))

const statuses = (ids: readonly string[]) => Promise.all(ids.map(async (id) => (await read(world, id)).status))

const captures = async (id: string): Promise<number> => {
  const answer = await world.request('finance').get(`/v1/ledger/transactions?payment_intent=${id}&limit=100`)
  return answer.body.data.filter(({ kind }: { kind: string }) => kind === 'capture').length
}

const batches = async (): Promise<{ count: number; sum: number }> => {
  const metric = await world.app.metrics.batches.get()
  const value = (suffix: string) =>
    metric.values.find(
      ({ metricName, labels }) => metricName === `parley_batch_size_${suffix}` && labels.name === 'apply_news',
    )?.value ?? 0
  return { count: value('count'), sum: value('sum') }
}

const assertBooks = async (): Promise<void> => {
  await world.startWork()
  await assertSound(world)
  await world.stopWork()
}

const asOwner = async (...statements: string[]): Promise<void> => {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** While `work` runs, each change of a payment's row does this before. */
const withTrigger = async (body: string, work: () => Promise<void>): Promise<void> => {
  await asOwner(
    `create function disturb() returns trigger language plpgsql as $$ begin ${body} return new; end $$`,
    'create trigger disturbed before update on payment_intents for each row execute function disturb()',
  )
  try {
    await work()
  } finally {
    await asOwner('drop trigger disturbed on payment_intents', 'drop function disturb()')
  }
}

/** Whoever writes has to wait for a moment, so that what comes meanwhile is written together. */
const whileLocked = async <T>(ids: readonly string[], work: () => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('select from payment_intents where id = any ($1) for update', [ids.map(uuidOf)])
    const worked = work()
    await until('a writer that waits', async () => {
      await client.query('select pg_stat_clear_snapshot()')
      const { rows } = await client.query(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows[0]?.n > 0
    })
    // The look-ups of the others end meanwhile.
    await Promise.all(ids.map((id) => read(world, id)))
    await client.query('rollback')
    return await worked
  } finally {
    await client.end()
  }
}

describe('news of many payments at once', () => {
  test('share transactions, and each payment is booked once, however often it is heard of', async () => {
    const ids = await paidUnheard(8)
    const before = await batches()
    const told = await whileLocked(ids, () => hear([...ids, ...ids]))
    assert.deepEqual(new Set(told.map((one) => one.status)), new Set(['fulfilled']))
    const after = await batches()
    assert.ok(after.count - before.count < after.sum - before.sum, 'fewer transactions than news')
    assert.deepEqual(new Set(await statuses(ids)), new Set(['succeeded']))
    for (const [n, id] of ids.entries()) {
      assert.equal((await read(world, id)).amount_received, 1000 + n)
      assert.equal(await captures(id), 1)
    }
    const again = await hear(ids)
    assert.deepEqual(
      new Set(again.map((one) => one.status === 'fulfilled' && one.value.verdict)),
      new Set(['unchanged']),
    )
    await assertBooks()
  })

  test('one that cannot be written fails alone, and is applied when it can', async () => {
    const ids = await paidUnheard(5)
    const bad = ids[2] ?? ''
    await withTrigger(`if new.id = '${uuidOf(bad)}' then raise 'no'; end if;`, async () => {
      const told = await hear(ids)
      assert.deepEqual(
        told.map((one) => one.status),
        ids.map((id) => (id === bad ? 'rejected' : 'fulfilled')),
      )
      const rest = ids.filter((id) => id !== bad)
      assert.deepEqual(new Set(await statuses(rest)), new Set(['succeeded']))
      assert.notEqual((await read(world, bad)).status, 'succeeded')
      assert.equal(await captures(bad), 0)
    })
    await hear([bad])
    assert.equal(await captures(bad), 1)
    await assertBooks()
  })

  test('a connection that is cut in the middle leaves nothing half done', async () => {
    const ids = await paidUnheard(5)
    await asOwner('create sequence touched; grant usage on sequence touched to parley_app')
    // The third row of the first try: two payments of the batch have been written by then.
    await withTrigger(
      `if nextval('touched') = 3 then perform pg_terminate_backend(pg_backend_pid()); end if;`,
      async () => {
        await hear(ids)
      },
    )
    await asOwner('drop sequence touched')
    await hear(ids)
    assert.deepEqual(new Set(await statuses(ids)), new Set(['succeeded']))
    for (const id of ids) assert.equal(await captures(id), 1)
    for (const id of ids) assert.equal((await bookOf(world, id)).length, 1)
    await assertBooks()
  })

  test('two merchants in one transaction keep their own', async () => {
    const other = await world.openShop()
    const [mine] = await paidUnheard(1)
    const answer = await world
      .request('service', other)
      .post('/v1/payment_intents')
      .set('Idempotency-Key', crypto.randomUUID())
      .send({ amount: 777, currency: 'eur' })
    const theirs: string = answer.body.id
    const tapped = await fetch(answer.body.checkout_url, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: world.url },
    })
    await payOnPage(tapped.headers.get('location') ?? '')
    const { sync } = world.app.services.payments
    const [, , stranger] = await Promise.allSettled([
      sync(world.shop.uuid, uuidOf(mine ?? '')),
      sync(other.uuid, uuidOf(theirs)),
      sync(world.shop.uuid, uuidOf(theirs)),
    ])
    assert.equal(stranger.status, 'rejected', 'a payment of another merchant does not exist')
    assert.equal(await captures(mine ?? ''), 1)
    assert.equal(await captures(theirs), 0, 'not to be seen by the first')
    const own = await world.request('finance', other).get(`/v1/ledger/transactions?payment_intent=${theirs}`)
    assert.ok(own.body.data.some(({ kind }: { kind: string }) => kind === 'capture'))
    await assertBooks()
  })
})
