import { z } from 'zod'
import type { CredentialFailure, ProviderAdapter, ProviderConnection } from '#providers/accounts.ts'
import { createStripeClient, type StripeClientOptions } from './client.ts'
import { createStripeProvider, stripeCapabilities, stripeCapabilitiesOf } from './index.ts'
import { findAccount } from './lookups.ts'
import { noPause, type RatePause } from './rate-pause.ts'

const settings = z.strictObject({
  account: z
    .string()
    .regex(/^acct_\w+$/)
    .optional()
    .meta({
      description: 'An account that is connected to the deployment’s own (Stripe Connect). For platform keys only.',
    }),
  publishable_key: z
    .string()
    .regex(/^pk_(test|live)_\w+$/)
    .optional()
    .meta({ description: 'For Stripe’s fields on the checkout page, and for Stripe.js on a page of yours.' }),
  country: z.string().optional().meta({ description: 'Read from Stripe.' }),
  default_currency: z.string().optional().meta({ description: 'Read from Stripe.' }),
  charges_enabled: z.boolean().optional().meta({ description: 'Read from Stripe.' }),
})

const secrets = z.strictObject({
  secret_key: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w+$/)
    .optional()
    .meta({ description: 'A secret or restricted key of the account, sk_… or rk_….' }),
  webhook_secret: z
    .string()
    .regex(/^whsec_[^\s,]+(,whsec_[^\s,]+)*$/)
    .optional()
    .meta({ description: 'The signing secret of the webhook endpoint; several separated by commas while rotating.' }),
})

export interface StripeAdapterOptions {
  /** Another host than Stripe's own, for the sandbox. */
  apiBase?: string | undefined
  /** The deployment's own key, which acts for the accounts that are connected to its own. */
  platformKey: string
  /** Of the same account, for the fields of accounts that are connected to it. */
  platformPublishableKey?: string | undefined
  /** Shared by everybody who uses that key: Stripe counts their requests together. */
  platformPause?: RatePause
}

/** Stripe with a merchant's own keys, or as an account that is connected to the deployment's. */
export const createStripeAdapter = (options: StripeAdapterOptions): ProviderAdapter => ({
  id: 'stripe',
  settings,
  secrets,
  capabilities: stripeCapabilities,
  capabilitiesOf: ({ account }) => stripeCapabilitiesOf(account),
  isPlatformOnly: (given) => given.account !== undefined,
  test: (connection) => test(options, connection),
  open: (connection, _notifyUrl, onRefused) => {
    const { account, publishable_key: ownKey } = connection.settings
    const connected = typeof account === 'string' ? { connectedAccount: account } : {}
    // Stripe.js takes the account beside the platform's key, as our calls do.
    const publishableKey = typeof account === 'string' ? options.platformPublishableKey : ownKey
    return createStripeProvider({
      ...clientOptions(options, connection),
      ...connected,
      ...(onRefused ? { onRefused } : {}),
      ...(typeof publishableKey === 'string' ? { publishableKey } : {}),
      webhookSecrets: connection.secrets.webhook_secret?.split(','),
    })
  },
})

const clientOptions = (
  options: StripeAdapterOptions,
  { settings, secrets }: ProviderConnection,
): StripeClientOptions => {
  const { apiBase, platformKey, platformPause = noPause } = options
  const base = apiBase === undefined ? {} : { apiBase }
  const { account } = settings
  return typeof account === 'string'
    ? { secretKey: platformKey, account, pause: platformPause, ...base }
    : { secretKey: secrets.secret_key ?? '', ...base }
}

const test = async (
  options: StripeAdapterOptions,
  connection: ProviderConnection,
): ReturnType<ProviderAdapter['test']> => {
  const mistake = findMistake(options, connection)
  if (mistake) return { ok: false, failure: mistake }
  const stripe = createStripeClient(clientOptions(options, connection))
  const found = await findAccount(stripe)
  if (found.outcome === 'ok' && found.value) return { ok: true, ...found.value }
  const reason = found.outcome === 'unknown' ? found.reason : ''
  const failure: CredentialFailure = reason.startsWith('refused')
    ? { reason: 'connection_broken', code: reason, advice: 'Check the keys, or the account, in the Stripe dashboard.' }
    : { reason: 'temporary', code: '', advice: 'Stripe did not answer. Try again in a minute.' }
  return { ok: false, failure }
}

/** What can be told without asking Stripe. */
const findMistake = (
  { platformKey }: StripeAdapterOptions,
  { settings, secrets, livemode }: ProviderConnection,
): CredentialFailure | undefined => {
  const hasKey = secrets.secret_key !== undefined
  if (hasKey === (settings.account !== undefined)) {
    const advice = hasKey
      ? 'Send secrets[secret_key] or settings[account], not both.'
      : 'Send secrets[secret_key], the key of your Stripe account.'
    return { reason: 'connection_broken', code: 'secret_key', advice }
  }
  const keys = [secrets.secret_key ?? platformKey, settings.publishable_key]
  const wrong = keys.find((key) => typeof key === 'string' && key.includes('_live_') !== livemode)
  if (wrong === undefined) return undefined
  const isLive = !livemode
  const [key, mode] = isLive ? ['live', 'test'] : ['test', 'live']
  const advice = `This is a ${key} key of Stripe, and yours here is a ${mode} key. Use a ${mode} key of Stripe, or a ${key} key here.`
  return { reason: 'connection_broken', code: 'livemode_mismatch', advice }
}
