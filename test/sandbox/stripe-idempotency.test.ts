import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createWorld, KEY, pay, refused, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${world.sandbox.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  })
const PAID = 'amount=1000&currency=eur&payment_method=pm_card_visa&confirm=true&return_url=https%3A%2F%2Fshop.example'
const count = async () => (await world.stripe.paymentIntents.list({ limit: 100 })).data.length

test('the same key and parameters give the same answer, without a second payment', async () => {
  const first = await post('/v1/payment_intents', PAID, { 'idempotency-key': 'a' })
  const again = await post('/v1/payment_intents', PAID, { 'idempotency-key': 'a' })
  assert.equal(await again.text(), await first.text())
  assert.deepEqual([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')], [null, 'true'])
  assert.equal(again.headers.get('original-request'), first.headers.get('request-id'))
  assert.equal(await count(), 1)
  const other = await post('/v1/payment_intents', PAID.replace('1000', '1001'), { 'idempotency-key': 'a' })
  assert.equal(other.status, 400)
  assert.equal(((await other.json()) as { error: { type: string } }).error.type, 'idempotency_error')
})

test('a decline is repeated too, a mistake in the parameters is not kept', async () => {
  const declined = () =>
    refused(
      world.stripe.paymentIntents.create(pay({ payment_method: 'pm_card_chargeDeclined' }), { idempotencyKey: 'b' }),
    )
  const [first, again] = [await declined(), await declined()]
  assert.equal(again.charge, first.charge)
  assert.equal((await post('/v1/payment_intents', 'amount=x&currency=eur', { 'idempotency-key': 'c' })).status, 400)
  assert.equal((await post('/v1/payment_intents', 'amount=1000&currency=eur', { 'idempotency-key': 'c' })).status, 200)
})

test('a request with a key under way is turned away, and one payment is made', async () => {
  const attempts = await Promise.all(
    Array.from({ length: 8 }, () =>
      post('/v1/payment_intents', PAID, { 'idempotency-key': 'd', 'stripe-sandbox-fault': 'delay:0' }),
    ),
  )
  const bodies = (await Promise.all(attempts.map((answer) => answer.json()))) as {
    id?: string
    error?: { code: string }
  }[]
  assert.ok(attempts.every(({ status }) => status === 200 || status === 409))
  assert.equal(new Set(bodies.flatMap(({ id }) => id ?? [])).size, 1)
  assert.ok(bodies.every(({ error }) => error === undefined || error.code === 'idempotency_key_in_use'))
})

test('error_500 stops before the work; error_after and lost_answer hide work that was done', async () => {
  const before500 = await count()
  const failed = await post('/v1/payment_intents', PAID, {
    'idempotency-key': 'e',
    'stripe-sandbox-fault': 'error_500',
  })
  assert.deepEqual([failed.status, await count()], [500, before500])
  assert.equal(
    (await post('/v1/payment_intents', PAID, { 'idempotency-key': 'e' })).status,
    500,
    'a stored 500 is repeated',
  )

  const hidden = await post('/v1/payment_intents', PAID, {
    'idempotency-key': 'f',
    'stripe-sandbox-fault': 'error_after',
  })
  assert.deepEqual([hidden.status, await count()], [500, before500 + 1])
  assert.equal((await post('/v1/payment_intents', PAID, { 'idempotency-key': 'f' })).status, 500)

  await assert.rejects(
    post('/v1/payment_intents', PAID, { 'idempotency-key': 'g', 'stripe-sandbox-fault': 'lost_answer' }),
  )
  assert.equal(await count(), before500 + 2)
  const replay = await post('/v1/payment_intents', PAID, { 'idempotency-key': 'g' })
  assert.deepEqual([replay.status, replay.headers.get('idempotent-replayed')], [200, 'true'])
  assert.equal(await count(), before500 + 2)
})

test('rate limits and outages are not kept, so the same key works afterwards', async () => {
  assert.equal(
    (await post('/v1/payment_intents', PAID, { 'idempotency-key': 'h', 'stripe-sandbox-fault': 'rate_limit' })).status,
    429,
  )
  assert.equal(
    (await post('/v1/payment_intents', PAID, { 'idempotency-key': 'h', 'stripe-sandbox-fault': 'error_503' })).status,
    503,
  )
  assert.equal((await post('/v1/payment_intents', PAID, { 'idempotency-key': 'h' })).status, 200)
  assert.equal((await post('/v1/payment_intents', PAID, { 'stripe-sandbox-fault': 'nonsense' })).status, 400)
})

test('a time-out never answers, though the work is done', async () => {
  const before = await count()
  await assert.rejects(
    post('/v1/payment_intents', PAID, { 'idempotency-key': 'i', 'stripe-sandbox-fault': 'timeout:20' }),
  )
  assert.equal(await count(), before + 1)
})

test('faults are planned by method and path, so many times', async () => {
  await world.control('POST', 'faults', {
    fault: 'error_500',
    count: 2,
    match: { method: 'POST', path: '/v1/payment_intents/*/capture' },
  })
  const held = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  for (const key of ['j1', 'j2']) {
    assert.equal(
      (await refused(world.stripe.paymentIntents.capture(held.id, {}, { idempotencyKey: key }))).statusCode,
      500,
    )
  }
  assert.equal((await world.stripe.paymentIntents.capture(held.id, {}, { idempotencyKey: 'j3' })).status, 'succeeded')
  assert.deepEqual((await world.control('GET', 'faults')).faults, [])
  assert.ok((await world.control('POST', 'faults', { fault: 'nonsense' })).error)
})

test('the book counts one effect per key', async () => {
  const { idempotency_keys: keys } = (await world.control('GET', 'book')) as {
    idempotency_keys: { key: string; effect: string; effects: number }[]
  }
  assert.ok(keys.some(({ key, effect }) => key === 'g' && effect === 'charge.succeeded'))
  assert.ok(keys.every(({ effects }) => effects === 1))
})
