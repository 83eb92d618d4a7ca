import { setTimeout as sleep } from 'node:timers/promises'
import type { SendAnswer } from '#channels/channel.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { type Claimed, claimMessage, openWays } from './claim-service.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { findDue, findReminding } from './outbox-repo.ts'
import { recordAnswer } from './record-service.ts'
import { remind } from './reminder-service.ts'

/**
 * Carries messages to the platforms. The row is the outbox: claimed and committed, sent, recorded. A message goes out
 * at most once where the platform cannot tell a repeat, and exactly once where it can.
 */
export const createOutbox = (deps: OutboxDeps) => ({
  /** Job `message.send`: sends, changes or reminds, whatever of it is due. */
  send: async (merchantId: string, id: string): Promise<void> => {
    const reminder = await inTransaction(deps.db, merchantId, (tx) => remind(tx, deps, merchantId, id))
    if (reminder !== undefined) deps.queue.wake('message.send', { id: reminder, merchant: merchantId })
    const ways = await openWays(deps, merchantId, id)
    if (!ways) return
    const claimed = await inTransaction(deps.db, merchantId, (tx) => claimMessage(tx, deps, ways, merchantId, id))
    // Also what came to nothing has told of it.
    if (!claimed) return deps.queue.wake('outbox.drain', { id: newUuid() })
    await carry(deps, claimed)
  },

  /** Wakes a job for everything due. */
  sweep: async (): Promise<void> => {
    const now = deps.clock.now()
    const due = [
      ...(await findDue(deps.db.maintenance, now, 500)),
      ...(await findReminding(deps.db.maintenance, now, 200)),
    ]
    for (const { id, merchant_id } of due)
      deps.queue.wake('message.send', { id, merchant: merchant_id }, { repeated: true })
  },
})

const carry = async (deps: OutboxDeps, claimed: Claimed): Promise<void> => {
  const { row, connection } = claimed
  const { merchant_id: merchantId } = row
  const waitMs = claimed.at.getTime() - deps.clock.now().getTime()
  if (waitMs > 0) await sleep(waitMs)
  const answer = await ask(deps, claimed)
  const { wake, postponeUntil, breakWith } = await inTransaction(deps.db, merchantId, (tx) =>
    recordAnswer(tx, deps, claimed, answer),
  )
  if (breakWith) await deps.connections.markBroken(merchantId, connection.id, breakWith)
  if (postponeUntil) await deps.connections.postpone(merchantId, connection.id, postponeUntil)
  for (const id of wake) deps.queue.wake('message.send', { id, merchant: merchantId })
  deps.queue.wake('outbox.drain', { id: newUuid() })
}

/** The message's own id is the key: for every try of it the same. */
const ask = async (deps: OutboxDeps, { row, connection, rendered, isEdit }: Claimed): Promise<SendAnswer> => {
  const key = isEdit ? newUuid() : row.id
  try {
    return await deps.channels[connection.channel].send(connection, rendered, { key })
  } catch (error) {
    return { outcome: 'unknown', reason: error instanceof Error ? error.message : 'the adapter threw' }
  }
}
