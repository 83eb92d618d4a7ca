import { z } from 'zod'
import { newUuid, showId } from '#kernel/ids.ts'
import { coalesce } from './coalesce.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { type JobStore, type JobWorker, openQueueBackend, type QueueBackend } from './queue-backend.ts'
import { withRequestContext } from './request-context.ts'
import { spaced } from './spaced.ts'

/** Queues by what may starve what: a slow receiver of notifications never delays money. */
const queueNames = ['payments', 'messages', 'notifications', 'exports', 'upkeep'] as const
type QueueName = (typeof queueNames)[number]

const job = (queue: QueueName, timeoutMs: number, everyMs?: number) => ({ queue, timeoutMs, everyMs })

/**
 * Every job there is. Payloads carry ids only; the truth is the row, so a job may run twice, late or never. Retries
 * are the row's too (`next_attempt_at` and the sweep): BullMQ's own attempts would be forgotten with its storage.
 */
export const jobCatalogue = {
  'webhook.process': job('payments', 60_000),
  'operation.resolve': job('payments', 90_000),
  'refund.submit': job('payments', 90_000),
  'refund.check': job('payments', 60_000),
  'dispute.answer': job('payments', 90_000),
  'dispute.check': job('payments', 60_000),
  'dispute.remind': job('payments', 60_000),
  'dispute.look': job('upkeep', 240_000),
  'payment.check': job('payments', 60_000),
  'payment.expire': job('payments', 60_000),
  'payment.native': job('payments', 60_000),
  'channel.update': job('payments', 60_000),
  'checkout.expire': job('payments', 60_000),
  'bill.settle': job('payments', 60_000),
  'payout.follow': job('upkeep', 240_000),
  'balance.follow': job('upkeep', 240_000),
  'method.forget': job('payments', 60_000),
  'outbound.resolve': job('payments', 90_000),
  'outbound.check': job('payments', 60_000),
  'setup.resolve': job('payments', 90_000),
  'setup.check': job('payments', 60_000),
  'message.send': job('messages', 60_000),
  'outbox.drain': job('notifications', 60_000),
  'notification.deliver': job('notifications', 60_000),
  'export.run': job('exports', 600_000),
  'provider.statement': job('upkeep', 300_000),
  'upkeep.expire_exports': job('upkeep', 60_000, 3_600_000),
  'upkeep.forget_keys': job('upkeep', 60_000, 3_600_000),
  'upkeep.create_partitions': job('upkeep', 60_000, 6 * 3_600_000),
} as const satisfies Record<string, ReturnType<typeof job>>

export type JobName = keyof typeof jobCatalogue

/** The row that a job is about. `merchant` is absent where the row has none yet (inbox). */
export const jobPayload = z.strictObject({ id: z.uuid(), merchant: z.uuid().optional() })
export type JobPayload = z.infer<typeof jobPayload>
export type JobHandlers = { [name in JobName]: (payload: JobPayload) => Promise<void> }

export interface JobQueue {
  /**
   * A wake-up, sent in the background and best effort: the sweep finds what it loses. The sweep's own are `repeated`:
   * while a queue holds plenty they are dropped, for what waits there is mostly about the same rows.
   */
  wake(name: JobName, payload: JobPayload, options?: { repeated: boolean }): void
  /** Looks how much waits in each queue; before every sweep. */
  takeStock(): Promise<void>
  /** Waits until every wake-up so far has reached the queue (tests, shutdown). */
  flush(): Promise<void>
  /** Jobs waiting or running, by queue. */
  depth(): Promise<Record<QueueName, number>>
  startWorkers(handlers: JobHandlers, concurrency: number): Promise<Workers>
  close(): Promise<void>
}

export interface Workers {
  close(): Promise<void>
}

export interface QueueOptions {
  url: string
  /** Keeps several deployments (and tests) apart in one Redis. */
  prefix?: string
  logger: Logger
  metrics: Metrics
}

export const createQueue = async (options: QueueOptions): Promise<JobQueue> => {
  const { logger } = options
  const backend = await openQueueBackend(options)
  const queues = Object.fromEntries(queueNames.map((name) => [name, backend.openQueue(name)])) as Queues
  const pending = new Set<Promise<unknown>>()
  const full = new Set<QueueName>()
  const add = Object.fromEntries(
    queueNames.map((name) => [
      name,
      coalesce<Wake, void>({ batchesMax: 1, run: (wakes) => addAll(queues[name], wakes) }),
    ]),
  ) as Record<QueueName, (wake: Wake) => Promise<void>>
  const drain = spaced(drainPauseMs, () => add.notifications({ name: 'outbox.drain', payload: { id: newUuid() } }))
  return {
    takeStock: async () => {
      for (const name of queueNames) {
        const { waiting = 0, prioritized = 0 } = await queues[name].getJobCounts('waiting', 'prioritized')
        if (waiting + prioritized < plenty) full.delete(name)
        else full.add(name)
      }
    },
    wake: (name, payload, { repeated } = { repeated: false }) => {
      if (repeated && full.has(jobCatalogue[name].queue)) return
      // One run finds all that is committed by then: a job for each of a thousand commits would only cost.
      const sent = (name === 'outbox.drain' ? drain() : add[jobCatalogue[name].queue]({ name, payload }))
        .catch((error: unknown) => logger.warn({ err: error, job: name }, 'wake-up lost; the sweep will find the work'))
        .finally(() => pending.delete(sent))
      pending.add(sent)
    },
    flush: async () => {
      while (pending.size > 0) await Promise.all(pending)
    },
    depth: async () => {
      const counts = await Promise.all(
        queueNames.map(async (name) => {
          const by = await queues[name].getJobCounts('waiting', 'active', 'prioritized')
          return [name, Object.values(by).reduce((sum, count) => sum + count, 0)] as const
        }),
      )
      return Object.fromEntries(counts) as Record<QueueName, number>
    },
    startWorkers: (handlers, concurrency) => startWorkers({ ...options, backend, queues, handlers, concurrency }),
    close: async () => {
      await Promise.all(queueNames.map((name) => queues[name].close()))
      await backend.close()
    },
  }
}

const drainPauseMs = 50

/**
 * So many waiting jobs keep every worker busy until the next sweep. Without a limit, workers that fall behind are
 * buried: every two seconds the sweep would add each waiting row once more (measured: 88,000 jobs for 1,500 rows).
 */
const plenty = 500

type Queues = Record<QueueName, JobStore>

interface Wake {
  name: JobName
  payload: JobPayload
}

// On Postgres a bulk makes and drops two temporary tables: 11 ms for one job, where adding it alone takes 0.7 ms.
const singleMax = 8

const addAll = async (queue: JobStore, wakes: readonly Wake[]) => {
  // The same wake-up twice in one batch is one job.
  const unique = [...new Map(wakes.map((wake) => [`${wake.name} ${wake.payload.id}`, wake])).values()]
  const opts = { removeOnComplete: true, removeOnFail: { age: 86_400, count: 1000 }, attempts: 1 }
  if (unique.length <= singleMax) await Promise.all(unique.map(({ name, payload }) => queue.add(name, payload, opts)))
  else await queue.addBulk(unique.map(({ name, payload }) => ({ name, data: payload, opts })))
  return wakes.map(() => ({ ok: true as const, value: undefined }))
}

interface WorkerSetup extends QueueOptions {
  backend: QueueBackend
  queues: Queues
  handlers: JobHandlers
  concurrency: number
}

const startWorkers = async (setup: WorkerSetup): Promise<Workers> => {
  const missing = Object.keys(jobCatalogue).filter((name) => !(name in setup.handlers))
  if (missing.length > 0) throw new Error(`jobs without a handler: ${missing.join(', ')}`)
  const schedule = () => scheduleAll(setup)
  await schedule()
  // Schedulers live in the queue and vanish with it; putting them back is cheap.
  const timer = setInterval(
    () => void schedule().catch((error) => setup.logger.warn({ err: error }, 'scheduling failed')),
    60_000,
  )
  timer.unref()
  const workers = queueNames.map((name) => startWorker(setup, name))
  await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  return {
    close: async () => {
      clearInterval(timer)
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

const scheduleAll = async ({ queues }: WorkerSetup): Promise<void> => {
  for (const [name, { queue, everyMs }] of Object.entries(jobCatalogue)) {
    if (everyMs === undefined) continue
    await queues[queue].upsertJobScheduler(
      name,
      { every: everyMs },
      { name, data: { id: newUuid() }, opts: { removeOnComplete: true, removeOnFail: true } },
    )
  }
}

const startWorker = (setup: WorkerSetup, queue: QueueName): JobWorker => {
  const { logger, backend, handlers, metrics } = setup
  const run = async (name: string, data: unknown): Promise<void> => {
    if (!isJobName(name)) throw new Error(`unknown job ${name}`)
    const payload = jobPayload.parse(data)
    const end = metrics.jobs.startTimer({ name })
    try {
      await withTimeout(handlers[name](payload), jobCatalogue[name].timeoutMs, name)
      end({ outcome: 'ok' })
    } catch (error) {
      end({ outcome: 'failed' })
      logger.error({ err: error, job: name, ...payload }, 'job failed; the sweep will try again')
      throw error
    }
  }
  const settings = {
    concurrency: setup.concurrency,
    lockDuration: 60_000,
    // BullMQ gives a job up for good when its worker is killed twice; nothing here may be given up.
    maxStalledCount: 1_000_000,
  }
  const processor = (one: { name: string; data: unknown }) =>
    withRequestContext({ requestId: showId('request', newUuid()) }, () => run(one.name, one.data))
  return backend.openWorker(queue, processor, settings)
}

const isJobName = (name: string): name is JobName => name in jobCatalogue

const withTimeout = async (work: Promise<void>, timeoutMs: number, name: string): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`job ${name} took longer than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
