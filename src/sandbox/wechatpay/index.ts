import { startSimulator } from '#sandbox/kit/simulator.ts'
import type { World } from '#sandbox/kit/world.ts'
import { loadPlatformKeys } from './crypto/platform-keys.ts'
import { createTasks } from './flows/tasks.ts'
import { createFaults } from './http/faults.ts'
import type { MerchantCredentials, MerchantOptions, WechatpaySandbox, WechatpaySandboxOptions } from './options.ts'
import type { Sandbox, SandboxSettings } from './sandbox.ts'
import { createHandle } from './server.ts'
import { createIds } from './store/ids.ts'
import { createMerchants } from './store/merchants.ts'
import { createSchema, SCHEMA } from './store/schema.ts'
import { createDeliveries } from './webhooks/deliveries.ts'

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
  const { sandbox, simulator } = await startSimulator(options, {
    schema: SCHEMA,
    createSchema,
    createSandbox: (world) => createSandbox(world, options),
    createTasks,
    createDeliveries,
    createHandle,
  })
  const { controlKey } = sandbox.settings
  const credentialsOf = (mchid: string): MerchantCredentials => {
    const found = sandbox.merchants.credentials(mchid)
    if (!found) throw new Error(`there is no merchant ${mchid}`)
    return found
  }
  return {
    ...simulator,
    controlKey,
    credentials: credentialsOf(merchantsOf(options)[0]?.mchid ?? ''),
    credentialsOf,
    async control(method, path, body) {
      const response = await fetch(`${simulator.url}/_sandbox/${path}`, {
        method,
        headers: { authorization: `Bearer ${controlKey}` },
        body: body ? JSON.stringify(body) : null,
      })
      const answer = (await response.json()) as Record<string, unknown>
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
      return answer
    },
  }
}

async function createSandbox(world: World, options: WechatpaySandboxOptions): Promise<Sandbox> {
  const settings = settingsOf(options)
  const { seed, probeRate } = settings
  const { pool, clock } = world
  const keys = await loadPlatformKeys(pool, clock.realMs(), options.platformKeys)
  const merchants = createMerchants(pool, keys, seed)
  const faults = createFaults(world, { rate: probeRate, seed })
  await Promise.all([merchants.load(), faults.load()])
  for (const merchant of merchantsOf(options)) await merchants.keep(merchant)
  return { ...world, ids: await createIds(pool, seed), keys, merchants, faults, turn: 0, settings }
}

const merchantsOf = ({ merchants }: WechatpaySandboxOptions): MerchantOptions[] => merchants ?? [DEFAULT_MERCHANT]

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
