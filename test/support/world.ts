import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Stripe from 'stripe'
import request from 'supertest'
import type { Role } from '#platform/api-keys.ts'
import { createLogger, type Logger } from '#platform/logger.ts'
import { type StripeSandbox, type StripeSandboxOptions, startStripeSandbox } from '#sandbox/stripe/index.ts'
import { type App, type AppConfig, type AppOverrides, createApp } from '../../src/app.ts'
import { type Listener, listen } from '../../src/app-listen.ts'
import { mountPages } from '../../src/app-pages.ts'
import type { Work } from '../../src/app-work.ts'
import { type MovableClock, movableClock } from './clock.ts'
import { createTestDatabase } from './database.ts'
import { type Book, findBrokenInvariants, readTrialBalance } from './invariants.ts'
import { createSettle, type SettleOptions } from './settle.ts'
import { openShop, type Shop } from './shop.ts'
import { type ClientOptions, createStripeClient } from './stripe-client.ts'

export interface WorldOptions {
  /** Where BullMQ keeps its jobs. `redis` needs TEST_REDIS_URL (see `noRedis`). */
  queue?: 'postgres' | 'redis'
  /** Start workers and the sweep at once; else `startWork()` does. Default true. */
  work?: boolean
  config?: Partial<AppConfig>
  overrides?: Omit<AppOverrides, 'clock'>
  sandbox?: Partial<StripeSandboxOptions>
}

export interface World extends AsyncDisposable {
  app: App
  /** Where the API listens for real. */
  url: string
  databaseUrl: string
  sandbox: StripeSandbox
  clock: MovableClock
  shop: Shop
  /** The official client with a key of that role, pointed at us. */
  stripe(role?: Role, shop?: Shop, options?: ClientOptions): Stripe
  /** supertest on the listening server, with a key of that role. */
  request(role?: Role, shop?: Shop): Client
  /** Another merchant. */
  openShop(name?: string): Promise<Shop>
  /** The simulator's controls: `sandboxControl('POST', 'faults', {...})`. */
  sandboxControl<T = Record<string, unknown>>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<T>
  /** Moves both clocks, ours and the simulator's, and lets the simulator do what has become due. */
  advance(ms: number): Promise<void>
  startWork(): Promise<Work>
  stopWork(): Promise<void>
  settle(options?: SettleOptions): Promise<void>
  trialBalanceIsZero(): Promise<void>
  /** Settle first: the provider's book and ours are compared to the unit. */
  verifyInvariants(): Promise<void>
}

export type Client = Record<'get' | 'post' | 'delete', (path: string) => request.Test>

const secretKey = 'sk_test_world'
const webhookSecret = 'whsec_world'
/** Nothing asynchronous settles by itself within a test: it is called for, or the clock is moved. */
const asyncSettleMs = 3_600_000

/** For node:test's `skip`. */
export const noRedis = process.env.TEST_REDIS_URL ? false : 'needs TEST_REDIS_URL'

/** A whole Parley in this process, on a real port, with its own database and the Stripe simulator beside it. */
export const createWorld = async (options: WorldOptions = {}): Promise<World> => {
  const stack = new AsyncDisposableStack()
  try {
    return await build(options, stack)
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const build = async (options: WorldOptions, stack: AsyncDisposableStack): Promise<World> => {
  const database = stack.use(await createTestDatabase())
  const clock = movableClock()
  const listener = stack.adopt(await listen(0, '127.0.0.1'), (one) => one.close())
  const url = `http://127.0.0.1:${listener.port}`
  const sandbox = stack.use(await startSandbox(options, database.url, url, clock))
  const logger = options.overrides?.logger ?? createLogger(process.env.TEST_LOG_LEVEL ?? 'silent')
  const app = await startApp(options, { databaseUrl: database.url, url, sandbox, clock, logger })
  stack.defer(() => app.close())
  const worker = createWorker(app)
  stack.defer(() => worker.stop())
  serve(listener, app, stack)
  const shop = await openShop(app)
  if (options.work ?? true) await worker.start()
  const sandboxControl = createControl(sandbox)
  return {
    app,
    url,
    databaseUrl: database.url,
    sandbox,
    clock,
    shop,
    stripe: (role = 'service', of = shop, more = {}) => createStripeClient(url, of.keys[role], more),
    request: (role = 'service', of = shop) => createRequest(url, of.keys[role]),
    openShop: (name) => openShop(app, name),
    sandboxControl,
    advance: async (ms) => {
      clock.advance(ms)
      await sandbox.drainWebhooks()
    },
    startWork: worker.start,
    stopWork: worker.stop,
    settle: createSettle({ app, sandbox, clock, work: worker.current }),
    trialBalanceIsZero: async () => {
      for (const { currency, total } of await readTrialBalance(app.db.maintenance)) assert.equal(total, 0n, currency)
    },
    verifyInvariants: async () => {
      const book = await sandboxControl<Book>('GET', 'book')
      assert.deepEqual(await findBrokenInvariants(app, book), [])
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const startSandbox = ({ sandbox }: WorldOptions, databaseUrl: string, url: string, clock: MovableClock) =>
  startStripeSandbox({
    databaseUrl,
    port: 0,
    secretKey,
    seed: 'world',
    webhook: { url: `${url}/webhooks/providers/stripe`, secret: webhookSecret },
    now: () => clock.now().getTime(),
    asyncSettleMs,
    webhookRetryMs: [5, 20, 100],
    ...sandbox,
  })

interface AppParts {
  databaseUrl: string
  url: string
  sandbox: StripeSandbox
  clock: MovableClock
  logger: Logger
}

const startApp = ({ queue, config, overrides }: WorldOptions, parts: AppParts): Promise<App> => {
  const redis = process.env.TEST_REDIS_URL
  if (queue === 'redis' && !redis) throw new Error('needs TEST_REDIS_URL')
  return createApp(
    {
      databaseUrl: parts.databaseUrl,
      databasePoolMax: 8,
      queueUrl: queue === 'redis' && redis ? redis : parts.databaseUrl,
      secret: 'a secret of at least thirty-two characters',
      publicUrl: parts.url,
      logLevel: 'silent',
      rateLimitPerSecond: 100_000,
      workerConcurrency: 8,
      fourEyes: true,
      exports: { kind: 'folder', path: join(tmpdir(), `parley-exports-${randomUUID()}`) },
      allowPrivateWebhooks: true,
      stripe: {
        secretKey,
        webhookSecrets: [webhookSecret],
        apiBase: parts.sandbox.url,
        publishableKey: 'pk_test_world',
      },
      mount: mountPages({ publicUrl: parts.url, providerOrigin: parts.sandbox.url }),
      ...config,
    },
    {
      queuePrefix: `test-${randomBytes(6).toString('hex')}`,
      ...overrides,
      clock: parts.clock,
      logger: parts.logger,
    },
  )
}

const createWorker = (app: App) => {
  let work: Work | undefined
  return {
    current: () => work,
    start: async (): Promise<Work> => {
      work ??= await app.startWork()
      return work
    },
    stop: async (): Promise<void> => {
      const stopping = work
      work = undefined
      await stopping?.close()
    },
  }
}

/** Clients keep connections alive; closing must not wait for them. */
const serve = (listener: Listener, app: App, stack: AsyncDisposableStack): void => {
  const sockets = new Set<{ destroy(): void }>()
  listener.serve((incoming, response) => {
    if (!sockets.has(incoming.socket)) incoming.socket.once('close', () => sockets.delete(incoming.socket))
    sockets.add(incoming.socket)
    app.http(incoming, response)
  })
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
  })
}

const createRequest = (url: string, key: string): Client => {
  const agent = request(url)
  return {
    get: (path) => agent.get(path).auth(key, { type: 'bearer' }),
    post: (path) => agent.post(path).auth(key, { type: 'bearer' }),
    delete: (path) => agent.delete(path).auth(key, { type: 'bearer' }),
  }
}

const createControl =
  (sandbox: StripeSandbox): World['sandboxControl'] =>
  async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${sandbox.url}/_sandbox/${path}`, {
      method,
      headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
