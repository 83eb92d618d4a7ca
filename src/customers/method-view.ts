import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { MethodRow } from './method-repo.ts'
import type { Consent, PaymentMethod } from './method-schemas.ts'

/** Stripe's payment method. Whose it is ends with its removal; who holds the card is asked for by the provider alone. */
export const showMethod = (row: MethodRow): PaymentMethod => {
  const details = (row.method ?? { type: 'card' }) as unknown as Details
  return {
    id: showId('paymentMethod', row.id),
    object: 'payment_method',
    allow_redisplay: 'always',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    ...ownDetails(details),
    created: unixSeconds(row.created_at),
    customer: row.detached_at === null ? showId('customer', row.customer_id) : null,
    customer_account: null,
    livemode: row.livemode,
    metadata: {},
    type: details.type,
    consent: row.consent as unknown as Consent,
    provider: row.provider,
    usage: row.usage,
  }
}

/** As the charge tells it (`PaymentMethodDetails` of the provider's port). */
interface Details {
  type: string
  brand?: string
  last4?: string
  expMonth?: number
  expYear?: number
  country?: string
  funding?: string
}

const ownDetails = (details: Details) => {
  if (details.type === 'card') return { card: cardOf(details) }
  if (details.type !== 'sepa_debit') return { [details.type]: {} }
  const { country = null, last4 = null } = details
  return {
    sepa_debit: { bank_code: null, branch_code: null, country, fingerprint: null, generated_from: null, last4 },
  }
}

const cardOf = ({ brand = 'unknown', last4 = '', expMonth = 0, expYear = 0, country, funding }: Details) => ({
  brand,
  checks: null,
  country: country ?? null,
  display_brand: brand,
  exp_month: expMonth,
  exp_year: expYear,
  fingerprint: null,
  funding: funding ?? 'unknown',
  generated_from: null,
  last4,
  networks: null,
  regulated_status: null,
  three_d_secure_usage: null,
  wallet: null,
})

/** A card is good until the end of its month, wherever on earth the payer is. */
export const isExpired = ({ method }: Pick<MethodRow, 'method'>, now: Date): boolean => {
  const { expMonth, expYear } = (method ?? {}) as Partial<Details>
  if (expMonth === undefined || expYear === undefined) return false
  return now.getTime() >= Date.UTC(expYear, expMonth, 1, 12)
}
