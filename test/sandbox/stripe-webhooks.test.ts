import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createReceiver, createWorld, pay, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

test('a refused webhook is sent again, then given up, and can be resent', async () => {
  world.receiver.answers.push(500, 404)
  await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
  const waiting = await world.stripe.events.list({ limit: 1 })
  assert.equal(waiting.data[0]?.type, 'payment_intent.created')
  await until(async () => (await world.arrived()).length === 1)

  world.receiver.answers.push(500, 500, 500)
  const { id } = await world.stripe.paymentIntents.create({ amount: 2000, currency: 'eur' })
  await until(async () => {
    await world.sandbox.drainWebhooks()
    const event = (await world.stripe.events.list({ limit: 1 })).data[0]
    return event?.pending_webhooks === 0 && world.receiver.answers.length === 0
  })
  assert.deepEqual(await world.arrived(), [])
  const event = (await world.stripe.events.list({ limit: 1 })).data[0]
  await world.control('POST', `events/${event?.id}/resend`)
  const [resent] = await world.arrived()
  assert.equal(resent?.id, event?.id)
  assert.equal((resent?.data.object as { id: string } | undefined)?.id, id)
})

test('webhooks can be doubled, dropped, delayed and reordered', async () => {
  await world.control('POST', 'faults', { fault: 'webhook_duplicate', match: { path: 'payment_intent.created' } })
  await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
  const doubled = await world.arrived()
  assert.equal(doubled.length, 2)
  assert.equal(doubled[0]?.id, doubled[1]?.id)

  await world.control('POST', 'faults', { fault: 'webhook_drop' })
  await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
  assert.deepEqual(await world.arrived(), [])

  await world.control('POST', 'faults', { fault: 'webhook_delay:60000' })
  await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
  assert.deepEqual(await world.arrived(), [])
  await world.control('POST', 'advance', { ms: 60_000 })
  assert.equal((await world.arrived()).length, 1)

  await world.control('POST', 'faults', { fault: 'webhook_reorder' })
  const { id } = await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
  await world.stripe.paymentIntents.cancel(id)
  await world.arrived().then((early) =>
    assert.deepEqual(
      early.map(({ type }) => type),
      ['payment_intent.canceled'],
    ),
  )
  await world.control('POST', 'advance', { ms: 1000 })
  assert.deepEqual(
    (await world.arrived()).map(({ type }) => type),
    ['payment_intent.created'],
  )
})

test('endpoints are managed through the API, and get the events they asked for', async () => {
  const other = await createReceiver()
  try {
    const endpoint = await world.stripe.webhookEndpoints.create({ url: other.url, enabled_events: ['refund.created'] })
    assert.match(endpoint.secret ?? '', /^whsec_/)
    assert.equal((await world.stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined)
    assert.ok((await world.stripe.webhookEndpoints.list()).data.some(({ id }) => id === endpoint.id))
    await world.stripe.webhookEndpoints.update(endpoint.id, {
      enabled_events: ['refund.created', 'refund.updated'],
      description: 'x',
    })
    await world.stripe.webhookEndpoints.del(endpoint.id)
    await world.stripe.paymentIntents.create({ amount: 1000, currency: 'eur' })
    await world.arrived()
    assert.deepEqual(other.events, [])
  } finally {
    await other[Symbol.asyncDispose]()
  }
})

test('a killed simulator delivers, settles and remembers after its restart', async () => {
  await world.control('POST', 'faults', { fault: 'webhook_delay:600000' })
  const paid = await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_sepa_debit' }), {
    idempotencyKey: 'restart',
  })
  await world.arrived()
  await world.restart()
  assert.equal(
    (await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_sepa_debit' }), { idempotencyKey: 'restart' }))
      .id,
    paid.id,
  )
  await world.control('POST', 'advance', { ms: 3_600_000 })
  const types = (await world.arrived()).map(({ type }) => type)
  assert.ok(types.includes('payment_intent.created'), 'the delayed webhook')
  assert.ok(types.includes('payment_intent.succeeded'), 'the settlement')
  assert.equal((await world.stripe.paymentIntents.retrieve(paid.id)).status, 'succeeded')
})

test('the same seed gives the same ids, and a reset begins again', async () => {
  await world.control('POST', 'reset')
  world.receiver.events.splice(0)
  const first = await world.stripe.paymentIntents.create(pay())
  await world.arrived()
  await world.control('POST', 'reset')
  const again = await world.stripe.paymentIntents.create(pay())
  assert.deepEqual(
    [again.id, again.latest_charge, again.client_secret],
    [first.id, first.latest_charge, first.client_secret],
  )
  assert.equal((await world.stripe.events.list({ types: ['payment_intent.succeeded'] })).data.length, 1)
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!(await condition())) assert.ok(Date.now() < deadline, 'it never came to pass')
}
