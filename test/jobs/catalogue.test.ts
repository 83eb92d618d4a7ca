import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import pg from 'pg'
import { newUuid } from '#kernel/ids.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import {
  createQueue,
  type JobHandlers,
  type JobName,
  type JobPayload,
  type JobQueue,
  jobCatalogue,
} from '#platform/queue.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { noRedis } from '../support/world.ts'

const names = Object.keys(jobCatalogue) as JobName[]

/** Handlers that note what they were given, and do what the test says. */
const createHandlers = (act: (name: JobName, payload: JobPayload) => Promise<void> = async () => undefined) => {
  const ran: { name: JobName; id: string }[] = []
  const handlers = Object.fromEntries(
    names.map((name) => [
      name,
      async (payload: JobPayload) => {
        ran.push({ name, id: payload.id })
        await act(name, payload)
      },
    ]),
  ) as JobHandlers
  return {
    handlers,
    ran,
    times: (name: JobName, id: string) => ran.filter((one) => one.name === name && one.id === id).length,
  }
}

for (const backend of ['postgres', 'redis'] as const) {
  describe(`the queue on ${backend}`, { skip: backend === 'redis' ? noRedis : false }, () => {
    let database: TestDatabase
    let url: string
    const prefix = `test-${newUuid()}`
    before(async () => {
      database = await createTestDatabase()
      url = backend === 'redis' ? String(process.env.TEST_REDIS_URL) : database.url
    })
    after(() => database[Symbol.asyncDispose]())

    const open = (): Promise<JobQueue> =>
      createQueue({ url, prefix, logger: createLogger('silent'), metrics: createMetrics() })

    /** A queue with workers, closed when the work is done. */
    const working = async (handlers: JobHandlers, work: (queue: JobQueue) => Promise<void>): Promise<void> => {
      const queue = await open()
      const workers = await queue.startWorkers(handlers, 8)
      try {
        await work(queue)
      } finally {
        await workers.close()
        await queue.close()
      }
    }
    const empty = (queue: JobQueue) =>
      until('the queues to be empty', async () => {
        await queue.flush()
        return Object.values(await queue.depth()).every((count) => count === 0)
      })

    /** Everything that the queue keeps is gone, as after FLUSHDB or a restored storage. */
    const wipe = async (): Promise<void> => {
      if (backend === 'redis') {
        const redis = new Redis(url)
        const keys = await redis.keys(`${prefix}*`)
        if (keys.length > 0) await redis.del(...keys)
        redis.disconnect()
        return
      }
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`do $$ declare name text; begin
        for name in select tablename from pg_tables where schemaname = 'bullmq' and tablename <> 'migration' loop
          execute format('truncate bullmq.%I cascade', name); end loop; end $$`)
      await client.end()
    }

    test('takes every job of the catalogue to its handler, once', async () => {
      const { handlers, times } = createHandlers()
      const id = newUuid()
      await working(handlers, async (queue) => {
        for (const name of names) if (name !== 'outbox.drain') queue.wake(name, { id, merchant: newUuid() })
        queue.wake('outbox.drain', { id: newUuid() })
        await empty(queue)
        for (const name of names) if (name !== 'outbox.drain') await until(name, () => times(name, id) === 1)
      })
    })

    test('tells the same row once per batch, and again when it is woken again', async () => {
      const { handlers, times } = createHandlers()
      const id = newUuid()
      await working(handlers, async (queue) => {
        for (let n = 0; n < 50; n++) queue.wake('payment.check', { id, merchant: newUuid() })
        await empty(queue)
        assert.equal(times('payment.check', id), 1)
        queue.wake('payment.check', { id, merchant: newUuid() })
        await until('the second run', () => times('payment.check', id) === 2)
      })
    })

    test('a handler that always throws fails its own job, once, and holds up nobody', async () => {
      const poison = newUuid()
      const { handlers, times } = createHandlers(async (_name, { id }) => {
        if (id === poison) throw new Error('poison')
      })
      await working(handlers, async (queue) => {
        const good = Array.from({ length: 30 }, newUuid)
        queue.wake('refund.check', { id: poison, merchant: newUuid() })
        for (const id of good) queue.wake('refund.check', { id, merchant: newUuid() })
        await empty(queue)
        await until('all good ones', () => good.every((id) => times('refund.check', id) === 1))
        assert.equal(times('refund.check', poison), 1)
      })
    })

    test('a payload or a name that nobody knows fails, and holds up nobody', async () => {
      const { handlers, times, ran } = createHandlers()
      await working(handlers, async (queue) => {
        const wake = queue.wake as (name: string, payload: unknown) => void
        wake('payment.check', { id: 'not a uuid' })
        wake('payment.check', { id: newUuid(), extra: true })
        wake('payment.check', {})
        const id = newUuid()
        queue.wake('payment.check', { id, merchant: newUuid() })
        await until('the good one', () => times('payment.check', id) === 1)
        await empty(queue)
        assert.equal(ran.filter((one) => one.name === 'payment.check').length, 1)
      })
    })

    test('does not start when a job has no handler', async () => {
      const { handlers } = createHandlers()
      const queue = await open()
      const { 'refund.submit': _missing, ...others } = handlers
      await assert.rejects(queue.startWorkers(others as JobHandlers, 1), /jobs without a handler: refund\.submit/)
      await queue.close()
    })

    test('goes on after its storage was wiped, and its schedules come back with the next start', async () => {
      const { handlers, times } = createHandlers()
      const scheduled = names.filter(
        (name) => 'everyMs' in jobCatalogue[name] && jobCatalogue[name].everyMs !== undefined,
      )
      await working(handlers, async (queue) => {
        await wipe()
        const id = newUuid()
        queue.wake('payment.expire', { id, merchant: newUuid() })
        await until('work after the wipe', () => times('payment.expire', id) === 1)
      })
      await wipe()
      const second = createHandlers()
      await working(second.handlers, async () => {
        for (const name of scheduled)
          await until(`${name} to be scheduled again`, () => second.ran.some((one) => one.name === name))
      })
      assert.deepEqual(scheduled, ['upkeep.expire_exports', 'upkeep.forget_keys', 'upkeep.create_partitions'])
    })

    test('a job runs to its end before the workers close', async () => {
      let ended = false
      const { handlers, ran } = createHandlers(async (name) => {
        if (name !== 'payment.check') return
        await until('a moment', () => ran.length > 0)
        ended = true
      })
      const queue = await open()
      const workers = await queue.startWorkers(handlers, 2)
      queue.wake('payment.check', { id: newUuid(), merchant: newUuid() })
      await until('the start', () => ran.some((one) => one.name === 'payment.check'))
      await workers.close()
      assert.equal(ended, true)
      await queue.close()
    })
  })
}

describe('the queue on postgres', () => {
  test('hears of work again after its LISTEN connections were cut', async () => {
    await using database = await createTestDatabase()
    const { handlers, times } = createHandlers()
    const queue = await createQueue({ url: database.url, logger: createLogger('silent'), metrics: createMetrics() })
    const workers = await queue.startWorkers(handlers, 4)
    const killer = new pg.Client({ connectionString: database.url })
    await killer.connect()
    for (let round = 0; round < 3; round++) {
      await killer.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
      const id = newUuid()
      // A wake-up may fall into the gap: that is what the sweep is for, and it comes every two seconds.
      await until(
        'work after the cut',
        async () => {
          if (times('payment.check', id) === 0) queue.wake('payment.check', { id, merchant: newUuid() })
          await queue.flush()
          return times('payment.check', id) > 0
        },
        { withinMs: 30_000 },
      )
    }
    await killer.end()
    await workers.close()
    await queue.close()
  })

  test('keeps its tables out of the way of ours', async () => {
    await using database = await createTestDatabase()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows } = await client.query(
      `select tablename from pg_tables where schemaname = 'public' and tablename ~ 'job|bull'`,
    )
    await client.end()
    assert.deepEqual(rows, [])
  })
})
