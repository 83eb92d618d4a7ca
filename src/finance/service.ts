import type { Clock } from '#kernel/clock.ts'
import type { Sealer } from '#ledger/seal-service.ts'
import type { Database } from '#platform/database.ts'

export type FinanceService = ReturnType<typeof createFinanceService>

export const createFinanceService = (_deps: { db: Database; clock: Clock; sealer: Sealer; fourEyes: boolean }) => ({})
