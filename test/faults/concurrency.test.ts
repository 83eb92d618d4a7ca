import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createLogger } from '#platform/logger.ts'
import { type App, createApp } from '../../src/app.ts'
import { createWorld, type World } from '../support/world.ts'
import { assertSound, bookOf, createIntent, paid, post, read, takenFor } from './fault-kit.ts'

describe('many at once, over two processes’ worth of service on one database', () => {
  let world: World
  let second: { app: App; url: string; close(): Promise<void> }
  before(async () => {
    world = await createWorld()
    second = await startSecond(world)
  })
  after(async () => {
    await second.close()
    await world[Symbol.asyncDispose]()
  })

  /** The same request to one of the two services, by turns. */
  const call = async (index: number, path: string, body: object, key: string = randomUUID()) => {
    const answer = await fetch((index % 2 === 0 ? world.url : second.url) + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${world.shop.keys.service}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)))

  test('64 refunds of a tenth each refund exactly ten tenths', async () => {
    const id = await paid(world, { amount: 1000 })
    const answers = await times(64, (index) => call(index, '/v1/refunds', { payment_intent: id, amount: 100 }))
    assert.equal(answers.filter((one) => one.status === 200).length, 10)
    for (const { status, body } of answers) {
      if (status !== 200)
        assert.ok(['charge_already_refunded', 'amount_too_large'].includes(body.error.code), body.error.code)
    }
    await world.settle({ throughTime: true })
    const [provider] = await bookOf(world, id)
    assert.equal(provider?.refunded, 1000)
    await assertSound(world)
  })

  test('32 confirmations of one payment take the money once', async () => {
    const id = await createIntent(world)
    const answers = await times(32, (index) =>
      call(index, `/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_card_visa' }),
    )
    assert.equal(answers.filter((one) => one.status === 200).length, 1)
    for (const { status } of answers) assert.ok([200, 400, 429].includes(status), String(status))
    assert.equal(await takenFor(world, id), 4200)
    assert.equal((await bookOf(world, id)).length, 1)
    await assertSound(world)
  })

  test('32 captures of one hold capture once', async () => {
    const id = await paid(world, { capture_method: 'manual' })
    const answers = await times(32, (index) =>
      call(index, `/v1/payment_intents/${id}/capture`, { amount_to_capture: 1000 + index }),
    )
    assert.equal(answers.filter((one) => one.status === 200).length, 1)
    const { amount_received: received } = await read(world, id)
    assert.equal(await takenFor(world, id), received)
    await assertSound(world)
  })

  test('confirming against cancelling ends in one of the two, at both ends', async () => {
    for (let round = 0; round < 6; round++) {
      const id = await createIntent(world)
      await times(4, (index) =>
        index < 2
          ? call(index, `/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_card_visa' })
          : call(index, `/v1/payment_intents/${id}/cancel`, {}),
      )
      await world.settle({ throughTime: true })
      const { status } = await read(world, id)
      assert.equal(await takenFor(world, id), status === 'succeeded' ? 4200 : 0, status)
    }
    await assertSound(world)
  })

  const keyed: [string, (id: string) => [string, object]][] = [
    ['a new payment', () => ['/v1/payment_intents', { amount: 700, currency: 'eur' }]],
    [
      'a new payment, confirmed',
      () => ['/v1/payment_intents', { amount: 700, currency: 'eur', confirm: true, payment_method: 'pm_card_visa' }],
    ],
    ['a confirmation', (id) => [`/v1/payment_intents/${id}/confirm`, { payment_method: 'pm_card_visa' }]],
    ['a customer', () => ['/v1/customers', { email: 'one@example.com' }]],
    ['a thread', () => ['/v1/threads', { channel: 'webchat', external_id: `t-${randomUUID()}` }]],
  ]
  for (const [what, request] of keyed) {
    test(`the same key fifty times at once makes ${what} once`, async () => {
      const key = randomUUID()
      const [path, body] = request(await createIntent(world))
      const answers = await times(50, (index) => call(index, path, body, key))
      for (const { status } of answers) assert.ok([200, 409].includes(status), String(status))
      const late = await call(1, path, body, key)
      assert.equal(late.status, 200)
      const ids = new Set([...answers, late].filter((one) => one.status === 200).map((one) => one.body.id))
      assert.equal(ids.size, 1)
      const other =
        'payment_method' in body ? { ...body, payment_method: 'pm_card_mastercard' } : { ...body, metadata: { a: 'b' } }
      assert.equal((await call(0, path, other, key)).body.error?.code, 'idempotency_error')
    })
  }

  test('the same refund fifty times at once is one refund', async () => {
    const id = await paid(world)
    const key = randomUUID()
    const answers = await times(50, (index) => call(index, '/v1/refunds', { payment_intent: id, amount: 1000 }, key))
    for (const { status } of answers) assert.ok([200, 409].includes(status), String(status))
    await world.settle({ throughTime: true })
    const [provider] = await bookOf(world, id)
    assert.equal(provider?.refunded, 1000)
    await assertSound(world)
  })

  test('two changes of a refund’s metadata at once are both kept', async () => {
    const id = await paid(world)
    const refund = await post(world, '/v1/refunds', { payment_intent: id, amount: 100 })
    const names = Array.from({ length: 12 }, (_, index) => `k${index}`)
    await times(12, (index) =>
      call(index, `/v1/refunds/${refund.body.id}`, { metadata: { [names[index] ?? '']: 'x' } }),
    )
    const { metadata } = (await world.request().get(`/v1/refunds/${refund.body.id}`)).body
    assert.deepEqual(Object.keys(metadata).sort(), names.toSorted())
  })
})

/** Another instance with pools, caches and workers of its own. */
const startSecond = async (world: World) => {
  const app = await createApp(
    {
      databaseUrl: world.databaseUrl,
      databasePoolMax: 8,
      queueUrl: world.databaseUrl,
      secret: 'a secret of at least thirty-two characters',
      publicUrl: world.url,
      logLevel: 'silent',
      rateLimitPerSecond: 100_000,
      workerConcurrency: 8,
      fourEyes: true,
      exports: { kind: 'folder', path: join(tmpdir(), `parley-exports-${randomUUID()}`) },
      allowPrivateWebhooks: true,
      stripe: { secretKey: 'sk_test_world', webhookSecrets: ['whsec_world'], apiBase: world.sandbox.url },
    },
    { clock: world.clock, logger: createLogger('silent') },
  )
  const work = await app.startWork()
  const server: Server = createServer(app.http).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await work.close()
    await app.close()
  }
  return { app, url: `http://127.0.0.1:${port}`, close }
}
