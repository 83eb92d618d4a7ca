import { type Clock, systemClock } from '#kernel/clock.ts'
import type { PaymentProvider, ProviderCapabilities } from '#providers/provider.ts'
import { amountLimits } from './amounts.ts'
import { createStripeClient, type StripeClientOptions } from './client.ts'
import { stripeCommands } from './commands.ts'
import { stripeDisputes } from './disputes.ts'
import { stripeFields } from './fields.ts'
import { stripeLookups } from './lookups.ts'
import { stripeMoney } from './money.ts'
import { createRatePause } from './rate-pause.ts'
import { stripeSetups } from './setups.ts'
import { createWebhookVerifier } from './webhook.ts'

export interface StripeProviderOptions extends StripeClientOptions {
  /** The signing secrets of our webhook endpoint; two during a rotation. Undefined: no endpoint is set up (yet). */
  webhookSecrets: readonly string[] | undefined
  clock?: Clock
  /** The connected account that this is; absent: the one of the key. */
  connectedAccount?: string
  /** For Stripe.js on our page; absent: there is only Stripe's own page. */
  publishableKey?: string | undefined
}

export const stripeCapabilities: ProviderCapabilities = {
  // Which ones depends on the country of the account; Stripe refuses the others before anything happens.
  currencies: 'all',
  amountLimits,
  manualCapture: true,
  partialCapture: true,
  incrementalAuthorization: true,
  multicapture: true,
  overcapture: true,
  partialRefund: true,
  savedMethods: true,
  destinationCharges: true,
  // Stripe may forget a key after 24 hours; four hours less, for clocks and queues.
  idempotencyHorizonMs: 20 * 60 * 60 * 1000,
}

/** What a connected account can do, or (`account` undefined) one with keys of its own. */
export const stripeCapabilitiesOf = (account: unknown): ProviderCapabilities =>
  account === undefined
    ? stripeCapabilities
    : { ...stripeCapabilities, destinationCharges: false, applicationFees: true }

export const createStripeProvider = ({
  webhookSecrets,
  clock = systemClock,
  connectedAccount,
  publishableKey,
  ...options
}: StripeProviderOptions): PaymentProvider => {
  const stripe = createStripeClient({ pause: createRatePause(clock), ...options })
  return {
    id: 'stripe',
    capabilities: stripeCapabilitiesOf(options.account),
    ...stripeCommands(stripe, clock),
    ...stripeLookups(stripe),
    ...(publishableKey === undefined
      ? {}
      : { fields: stripeFields(stripe, { publishableKey, account: options.account }) }),
    disputes: stripeDisputes(stripe),
    money: stripeMoney(stripe),
    setups: stripeSetups(stripe),
    verifyWebhook: webhookSecrets
      ? createWebhookVerifier(webhookSecrets, connectedAccount)
      : () => ({ ok: false, reason: 'no signing secret of this endpoint is known (secrets[webhook_secret])' }),
  }
}
