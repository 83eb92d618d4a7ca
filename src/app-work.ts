import type { Clock } from '#kernel/clock.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobHandlers, JobQueue } from '#platform/queue.ts'
import type { Services } from './app-services.ts'

export interface Work {
  /** One pass over the tables, now: everything due is woken. */
  sweep(): Promise<void>
  close(): Promise<void>
}

interface WorkOptions {
  queue: JobQueue
  handlers: JobHandlers
  services: Services
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  concurrency: number
}

const sweepEveryMs = 2000

/**
 * Workers and the sweep. The sweep runs on a plain timer and reads the tables, so that work is found even when the
 * queue has lost every job and every schedule.
 */
export const startWork = async (options: WorkOptions): Promise<Work> => {
  const { queue, services, clock, logger } = options
  const workers = await queue.startWorkers(options.handlers, options.concurrency)
  const sweep = async (): Promise<void> => {
    await queue.takeStock()
    await services.payments.sweep()
    await services.native.sweep()
    await services.payments.statements.sweep()
    await services.refunds.sweep()
    await services.disputes.sweep()
    await services.disputes.looks.sweep()
    await services.methods.sweep()
    await services.setups.sweep()
    await services.checkouts.sweep()
    await services.bills.sweep()
    await services.payouts.sweep()
    await services.transfers.sweep()
    await services.webhooks.sweep()
    await services.channelInbox.sweep()
    await services.messages.sweep()
    await services.events.sweepEvents(clock.now())
    await services.exports.sweep()
    await services.finance.sweep()
  }
  let running: Promise<void> | undefined
  const tick = (): void => {
    running ??= sweep()
      .catch((error: unknown) => logger.warn({ err: error }, 'sweep failed; the next one is in two seconds'))
      .finally(() => {
        running = undefined
      })
  }
  const sealing = services.sealer.start()
  tick()
  const timer = setInterval(tick, sweepEveryMs)
  return {
    sweep,
    close: async () => {
      clearInterval(timer)
      await running
      await sealing.close()
      await workers.close()
      await services.events.settled()
    },
  }
}
