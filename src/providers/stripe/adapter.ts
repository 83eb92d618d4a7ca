import { z } from 'zod'
import type { ProviderAdapter, ProviderConnection } from '#providers/accounts.ts'
import { createStripeClient, lookup } from './client.ts'
import { createStripeProvider, stripeCapabilities } from './index.ts'

const settings = z.strictObject({})

const secrets = z.strictObject({
  secret_key: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/)
    .meta({ description: 'A secret or restricted key of the account, sk_… or rk_….' }),
  webhook_secret: z
    .string()
    .regex(/^whsec_\S+$/)
    .optional()
    .meta({ description: 'The signing secret of the webhook endpoint; several separated by commas while rotating.' }),
})

/** Stripe with a merchant's own keys. `apiBase`: another host than Stripe's own, for the sandbox. */
export const createStripeAdapter = ({ apiBase }: { apiBase?: string | undefined }): ProviderAdapter => {
  const base = apiBase === undefined ? {} : { apiBase }
  return {
    id: 'stripe',
    settings,
    secrets,
    capabilities: stripeCapabilities,
    test: async (connection) => {
      const stripe = createStripeClient({ secretKey: keyOf(connection), ...base })
      const found = await lookup(() => stripe.accounts.retrieveCurrent())
      if (found.outcome === 'ok' && found.value)
        return {
          ok: true,
          externalId: found.value.id,
          name: found.value.settings?.dashboard.display_name ?? found.value.id,
        }
      const isRefused = found.outcome === 'unknown' && found.reason.startsWith('refused')
      return {
        ok: false,
        failure: isRefused
          ? { reason: 'connection_broken', code: found.reason, advice: 'Check the secret key in the Stripe dashboard.' }
          : { reason: 'temporary', code: '', advice: 'Stripe did not answer. Try again in a minute.' },
      }
    },
    open: (connection) =>
      createStripeProvider({
        secretKey: keyOf(connection),
        webhookSecrets: (connection.secrets.webhook_secret ?? '').split(',').filter((secret) => secret !== ''),
        ...base,
      }),
  }
}

const keyOf = ({ secrets }: ProviderConnection): string => secrets.secret_key ?? ''
