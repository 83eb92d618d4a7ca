import { notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { type AppliedOutbound, applyTransfer, type OutboundDeps } from './apply-service.ts'
import { findTransfer } from './calls-service.ts'
import { nextOutboundCheck } from './outbound-machine.ts'
import { lockOutbound, type OutboundRow, updateOutbound } from './repo.ts'
import { readSending } from './work-service.ts'

export type SyncedOutbound = AppliedOutbound | { row: OutboundRow; verdict: 'missing' }

/**
 * Asks the provider how an outbound payment stands and applies it. The row's version is read before the question and
 * compared after it, so an answer that was overtaken is asked for again. Throws when the provider cannot say.
 */
export const syncOutbound = async (deps: OutboundDeps, merchantId: string, id: string): Promise<SyncedOutbound> => {
  for (let attempt = 1; ; attempt++) {
    const sending = await readSending(deps, merchantId, id)
    const found = await findTransfer(deps, sending)
    if (found === 'absent') return { row: sending.row, verdict: 'missing' }
    if (found.outcome !== 'ok') throw new Error(found.outcome === 'unknown' ? found.reason : found.decline.message)
    const synced = await inTransaction(deps.db, merchantId, async (tx) => {
      const locked = await requireLocked(tx, merchantId, id)
      if (locked.version !== sending.row.version && attempt < 5) return undefined
      return applyTransfer(tx, deps, locked, found.value)
    })
    if (!synced) continue
    if (synced.verdict === 'change') deps.queue.wake('outbox.drain', { id })
    return synced
  }
}

/** Asks after what the provider was last heard of a while ago. */
export const checkOutbound = async (deps: OutboundDeps, merchantId: string, id: string): Promise<void> => {
  const now = deps.clock.now()
  const isDue = await inTransaction(deps.db, merchantId, async (tx) => {
    const row = await requireLocked(tx, merchantId, id)
    if (row.check_at === null || row.check_at > now) return false
    // Put off first, so that what cannot be asked after does not come back with every sweep.
    await updateOutbound(tx, row, { check_at: nextOutboundCheck(row.created_at, now) }, now)
    return true
  })
  if (isDue) await syncOutbound(deps, merchantId, id)
}

const requireLocked = async (tx: Tx, merchantId: string, id: string): Promise<OutboundRow> => {
  const row = await lockOutbound(tx, merchantId, id)
  if (!row) throw notFound('outbound_payment', showId('outboundPayment', id))
  return row
}
