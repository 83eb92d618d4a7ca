import type { Clock } from '#kernel/clock.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { PaymentService } from '#payments/service.ts'
import { coalesce } from '#platform/coalesce.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage, requireUuid } from '#platform/listing.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { PaymentProvider, ProviderId } from '#providers/provider.ts'
import type { RefundService } from '#refunds/service.ts'
import { type Arrival, findDueEvents, type InboxRow, insertArrivals, unparkEvent } from './inbox-repo.ts'
import { processEvent } from './process-service.ts'

export interface WebhookDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  queue: JobQueue
  providers: Record<ProviderId, PaymentProvider>
  payments: PaymentService
  refunds: RefundService
}

export type WebhookService = ReturnType<typeof createWebhookService>

export const createWebhookService = (deps: WebhookDeps) => {
  const keep = coalesce<Arrival, boolean>({
    run: async (arrivals) => {
      const fresh = await insertArrivals(deps.db.maintenance, arrivals)
      return arrivals.map((arrival) => ({ ok: true as const, value: fresh.has(arrival.id) }))
    },
    onBatch: (size) => deps.metrics.batches.observe({ name: 'ingest_webhook' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 5 }),
  })
  return {
    /** Verifies over the raw bytes, stores, and only then lets the caller acknowledge. */
    ingest: async (
      providerId: string,
      connection: string,
      body: Buffer,
      headers: Record<string, string | undefined>,
    ): Promise<void> => {
      const provider = Object.hasOwn(deps.providers, providerId) ? deps.providers[providerId as ProviderId] : undefined
      if (!provider || connection !== '') throw new AppError('route_missing', { message: 'No such webhook endpoint.' })
      const verified = provider.verifyWebhook({ body, headers, now: deps.clock.now() })
      if (!verified.ok) {
        deps.metrics.webhooksRefused.inc({ provider: providerId })
        throw new AppError('webhook_signature_invalid', { message: `The webhook was refused: ${verified.reason}.` })
      }
      const id = newUuid()
      const isNew = await keep({
        id,
        provider: providerId,
        connection,
        notice: verified.notice,
        body,
        receivedAt: deps.clock.now(),
      })
      if (isNew) deps.queue.wake('webhook.process', { id })
    },

    /** Job `webhook.process`. */
    process: (id: string) => processEvent(deps, id),

    sweep: async (): Promise<void> => {
      const due = await findDueEvents(deps.db.maintenance, deps.clock.now(), 500)
      for (const row of due) deps.queue.wake('webhook.process', { id: row.id })
    },

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
  }
}

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
