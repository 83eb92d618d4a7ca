import express, { type Router } from 'express'
import { sql } from 'kysely'
import type { Clock } from '#kernel/clock.ts'
import type { Database } from '#platform/database.ts'
import type { Metrics } from '#platform/metrics.ts'
import { pendingMigrations } from '#platform/migrate.ts'
import type { JobQueue } from '#platform/queue.ts'

interface HealthOptions {
  db: Database
  queue: JobQueue
  metrics: Metrics
  clock: Clock
}

/** An outbox older than this means that nobody works: not ready. */
const outboxAgeMaxMs = 5 * 60_000
const checkTimeoutMs = 2000

/** `/healthz` says that the process lives, `/readyz` whether it can do its work, `/metrics` how it goes. */
export const healthRouter = (options: HealthOptions): Router => {
  const router = express.Router()
  let draining = false
  process.once('SIGTERM', () => {
    draining = true
  })
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const checks = { ...(await runChecks(options)), draining: draining ? 'this process is shutting down' : 'ok' }
    const isReady = Object.values(checks).every((result) => result === 'ok')
    response.status(isReady ? 200 : 503).json({ status: isReady ? 'ready' : 'not ready', checks })
  })
  router.get('/metrics', async (_request, response) => {
    response.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics())
  })
  return router
}

const runChecks = async ({ db, queue, clock }: HealthOptions): Promise<Record<string, string>> => {
  const [database, migrations, outbox, jobs] = await Promise.all([
    check(async () => void (await sql`select 1`.execute(db.app))),
    check(async () => {
      const pending = await pendingMigrations(db.maintenance)
      if (pending.length > 0) throw new Error(`${pending.length} migrations are missing: run main-migrate`)
    }),
    check(async () => {
      const row = await db.maintenance
        .selectFrom('outbox')
        .select('created_at')
        .orderBy('created_at')
        .limit(1)
        .executeTakeFirst()
      const ageMs = row ? clock.now().getTime() - row.created_at.getTime() : 0
      if (ageMs > outboxAgeMaxMs)
        throw new Error(`the oldest event has waited ${Math.round(ageMs / 1000)} s: are workers running?`)
    }),
    check(async () => void (await queue.depth())),
  ])
  return { database, migrations, outbox, queue: jobs }
}

const check = async (work: () => Promise<void>): Promise<string> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${checkTimeoutMs} ms`)), checkTimeoutMs)
  })
  try {
    await Promise.race([work(), late])
    return 'ok'
  } catch (error) {
    return error instanceof Error ? error.message : 'failed'
  } finally {
    clearTimeout(timer)
  }
}
