import type { Channels } from '#channels/channel.ts'
import type { CheckoutService } from '#checkout/service.ts'
import type { ConnectionService } from '#connections/service.ts'
import type { Clock } from '#kernel/clock.ts'
import type { PaymentService } from '#payments/service.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobQueue } from '#platform/queue.ts'

export interface ChannelInboxDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  queue: JobQueue
  channels: Channels
  connections: ConnectionService
  payments: PaymentService
  checkouts: CheckoutService
}

export type ChannelInbox = ReturnType<typeof createChannelInbox>

export const createChannelInbox = (_deps: ChannelInboxDeps) => ({
  /** Job `channel.update`. */
  process: async (_merchantId: string, _id: string): Promise<void> => undefined,
  sweep: async (): Promise<void> => undefined,
})
