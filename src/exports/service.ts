import type { Clock } from '#kernel/clock.ts'
import type { Sealer } from '#ledger/seal-service.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { ExportStorage } from './storage-service.ts'

export type ExportService = ReturnType<typeof createExportService>

interface ExportDeps {
  db: Database
  clock: Clock
  logger: Logger
  queue: JobQueue
  sealer: Sealer
  databaseUrl: string
  storage: ExportStorage
}

export const createExportService = (_deps: ExportDeps) => ({
  /** Wakes every export that is due. */
  sweep: async (): Promise<void> => {},
})
