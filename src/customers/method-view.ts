import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { wholeAddress } from './customer-view.ts'
import type { MethodRow } from './method-repo.ts'
import type { BillingInput, Consent, PaymentMethod } from './method-schemas.ts'

/** Stripe's payment method. Whose it is ends with its removal; of who holds the card it says what the merchant has told. */
export const showMethod = (row: MethodRow): PaymentMethod => {
  const details = (row.method ?? { type: 'card' }) as unknown as Details
  return {
    id: showId('paymentMethod', row.id),
    object: 'payment_method',
    allow_redisplay: 'always',
    billing_details: { ...noBilling, ...row.billing_details },
    ...ownDetails(details),
    created: unixSeconds(row.created_at),
    customer: row.detached_at === null ? showId('customer', row.customer_id) : null,
    customer_account: null,
    livemode: row.livemode,
    metadata: row.metadata,
    type: details.type,
    consent: row.consent as unknown as Consent,
    provider: row.provider,
    usage: row.usage,
  }
}

const noBilling = { address: null, email: null, name: null, phone: null, tax_id: null }

/** As in Stripe's API: what is not named stays, an empty text unsets. */
export const mergeBilling = (
  before: Readonly<Record<string, unknown>> | null,
  { address, ...texts }: BillingInput,
): Record<string, unknown> => ({
  ...before,
  ...Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, value || null])),
  ...(address === undefined ? {} : { address: address === '' ? null : wholeAddress(address) }),
})

/** Whether the provider's view adds nothing to what is kept. */
export const sameMethod = (kept: MethodRow['method'], told: object): boolean =>
  Object.entries(told).every(([name, value]) => kept?.[name] === value)

/** The event of a change; without `previousAttributes` nothing that is shown has changed. */
export const methodUpdated = (before: MethodRow, after: MethodRow, now: Date) => {
  const object = showMethod(after)
  return {
    merchantId: after.merchant_id,
    type: 'payment_method.updated',
    objectId: after.id,
    threadId: null,
    paymentIntentId: null,
    object,
    previousAttributes: previousParts(showMethod(before), object),
    livemode: after.livemode,
    createdAt: now,
  }
}

/** The values before, where they differ; within an object only its members that do. */
const previousParts = (before: object, after: object): Record<string, unknown> => {
  const old = new Map(Object.entries(before))
  const fresh = new Map(Object.entries(after))
  const names = [...new Set([...old.keys(), ...fresh.keys()])]
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(fresh.get(name)))
      .map((name) => {
        const [was, is] = [old.get(name) ?? null, fresh.get(name)]
        return [name, isObject(was) && isObject(is) ? previousParts(was, is) : was]
      }),
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

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
