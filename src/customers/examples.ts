import type { PaymentMethod } from './method-schemas.ts'

/** A payment method as the reference shows it. */
export const exampleMethod: PaymentMethod = {
  id: 'pm_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'payment_method',
  allow_redisplay: 'always',
  billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
  card: {
    brand: 'visa',
    checks: null,
    country: 'FR',
    display_brand: 'visa',
    exp_month: 12,
    exp_year: 2030,
    fingerprint: null,
    funding: 'credit',
    generated_from: null,
    last4: '4242',
    networks: null,
    regulated_status: null,
    three_d_secure_usage: null,
    wallet: null,
  },
  consent: {
    at: 1_795_334_400,
    locale: 'en',
    source: 'page',
    text: 'Save my card for next time at Blüte Flowers.',
  },
  created: 1_795_334_400,
  customer: 'cus_01jd2q8k5xf0srd3q7m9w1c4ze',
  customer_account: null,
  livemode: false,
  metadata: {},
  provider: 'stripe',
  type: 'card',
  usage: 'on_session',
}
