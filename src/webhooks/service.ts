import type { MethodService } from '#customers/method-service.ts'
import type { DisputeService } from '#disputes/service.ts'
import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { PaymentService } from '#payments/service.ts'
import type { PayoutService } from '#payouts/service.ts'
import { coalesce } from '#platform/coalesce.ts'
import type { Database } from '#platform/database.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { ProviderNotice } from '#providers/notice.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import type { RefundService } from '#refunds/service.ts'
import type { SetupService } from '#setups/service.ts'
import type { OutboundService } from '#transfers/service.ts'
import { type Arrival, findDueEvents, insertArrivals } from './inbox-repo.ts'
import { createInbox } from './inbox-service.ts'
import { processEvent } from './process-service.ts'
import { createInboxReader } from './read-service.ts'

/** Who checks what comes in: the deployment's own account (''), or a connection, of whatever merchant and state. */
export interface ProviderListeners {
  open(provider: string, connectionId: string): Promise<PaymentProvider | undefined>
  /**
   * The connection (UUID) of an account that is connected to the deployment's own. `merchantId`: whose, where several
   * merchants have it; never another's.
   */
  findConnected(provider: string, account: string, merchantId: string | undefined): Promise<string | undefined>
}

export interface WebhookDeps {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  queue: JobQueue
  listeners: ProviderListeners
  payments: PaymentService
  refunds: RefundService
  disputes: DisputeService
  payouts: PayoutService
  setups: SetupService
  methods: MethodService
  transfers: OutboundService
}

/** Without a body the answer is empty. */
export interface WebhookAnswer {
  status: number
  body?: object
}

export type WebhookService = ReturnType<typeof createWebhookService>

export const createWebhookService = (deps: WebhookDeps) => {
  const inbox = createInbox(deps)
  const keep = coalesce<Arrival, boolean>({
    run: async (arrivals) => {
      const fresh = await insertArrivals(deps.db.maintenance, arrivals)
      return arrivals.map((arrival) => ({ ok: true as const, value: fresh.has(arrival.id) }))
    },
    onBatch: (size) => deps.metrics.batches.observe({ name: 'ingest_webhook' }, size),
    onOverload: () => new AppError('overloaded', { retryAfter: 5 }),
  })
  return {
    /**
     * Verifies over the raw bytes, stores, and only then lets the caller acknowledge. Answers as the provider wants to be
     * answered; undefined: in our own way.
     */
    ingest: async (
      providerId: string,
      connection: string,
      body: Buffer,
      headers: Record<string, string | undefined>,
    ): Promise<WebhookAnswer | undefined> => {
      const connectionId = connection === '' ? '' : parseId('connection', connection)
      const provider = connectionId === undefined ? undefined : await deps.listeners.open(providerId, connectionId)
      if (connectionId === undefined || !provider)
        throw new AppError('route_missing', { message: 'No such webhook endpoint.' })
      await provider.prepareWebhook?.(headers)
      const verified = provider.verifyWebhook({ body, headers, now: deps.clock.now() })
      const { acknowledgement } = provider
      if (!verified.ok) {
        deps.metrics.webhooksRefused.inc({ provider: providerId })
        const refused = new AppError('webhook_signature_invalid', {
          message: `The webhook was refused: ${verified.reason}.`,
        })
        if (!acknowledgement) throw refused
        return { status: refused.status, body: acknowledgement.refused(refused.message) }
      }
      const id = newUuid()
      const isNew = await keep({
        id,
        provider: providerId,
        ...(await addressee(deps, providerId, connectionId, verified.notice)),
        body,
        receivedAt: deps.clock.now(),
      })
      if (isNew) deps.queue.wake('webhook.process', { id })
      return acknowledgement && { status: acknowledgement.accepted }
    },

    /** Job `webhook.process`. */
    process: (id: string) => processEvent({ ...deps, inbox }, id),

    sweep: async (): Promise<void> => {
      const now = deps.clock.now()
      const due = await findDueEvents(deps.db.maintenance, now, 500)
      const [oldest] = due
      const ageMs = oldest ? now.getTime() - oldest.next_attempt_at.getTime() : 0
      deps.metrics.backlog.set({ table: 'provider_events' }, ageMs / 1000)
      for (const row of due) deps.queue.wake('webhook.process', { id: row.id }, { repeated: true })
    },
    ...createInboxReader(deps),
  }
}

/**
 * What happens at a connected account comes in with the deployment's own news, and belongs to that account's connection: its
 * owner can write any ids into its objects. News of accounts that nobody has connected are kept and left alone.
 */
const addressee = async (
  { listeners }: WebhookDeps,
  provider: string,
  connection: string,
  notice: ProviderNotice,
): Promise<Pick<Arrival, 'connection' | 'notice'>> => {
  const { account, tags } = notice
  if (account === undefined) return { connection, notice }
  const merchantId = tags.merchant === undefined ? undefined : parseId('merchant', tags.merchant)
  const found = connection === '' ? await listeners.findConnected(provider, account, merchantId) : undefined
  if (found !== undefined) return { connection: found, notice }
  return { connection, notice: { ...notice, subject: { kind: 'ignored' }, tags: {} } }
}
