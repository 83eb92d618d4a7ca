import type { Bill } from './schemas.ts'

const share = (letter: string, amount: number, name: string): Bill['shares'][number] => ({
  id: `bsh_01jd2q8k5xf0srd3q7m9w1c4z${letter}`,
  object: 'bill.share',
  amount,
  amount_paid: 0,
  amount_refunded: 0,
  checkout_url: `https://pay.example.com/pay/AZrL…${letter}`,
  is_rest: false,
  name,
  participant: `par_01jd2q8k5xf0srd3q7m9w1c4z${letter}`,
  payment_intent: `pi_01jd2q8k5xf0srd3q7m9w1c4z${letter}`,
  refunds: [],
  status: 'open',
  tax: 0,
  tip: 0,
  weight: null,
})

/** The bill of the documentation: 100.00 among three. */
export const exampleBill: Bill = {
  id: 'bill_01jd2q8k5xf0srd3q7m9w1c4zb',
  object: 'bill',
  amount: 10_000,
  amount_paid: 0,
  amount_refunded: 0,
  amount_remaining: 10_000,
  closed_at: null,
  created: 1_795_338_000,
  currency: 'eur',
  expires_at: 1_795_424_400,
  items: [],
  livemode: false,
  metadata: {},
  organizer: 'par_01jd2q8k5xf0srd3q7m9w1c4ze',
  shares: [share('e', 3334, 'Ana'), share('f', 3333, 'Ben'), share('g', 3333, 'Chloé')],
  split: 'equal',
  status: 'open',
  tax: 0,
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
  tip: 0,
  title: 'Dinner',
}

/** One has paid. */
export const examplePaying: Bill = {
  ...exampleBill,
  amount_paid: 3334,
  amount_remaining: 6666,
  shares: exampleBill.shares.map((one, index) =>
    index === 0 ? { ...one, amount_paid: one.amount, checkout_url: null, status: 'paid' } : one,
  ),
}
