/**
 * Takes a payment in a conversation and gives a part of it back, with Stripe's own library. Start Parley first:
 *
 *   npm start
 *   node examples/pay-in-a-thread.ts                 prints a link and waits until you have paid there
 *   node examples/pay-in-a-thread.ts pm_card_visa    pays by itself, with a test card
 */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import Stripe from 'stripe'

interface Demo {
  api_base: string
  keys: { service: string }
}

/** What a payment intent has here besides Stripe's own fields. */
type Intent = Stripe.PaymentIntent & { thread: string; checkout_url: string }

const demo: Demo = JSON.parse(await readFile(new URL('../.parley/demo.json', import.meta.url), 'utf8'))
const { hostname, port } = new URL(demo.api_base)
const parley = new Stripe(demo.keys.service, { host: hostname, port, protocol: 'http' })
const testCard = process.argv[2]

// The thread is found or created by what the chat platform calls it. Stripe's types do not know the parameter,
// hence the variable; the library sends it as it is.
const order = {
  amount: 4200,
  currency: 'eur',
  description: 'Bouquet “Nanterre”',
  thread: { channel: 'webchat', external_id: 'example', participants: [{ external_id: 'lea', name: 'Léa' }] },
  participant: { external_id: 'lea' },
  expires_in: 3600,
}
// With a key of our own a repeat of this request, after a crash for example, is the same payment and not a second one.
const intent = (await parley.paymentIntents.create(order, {
  idempotencyKey: `order-${randomUUID()}`,
})) as unknown as Intent
console.log(`${intent.id} asks for €42.00 in ${intent.thread}`)

if (testCard === undefined) console.log(`Pay here: ${intent.checkout_url}`)
else await parley.paymentIntents.confirm(intent.id, { payment_method: testCard })

const paid = await waitUntilPaid(intent.id)
console.log(`${paid.status}: ${paid.amount_received} minor units, charge ${paid.latest_charge}`)

const refund = await parley.refunds.create({ payment_intent: intent.id, amount: 1400 })
console.log(`${refund.id} is ${refund.status}; a worker takes it to the provider`)
console.log(`${refund.id} is ${(await waitUntilFinal(refund.id)).status}`)

// What the people in the chat have seen of it.
const timeline = (await parley.rawRequest('GET', `/v1/threads/${intent.thread}/messages`)) as unknown as {
  data: { kind: string; text: string }[]
}
for (const { kind, text } of timeline.data.slice(0, 2).reverse()) console.log(`in the thread: ${text} (${kind})`)

/** A service of yours would listen to `payment_intent.succeeded` instead: see receive-events.ts. */
async function waitUntilPaid(id: string): Promise<Stripe.PaymentIntent> {
  for (;;) {
    const now = await parley.paymentIntents.retrieve(id)
    if (now.status === 'succeeded') return now
    if (now.status === 'canceled') throw new Error(`${id} was canceled`)
    await wait(1000)
  }
}

async function waitUntilFinal(id: string): Promise<Stripe.Refund> {
  for (;;) {
    const now = await parley.refunds.retrieve(id)
    if (now.status !== 'pending') return now
    await wait(200)
  }
}
