import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { createFaults } from './http/faults.ts'
import type { Sandbox, SandboxAccount } from './sandbox.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createSandboxServer } from './server.ts'
import { createClock } from './store/clock.ts'
import { createIds } from './store/ids.ts'
import { createSchema } from './store/schema.ts'
import { keepConfiguredEndpoint } from './webhooks/configured-endpoint.ts'
import { createDispatcher } from './webhooks/dispatcher.ts'
import { createEndpoints } from './webhooks/endpoints.ts'

export type StripeSandboxOptions = {
  /** A login that may create the schema `sandbox_stripe`. Everything the simulator knows lives there. */
  databaseUrl: string
  /** 0 takes any free port. */
  port: number
  host?: string
  /** How browsers reach the pages; the address it listens on, if absent. */
  publicUrl?: string
  secretKey: string
  /** Other accounts, each with objects of its own. */
  accounts?: SandboxAccount[]
  webhook?: { url: string; secret: string; enabledEvents?: string[] }
  seed?: string
  asyncSettleMs?: number
  /** Pauses between the attempts to deliver one webhook. After the last, it is given up. */
  webhookRetryMs?: number[]
  now?: () => number
  poolMax?: number
  log?: (line: object) => void
}

export type StripeSandbox = AsyncDisposable & {
  url: string
  port: number
  close(): Promise<void>
  /** Waits until everything that is due has happened and been delivered; what is planned for later stays planned. */
  drainWebhooks(): Promise<void>
}

export async function startStripeSandbox(options: StripeSandboxOptions): Promise<StripeSandbox> {
  const host = options.host ?? '127.0.0.1'
  const log = options.log ?? (() => {})
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.poolMax ?? 4 })
  const onError = (error: Error) => log({ msg: 'database connection lost', error: error.message })
  // A connection that breaks is replaced by the pool; without a listener, idle or in use, it would end the process.
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  try {
    await createSchema(pool)
    const holder: { scheduler?: Scheduler } = {}
    const sandbox: Sandbox = {
      pool,
      ids: await createIds(pool, options.seed ?? 'stripe-sandbox'),
      clock: await createClock(pool, options.now ?? Date.now),
      endpoints: createEndpoints(pool, options.accounts ?? []),
      faults: createFaults(pool, log),
      keysInFlight: new Set(),
      settings: {
        publicUrl: options.publicUrl ?? '',
        secretKey: options.secretKey,
        accounts: options.accounts ?? [],
        seed: options.seed ?? 'stripe-sandbox',
        asyncSettleMs: options.asyncSettleMs ?? 3000,
        webhookRetryMs: options.webhookRetryMs ?? [500, 2000, 10_000, 30_000, 60_000],
      },
      wake: () => holder.scheduler?.wake(),
      log,
    }
    const scheduler = createScheduler(sandbox, createDispatcher(sandbox))
    const server = createSandboxServer(sandbox, scheduler)
    await sandbox.faults.load()
    await keepConfiguredEndpoint(sandbox, options.webhook)
    await listen(server, options.port, host)
    const { port } = server.address() as AddressInfo
    const url = `http://${host}:${port}`
    sandbox.settings.publicUrl = options.publicUrl ?? url
    // Only now: what was left undone by an earlier process may need the public address.
    holder.scheduler = scheduler
    scheduler.wake()

    const close = async () => {
      const closed = new Promise((resolve) => void server.close(resolve))
      server.closeAllConnections()
      await closed
      await scheduler.close()
      await pool.end()
    }
    return { url, port, close, drainWebhooks: scheduler.drain, [Symbol.asyncDispose]: close }
  } catch (error) {
    await pool.end()
    throw error
  }
}

function listen(server: ReturnType<typeof createSandboxServer>, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
