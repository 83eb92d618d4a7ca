import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { loadPlatformKeys } from './crypto/platform-keys.ts'
import { createFaults } from './http/faults.ts'
import type { MerchantCredentials, MerchantOptions, WechatpaySandbox, WechatpaySandboxOptions } from './options.ts'
import type { Sandbox, SandboxSettings } from './sandbox.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'
import { createSandboxServer } from './server.ts'
import { createClock } from './store/clock.ts'
import { createIds } from './store/ids.ts'
import { createMerchants } from './store/merchants.ts'
import { createSchema } from './store/schema.ts'

const SECOND = 1000
const MINUTE = 60_000
const HOUR = 3_600_000
/** https://pay.weixin.qq.com/doc/v3/merchant/4012071382 */
const RETRY_MS = [
  15 * SECOND,
  15 * SECOND,
  30 * SECOND,
  3 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  30 * MINUTE,
  60 * MINUTE,
  3 * HOUR,
  3 * HOUR,
  3 * HOUR,
  6 * HOUR,
  6 * HOUR,
]
const DEFAULT_MERCHANT: MerchantOptions = { mchid: '1900000109', appids: ['wx8888888888888888'] }

/** Starts a simulated WeChat Pay. Everything it knows is in the database, so it may be killed and started again. */
export async function startWechatpaySandbox(options: WechatpaySandboxOptions): Promise<WechatpaySandbox> {
  const log = options.log ?? (() => {})
  const pool = new pg.Pool({ connectionString: options.databaseUrl, max: options.poolMax ?? 4 })
  const onError = (error: Error) => log({ msg: 'database connection lost', error: error.message })
  // A connection that breaks is replaced by the pool; without a listener, idle or in use, it would end the process.
  pool.on('error', onError)
  pool.on('connect', (client) => client.on('error', onError))
  try {
    await createSchema(pool)
    const holder: { scheduler?: Scheduler } = {}
    const sandbox = await createSandbox(pool, options, () => holder.scheduler?.wake())
    const [first] = options.merchants ?? [DEFAULT_MERCHANT]
    for (const merchant of options.merchants ?? [DEFAULT_MERCHANT]) await sandbox.merchants.keep(merchant)
    const scheduler = createScheduler(sandbox)
    const server = createSandboxServer(sandbox, scheduler)
    const { url, port } = await listen(server, options)
    sandbox.settings.publicUrl = options.publicUrl ?? url
    // Only now: what was left undone by an earlier process may need the public address.
    holder.scheduler = scheduler
    scheduler.wake()
    const end = async () => {
      const closed = new Promise((resolve) => void server.close(resolve))
      server.closeAllConnections()
      await closed
      await scheduler.close()
      await pool.end()
    }
    let ending: Promise<void> | undefined
    const close = () => {
      ending ??= end()
      return ending
    }
    return handleOf(sandbox, scheduler, { url, port, close, mchid: first?.mchid ?? '' })
  } catch (error) {
    await pool.end()
    throw error
  }
}

async function createSandbox(pool: pg.Pool, options: WechatpaySandboxOptions, wake: () => void): Promise<Sandbox> {
  const settings = settingsOf(options)
  const { seed, probeRate } = settings
  const log = options.log ?? (() => {})
  const clock = await createClock(pool, options.now ?? Date.now)
  const keys = await loadPlatformKeys(pool, clock.realMs(), options.platformKeys)
  const merchants = createMerchants(pool, keys, seed)
  const faults = createFaults(pool, { rate: probeRate, seed }, log)
  await Promise.all([merchants.load(), faults.load()])
  return { pool, ids: await createIds(pool, seed), clock, keys, merchants, faults, turn: 0, settings, wake, log }
}

function settingsOf(options: WechatpaySandboxOptions): SandboxSettings {
  return {
    publicUrl: options.publicUrl ?? '',
    controlKey: options.controlKey ?? 'wechatpay-sandbox',
    seed: options.seed ?? 'wechatpay-sandbox',
    refundSettleMs: options.refundSettleMs ?? 3000,
    notifyDelayMs: options.notifyDelayMs ?? 0,
    notifyRetryMs: options.notifyRetryMs ?? RETRY_MS,
    notifyTimeoutMs: options.notifyTimeoutMs ?? 5000,
    probeRate: options.probeRate ?? 0,
    exchangeRates: options.exchangeRates ?? {},
    payerCurrency: options.payerCurrency ?? 'CNY',
    scannableCodes: options.scannableCodes ?? false,
  }
}

function handleOf(
  sandbox: Sandbox,
  scheduler: Scheduler,
  { url, port, close, mchid }: { url: string; port: number; close: () => Promise<void>; mchid: string },
): WechatpaySandbox {
  const { controlKey } = sandbox.settings
  const credentialsOf = (of: string): MerchantCredentials => {
    const found = sandbox.merchants.credentials(of)
    if (!found) throw new Error(`there is no merchant ${of}`)
    return found
  }
  return {
    url,
    port,
    controlKey,
    credentials: credentialsOf(mchid),
    credentialsOf,
    async control(method, path, body) {
      const response = await fetch(`${url}/_sandbox/${path}`, {
        method,
        headers: { authorization: `Bearer ${controlKey}` },
        body: body ? JSON.stringify(body) : null,
      })
      const answer = (await response.json()) as Record<string, unknown>
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
      return answer
    },
    drainWebhooks: scheduler.drain,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function listen(
  server: Server,
  { port, host = '127.0.0.1' }: WechatpaySandboxOptions,
): Promise<{ url: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const { port: taken } = server.address() as AddressInfo
      resolve({ url: `http://${host}:${taken}`, port: taken })
    })
  })
}
