import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type Stripe from 'stripe'
import { createWorld, pay, refused, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const paid = (method = 'pm_card_visa') => world.stripe.paymentIntents.create(pay({ payment_method: method }))
const chargeOf = (intent: Stripe.PaymentIntent) =>
  world.stripe.charges.retrieve(String(intent.latest_charge), { expand: ['refunds'] })

test('a payment is refunded in parts until nothing is left', async () => {
  const intent = await paid()
  await world.arrived()
  const first = await world.stripe.refunds.create(
    {
      payment_intent: intent.id,
      amount: 1200,
      reason: 'requested_by_customer',
      metadata: { why: 'late' },
      expand: ['balance_transaction', 'charge'],
    },
    { idempotencyKey: 'refund-1' },
  )
  assert.deepEqual(
    [first.status, first.amount, first.reason, first.metadata],
    ['succeeded', 1200, 'requested_by_customer', { why: 'late' }],
  )
  const booked = first.balance_transaction as Stripe.BalanceTransaction
  assert.deepEqual([booked.amount, booked.fee, booked.net, booked.type], [-1200, 0, -1200, 'refund'])
  assert.equal((first.charge as Stripe.Charge).amount_refunded, 1200)
  const events = await world.arrived()
  assert.deepEqual(events.map(({ type }) => type).sort(), ['charge.refunded', 'refund.created'])
  assert.ok(events.every(({ request }) => request?.idempotency_key === 'refund-1'))

  const tooMuch = await refused(world.stripe.refunds.create({ payment_intent: intent.id, amount: 3001 }))
  assert.equal(tooMuch.statusCode, 400)
  assert.equal(tooMuch.message, 'Refund amount (€30.01) is greater than unrefunded amount on charge (€30.00)')
  const rest = await world.stripe.refunds.create({ charge: String(intent.latest_charge) })
  assert.equal(rest.amount, 3000)
  const charge = await chargeOf(intent)
  assert.deepEqual([charge.refunded, charge.amount_refunded, charge.refunds?.data.length], [true, 4200, 2])
  assert.equal(
    (await refused(world.stripe.refunds.create({ payment_intent: intent.id }))).code,
    'charge_already_refunded',
  )
  const listed = await world.stripe.refunds.list({ payment_intent: intent.id })
  assert.deepEqual(
    listed.data.map(({ id }) => id),
    [rest.id, first.id],
  )
})

test('refunds at the same moment never exceed the payment', async () => {
  const intent = await paid()
  const attempts = Array.from({ length: 12 }, () =>
    world.stripe.refunds.create({ payment_intent: intent.id, amount: 1000 }),
  )
  const results = await Promise.allSettled(attempts)
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 4)
  assert.equal((await chargeOf(intent)).amount_refunded, 4000)
  const { data } = await world.stripe.refunds.list({ payment_intent: intent.id })
  assert.equal(
    data.reduce((sum, { amount }) => sum + amount, 0),
    4000,
  )
})

test('captures at the same moment take the money once', async () => {
  const held = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, () => world.stripe.paymentIntents.capture(held.id)),
  )
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  const { data } = await world.stripe.balanceTransactions.list({ source: String(held.latest_charge) })
  assert.deepEqual(
    data.map(({ amount }) => amount),
    [4200],
  )
})

test('a refund that fails later gives the money back to the balance and to the charge', async () => {
  const intent = await paid('pm_card_refundFail')
  const refund = await world.stripe.refunds.create({ payment_intent: intent.id })
  assert.equal(refund.status, 'succeeded')
  await world.arrived()
  await world.control('POST', 'advance', { ms: 3_600_000 })
  const failed = await world.stripe.refunds.retrieve(refund.id, { expand: ['failure_balance_transaction'] })
  assert.deepEqual([failed.status, failed.failure_reason], ['failed', 'expired_or_canceled_card'])
  const back = failed.failure_balance_transaction as Stripe.BalanceTransaction
  assert.deepEqual([back.amount, back.type], [4200, 'refund_failure'])
  const charge = await chargeOf(intent)
  assert.deepEqual([charge.refunded, charge.amount_refunded], [false, 0])
  assert.ok((await world.arrived()).some(({ type }) => type === 'refund.failed'))
  assert.equal((await world.stripe.refunds.create({ payment_intent: intent.id, amount: 100 })).status, 'succeeded')
})

test('a pending refund succeeds later, or is called off in time', async () => {
  const intent = await paid('pm_card_pendingRefund')
  const first = await world.stripe.refunds.create({ payment_intent: intent.id, amount: 1000 })
  const second = await world.stripe.refunds.create({ payment_intent: intent.id, amount: 2000 })
  assert.deepEqual([first.status, second.status], ['pending', 'pending'])
  assert.equal((await world.stripe.refunds.cancel(second.id)).status, 'canceled')
  await world.control('POST', 'advance', { ms: 3_600_000 })
  assert.equal((await world.stripe.refunds.retrieve(first.id)).status, 'succeeded')
  assert.equal((await world.stripe.refunds.retrieve(second.id)).status, 'canceled')
  assert.equal((await chargeOf(intent)).amount_refunded, 1000)
  assert.equal((await refused(world.stripe.refunds.cancel(first.id))).statusCode, 400)
})

test('what was never captured cannot be refunded', async () => {
  const held = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  assert.match(
    (await refused(world.stripe.refunds.create({ payment_intent: held.id }))).message,
    /does not have a successful charge/,
  )
  assert.equal((await refused(world.stripe.refunds.create({ payment_intent: 'pi_none' }))).code, 'resource_missing')
  assert.equal((await refused(world.stripe.refunds.create({}))).statusCode, 400)
})

test('the book agrees with the balance', async () => {
  const book = (await world.control('GET', 'book')) as { payment_intents: Sums[]; currencies: Sums[] }
  const { available, pending } = await world.stripe.balance.retrieve()
  const eur = book.currencies.find(({ currency }) => currency === 'eur')
  assert.equal(eur?.net, (available[0]?.amount ?? 0) + (pending[0]?.amount ?? 0))
  const sum = (name: string) => book.payment_intents.reduce((total, intent) => total + Number(intent[name]), 0)
  assert.equal(eur?.captured, sum('captured'))
  assert.equal(eur?.refunded, sum('refunded'))
  assert.equal(eur?.fees, sum('fees'))
  assert.ok(
    book.payment_intents.every(
      ({ captured, authorized, refunded }) =>
        Number(captured) <= Number(authorized) && Number(refunded) <= Number(captured),
    ),
  )
})

type Sums = Record<string, unknown>
