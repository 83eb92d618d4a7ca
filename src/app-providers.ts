import type { OpenProviderConnection } from '#connections/open-service.ts'
import { type Clock, systemClock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { createNativeProvider, type NativeProviderDeps } from '#native/provider-service.ts'
import { isNativeProvider } from '#native/rules.ts'
import type { Metrics } from '#platform/metrics.ts'
import type {
  CredentialFailure,
  ProviderAccount,
  ProviderAdapter,
  ProviderAdapters,
  Providers,
} from '#providers/accounts.ts'
import { measured } from '#providers/measured.ts'
import type { PaymentProvider, ProviderId } from '#providers/provider.ts'
import { createStripeAdapter } from '#providers/stripe/adapter.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { createRatePause } from '#providers/stripe/rate-pause.ts'
import { readAccount, type WechatpaySecrets, type WechatpaySettings } from '#providers/wechatpay/account.ts'
import { createWechatpayAdapter } from '#providers/wechatpay/adapter.ts'
import { createWechatpayProvider } from '#providers/wechatpay/index.ts'
import type { ProviderListeners } from '#webhooks/service.ts'

export interface StripeConfig {
  secretKey: string
  webhookSecrets: string[]
  apiBase?: string | undefined
  publishableKey?: string | undefined
}

export const createStripe = (config: StripeConfig, clock: Clock = systemClock): PaymentProvider =>
  createStripeProvider({
    secretKey: config.secretKey,
    webhookSecrets: config.webhookSecrets,
    publishableKey: config.publishableKey,
    clock,
    ...(config.apiBase === undefined ? {} : { apiBase: config.apiBase }),
  })

export interface WechatpayConfig {
  apiBase?: string | undefined
  /** The deployment's own account; absent: only merchants' own. */
  own?: { settings: WechatpaySettings; secrets: WechatpaySecrets; livemode: boolean } | undefined
}

/** The deployment's own account at WeChat Pay, if it has one. */
export const createWechatpay = (
  { apiBase, own }: WechatpayConfig,
  place: { publicUrl: string; clock: Clock },
): { wechatpay?: PaymentProvider } => {
  if (!own) return {}
  const account = readAccount(own.settings, own.secrets)
  const notifyUrl = `${place.publicUrl}/webhooks/providers/wechatpay`
  const { livemode } = own
  return { wechatpay: createWechatpayProvider({ account, notifyUrl, livemode, apiBase, clock: place.clock }) }
}

/** What merchants can connect accounts of their own at. */
export const createAdapters = (config: {
  stripe: StripeConfig
  wechatpay?: WechatpayConfig | undefined
  clock?: Clock
}): ProviderAdapters => ({
  stripe: createStripeAdapter({
    apiBase: config.stripe.apiBase,
    platformKey: config.stripe.secretKey,
    platformPublishableKey: config.stripe.publishableKey,
    platformPause: createRatePause(config.clock ?? systemClock),
  }),
  wechatpay: createWechatpayAdapter({
    apiBase: config.wechatpay?.apiBase,
    ...(config.clock ? { clock: config.clock } : {}),
  }),
})

/** The platforms that take money themselves. A refund of unknown outcome is repeated only where a key makes it one. */
export const createNativeProviders = (
  deps: Omit<NativeProviderDeps, 'id' | 'idempotencyHorizonMs'>,
): Record<NativeProviderDeps['id'], PaymentProvider> => ({
  telegram: createNativeProvider({ ...deps, id: 'telegram', idempotencyHorizonMs: 24 * 3_600_000 }),
  whatsapp: createNativeProvider({ ...deps, id: 'whatsapp', idempotencyHorizonMs: 0 }),
})

interface DirectoryDeps {
  metrics: Metrics
  /** The deployment's own accounts. */
  own: Partial<Record<ProviderId, PaymentProvider>>
  adapters: ProviderAdapters
  connections: {
    openProvider(merchantId: string, id: string): Promise<OpenProviderConnection | undefined>
    openProviderById(id: string): Promise<OpenProviderConnection | undefined>
    notifyUrl(provider: string, id: string): string
    findAccounts(provider: ProviderAdapter['id'], externalId: string): Promise<OpenProviderConnection[]>
    markBroken(merchantId: string, id: string, failure: CredentialFailure): Promise<void>
  }
}

/** As many opened accounts are kept for the next payment; each holds its connections to the provider open. */
const openAccountsMax = 1000

/** Every account at every provider, opened once and again when its row has changed. */
export const createProviders = (deps: DirectoryDeps): Providers & { listeners: ProviderListeners } => {
  const observe = (call: Record<string, string>, seconds: number) => deps.metrics.providerCalls.observe(call, seconds)
  const own = new Map(
    Object.entries(deps.own).map(([id, provider]) => [id, provider && measured(provider, observe)] as const),
  )
  const opened = new Map<string, { version: string; provider: PaymentProvider }>()
  const openConnection = (connection: OpenProviderConnection): PaymentProvider => {
    const known = opened.get(connection.id)
    if (known?.version === connection.version) return known.provider
    const notifyUrl = deps.connections.notifyUrl(connection.provider, connection.id)
    const onRefused = (failure: CredentialFailure) => {
      // The next refusal tells again, if this cannot be written.
      deps.connections.markBroken(connection.merchantId, connection.id, failure).catch(() => undefined)
    }
    const provider = measured(deps.adapters[connection.provider].open(connection, notifyUrl, onRefused), observe)
    const [oldest] = opened.keys()
    if (opened.size >= openAccountsMax && oldest !== undefined) opened.delete(oldest)
    opened.set(connection.id, { version: connection.version, provider })
    return provider
  }
  const open = async ({ merchantId, provider: id, connectionId }: ProviderAccount): Promise<PaymentProvider> => {
    const connection = connectionId === null ? undefined : await deps.connections.openProvider(merchantId, connectionId)
    const provider = connectionId === null ? own.get(id) : connection?.provider === id && openConnection(connection)
    if (!provider) throw new AppError('provider_account_unavailable')
    return provider
  }
  return {
    open,
    capabilities: (id, settings) => {
      const adapter = adapterOf(deps.adapters, id)
      const connected = settings && adapter?.capabilitiesOf?.(settings)
      const known = connected ?? own.get(id)?.capabilities ?? adapter?.capabilities
      if (!known) throw new Error(`no such provider: ${id}`)
      return known
    },
    hasOwn: (id) => own.has(id),
    routable: () => [...new Set([...own.keys(), ...Object.keys(deps.adapters)])].filter((id) => !isNativeProvider(id)),
    listeners: {
      open: async (id, connectionId) => {
        if (connectionId === '') return own.get(id)
        const connection = await deps.connections.openProviderById(connectionId)
        return connection?.provider === id ? openConnection(connection) : undefined
      },
      findConnected: async (id, account, merchantId) => {
        const adapter = adapterOf(deps.adapters, id)
        if (!adapter?.isPlatformOnly) return undefined
        const all = await deps.connections.findAccounts(adapter.id, account)
        const connected = all.filter(({ settings }) => adapter.isPlatformOnly?.(settings) === true)
        const named = connected.find((one) => one.merchantId === merchantId)
        return (named ?? (connected.length === 1 ? connected[0] : undefined))?.id
      },
    },
  }
}

const adapterOf = (adapters: ProviderAdapters, id: string) =>
  Object.values(adapters).find((adapter) => adapter.id === id)
