import { addMs, type Clock } from '#kernel/clock.ts'
import { coalesce } from '#platform/coalesce.ts'
import type { Database } from '#platform/database.ts'
import { claimEvents, type EventEnd, endEvents, type InboxRow } from './inbox-repo.ts'

export type Inbox = ReturnType<typeof createInbox>

/** Longer than the provider may take to answer; a crashed worker's event comes back after it. */
const leaseMs = 30_000

/** Takes and ends events. Jobs that run at the same time share a statement and its commit. */
export const createInbox = ({ db, clock }: { db: Database; clock: Clock }) => {
  const claim = coalesce<string, InboxRow | undefined>({
    run: async (ids) => {
      const now = clock.now()
      const rows = await claimEvents(db.maintenance, ids, now, addMs(now, leaseMs))
      const claimed = new Map(rows.map((row) => [row.id, row]))
      return ids.map((id) => {
        const value = claimed.get(id)
        claimed.delete(id) // the same event twice in one batch is claimed once
        return { ok: true, value }
      })
    },
  })
  const end = coalesce<EventEnd, void>({
    run: async (ends) => {
      await endEvents(db.maintenance, ends)
      return ends.map(() => ({ ok: true, value: undefined }))
    },
  })
  return { claim, end }
}
