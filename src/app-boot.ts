import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { ExportStorage } from '#exports/storage-service.ts'
import type { App, AppConfig } from './app.ts'
import type { Listener } from './app-listen.ts'
import type { WechatpayConfig } from './app-providers.ts'
import { ConfigurationError, type Environment, requireSetting } from './config.ts'

/** The configuration of a production process: nothing is made up, everything missing is named. */
export const productionConfig = (env: Environment): AppConfig => {
  const databaseUrl = requireSetting(env, 'DATABASE_URL')
  return {
    ...commonConfig(env),
    databaseUrl,
    queueUrl: env.QUEUE_URL ?? databaseUrl,
    secret: requireSetting(env, 'PARLEY_SECRET'),
    publicUrl: trimSlash(requireSetting(env, 'PUBLIC_URL')),
    allowPrivateWebhooks: env.ALLOW_PRIVATE_WEBHOOKS ?? false,
    stripe: {
      secretKey: requireSetting(env, 'STRIPE_SECRET_KEY'),
      webhookSecrets: splitSecrets(requireSetting(env, 'STRIPE_WEBHOOK_SECRET')),
      apiBase: env.STRIPE_API_BASE,
      publishableKey: env.STRIPE_PUBLISHABLE_KEY,
    },
    wechatpay: wechatpayConfig(env, /^(sk|rk)_live_/.test(env.STRIPE_SECRET_KEY ?? '')),
  }
}

/** The deployment's own account at WeChat Pay, all of it or nothing, and where WeChat Pay is. */
export const wechatpayConfig = (env: Environment, livemode: boolean): WechatpayConfig => {
  const apiBase = env.WECHATPAY_API_BASE
  if (env.WECHATPAY_MCHID === undefined) return { apiBase }
  return {
    apiBase,
    own: {
      settings: {
        mchid: env.WECHATPAY_MCHID,
        appid: requireSetting(env, 'WECHATPAY_APPID'),
        kind: env.WECHATPAY_KIND,
        h5: env.WECHATPAY_H5,
      },
      secrets: {
        serial_no: requireSetting(env, 'WECHATPAY_SERIAL_NO'),
        private_key: readPem(requireSetting(env, 'WECHATPAY_PRIVATE_KEY')),
        api_v3_key: requireSetting(env, 'WECHATPAY_API_V3_KEY'),
        public_key_id: env.WECHATPAY_PUBLIC_KEY_ID,
        public_key: env.WECHATPAY_PUBLIC_KEY && readPem(env.WECHATPAY_PUBLIC_KEY),
      },
      livemode,
    },
  }
}

const readPem = (text: string): string => text.replaceAll('\\n', '\n')

export const commonConfig = (env: Environment, dir = '.parley') => ({
  databasePoolMax: env.DATABASE_POOL_MAX,
  logLevel: env.LOG_LEVEL,
  trustedProxies: env.TRUSTED_PROXIES,
  rateLimitPerSecond: env.RATE_LIMIT_PER_SECOND,
  workerConcurrency: env.WORKER_CONCURRENCY,
  fourEyes: env.LEDGER_FOUR_EYES,
  exports: exportStorage(env, dir),
  ...(env.CONNECTIONS_KEYS === undefined ? {} : { connectionsKeys: env.CONNECTIONS_KEYS }),
  channels: {
    meta: env.META_API_BASE,
    telegram: env.TELEGRAM_API_BASE,
    line: env.LINE_API_BASE,
    wechat: env.WECHAT_API_BASE,
  },
})

const exportStorage = (env: Environment, dir: string): ExportStorage => {
  if (env.EXPORTS_S3_URL === undefined) return { kind: 'folder', path: env.EXPORTS_DIR ?? join(dir, 'exports') }
  return {
    kind: 's3',
    url: trimSlash(env.EXPORTS_S3_URL),
    region: env.EXPORTS_S3_REGION,
    accessKeyId: requireSetting(env, 'EXPORTS_S3_ACCESS_KEY_ID'),
    secretAccessKey: requireSetting(env, 'EXPORTS_S3_SECRET_ACCESS_KEY'),
  }
}

/** For commands: the database that is named, or the one that `npm start` left word of in this folder. */
export const findDatabaseUrl = async (named: string | undefined): Promise<string> => {
  if (named !== undefined) return named
  const text = await readFile('.parley/demo.json', 'utf8').catch(() => '{}')
  const { data } = z.object({ database_url: z.string() }).safeParse(JSON.parse(text))
  if (data) return data.database_url
  throw new ConfigurationError('No database: run "npm start" in this folder first, or set DATABASE_URL.')
}

export const trimSlash = (url: string): string => url.replace(/\/+$/, '')
export const splitSecrets = (text: string): string[] => text.split(',').map((secret) => secret.trim())

const drainMs = 25_000

/** Closes in order on SIGTERM or SIGINT; a second signal, or 25 seconds, ends the process at once. */
export const closeOnSignal = (close: () => Promise<void>): void => {
  let closing = false
  const stop = (): void => {
    if (closing) process.exit(1)
    closing = true
    setTimeout(() => process.exit(1), drainMs).unref()
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** Runs an entry: a configuration mistake is one clear message, anything else a stack trace; both end the process. */
export const run = (main: () => Promise<void>): void => {
  main().catch((error: unknown) => {
    console.error(error instanceof ConfigurationError ? `\n${error.message}\n` : error)
    process.exit(1)
  })
}

export const closeApp = async (parts: {
  listener?: Listener
  work?: { close(): Promise<void> }
  app: App
}): Promise<void> => {
  await parts.listener?.close()
  await parts.work?.close()
  await parts.app.close()
}
