import type express from 'express'
import { accountRoutes } from '#accounts/routes.ts'
import { createAccountService } from '#accounts/service.ts'
import { billJobs, createBillSubscriber } from '#bills/jobs.ts'
import { billRoutes } from '#bills/routes.ts'
import { createBillService } from '#bills/service.ts'
import type { Channels } from '#channels/channel.ts'
import { readyForCharge } from '#checkout/charge-service.ts'
import { createCheckoutSubscriber } from '#checkout/follow-service.ts'
import { checkoutJobs } from '#checkout/jobs.ts'
import { checkoutRoutes } from '#checkout/routes.ts'
import { createCheckoutService } from '#checkout/service.ts'
import { connectionRoutes } from '#connections/routes.ts'
import { createConnectionService } from '#connections/service.ts'
import { methodRoutes } from '#customers/method-routes.ts'
import { createMethodService } from '#customers/method-service.ts'
import { customerRoutes } from '#customers/routes.ts'
import { createCustomerService } from '#customers/service.ts'
import { deliveryRoutes } from '#events/delivery-routes.ts'
import { webhookEndpointRoutes } from '#events/endpoint-routes.ts'
import { eventRoutes } from '#events/routes.ts'
import { createEventService } from '#events/service.ts'
import { exportJobs } from '#exports/jobs.ts'
import { exportRoutes } from '#exports/routes.ts'
import { createExportService } from '#exports/service.ts'
import type { ExportStorage } from '#exports/storage-service.ts'
import { financeRoutes } from '#finance/routes.ts'
import { createFinanceService } from '#finance/service.ts'
import { type Clock, systemClock } from '#kernel/clock.ts'
import { ledgerRoutes } from '#ledger/routes.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createLedgerService } from '#ledger/service.ts'
import { messageJobs } from '#messages/jobs.ts'
import { messageRoutes } from '#messages/routes.ts'
import { createMessageService } from '#messages/service.ts'
import { createMessageSubscriber } from '#messages/subscriber-service.ts'
import { chatRoutes } from '#pages/chat/chat-routes.ts'
import { createChatService } from '#pages/chat/chat-service.ts'
import { paymentJobs } from '#payments/jobs.ts'
import { intentLinks } from '#payments/link-service.ts'
import { paymentRoutes } from '#payments/routes.ts'
import { createPaymentService } from '#payments/service.ts'
import { askVeto, type VetoSources } from '#payments/veto-service.ts'
import { createAuthenticator } from '#platform/api-keys.ts'
import { createSecrets, type Secrets } from '#platform/crypto.ts'
import { type Database, openDatabase } from '#platform/database.ts'
import { createHttpApp } from '#platform/http.ts'
import { createKeyRing, type NamedKey } from '#platform/key-ring.ts'
import { createLogger, type Logger } from '#platform/logger.ts'
import { createMetrics, type Metrics } from '#platform/metrics.ts'
import { createOutbound } from '#platform/outbound.ts'
import { createQueue, type JobHandlers, type JobQueue } from '#platform/queue.ts'
import { createRateLimit, createShedder } from '#platform/rate-limit.ts'
import type { Route } from '#platform/route.ts'
import type { PaymentProvider, ProviderId } from '#providers/provider.ts'
import { refundJobs } from '#refunds/jobs.ts'
import { refundRoutes } from '#refunds/routes.ts'
import { createRefundService } from '#refunds/service.ts'
import { threadRoutes } from '#threads/routes.ts'
import { createThreadService } from '#threads/service.ts'
import { createChannelAnswers } from '#webhooks/channel-payments-service.ts'
import { channelUpdateRoutes, createChannelRouter } from '#webhooks/channel-routes.ts'
import { createChannelInbox } from '#webhooks/channel-service.ts'
import { webhookJobs } from '#webhooks/jobs.ts'
import { createWebhookRouter, providerEventRoutes } from '#webhooks/routes.ts'
import { createWebhookService } from '#webhooks/service.ts'
import { type ChannelEndpoints, createChannels } from './app-channels.ts'
import { healthRouter } from './app-health.ts'
import { createNativeProviders, createStripe } from './app-providers.ts'
import { upkeepJobs } from './app-upkeep.ts'
import { startWork, type Work } from './app-work.ts'

/** Everything a process needs to know; `main-*.ts` make it out of the environment. */
export interface AppConfig {
  databaseUrl: string
  databasePoolMax: number
  queueUrl: string
  secret: string
  publicUrl: string
  logLevel: string
  rateLimitPerSecond: number
  workerConcurrency: number
  allowPrivateWebhooks: boolean
  /** Where export files are kept: a folder, or a bucket of any S3 API. */
  exports: ExportStorage
  /** Whether a second key must approve what changes the books by hand. */
  fourEyes: boolean
  channels?: ChannelEndpoints
  /** What seals the secrets of connections, newest first; none: a key derived from `secret`. */
  connectionsKeys?: readonly NamedKey[]
  stripe: { secretKey: string; webhookSecrets: string[]; apiBase?: string | undefined }
  /** Mounts what is not the API: pages, docs, demo. */
  mount?: ((app: express.Express, context: MountContext) => void) | undefined
}

/** What pages are built from. */
export interface MountContext {
  services: Services
  clock: Clock
  logger: Logger
  routes: readonly Route[]
}

/** What tests replace. */
export interface AppOverrides {
  clock?: Clock
  logger?: Logger
  providers?: Partial<Record<ProviderId, PaymentProvider>>
  channels?: Channels
  queuePrefix?: string
}

export type Services = ReturnType<typeof createServices>

export interface App {
  http: express.Express
  /** /healthz, /readyz and /metrics alone, for a process that serves nothing else. */
  health: express.Router
  services: Services
  db: Database
  queue: JobQueue
  metrics: Metrics
  logger: Logger
  routes: readonly Route[]
  /** Starts workers and the sweep in this process. */
  startWork(): Promise<Work>
  close(): Promise<void>
}

/** The one composition root: builds everything out of a configuration, starts nothing. */
export const createApp = async (config: AppConfig, overrides: AppOverrides = {}): Promise<App> => {
  const clock = overrides.clock ?? systemClock
  const logger = overrides.logger ?? createLogger(config.logLevel)
  const metrics = createMetrics()
  const db = openDatabase({
    url: config.databaseUrl,
    poolMax: config.databasePoolMax,
    onError: (err) => logger.warn({ err }, 'database connection failed'),
  })
  const prefix = overrides.queuePrefix === undefined ? {} : { prefix: overrides.queuePrefix }
  const queue = await createQueue({ url: config.queueUrl, logger, metrics, ...prefix })
  const secrets = createSecrets(config.secret)
  const services = createServices(config, overrides, { clock, logger, metrics, db, queue, secrets })
  const routes = createRoutes(services)
  const shedder = createShedder()
  const health = healthRouter({ db, queue, metrics, clock })
  const http = createHttpApp({
    db,
    clock,
    logger,
    metrics,
    shedder,
    routes,
    authenticate: createAuthenticator(db, () => clock.now(), isLive(config)),
    rateLimit: createRateLimit(config.rateLimitPerSecond, () => clock.now().getTime()),
    publicUrl: config.publicUrl,
    secrets,
    mount: (app) => {
      app.use(health)
      app.use(createWebhookRouter(services.webhooks))
      app.use(createChannelRouter(services.channelInbox))
      config.mount?.(app, { services, clock, logger, routes })
    },
  })
  const handlers = createHandlers(services, db, clock)
  return {
    http,
    health,
    services,
    db,
    queue,
    metrics,
    logger,
    routes,
    startWork: () =>
      startWork({ queue, handlers, services, db, clock, logger, metrics, concurrency: config.workerConcurrency }),
    close: async () => {
      shedder.close()
      await queue.flush()
      await queue.close()
      await db.close()
    },
  }
}

const isLive = ({ stripe }: AppConfig): boolean => /^(sk|rk)_live_/.test(stripe.secretKey)

interface Base {
  clock: Clock
  logger: Logger
  metrics: Metrics
  db: Database
  queue: JobQueue
  secrets: Secrets
}

const createServices = (config: AppConfig, overrides: AppOverrides, base: Base) => {
  const stripe = overrides.providers?.stripe ?? createStripe(config.stripe, base.metrics)
  const channelOptions = { stripe, clock: base.clock, allowPrivate: config.allowPrivateWebhooks }
  const channels = overrides.channels ?? createChannels(config.channels ?? {}, channelOptions)
  const keys = createKeyRing({ keys: config.connectionsKeys ?? [], secret: config.secret })
  const outbound = createOutbound({ allowPrivate: config.allowPrivateWebhooks })
  const connections = createConnectionService({ ...base, channels, publicUrl: config.publicUrl, keys, outbound })
  const natives = createNativeProviders({ db: base.db, channels, connections })
  const providers: Record<ProviderId, PaymentProvider> = { stripe, ...natives, ...overrides.providers }
  const vetoes: VetoSources = {
    find: connections.findVeto,
    order: (intent) => readyForCharge(deps, intent),
    outbound,
  }
  const deps = { ...base, providers, channels, publicUrl: config.publicUrl, vetoes }
  const refunds = createRefundService(deps)
  const payments = createPaymentService({ ...deps, connections, syncRefund: refunds.sync })
  const checkoutUrl = (merchantId: string, id: string) => intentLinks(deps, { merchant_id: merchantId, id }).checkoutUrl
  const checkouts = createCheckoutService(deps)
  const messages = createMessageService({ ...deps, connections, checkoutUrl, native: payments.native })
  const sealer = createSealer(base)
  return {
    accounts: createAccountService(base),
    connections,
    sealer,
    ledger: createLedgerService({ ...base, sealer }),
    finance: createFinanceService({ ...base, sealer, fourEyes: config.fourEyes }),
    exports: createExportService({ ...base, sealer, databaseUrl: config.databaseUrl, storage: config.exports }),
    threads: createThreadService(base),
    customers: createCustomerService(base),
    methods: createMethodService(deps),
    payments,
    refunds,
    checkouts,
    bills: createBillService({ ...deps, refunds }),
    messages,
    chat: createChatService({ ...deps, connections, messages }),
    events: createEventService({
      ...base,
      allowPrivate: config.allowPrivateWebhooks,
      subscribers: [
        createCheckoutSubscriber(deps),
        createBillSubscriber(deps),
        createMessageSubscriber({ ...base, channels, checkoutUrl }),
      ],
    }),
    webhooks: createWebhookService({ ...base, providers, payments, refunds }),
    channelInbox: createChannelInbox({
      ...deps,
      connections,
      payments,
      messages,
      answers: createChannelAnswers({
        ...base,
        channels,
        native: payments.native,
        checkouts,
        askVeto: (row) => askVeto(deps, row),
      }),
    }),
  }
}

/** Every operation of the API: the server serves exactly these and `openapi.yaml` describes exactly these. */
export const createRoutes = (services: Services): Route[] => [
  ...threadRoutes(services.threads),
  ...chatRoutes(services.chat),
  ...connectionRoutes(services.connections),
  ...messageRoutes(services.messages),
  ...paymentRoutes(services.payments),
  ...refundRoutes(services.refunds),
  ...checkoutRoutes(services.checkouts),
  ...billRoutes(services.bills),
  ...customerRoutes(services.customers),
  ...methodRoutes(services.methods),
  ...ledgerRoutes(services.ledger),
  ...financeRoutes(services.finance),
  ...exportRoutes(services.exports),
  ...eventRoutes(services.events),
  ...webhookEndpointRoutes(services.events),
  ...deliveryRoutes(services.events),
  ...providerEventRoutes(services.webhooks),
  ...channelUpdateRoutes(services.channelInbox),
  ...accountRoutes(services.accounts),
]

const createHandlers = (services: Services, db: Database, clock: Clock): JobHandlers => ({
  ...webhookJobs(services.webhooks),
  ...paymentJobs(services.payments),
  ...refundJobs(services.refunds),
  ...checkoutJobs(services.checkouts),
  ...billJobs(services.bills),
  ...messageJobs(services.messages),
  'method.forget': ({ id, merchant = '' }) => services.methods.forget(merchant, id),
  'channel.update': ({ id, merchant = '' }) => services.channelInbox.process(merchant, id),
  ...exportJobs(services.exports),
  'outbox.drain': async () => void (await services.events.drainOutbox()),
  'notification.deliver': (payload) => services.events.deliver(payload),
  ...upkeepJobs(db, clock),
})
