import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import Stripe from 'stripe'
import { newUuid, parseId } from '#kernel/ids.ts'
import { createOutbound, type Outbound } from '#platform/outbound.ts'
import { answerWith, type Received, type Receiver, startReceiver } from './receiver.ts'
import { append, createEventWorld, createTestDatabase, eventOf, newMerchant } from './slice-world.ts'

const db = await createTestDatabase()

const hour = 3_600_000
const page = { limit: 100 }

/** A merchant with one endpoint and one event that waits to be sent to it. */
const setUp = async (outbound: Outbound = createOutbound({ allowPrivate: true, timeoutMs: 200 })) => {
  const world = createEventWorld(db, { outbound })
  const { service, clock } = world
  const merchant = await newMerchant(db)
  const receiver = await startReceiver()
  const scope = { merchantId: merchant, livemode: false }
  const endpoint = await service.createEndpoint(scope, newUuid(), { url: receiver.url, enabled_events: ['*'] })
  await append(db, [eventOf(merchant, { type: 'payment_intent.succeeded', createdAt: clock.now() })])
  await service.drainOutbox()
  const [delivery] = (await service.listDeliveries(merchant, page)).data
  assert.ok(delivery)
  const payload = { id: parseId('delivery', delivery.id) ?? '', merchant }
  const attempt = async () => {
    await service.deliver(payload)
    await service.settled()
    return service.retrieveDelivery(merchant, delivery.id)
  }
  /** Moves the clock to the next attempt and makes it. */
  const nextAttempt = async () => {
    const { next_attempt_at } = await service.retrieveDelivery(merchant, delivery.id)
    assert.ok(next_attempt_at !== null)
    clock.advance(Math.max(0, (next_attempt_at + 1) * 1000 - clock.now().getTime()))
    return attempt()
  }
  return { ...world, merchant, receiver, endpoint, delivery, payload, attempt, nextAttempt }
}

const only = ({ received }: Receiver): Received => {
  const [one] = received
  assert.ok(one)
  assert.equal(received.length, 1)
  return one
}

const withFlippedBit = (text: string): string => {
  const bytes = Buffer.from(text)
  bytes[20] = (bytes[20] ?? 0) ^ 1
  return bytes.toString()
}

describe('a notification', () => {
  test('carries the event, signed so that both public libraries verify it with the one secret', async () => {
    const { attempt, receiver, endpoint, service, merchant, delivery } = await setUp()
    const done = await attempt()
    assert.deepEqual([done.state, done.attempts, done.last_status, done.next_attempt_at], ['succeeded', 1, 200, null])
    const { body, headers } = only(receiver)
    const secret = endpoint.secret ?? ''
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{32}$/)
    const standard = headers as Record<string, string>
    const signature = headers['stripe-signature'] ?? ''
    const event = await service.retrieveEvent(merchant, delivery.event)
    assert.equal(headers['webhook-id'], event.id)
    assert.deepEqual(new Webhook(secret).verify(body, standard), { ...event, pending_webhooks: 1 })
    const stripe = new Stripe('sk_test_123')
    assert.deepEqual(stripe.webhooks.constructEvent(body, signature, secret).data.object, event.data.object)
    const forged = withFlippedBit(body)
    assert.throws(() => new Webhook(secret).verify(forged, standard))
    assert.throws(() => stripe.webhooks.constructEvent(forged, signature, secret))
    const otherSecret = `whsec_${Buffer.alloc(24).toString('base64')}`
    assert.throws(() => new Webhook(otherSecret).verify(body, standard))
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, otherSecret))
  })

  test('is sent once per attempt, however many workers have the job', async () => {
    const { payload, receiver, service } = await setUp()
    const others = [createEventWorld(db), createEventWorld(db)]
    await Promise.all(
      [service, ...others.map((world) => world.service)].flatMap((one) => [one.deliver(payload), one.deliver(payload)]),
    )
    await Promise.all([service.settled(), ...others.map((world) => world.service.settled())])
    await service.deliver(payload)
    assert.equal(receiver.received.length, 1)
  })

  test('is sent again, the same bytes under the same id, when the process died after sending', async () => {
    const dead = new Promise<never>(() => undefined)
    const real = createOutbound({ allowPrivate: true })
    let sends = 0
    const outbound: Outbound = {
      ...real,
      post: async (message) => {
        const answer = await real.post(message)
        sends++
        return sends === 1 ? dead : answer
      },
    }
    const { payload, receiver, service, clock, delivery, merchant } = await setUp(outbound)
    await service.deliver(payload)
    assert.equal(receiver.received.length, 1)
    await service.deliver(payload)
    assert.equal(receiver.received.length, 1, 'the attempt is still leased')
    clock.advance(61_000)
    await service.sweepEvents(clock.now())
    await service.deliver(payload)
    const [first, second] = receiver.received
    assert.ok(first && second)
    assert.equal(first.body, second.body)
    assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
    assert.notEqual(first.headers['webhook-timestamp'], second.headers['webhook-timestamp'])
    const { state, attempts } = await service.retrieveDelivery(merchant, delivery.id)
    assert.deepEqual([state, attempts], ['succeeded', 2])
  })

  test('that takes long gives its worker back and is still recorded', async () => {
    const { payload, receiver, service, merchant, delivery } = await setUp(createOutbound({ allowPrivate: true }))
    const held = Promise.withResolvers<() => void>()
    receiver.answer = (response) => held.resolve(() => answerWith(200)(response))
    await service.deliver(payload)
    assert.equal((await service.retrieveDelivery(merchant, delivery.id)).state, 'pending')
    const answerNow = await held.promise
    answerNow()
    await service.settled()
    assert.equal((await service.retrieveDelivery(merchant, delivery.id)).state, 'succeeded')
  })

  const failures = [
    { name: '500', answer: answerWith(500), status: 500, error: 'the endpoint answered 500' },
    { name: '404', answer: answerWith(404), status: 404, error: 'the endpoint answered 404' },
    {
      name: 'a redirect',
      answer: answerWith(301, { location: 'http://127.0.0.1:1/' }),
      status: 301,
      error: 'redirects are not followed (301)',
    },
    { name: 'silence', answer: () => undefined, status: null, error: 'no answer within 200 ms' },
  ]
  for (const { name, answer, status, error } of failures) {
    test(`is tried again after ${name}`, async () => {
      const { attempt, nextAttempt, receiver, clock } = await setUp()
      receiver.answer = answer
      const failed = await attempt()
      assert.deepEqual(
        [failed.state, failed.attempts, failed.last_status, failed.last_error],
        ['pending', 1, status, error],
      )
      const waitMs = (failed.next_attempt_at ?? 0) * 1000 - clock.now().getTime()
      assert.ok(waitMs > 1000 && waitMs <= 5500, `${waitMs} ms`)
      await attempt() // not due yet
      assert.equal(receiver.received.length, 1)
      receiver.answer = answerWith(204)
      const done = await nextAttempt()
      assert.deepEqual([done.state, done.attempts, done.last_status, done.last_error], ['succeeded', 2, 204, null])
    })
  }

  test('waits as long as Retry-After says, within reason', async () => {
    const cases: [header: string, minMs: number, maxMs: number][] = [
      ['120', 118_000, 120_000],
      ['999999', hour - 2000, hour],
      ['nonsense', 3500, 5500],
      ['-5', 3500, 5500],
      [new Date(Date.now() + 300_000).toUTCString(), 290_000, 301_000],
    ]
    for (const [header, minMs, maxMs] of cases) {
      const { attempt, receiver, clock } = await setUp()
      receiver.answer = answerWith(429, { 'retry-after': header })
      const { next_attempt_at } = await attempt()
      const waitMs = (next_attempt_at ?? 0) * 1000 - clock.now().getTime()
      assert.ok(waitMs >= minMs && waitMs <= maxMs, `${header}: ${waitMs} ms`)
    }
  })

  test('answered with 410 disables the endpoint, and other endpoints hear of it', async () => {
    const { attempt, receiver, service, merchant, endpoint, queue, delivery } = await setUp()
    receiver.answer = answerWith(410)
    const failed = await attempt()
    assert.deepEqual([failed.state, failed.last_status], ['failed', 410])
    assert.equal((await service.retrieveEndpoint(merchant, endpoint.id)).status, 'disabled')
    assert.equal(queue.take('outbox.drain').length, 1)
    const [event] = (await service.listEvents(merchant, { ...page, type: 'webhook_endpoint.disabled' })).data
    assert.equal(event?.data.object.id, endpoint.id)
    assert.equal(event?.data.object.secret, undefined)
    assert.deepEqual(event?.data.previous_attributes, { status: 'enabled' })
    await assert.rejects(service.redeliver(merchant, delivery.id), /disabled/)
  })

  test('is given up after about three days, and an endpoint that failed all that time is disabled', async () => {
    const { nextAttempt, receiver, service, clock, merchant, endpoint } = await setUp()
    receiver.answer = answerWith(503)
    const startedAt = clock.now().getTime()
    let state = await nextAttempt()
    for (let attempts = 1; state.state === 'pending'; attempts++) {
      assert.equal(state.attempts, attempts)
      state = await nextAttempt()
    }
    const days = (clock.now().getTime() - startedAt) / (24 * hour)
    assert.equal(receiver.received.length, 11)
    assert.ok(days > 2.6 && days < 3.7, `${days} days`)
    clock.advance(3 * 24 * hour)
    await append(db, [eventOf(merchant)])
    await service.drainOutbox()
    // The last attempt came after just under or just over three days; if under, one more failure is what it takes.
    const [last] = (await service.listDeliveries(merchant, { ...page, state: 'pending' })).data
    if (last) await service.deliver({ id: parseId('delivery', last.id) ?? '', merchant })
    assert.equal((await service.retrieveEndpoint(merchant, endpoint.id)).status, 'disabled')
    const enabled = await service.updateEndpoint(merchant, endpoint.id, { disabled: false })
    assert.equal(enabled.status, 'enabled')
    receiver.answer = answerWith(200)
    await service.redeliver(merchant, state.id)
    const again = await nextAttemptOf(service, clock, merchant, state.id)
    assert.deepEqual([again.state, again.attempts], ['succeeded', 1])
  })

  test('one success ends a run of failures', async () => {
    const { nextAttempt, receiver, clock, service, merchant, endpoint } = await setUp()
    receiver.answer = answerWith(500)
    await nextAttempt()
    receiver.answer = answerWith(200)
    await nextAttempt()
    clock.advance(4 * 24 * hour)
    receiver.answer = answerWith(500)
    await append(db, [eventOf(merchant)])
    await service.drainOutbox()
    const [last] = (await service.listDeliveries(merchant, { ...page, state: 'pending' })).data
    await service.deliver({ id: parseId('delivery', last?.id ?? '') ?? '', merchant })
    assert.equal((await service.retrieveEndpoint(merchant, endpoint.id)).status, 'enabled')
  })

  test('is not sent to an endpoint that was disabled or deleted meanwhile', async () => {
    const disabled = await setUp()
    await disabled.service.updateEndpoint(disabled.merchant, disabled.endpoint.id, { disabled: true })
    const refused = await disabled.attempt()
    assert.deepEqual([refused.state, refused.last_error], ['failed', 'the endpoint is disabled'])
    assert.equal(disabled.receiver.connections, 0)
    const deleted = await setUp()
    await deleted.service.deleteEndpoint(deleted.merchant, deleted.endpoint.id)
    await deleted.service.deliver(deleted.payload)
    assert.equal(deleted.receiver.connections, 0)
  })

  test('never leaves for a private address once the deployment forbids them', async () => {
    const { payload, receiver, service, merchant, delivery } = await setUp()
    const strict = createEventWorld(db, { allowPrivate: false })
    await strict.service.deliver(payload)
    await strict.service.settled()
    assert.equal(receiver.connections, 0)
    assert.match((await service.retrieveDelivery(merchant, delivery.id)).last_error ?? '', /https/)
  })

  test('reaches a good receiver at once while a hundred bad ones hang', async () => {
    const { service, merchant, receiver } = await setUp(createOutbound({ allowPrivate: true }))
    const bad = await startReceiver()
    bad.answer = () => undefined
    const badMerchant = await newMerchant(db)
    const scope = { merchantId: badMerchant, livemode: false }
    await service.createEndpoint(scope, newUuid(), { url: bad.url, enabled_events: ['*'] })
    await append(
      db,
      Array.from({ length: 100 }, () => eventOf(badMerchant)),
    )
    await service.drainOutbox()
    const hanging = (await service.listDeliveries(badMerchant, page)).data
    assert.equal(hanging.length, 100)
    const jobs = [
      ...hanging.map((one) => ({ id: parseId('delivery', one.id) ?? '', merchant: badMerchant })),
      ...(await service.listDeliveries(merchant, page)).data.map((one) => ({
        id: parseId('delivery', one.id) ?? '',
        merchant,
      })),
    ]
    const startedAt = performance.now()
    await workOff(jobs, 32, (job) => service.deliver(job))
    const tookMs = performance.now() - startedAt
    assert.equal(receiver.received.length, 1)
    assert.ok(tookMs < 5000, `${tookMs} ms`)
    bad.answer = answerWith(200)
    bad.hangUp()
    await service.settled()
  })
})

type Service = ReturnType<typeof createEventWorld>['service']

const nextAttemptOf = async (service: Service, clock: { advance(ms: number): void }, merchant: string, id: string) => {
  clock.advance(1000)
  await service.deliver({ id: parseId('delivery', id) ?? '', merchant })
  await service.settled()
  return service.retrieveDelivery(merchant, id)
}

/** A worker with a number of slots. */
const workOff = async <T>(jobs: readonly T[], slots: number, run: (job: T) => Promise<void>): Promise<void> => {
  const queue = [...jobs]
  const slot = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) await run(job)
  }
  await Promise.all(Array.from({ length: slots }, slot))
}
