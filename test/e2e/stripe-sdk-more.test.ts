import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { startReceiver } from '../support/receiver.ts'
import { createStripeClient, refused } from '../support/stripe-client.ts'
import { createAnswerCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: Stripe
before(async () => {
  world = await createWorld()
  stripe = world.stripe('service', world.shop, { check: createAnswerCheck() })
})
after(() => world[Symbol.asyncDispose]())

test('answers are held against the contract that Stripe publishes', { skip: noContract }, () => undefined)

const pay = (params: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 4200,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    confirm: true,
    ...params,
  })
const chargeOf = async (intent: string) => {
  const [charge] = (await stripe.charges.list({ payment_intent: intent })).data
  assert.ok(charge)
  return charge
}

test('two partial refunds are taken and one too many is refused', async () => {
  const intent = await pay()
  for (const amount of [1000, 2000]) {
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount, reason: 'requested_by_customer' })
    assert.deepEqual([refund.status, refund.amount, refund.payment_intent], ['pending', amount, intent.id])
  }
  const error = await refused(stripe.refunds.create({ payment_intent: intent.id, amount: 1201 }))
  assert.deepEqual([error.statusCode, error.param], [400, 'amount'])
  assert.match(error.message, /12\.00 EUR/)
  await world.settle()
  const { data } = await stripe.refunds.list({ payment_intent: intent.id })
  assert.deepEqual(
    data.map(({ status, amount }) => [status, amount]),
    [
      ['succeeded', 2000],
      ['succeeded', 1000],
    ],
  )
  const part = await chargeOf(intent.id)
  assert.deepEqual([part.amount_refunded, part.refunded], [3000, false])
  await stripe.refunds.create({ charge: part.id })
  await world.settle()
  const whole = await chargeOf(intent.id)
  assert.deepEqual([whole.amount_refunded, whole.refunded], [4200, true])
  assert.equal((await refused(stripe.refunds.create({ charge: whole.id }))).code, 'charge_already_refunded')
})

test('refunds that race for the last cents never exceed what was paid', async () => {
  const intent = await pay()
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, () => stripe.refunds.create({ payment_intent: intent.id, amount: 1400 })),
  )
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 3)
  await world.settle()
  assert.equal((await chargeOf(intent.id)).amount_refunded, 4200)
})

test('a refund that fails at the bank goes back to the payment and can be made again', async () => {
  const intent = await pay({ payment_method: 'pm_card_refundFail' })
  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 })
  await world.settle()
  await world.advance(3_600_001)
  await world.settle()
  const failed = await stripe.refunds.retrieve(refund.id)
  assert.equal(failed.status, 'failed')
  assert.equal(typeof failed.failure_reason, 'string')
  assert.equal((await chargeOf(intent.id)).amount_refunded, 0)
  assert.equal((await stripe.refunds.create({ payment_intent: intent.id })).amount, 4200)
})

test('a pending refund waits for the bank', async () => {
  const intent = await pay({ payment_method: 'pm_card_pendingRefund' })
  const refund = await stripe.refunds.create({ payment_intent: intent.id, metadata: { why: 'cold' } })
  await world.settle()
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'pending')
  const noted = await stripe.refunds.update(refund.id, { metadata: { why: '', who: 'Léa' } })
  assert.deepEqual(noted.metadata, { who: 'Léa' })
  await world.advance(3_600_001)
  await world.settle()
  assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'succeeded')
  assert.equal((await refused(stripe.refunds.cancel(refund.id))).code, 'refund_unexpected_state')
})

test('auto-pagination reads 250 payments once each, newest first', async () => {
  const shop = await world.openShop()
  const client = world.stripe('service', shop, { check: createAnswerCheck() })
  const make = (index: number) =>
    client.paymentIntents.create({
      amount: index + 101,
      currency: 'eur',
      metadata: { parity: index % 2 ? 'odd' : 'even' },
    })
  const made: Stripe.PaymentIntent[] = []
  for (let at = 0; at < 250; at += 25)
    made.push(...(await Promise.all(Array.from({ length: 25 }, (_, index) => make(at + index)))))
  const read: Stripe.PaymentIntent[] = []
  for await (const intent of client.paymentIntents.list({ limit: 100 })) read.push(intent)
  assert.equal(read.length, 250)
  assert.deepEqual(new Set(read.map(({ id }) => id)), new Set(made.map(({ id }) => id)))
  const times = read.map(({ created }) => created)
  assert.deepEqual(times, times.toSorted().reverse())
  const found: string[] = []
  for await (const intent of client.paymentIntents.search({ query: "metadata['parity']:'odd'", limit: 50 }))
    found.push(intent.id)
  assert.equal(new Set(found).size, 125)
  const amount = await client.paymentIntents.search({
    query: "amount:107 AND currency:'eur' AND metadata['parity']:'even'",
  })
  assert.deepEqual(
    amount.data.map((one) => one.amount),
    [107],
  )
  const oldest = read.at(-1)?.created ?? 0
  assert.equal((await client.paymentIntents.list({ created: { lt: oldest } })).data.length, 0)
  assert.equal((await client.paymentIntents.list({ created: { gte: oldest }, limit: 1 })).has_more, true)
})

test('customers are created, changed, listed and deleted', async () => {
  const customer = await stripe.customers.create({
    name: 'Léa Martin',
    email: 'lea@example.com',
    address: { line1: '1 rue du Port', country: 'FR' },
    metadata: { crm: '42' },
  })
  const changed = await stripe.customers.update(customer.id, { name: 'Léa M.', metadata: { crm: '' } })
  assert.deepEqual([changed.name, changed.email, changed.metadata], ['Léa M.', 'lea@example.com', {}])
  assert.deepEqual(
    (await stripe.customers.list({ email: 'lea@example.com' })).data.map(({ id }) => id),
    [customer.id],
  )
  const intent = await pay({ customer: customer.id })
  assert.equal((await stripe.customers.del(customer.id)).deleted, true)
  assert.equal((await stripe.customers.retrieve(customer.id)).deleted, true)
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).customer, customer.id)
})

test('events tell what happened, can be filtered, and fit the contract', async () => {
  const shop = await world.openShop()
  const client = world.stripe('service', shop, { check: createAnswerCheck() })
  const intent = await client.paymentIntents.create(
    { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true },
    { idempotencyKey: 'told' },
  )
  await client.refunds.create({ payment_intent: intent.id, amount: 1 })
  await world.settle()
  const all = await client.events.list({ limit: 100 })
  const types = new Set(all.data.map(({ type }) => type))
  for (const type of [
    'payment_intent.created',
    'payment_intent.succeeded',
    'charge.succeeded',
    'refund.created',
    'charge.refunded',
  ])
    assert.ok(types.has(type as Stripe.Event.Type), `${type} is missing in ${[...types].join(', ')}`)
  const [succeeded, ...others] = (await client.events.list({ type: 'payment_intent.succeeded' })).data
  assert.ok(succeeded)
  assert.deepEqual([(succeeded.data.object as Stripe.PaymentIntent).id, others], [intent.id, []])
  assert.equal(succeeded.request?.idempotency_key, 'told')
  const charges = await client.events.list({ types: ['charge.succeeded', 'charge.refunded'] })
  assert.equal(charges.data.length, 2)
  assert.deepEqual(await client.events.retrieve(succeeded.id), succeeded)
  assert.deepEqual((await client.events.list({ created: { gt: all.data[0]?.created ?? 0 } })).data, [])
})

test('a webhook endpoint gets every event once, signed twice', async () => {
  await using receiver = await startReceiver()
  // The official verifiers look at the real clock, and the other tests have moved theirs.
  await using fresh = await createWorld()
  const client = fresh.stripe('service', fresh.shop, { check: createAnswerCheck() })
  const endpoint = await client.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: ['payment_intent.succeeded', 'charge.succeeded'],
  })
  const { secret = '' } = endpoint
  await client.paymentIntents.create({ amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true })
  await fresh.settle()
  assert.equal(receiver.received.length, 2)
  const standard = new Webhook(secret)
  const events = receiver.received.map(({ body, headers }) => {
    standard.verify(body, headers as Record<string, string>)
    return client.webhooks.constructEvent(body, String(headers['stripe-signature']), secret)
  })
  assert.deepEqual(events.map(({ type }) => type).toSorted(), ['charge.succeeded', 'payment_intent.succeeded'])
  const [first] = receiver.received
  assert.throws(() =>
    client.webhooks.constructEvent(`${first?.body} `, String(first?.headers['stripe-signature']), secret),
  )
  for (const told of events) {
    const { pending_webhooks: _, ...read } = await client.events.retrieve(told.id)
    assert.deepEqual({ ...told, pending_webhooks: 0 }, { ...read, pending_webhooks: 0 })
  }
  const changed = await client.webhookEndpoints.update(endpoint.id, { disabled: true })
  assert.deepEqual([changed.status, changed.secret], ['disabled', undefined])
  await client.paymentIntents.create({ amount: 100, currency: 'eur', payment_method: 'pm_card_visa', confirm: true })
  await fresh.settle()
  assert.equal(receiver.received.length, 2)
  assert.equal((await client.webhookEndpoints.del(endpoint.id)).deleted, true)
  assert.equal((await client.webhookEndpoints.list()).data.length, 0)
})

test('errors are the classes that the client knows', async () => {
  const wrongKey = createStripeClient(world.url, 'sk_test_nobody')
  assert.ok((await refused(wrongKey.paymentIntents.list())) instanceof Stripe.errors.StripeAuthenticationError)
  assert.ok(
    (await refused(world.stripe('bot').refunds.create({ payment_intent: 'pi_1' }))) instanceof
      Stripe.errors.StripePermissionError,
  )
  const missing = await refused(stripe.paymentIntents.retrieve('pi_01h455vb4pex5vsknk084sn02q'))
  assert.ok(missing instanceof Stripe.errors.StripeInvalidRequestError)
  assert.deepEqual([missing.statusCode, missing.code, missing.param], [404, 'resource_missing', 'intent'])
  assert.match(missing.requestId ?? '', /^req_/)
})

test('refunds show their payment and charge whole when asked', async () => {
  const intent = await pay()
  const made = await stripe.refunds.create({ payment_intent: intent.id, amount: 1, expand: ['charge'] })
  assert.equal((made.charge as Stripe.Charge).id, intent.latest_charge)
  const read = await stripe.refunds.retrieve(made.id, { expand: ['payment_intent'] })
  assert.equal((read.payment_intent as Stripe.PaymentIntent).id, intent.id)
  const { data } = await stripe.refunds.list({ payment_intent: intent.id, expand: ['data.charge'] })
  assert.deepEqual(
    data.map((refund) => (refund.charge as Stripe.Charge).id),
    [intent.latest_charge],
  )
})

test('after all this the books are right to the unit, and nothing in them can be changed', async () => {
  await world.settle()
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
  const { sql } = await import('kysely')
  for (const table of ['ledger_entries', 'ledger_transactions'])
    for (const change of [
      `update ${table} set merchant_id = merchant_id`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ])
      for (const db of [world.app.db.app, world.app.db.maintenance])
        await assert.rejects(sql.raw(change).execute(db), /permission denied|append-only|may not be changed/i, change)
})
