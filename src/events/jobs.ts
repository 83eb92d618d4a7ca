import type { Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { JobQueue } from '#platform/queue.ts'
import { insertDeliveries } from './delivery-repo.ts'
import { listEnabledEndpoints } from './endpoint-repo.ts'
import { wants } from './event-types.ts'
import { claimOutbox, deleteOutbox, type EventRow, type OutboxKey, readOutbox } from './repo.ts'

/**
 * Something that follows from an event, written in the transaction that tells it. The same event may come twice; it
 * must then change nothing. What it puts into `afterCommit` is run when all it wrote stands.
 */
export type Subscriber = (tx: Tx, event: EventRow, afterCommit: AfterCommit) => Promise<void>
export type AfterCommit = (run: () => void) => void

export interface DrainOptions {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
  logger: Logger
  subscribers: readonly Subscriber[]
}

const batchMax = 200
/** One job drains for this long at most. */
const patienceMs = 5000

/**
 * Turns what waits in the outbox into deliveries and whatever subscribers make of it, until nothing is left. Returns
 * how many events that were. Any number of processes may do it at once.
 */
export const createDrain = (options: DrainOptions): (() => Promise<number>) =>
  shareRuns(async () => {
    const stuck = new Set<string>()
    let total = 0
    const startedAt = performance.now()
    // Subscribers append events of their own: pass after pass, until one finds nothing.
    for (;;) {
      const done = await drainOnce(options, stuck)
      total += done
      if (done === 0) return total
      if (performance.now() - startedAt < patienceMs) continue
      // Under steady load there is always more; the next job goes on before this one is too old.
      options.queue.wake('outbox.drain', { id: newUuid() })
      return total
    }
  })

const drainOnce = async (options: DrainOptions, stuck: Set<string>): Promise<number> => {
  let done = 0
  let last: OutboxKey | undefined
  for (;;) {
    const batch = await readOutbox(options.db.maintenance, last, batchMax)
    const byMerchant = Map.groupBy(
      batch.filter((key) => !stuck.has(key.event_id)),
      (key) => key.merchant_id,
    )
    for (const [merchantId, keys] of byMerchant) {
      const ids = keys.map((key) => key.event_id)
      done += await drainMerchant(options, merchantId, ids, stuck)
    }
    last = batch.at(-1)
    if (last === undefined) return done
  }
}

/** All together; when that fails, one by one, so that one poisonous event holds up nobody. */
const drainMerchant = async (
  options: DrainOptions,
  merchantId: string,
  ids: readonly string[],
  stuck: Set<string>,
): Promise<number> => {
  try {
    return await fanOut(options, merchantId, ids)
  } catch (error) {
    const [id] = ids
    if (ids.length === 1 && id !== undefined) {
      stuck.add(id)
      options.logger.error({ err: error, merchant: merchantId, event: id }, 'event stays in the outbox')
      return 0
    }
  }
  let done = 0
  for (const id of ids) done += await drainMerchant(options, merchantId, [id], stuck)
  return done
}

const fanOut = async (options: DrainOptions, merchantId: string, ids: readonly string[]): Promise<number> => {
  const afterwards: (() => void)[] = []
  const { done, deliveries } = await inTransaction(options.db, merchantId, async (tx) => {
    const events = await claimOutbox(tx, merchantId, ids)
    if (events.length === 0) return { done: 0, deliveries: [] }
    const inserted = await createDeliveries(tx, merchantId, events, options.clock.now())
    for (const event of events)
      for (const subscriber of options.subscribers) await subscriber(tx, event, (run) => void afterwards.push(run))
    await deleteOutbox(
      tx,
      merchantId,
      events.map((event) => event.id),
    )
    return { done: events.length, deliveries: inserted }
  })
  for (const run of afterwards) run()
  for (const id of deliveries) options.queue.wake('notification.deliver', { id, merchant: merchantId })
  return done
}

const createDeliveries = async (
  tx: Tx,
  merchantId: string,
  events: readonly EventRow[],
  now: Date,
): Promise<string[]> => {
  const endpoints = await listEnabledEndpoints(tx, merchantId)
  const rows = events.flatMap((event) =>
    endpoints
      .filter((endpoint) => endpoint.livemode === event.livemode && wants(endpoint.enabled_events, event.type))
      .map((endpoint) => ({
        merchant_id: merchantId,
        id: newUuid(),
        event_id: event.id,
        endpoint_id: endpoint.id,
        state: 'pending' as const,
        next_attempt_at: now,
        last_status: null,
        last_error: null,
        created_at: now,
        finished_at: null,
      })),
  )
  return insertDeliveries(tx, rows)
}

/**
 * Every commit wakes the drain. Calls that come while one runs share a single run after it, which sees all they
 * wrote; a thousand wake-ups cost two runs.
 */
const shareRuns = (run: () => Promise<number>): (() => Promise<number>) => {
  let running: Promise<number> | undefined
  let next: Promise<number> | undefined
  const start = (): Promise<number> => {
    next = undefined
    running = run().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (!running) return start()
    next ??= running.then(start, start)
    return next
  }
}
