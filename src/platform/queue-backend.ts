import { createPostgresBackend, type PgPool, Queue, runMigrations, Worker, type WorkerOptions } from 'bullmq'
import pg from 'pg'
import type { Logger } from './logger.ts'

/** The part of BullMQ's Queue that is used, the same on both storages. */
export type JobStore = Pick<Queue, 'add' | 'addBulk' | 'getJobCounts' | 'upsertJobScheduler' | 'close'>
export type JobWorker = Pick<Worker, 'waitUntilReady' | 'close'>
type Processor = (job: { name: string; data: unknown }) => Promise<void>
type Settings = Omit<WorkerOptions, 'connection'>

export interface QueueBackend {
  openQueue(name: string): JobStore
  openWorker(name: string, processor: Processor, settings: Settings): JobWorker
  close(): Promise<void>
}

interface BackendOptions {
  url: string
  prefix?: string
  logger: Logger
}

/** `postgres:` keeps jobs beside the data (schema `bullmq`), `redis:`/`rediss:` in Redis or Valkey. */
export const openQueueBackend = (options: BackendOptions): Promise<QueueBackend> =>
  options.url.startsWith('redis') ? openRedis(options) : openPostgres(options)

/** Connections of one process: a LISTEN client per queue, the rest for adding, fetching and finishing jobs. */
const poolMax = 13

const openPostgres = async ({ url, logger }: BackendOptions): Promise<QueueBackend> => {
  const onError = (err: Error) => logger.warn({ err }, 'queue connection failed')
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    keepAlive: true,
    application_name: 'parley_queue',
    options: '-c search_path=bullmq',
  })
  pool.setMaxListeners(0) // each queue and worker adds its own
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  const client = await pool.connect()
  try {
    await runMigrations(client)
  } finally {
    client.release()
  }
  const connection = pool as unknown as PgPool // pg's own types name the same methods more narrowly
  return {
    openQueue: (name) => {
      const queue = new Queue(name, { connection }, createPostgresBackend)
      queue.on('error', onError)
      return queue as unknown as JobStore
    },
    openWorker: (name, processor, settings) => {
      const worker = new Worker(name, processor, { ...settings, connection }, createPostgresBackend)
      worker.on('error', onError)
      return worker
    },
    close: () => pool.end(),
  }
}

const openRedis = async ({ url, prefix = 'parley', logger }: BackendOptions): Promise<QueueBackend> => {
  const onError = (err: Error) => logger.warn({ err }, 'queue connection failed')
  // maxRetriesPerRequest null is BullMQ's condition for workers.
  const connection = { url, maxRetriesPerRequest: null }
  return {
    openQueue: (name) => {
      const queue = new Queue(name, { connection, prefix })
      queue.on('error', onError)
      return queue
    },
    openWorker: (name, processor, settings) => {
      const worker = new Worker(name, processor, { ...settings, connection, prefix })
      worker.on('error', onError)
      return worker
    },
    close: async () => {},
  }
}
