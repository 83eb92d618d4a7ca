import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createSecrets } from '#platform/crypto.ts'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
import { migrate } from '#platform/migrate.ts'
import { type App, createApp } from './app.ts'
import { closeApp, commonConfig, splitSecrets, trimSlash, wechatpayConfig } from './app-boot.ts'
import { type Demo, readOrCreateSecret, routeDemo, seedDemo, writeDemoFile } from './app-demo.ts'
import { listen } from './app-listen.ts'
import { mountPages } from './app-pages.ts'
import type { StripeConfig, WechatpayConfig } from './app-providers.ts'
import { ConfigurationError, type Environment, requireSetting } from './config.ts'
import { startStripeSandbox } from './sandbox/stripe/index.ts'
import { startWechatpaySandbox } from './sandbox/wechatpay/index.ts'
import type { WechatpaySandbox } from './sandbox/wechatpay/options.ts'

/** Connected to the platform at the simulator, so that destination charges can be tried. */
const sellerAccount = 'acct_baker'

export interface Everything {
  app: App
  url: string
  demo: Demo
  summary: string
  sweep(): Promise<void>
  close(): Promise<void>
}

/** Starts all parts in one process, with an embedded database unless one is named, and leaves `demo.json` behind. */
export const startEverything = async (env: Environment, { dir }: { dir: string }): Promise<Everything> => {
  const host = env.HOST ?? '127.0.0.1'
  const listener = await listen(env.PORT, host)
  await mkdir(dir, { recursive: true })
  const closers: (() => Promise<void>)[] = []
  try {
    const database = await openDatabaseServer(env, dir)
    closers.push(database.stop)
    await migrate(database.url)
    const secret = env.PARLEY_SECRET ?? (await readOrCreateSecret(join(dir, 'secret')))
    const url = trimSlash(env.PUBLIC_URL ?? `http://localhost:${listener.port}`)
    const provider = await startProvider(env, { databaseUrl: database.url, secret, apiPort: listener.port })
    closers.push(provider.close)
    const mounted = mountPages({ publicUrl: url, providerOrigin: provider.origin })
    const app = await createApp({
      ...commonConfig(env, dir),
      databaseUrl: database.url,
      queueUrl: env.QUEUE_URL ?? database.url,
      secret,
      publicUrl: url,
      allowPrivateWebhooks: env.ALLOW_PRIVATE_WEBHOOKS ?? provider.origin !== undefined,
      stripe: provider.stripe,
      wechatpay: provider.wechatpay,
      mount: mounted,
    })
    closers.push(app.close)
    const demo = await seedDemo(app.services.accounts, join(dir, 'demo.json'), url)
    if (provider.wechatpaySandbox) await routeDemo(app.services.routing, demo)
    mounted.startDemo({ apiBase: `http://127.0.0.1:${listener.port}`, keys: demo.keys })
    const work = await app.startWork()
    listener.serve(app.http)
    const demoUrl = `${url}/demo`
    await writeDemoFile(join(dir, 'demo.json'), {
      ...demo,
      api_base: url,
      demo_url: demoUrl,
      database_url: database.url,
      webhook_secrets: { stripe: provider.stripe.webhookSecrets[0] ?? '' },
      // The simulator's controls (faults, time, its own book) take its key.
      ...(provider.origin === undefined
        ? {}
        : { sandbox: { url: provider.origin, secret_key: provider.stripe.secretKey, seller: sellerAccount } }),
      ...(provider.wechatpaySandbox && { wechatpay_sandbox: wechatpayAccess(provider.wechatpaySandbox) }),
    })
    return {
      app,
      url,
      demo,
      summary: summarise({
        url,
        demoUrl,
        sandboxUrl: provider.origin,
        isEmbedded: env.DATABASE_URL === undefined,
        demo,
      }),
      sweep: work.sweep,
      close: async () => {
        await closeApp({ listener, work, app })
        await provider.close()
        await database.stop()
      },
    }
  } catch (error) {
    for (const close of closers.reverse()) await close().catch(() => undefined)
    await listener.close()
    throw error
  }
}

const openDatabaseServer = async (
  env: Environment,
  dir: string,
): Promise<{ url: string; stop: () => Promise<void> }> => {
  if (env.DATABASE_URL !== undefined) return { url: env.DATABASE_URL, stop: async () => {} }
  const postgres = await startEmbeddedPostgres({ dir }).catch((error: unknown) => {
    throw new ConfigurationError(error instanceof Error ? error.message : String(error))
  })
  return { url: postgres.databaseUrl, stop: postgres.stop }
}

interface Provider {
  stripe: StripeConfig
  /** The sandbox's address; undefined when the real provider is used. */
  origin: string | undefined
  wechatpay: WechatpayConfig
  /** Stands beside the simulated Stripe, never beside the real one. */
  wechatpaySandbox?: WechatpaySandbox
  close(): Promise<void>
}

const startProvider = async (
  env: Environment,
  setup: { databaseUrl: string; secret: string; apiPort: number },
): Promise<Provider> => {
  if (env.STRIPE_SECRET_KEY !== undefined) {
    const webhookSecrets = splitSecrets(requireSetting(env, 'STRIPE_WEBHOOK_SECRET'))
    return {
      stripe: {
        secretKey: env.STRIPE_SECRET_KEY,
        webhookSecrets,
        apiBase: env.STRIPE_API_BASE,
        publishableKey: env.STRIPE_PUBLISHABLE_KEY,
      },
      origin: undefined,
      wechatpay: wechatpayConfig(env, /^(sk|rk)_live_/.test(env.STRIPE_SECRET_KEY)),
      close: async () => {},
    }
  }
  const secrets = createSecrets(setup.secret)
  const secretKey = `sk_test_${secrets.mac('sandbox key').toString('hex').slice(0, 32)}`
  const webhookSecret = `whsec_${secrets.mac('sandbox webhook').toString('hex').slice(0, 32)}`
  const start = (port: number) =>
    startStripeSandbox({
      databaseUrl: setup.databaseUrl,
      port,
      secretKey,
      seed: env.SANDBOX_SEED,
      webhook: { url: `http://127.0.0.1:${setup.apiPort}/webhooks/providers/stripe`, secret: webhookSecret },
      accounts: [{ id: sellerAccount }],
    })
  const wanted = env.SANDBOX_PORT ?? (setup.apiPort < 65_535 ? setup.apiPort + 1 : 0)
  // A busy neighbour port is no reason to fail, unless somebody asked for exactly that one.
  const sandbox = await start(wanted).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    if (env.SANDBOX_PORT === undefined) return start(0)
    throw new ConfigurationError(`Port ${wanted} is in use. Set SANDBOX_PORT to another one, or to 0.`)
  })
  const wechatpay = await startWechatpaySandbox({
    databaseUrl: setup.databaseUrl,
    port: 0,
    controlKey: secrets.mac('wechatpay sandbox').toString('hex').slice(0, 32),
    seed: env.SANDBOX_SEED,
    scannableCodes: true,
    poolMax: 2,
  }).catch(async (error: unknown) => {
    await sandbox.close()
    throw error
  })
  return {
    stripe: {
      secretKey,
      webhookSecrets: [webhookSecret],
      apiBase: sandbox.url,
      publishableKey: `pk_test_${secrets.mac('sandbox publishable key').toString('hex').slice(0, 32)}`,
    },
    origin: sandbox.url,
    wechatpay: simulatedWechatpay(wechatpay),
    wechatpaySandbox: wechatpay,
    close: async () => {
      await wechatpay.close()
      await sandbox.close()
    },
  }
}

/** The simulated WeChat Pay as the deployment's own account. */
const simulatedWechatpay = (sandbox: WechatpaySandbox): WechatpayConfig => {
  const { url, mchid, appid, control_key: _, ...secrets } = wechatpayAccess(sandbox)
  return { apiBase: url, own: { settings: { mchid, appid }, secrets, livemode: false } }
}

/** What a merchant would type into its own software, and the key of the simulator's controls. */
const wechatpayAccess = ({ url, controlKey, credentials }: WechatpaySandbox) => ({
  url,
  control_key: controlKey,
  mchid: credentials.mchid,
  appid: credentials.appid,
  serial_no: credentials.serialNo,
  private_key: credentials.privateKey,
  api_v3_key: credentials.apiV3Key,
  public_key_id: credentials.publicKeyId,
  public_key: credentials.publicKey,
})

const summarise = (facts: {
  url: string
  demoUrl: string
  sandboxUrl: string | undefined
  isEmbedded: boolean
  demo: Demo
}): string => {
  const lines: [string, string][] = [
    ['Demo chat', facts.sandboxUrl === undefined ? '(only with the sandbox)' : facts.demoUrl],
    ['API', `${facts.url}/v1`],
    ['API reference', `${facts.url}/docs`],
    ['Stripe', facts.sandboxUrl === undefined ? 'your account (STRIPE_SECRET_KEY)' : `sandbox at ${facts.sandboxUrl}`],
    ['Database', facts.isEmbedded ? 'embedded PostgreSQL 18 in .parley/' : 'DATABASE_URL'],
    ['Keys', '.parley/demo.json'],
  ]
  const body = lines.map(([name, value]) => `    ${name.padEnd(15)}${value}`).join('\n')
  return `
  Parley is ready. Pay in the demo chat, or from a shell:

    curl ${facts.url}/v1/payment_intents -u ${facts.demo.keys.service}: \\
      -d amount=4200 -d currency=eur -d "thread[channel]=webchat" -d "thread[external_id]=me"

${body}

  Stop with Ctrl-C.
`
}
