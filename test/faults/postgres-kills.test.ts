import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import pg from 'pg'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'
import { createStreet, type Promised, seeded } from './shoppers.ts'

const superuser = process.env.TEST_DATABASE_SUPERUSER_URL
const skip = superuser === undefined ? 'needs TEST_DATABASE_SUPERUSER_URL' : false
const seed = 20_261_122

/** Ends a few of the database's sessions at random, again and again, until it is told to stop. */
const killSessions = async (world: World, signal: AbortSignal): Promise<number> => {
  const random = seeded(seed)
  const client = new pg.Client({ connectionString: superuser })
  await client.connect()
  const name = new URL(world.databaseUrl).pathname.slice(1)
  let killed = 0
  while (!signal.aborted) {
    const { rows } = await client.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [name])
    const chosen = rows.filter(() => random() < 0.15).map((row) => row.pid)
    if (chosen.length > 0) await client.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [chosen])
    killed += chosen.length
    // Between two strikes the load must get somewhere.
    const settled = await client.query<{ count: string }>(
      'select xact_commit as count from pg_stat_database where datname = $1',
      [name],
    )
    const before = Number(settled.rows[0]?.count)
    await until('some commits', async () => {
      if (signal.aborted) return true
      await client.query('select pg_stat_clear_snapshot()')
      const now = await client.query<{ count: string }>(
        'select xact_commit as count from pg_stat_database where datname = $1',
        [name],
      )
      return Number(now.rows[0]?.count) - before > 40
    })
  }
  await client.end()
  return killed
}

/** Not by the queue: jobs whose end could not be written count as running there for another minute. */
const untilQuiet = (world: World): Promise<void> =>
  until(
    'everything to be worked off',
    async () => {
      world.clock.advance(500)
      await world.sandbox.drainWebhooks()
      const { rows } = await sql<{ count: bigint }>`
        select (select count(*) from operations where state in ('created', 'sent', 'unknown'))
          + (select count(*) from provider_events where state = 'received')
          + (select count(*) from outbox) as count`.execute(world.app.db.maintenance)
      return rows[0]?.count === 0n
    },
    { withinMs: 60_000 },
  )

test('sessions that end at random cost nobody anything: what was acknowledged is there, once', {
  skip,
  timeout: 110_000,
}, async (t) => {
  await using world = await createWorld()
  const sandboxUrl = world.sandbox.url
  const street = createStreet({ url: world.url, sandboxUrl, key: world.shop.keys.service })
  const stop = new AbortController()
  const killing = killSessions(world, stop.signal)
  let promised: Promised[] = []
  try {
    const visits = Array.from({ length: 30 }, (_, index) => street.shop(`visit-${index}`, seeded(seed + index)))
    promised = await Promise.all(visits)
  } finally {
    street.close()
    stop.abort()
  }
  const killed = await killing
  assert.ok(killed > 10, `only ${killed} sessions were ended`)
  await untilQuiet(world)
  for (const { id, name, ...wanted } of promised) {
    const { body } = await world.request().get(`/v1/payment_intents/${id}`)
    const refunds = await world.request().get(`/v1/refunds?payment_intent=${id}&limit=100`)
    const sum = refunds.body.data.reduce((total: number, one: { amount: number }) => total + one.amount, 0)
    assert.deepEqual([body.status, body.amount_received, sum], [wanted.status, wanted.captured, wanted.refunded], name)
  }
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
  t.diagnostic(`${killed} sessions ended, ${promised.length} payments, ${street.repeats()} repeats`)
})
