import type express from 'express'
import { type Clock, systemClock } from '#kernel/clock.ts'
import { createAuthenticator } from '#platform/api-keys.ts'
import { createSecrets } from '#platform/crypto.ts'
import { type Database, openDatabase } from '#platform/database.ts'
import { createHttpApp } from '#platform/http.ts'
import { createLogger, type Logger } from '#platform/logger.ts'
import { createMetrics, type Metrics } from '#platform/metrics.ts'
import { createQueue, type JobQueue } from '#platform/queue.ts'
import { createRateLimit, createShedder } from '#platform/rate-limit.ts'
import type { Route } from '#platform/route.ts'
import { createChannelRouter } from '#webhooks/channel-routes.ts'
import { createWebhookRouter } from '#webhooks/routes.ts'
import { healthRouter } from './app-health.ts'
import { createHandlers, createRoutes } from './app-routes.ts'
import { createServices, type Services, type ServicesConfig, type ServicesOverrides } from './app-services.ts'
import { startWork, type Work } from './app-work.ts'

/** Everything a process needs to know; `main-*.ts` make it out of the environment. */
export interface AppConfig extends ServicesConfig {
  databasePoolMax: number
  queueUrl: string
  logLevel: string
  rateLimitPerSecond: number
  /** How many proxies in front are believed when they say who asks. Default 0. */
  trustedProxies?: number
  workerConcurrency: number
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
export interface AppOverrides extends ServicesOverrides {
  clock?: Clock
  logger?: Logger
  queuePrefix?: string
}

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
    trustedProxies: config.trustedProxies ?? 0,
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
