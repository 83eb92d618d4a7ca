import type { z } from 'zod'
import type { chargeSchema, intentSchema } from './schemas.ts'

/** One payment intent as the reference shows it. */
export const intentExample: z.input<typeof intentSchema> = {
  id: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'payment_intent',
  amount: 4200,
  amount_capturable: 0,
  amount_received: 0,
  amount_refunded: 0,
  canceled_at: null,
  cancellation_reason: null,
  capture_method: 'automatic',
  checkout_url: 'https://pay.example.com/pay/AZPRfE0r8AzZDp…',
  client_secret: 'pi_01jd2q8k5xf0srd3q7m9w1c4ze_secret_8Jx0fQm2',
  created: 1_795_334_400,
  currency: 'eur',
  customer: null,
  description: 'Bouquet “Nanterre”',
  expires_at: 1_795_420_800,
  last_payment_error: null,
  latest_charge: null,
  livemode: false,
  metadata: { order: '1001' },
  next_action: null,
  participant: 'par_01jd2q8k5yf0srd3q7m9w1c4zf',
  payment_method: null,
  status: 'requires_payment_method',
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
}

export const chargeExample: z.input<typeof chargeSchema> = {
  id: 'ch_01jd2q8m7xf0srd3q7m9w1c4zh',
  object: 'charge',
  amount: 4200,
  amount_captured: 4200,
  amount_refunded: 0,
  captured: true,
  created: 1_795_334_460,
  currency: 'eur',
  failure_code: null,
  failure_message: null,
  paid: true,
  payment_intent: intentExample.id,
  refunded: false,
  status: 'succeeded',
}
