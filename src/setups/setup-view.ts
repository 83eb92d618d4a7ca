import type { Consent, ConsentInput } from '#customers/method-schemas.ts'
import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import type { SetupRow } from './repo.ts'
import type { SetupIntent } from './schemas.ts'

/** What a setup intent shows that is derived from our secret. */
export interface SetupLinks {
  clientSecret: string
  setupUrl: string
}

/** Stripe's setup intent. What only Stripe.js needs has the value of one that is confirmed without it. */
export const showSetup = (row: SetupRow, { clientSecret, setupUrl }: SetupLinks): SetupIntent => ({
  id: showId('setupIntent', row.id),
  object: 'setup_intent',
  allowed_payment_method_types: null,
  application: null,
  automatic_payment_methods: null,
  cancellation_reason: row.cancellation_reason,
  client_secret: clientSecret,
  created: unixSeconds(row.created_at),
  customer: showId('customer', row.customer_id),
  customer_account: null,
  description: row.description,
  excluded_payment_method_types: null,
  flow_directions: null,
  last_setup_error: row.last_setup_error,
  latest_attempt: null,
  livemode: row.livemode,
  mandate: null,
  metadata: row.metadata,
  next_action: row.next_action,
  on_behalf_of: null,
  payment_method: row.payment_method_id === null ? row.payment_method : showId('paymentMethod', row.payment_method_id),
  payment_method_configuration_details: null,
  payment_method_options: {},
  payment_method_types: ['card'],
  provider: row.provider,
  setup_url: setupUrl,
  single_use_mandate: null,
  status: row.status,
  usage: row.usage,
})

export const accountOfSetup = (row: SetupRow): ProviderAccount => ({
  merchantId: row.merchant_id,
  provider: row.provider,
  connectionId: row.provider_connection_id,
})

/** Stripe's error object of an attempt that was refused. */
export const showSetupError = (decline: ProviderDecline, publicUrl: string): Record<string, unknown> => ({
  type: 'card_error',
  code: decline.code,
  message: decline.message,
  doc_url: `${publicUrl}/docs/errors/${decline.code}`,
  ...(decline.declineCode === undefined ? {} : { decline_code: decline.declineCode }),
})

/** The merchant's word for it, where nobody is asked on our page. */
export const consentOf = (input: ConsentInput | undefined, now: Date): Consent & Record<string, unknown> => ({
  at: input?.at ?? unixSeconds(now),
  locale: input?.locale ?? null,
  source: 'api',
  text: input?.text ?? null,
})
