import { addMs, type Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { coalesce } from '#platform/coalesce.ts'
import type { Database } from '#platform/database.ts'
import type { Metrics } from '#platform/metrics.ts'
import {
  claimUpdates,
  endUpdates,
  insertUpdates,
  type UpdateArrival,
  type UpdateEnd,
  type UpdateKey,
  type UpdateRow,
} from './channel-inbox-repo.ts'

export type UpdateInbox = ReturnType<typeof createUpdateInbox>

/** Longer than anything that an update may cause takes; a crashed worker's update comes back after it. */
const leaseMs = 30_000

/** Keeps, takes and ends updates. Those that come at the same time share a statement and its commit. */
export const createUpdateInbox = ({ db, clock, metrics }: { db: Database; clock: Clock; metrics: Metrics }) => ({
  /** True when it was not here yet. */
  keep: coalesce<UpdateArrival, boolean>({
    run: async (arrivals) => {
      const fresh = await insertUpdates(db, arrivals)
      return arrivals.map(({ id }) => ({ ok: true, value: fresh.has(id) }))
    },
    onBatch: (size) => metrics.batches.observe({ name: 'keep_channel_updates' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 5 }),
  }),

  claim: coalesce<UpdateKey, UpdateRow | undefined>({
    run: async (keys) => {
      const now = clock.now()
      const rows = await claimUpdates(db, keys, now, addMs(now, leaseMs))
      const claimed = new Map(rows.map((row) => [row.id, row]))
      return keys.map(({ id }) => {
        const value = claimed.get(id)
        claimed.delete(id) // the same update twice in one batch is claimed once
        return { ok: true, value }
      })
    },
  }),

  end: coalesce<UpdateEnd, void>({
    run: async (ends) => {
      await endUpdates(db, ends)
      return ends.map(() => ({ ok: true, value: undefined }))
    },
  }),
})
