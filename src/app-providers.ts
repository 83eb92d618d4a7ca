import { createNativeProvider, type NativeProviderDeps } from '#payments/native-provider-service.ts'
import type { Metrics } from '#platform/metrics.ts'
import { measured } from '#providers/measured.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'

export interface StripeConfig {
  secretKey: string
  webhookSecrets: string[]
  apiBase?: string | undefined
}

export const createStripe = (config: StripeConfig, metrics: Metrics): PaymentProvider => {
  const stripe = createStripeProvider({
    secretKey: config.secretKey,
    webhookSecrets: config.webhookSecrets,
    ...(config.apiBase === undefined ? {} : { apiBase: config.apiBase }),
  })
  const observe = (call: Record<string, string>, seconds: number) => metrics.providerCalls.observe(call, seconds)
  return measured(stripe, observe)
}

/** The platforms that take money themselves. A refund of unknown outcome is repeated only where a key makes it one. */
export const createNativeProviders = (
  deps: Omit<NativeProviderDeps, 'id' | 'idempotencyHorizonMs'>,
): Record<NativeProviderDeps['id'], PaymentProvider> => ({
  telegram: createNativeProvider({ ...deps, id: 'telegram', idempotencyHorizonMs: 24 * 3_600_000 }),
  whatsapp: createNativeProvider({ ...deps, id: 'whatsapp', idempotencyHorizonMs: 0 }),
})
