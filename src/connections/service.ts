import type { ChannelId, Channels, Connection } from '#channels/channel.ts'
import type { Clock } from '#kernel/clock.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'

export interface ConnectionDeps {
  db: Database
  clock: Clock
  logger: Logger
  secrets: Secrets
  channels: Channels
  publicUrl: string
}

export type ConnectionService = ReturnType<typeof createConnectionService>

export const createConnectionService = (_deps: ConnectionDeps) => ({
  /** An active connection with its secrets, or undefined. */
  open: async (_merchantId: string, _id: string): Promise<Connection | undefined> => undefined,
  /** The one that a webhook's path names, of whatever merchant. */
  openByPath: async (_channel: ChannelId, _id: string): Promise<Connection | undefined> => undefined,
})
