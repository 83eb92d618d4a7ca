import type { Clock } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Secrets } from '#platform/crypto.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { createOutbound, type Outbound } from '#platform/outbound.ts'
import type { JobQueue } from '#platform/queue.ts'
import { createDeliver } from './delivery-jobs.ts'
import { dueDeliveries } from './delivery-repo.ts'
import { createDeliveryService } from './delivery-service.ts'
import { createEndpointService } from './endpoint-service.ts'
import { showEvent } from './event-view.ts'
import { createDrain, type Subscriber } from './jobs.ts'
import { countPending, findEvent, oldestInOutbox, selectEvents } from './repo.ts'
import type { EventListQuery, EventObject } from './schemas.ts'

export interface EventServiceOptions {
  db: Database
  clock: Clock
  queue: Pick<JobQueue, 'wake'>
  secrets: Secrets
  logger: Logger
  metrics: Metrics
  /** Whether notifications may go to loopback and private addresses, and over plain http. */
  allowPrivate: boolean
  subscribers: readonly Subscriber[]
  /** Tests bring their own resolver and time limit. */
  outbound?: Outbound
}

export type EventService = ReturnType<typeof createEventService>

export const createEventService = (given: EventServiceOptions) => {
  const outbound = given.outbound ?? createOutbound({ allowPrivate: given.allowPrivate })
  const options = { ...given, outbound }
  return {
    ...createEndpointService(options),
    ...createDeliveryService(options),
    ...createDeliver(options),
    drainOutbox: createDrain(options),
    sweepEvents: (now: Date) => sweepEvents(options, now),
    retrieveEvent: (merchantId: string, id: string) => retrieveEvent(options.db, merchantId, id),
    listEvents: (merchantId: string, query: EventListQuery) => listEvents(options.db, merchantId, query),
  }
}

const retrieveEvent = (db: Database, merchantId: string, id: string): Promise<EventObject> =>
  inTransaction(db, merchantId, async (tx) => {
    const row = await findEvent(tx, merchantId, requireUuid('event', id, 'event'))
    if (!row) throw notFound('event', id)
    const pending = await countPending(tx, merchantId, [row.id])
    return showEvent(row, pending.get(row.id) ?? 0)
  })

const listEvents = async (db: Database, merchantId: string, query: EventListQuery) => {
  if (query.type !== undefined && query.types !== undefined) {
    throw new AppError('parameters_exclusive', { message: 'Send type or types, not both.', param: 'types' })
  }
  const types = query.types ?? (query.type === undefined ? [] : [query.type])
  return inTransaction(db, merchantId, async (tx) => {
    const select = selectEvents(tx, merchantId, { types, deliverySuccess: query.delivery_success })
    const page = await readPage(select, query, 'event')
    const ids = page.rows.map((row) => row.id)
    const pending = await countPending(tx, merchantId, ids)
    const data = page.rows.map((row) => showEvent(row, pending.get(row.id) ?? 0))
    return listAnswer('/v1/events', data, page.hasMore)
  })
}

/** An event this old has lost its wake-up. */
const drainAgeMs = 1000
const wakeMax = 500

type SweepOptions = Pick<EventServiceOptions, 'db' | 'queue' | 'metrics'>

/** Finds the work that no wake-up told of, and retries whose time has come. */
const sweepEvents = async ({ db, queue, metrics }: SweepOptions, now: Date): Promise<void> => {
  const oldest = await oldestInOutbox(db.maintenance)
  const ageMs = oldest ? now.getTime() - oldest.getTime() : 0
  metrics.backlog.set({ table: 'outbox' }, Math.max(0, ageMs) / 1000)
  if (ageMs > drainAgeMs) queue.wake('outbox.drain', { id: newUuid() })
  const due = await dueDeliveries(db.maintenance, now, wakeMax)
  const [first] = due
  metrics.backlog.set({ table: 'deliveries' }, first ? (now.getTime() - first.next_attempt_at.getTime()) / 1000 : 0)
  for (const row of due)
    queue.wake('notification.deliver', { id: row.id, merchant: row.merchant_id }, { repeated: true })
}
