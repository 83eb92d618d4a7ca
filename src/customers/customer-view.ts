import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { CustomerRow } from './repo.ts'
import type { Address, AddressInput, Customer } from './schemas.ts'

/** Stripe's customer. What we keep nothing of (balance, invoices, sources) has the value of a customer without it. */
export const showCustomer = (row: CustomerRow): Customer => ({
  id: showId('customer', row.id),
  object: 'customer',
  address: row.address,
  balance: 0,
  created: unixSeconds(row.created_at),
  currency: null,
  default_source: null,
  delinquent: false,
  description: row.description,
  email: row.email,
  invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
  livemode: row.livemode,
  metadata: row.metadata,
  name: row.name,
  phone: row.phone,
  preferred_locales: [],
  shipping: row.shipping,
  tax_exempt: 'none',
  test_clock: null,
})

/** All six members, null where nothing was said. */
export const wholeAddress = (input: AddressInput): Address => ({
  city: input.city || null,
  country: input.country || null,
  line1: input.line1 || null,
  line2: input.line2 || null,
  postal_code: input.postal_code || null,
  state: input.state || null,
})

/** What changed, with the values before, as events carry it: whole fields, but single keys of the metadata. */
export const previousAttributes = (before: Customer, after: Customer): Record<string, unknown> => {
  const changed = Object.entries(before).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(after[name as keyof Customer]),
  )
  return Object.fromEntries(
    changed.map(([name, value]) => [name, name === 'metadata' ? previousKeys(before.metadata, after.metadata) : value]),
  )
}

const previousKeys = (before: Record<string, string>, after: Record<string, string>): Record<string, string | null> => {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...names].filter((name) => before[name] !== after[name])
  return Object.fromEntries(changed.map((name) => [name, before[name] ?? null]))
}
