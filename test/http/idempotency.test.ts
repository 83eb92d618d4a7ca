import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import type { Raw } from '#platform/form.ts'
import { fingerprint } from '#platform/idempotency.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const intents = '/v1/payment_intents'
const post = (path: string, body: object, key: string) =>
  world.request().post(path).set('idempotency-key', key).send(body)

/** A key as a process left it that claimed it and then died, or is still at work. */
const claimed = async (key: string, path: string, body: Raw, heldForMs: number) => {
  const resourceId = newUuid()
  const { uuid: merchant_id } = world.shop
  const now = world.clock.now()
  await inTransaction(world.app.db, merchant_id, (tx) =>
    tx
      .insertInto('idempotency_keys')
      .values({
        merchant_id,
        key,
        fingerprint: fingerprint('POST', path, body),
        resource_id: resourceId,
        locked_until: new Date(now.getTime() + heldForMs),
        created_at: now,
      })
      .execute(),
  )
  return resourceId
}

describe('one key, many requests', () => {
  const cases: [string, string, object][] = [
    ['a payment', intents, { amount: 4200, currency: 'eur' }],
    [
      'a payment with a confirmation',
      intents,
      { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true },
    ],
    ['a thread', '/v1/threads', { channel: 'line', external_id: 'idempotent' }],
    ['a customer', '/v1/customers', { name: 'Léa' }],
    ['an endpoint', '/v1/webhook_endpoints', { url: 'https://shop.example/hook', enabled_events: ['payout.paid'] }],
  ]
  for (const [what, path, body] of cases)
    test(`${what}: 16 at once make one, and all that are answered read the same bytes`, async () => {
      const key = `many ${what}`
      const answers = await Promise.all(Array.from({ length: 16 }, () => post(path, body, key)))
      const good = answers.filter((answer) => answer.status === 200)
      assert.ok(good.length >= 1)
      assert.equal(new Set(good.map((answer) => answer.text)).size, 1)
      assert.equal(good.filter((answer) => answer.headers['idempotent-replayed'] === undefined).length, 1)
      for (const answer of answers.filter((one) => one.status !== 200))
        assert.deepEqual([answer.status, answer.body.error.code], [409, 'idempotency_key_in_use'])
      const again = await post(path, body, key).expect(200)
      assert.deepEqual([again.text, again.headers['idempotent-replayed']], [good[0]?.text, 'true'])
      const other = await post(path, { ...body, metadata: { other: '1' } }, key)
      assert.deepEqual([other.status, other.body.error.type], [400, 'idempotency_error'])
    })

  test('a refund is made once', async () => {
    const { body: intent } = await post(
      intents,
      { amount: 100, currency: 'eur', payment_method: 'pm_card_visa', confirm: true },
      'pay',
    )
    const refund = () => post('/v1/refunds', { payment_intent: intent.id, amount: 60 }, 'refund once')
    const answers = await Promise.all([refund(), refund(), refund()])
    await refund().expect(200)
    assert.equal(new Set(answers.filter((one) => one.status === 200).map((one) => one.body.id)).size, 1)
    assert.equal((await world.request().get('/v1/refunds').query({ payment_intent: intent.id })).body.data.length, 1)
  })
})

describe('the scope of a key', () => {
  test('form and JSON with the same parameters are the same request, in any order', async () => {
    const first = await post('/v1/threads', { channel: 'line', external_id: 'order', title: 'a' }, 'order')
    const again = await world
      .request()
      .post('/v1/threads')
      .set('idempotency-key', 'order')
      .type('form')
      .send('title=a&external_id=order&channel=line')
    assert.deepEqual([again.status, again.text], [200, first.text])
  })

  test('another path or another merchant is another request', async () => {
    await post('/v1/customers', { name: 'a' }, 'scope').expect(200)
    const elsewhere = await post('/v1/threads', { channel: 'line', external_id: 'a' }, 'scope')
    assert.equal(elsewhere.body.error.code, 'idempotency_error')
    const other = await world.openShop()
    const answer = await world
      .request('service', other)
      .post('/v1/customers')
      .set('idempotency-key', 'scope')
      .send({ name: 'b' })
    assert.deepEqual([answer.status, answer.body.name], [200, 'b'])
  })

  test('a preview is another request than the message', async () => {
    const { body: thread } = await post('/v1/threads', { channel: 'webchat', external_id: 'preview' }, 'preview thread')
    const path = `/v1/threads/${thread.id}/messages`
    const message = { text: 'Hello', from: 'bot' }
    const shown = await post(`${path}?preview=true`, message, 'preview').expect(200)
    assert.equal(shown.body.object, 'message_preview')
    assert.equal((await post(path, message, 'preview')).body.error.code, 'idempotency_error')
    const sent = await post(path, message, 'real').expect(200)
    assert.deepEqual([sent.body.object, sent.headers['idempotent-replayed']], ['thread.message', undefined])
    assert.equal((await post(path, message, 'real')).text, sent.text)
  })

  test('a refused validation is forgotten, a decline is kept', async () => {
    assert.equal((await post(intents, { amount: 0, currency: 'eur' }, 'mend')).status, 400)
    assert.equal((await post(intents, { amount: 100, currency: 'eur' }, 'mend')).status, 200)
    const body = { amount: 4200, currency: 'eur', payment_method: 'pm_card_chargeDeclined', confirm: true }
    const declined = await post(intents, body, 'decline')
    const again = await post(intents, body, 'decline')
    assert.deepEqual([again.status, again.text, again.headers['idempotent-replayed']], [402, declined.text, 'true'])
  })

  test('a key has 1 to 255 characters', async () => {
    assert.equal((await post('/v1/customers', {}, 'k'.repeat(255))).status, 200)
    const answer = await post('/v1/customers', {}, 'k'.repeat(256))
    assert.deepEqual([answer.status, answer.body.error.param], [400, 'Idempotency-Key'])
  })
})

describe('a process that died', () => {
  test('holds its key for a while: 409 with Retry-After', async () => {
    const body = { channel: 'line', external_id: 'held' }
    await claimed('held', '/v1/threads', body, 60_000)
    const answer = await post('/v1/threads', body, 'held')
    assert.deepEqual(
      [answer.status, answer.body.error.code, answer.headers['retry-after']],
      [409, 'idempotency_key_in_use', '1'],
    )
  })

  test('is taken over when its hold has ended, with the same id', async () => {
    const body = { name: 'Léa' }
    const id = await claimed('dead', '/v1/customers', body, -1)
    const answer = await post('/v1/customers', body, 'dead').expect(200)
    assert.equal(answer.body.id, showId('customer', id))
  })

  test('after it had written the payment, and before it confirmed it', async () => {
    const body = { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true }
    const id = await claimed('between', intents, body, -1)
    const scope = { merchantId: world.shop.uuid, livemode: false, resourceId: id }
    const { confirm: _, ...unconfirmed } = body
    await world.app.services.payments.create(scope, {
      ...unconfirmed,
      capture_method: 'automatic',
      confirm: false,
      currency: 'eur' as never,
    })
    const answer = await post(intents, body, 'between').expect(200)
    assert.deepEqual([answer.body.id, answer.body.status], [showId('paymentIntent', id), 'succeeded'])
    await expectOneCharge(answer.body.id)
  })

  test('after the provider had taken the money, and before it was written down', async () => {
    const { body: intent } = await post(intents, { amount: 4200, currency: 'eur' }, 'lost intent')
    const path = `${intents}/${intent.id}/confirm`
    await world.sandboxControl('POST', 'faults', { fault: 'lost_answer', count: 2, match: { method: 'POST' } })
    await world.sandboxControl('POST', 'faults', { fault: 'error_500', count: 20, match: { method: 'GET' } })
    const lost = await post(path, { payment_method: 'pm_card_visa' }, 'lost confirm')
    assert.deepEqual(
      [lost.status, lost.body.error.code, lost.headers['retry-after']],
      [503, 'provider_unknown_outcome', '2'],
    )
    await world.sandboxControl('DELETE', 'faults')
    const answer = await post(path, { payment_method: 'pm_card_visa' }, 'lost confirm').expect(200)
    assert.equal(answer.body.status, 'succeeded')
    await expectOneCharge(intent.id)
  })
})

const expectOneCharge = async (id: string) => {
  await world.settle()
  const { body } = await world.request().get(`${intents}/${id}/attempts`)
  assert.deepEqual(
    body.data.map((charge: { status: string }) => charge.status),
    ['succeeded'],
  )
}

test('keys are kept a day at least, and forgotten some time', async () => {
  await post('/v1/customers', { name: 'kept' }, 'kept').expect(200)
  const { forgetOldKeys, idempotencyKeptMs } = await import('#platform/idempotency.ts')
  assert.ok(idempotencyKeptMs >= 24 * 3_600_000)
  await forgetOldKeys(world.app.db, new Date(world.clock.now().getTime() + 24 * 3_600_000))
  assert.equal((await post('/v1/customers', { name: 'kept' }, 'kept')).headers['idempotent-replayed'], 'true')
  await forgetOldKeys(world.app.db, new Date(world.clock.now().getTime() + idempotencyKeptMs + 1))
  const { rows } = await sql<{ left: bigint }>`select count(*) as left from idempotency_keys`.execute(
    world.app.db.maintenance,
  )
  assert.equal(rows[0]?.left, 0n)
})

test('whatever was sent twice, money moved once', async () => {
  // Some notifications came while the provider could not be asked: they are tried again later.
  await world.settle({ throughTime: true })
  await world.verifyInvariants()
})
