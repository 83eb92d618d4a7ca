import { createPostgresBackend, type PgPool, runMigrations } from 'bullmq'
import pg from 'pg'
import type { Logger } from './logger.ts'

/** What BullMQ's constructors need to use the chosen storage. */
export interface QueueBackend {
  options: Record<string, unknown>
  /** Last constructor argument of Queue and Worker: empty for Redis, the factory for Postgres. */
  factory: [] | [typeof createPostgresBackend]
  close(): Promise<void>
}

/** `postgres:` keeps jobs beside the data (schema `bullmq`), `redis:`/`rediss:` in Redis or Valkey. */
export const openQueueBackend = (options: { url: string; prefix?: string; logger: Logger }): Promise<QueueBackend> =>
  options.url.startsWith('redis') ? openRedis(options) : openPostgres(options)

/** Connections of one process: three LISTEN clients, the rest for adding, fetching and finishing jobs. */
const poolMax = 10

const openPostgres = async ({ url, logger }: { url: string; logger: Logger }): Promise<QueueBackend> => {
  const onError = (error: Error) => logger.warn({ err: error }, 'queue database connection failed')
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    keepAlive: true,
    application_name: 'parley_queue',
    options: '-c search_path=bullmq',
  })
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  const client = await pool.connect()
  try {
    await runMigrations(client)
  } finally {
    client.release()
  }
  return { options: { connection: pool as unknown as PgPool }, factory: [createPostgresBackend], close: () => pool.end() }
}

const openRedis = async ({ url, prefix = 'parley' }: { url: string; prefix?: string }): Promise<QueueBackend> => {
  // maxRetriesPerRequest null is BullMQ's condition for workers.
  return { options: { connection: { url, maxRetriesPerRequest: null }, prefix }, factory: [], close: async () => {} }
}
