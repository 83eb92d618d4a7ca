import { type Clock, unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { showId } from '#kernel/ids.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { JobQueue } from '#platform/queue.ts'
import { type InboxRow, unparkEvent } from './inbox-repo.ts'

interface ReadDeps {
  db: Database
  clock: Clock
  queue: JobQueue
}

/** The inbox as people read it, and the way back for what was parked. */
export const createInboxReader = (deps: ReadDeps) => ({
  list: (
    merchantId: string,
    query: Omit<ListQuery, 'expand'> & { state?: InboxRow['state'] | undefined; type?: string | undefined },
  ) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = tx
        .selectFrom('provider_events')
        .selectAll()
        .select('received_at as created_at')
        .where('merchant_id', '=', merchantId)
      if (query.state !== undefined) select = select.where('state', '=', query.state)
      if (query.type !== undefined) select = select.where('type', '=', query.type)
      const page = await readPage(select, { ...query, created: undefined }, 'providerEvent')
      return listAnswer(
        '/v1/provider_events',
        page.rows.map((row) => showProviderEvent(row)),
        page.hasMore,
      )
    }),

  retrieve: (merchantId: string, id: string) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const row = await tx
        .selectFrom('provider_events')
        .selectAll()
        .where('merchant_id', '=', merchantId)
        .where('id', '=', requireUuid('providerEvent', id, 'provider event'))
        .executeTakeFirst()
      if (!row) throw notFound('provider event', id)
      return { ...showProviderEvent(row), payload: JSON.parse(row.body.toString('utf8')) as Record<string, unknown> }
    }),

  /** Puts a parked event back to work, after somebody has looked at it. */
  retry: async (merchantId: string, id: string) => {
    const uuid = requireUuid('providerEvent', id, 'provider event')
    const row = await inTransaction(deps.db, merchantId, async (tx) => {
      const find = () =>
        tx
          .selectFrom('provider_events')
          .selectAll()
          .where('merchant_id', '=', merchantId)
          .where('id', '=', uuid)
          .executeTakeFirst()
      if (!(await find())) throw notFound('provider event', id)
      if (!(await unparkEvent(tx, uuid, deps.clock.now()))) {
        throw new AppError('provider_event_unexpected_state', { message: 'Only a parked event can be retried.' })
      }
      return find()
    })
    deps.queue.wake('webhook.process', { id: uuid })
    if (!row) throw notFound('provider event', id)
    return showProviderEvent(row)
  },
})

const showProviderEvent = (row: InboxRow) => ({
  id: showId('providerEvent', row.id),
  object: 'provider_event' as const,
  provider: row.provider,
  provider_id: row.ref,
  type: row.type,
  state: row.state,
  reason: row.reason,
  attempts: row.attempts,
  payment_intent: row.payment_intent_id && showId('paymentIntent', row.payment_intent_id),
  created: unixSeconds(row.received_at),
  provider_created: unixSeconds(row.provider_created_at),
  processed: row.processed_at && unixSeconds(row.processed_at),
})
