import { sql } from 'kysely'
import type { Clock } from '#kernel/clock.ts'
import type { Database } from '#platform/database.ts'
import { forgetOldKeys } from '#platform/idempotency.ts'

/** Months of ledger partitions that are kept ready ahead of time. */
const monthsAhead = 3

/** Scheduled housekeeping. Each may run twice, at once, or not for days. */
export const upkeepJobs = (db: Database, clock: Clock) => ({
  'upkeep.forget_keys': async () => void (await forgetOldKeys(db, clock.now())),
  'upkeep.create_partitions': async () => {
    await sql`
      select ledger_create_partition((date_trunc('month', ${clock.now()}::timestamptz at time zone 'UTC') + make_interval(months => n))::date)
      from generate_series(0, ${monthsAhead}::int) n`.execute(db.maintenance)
  },
})
