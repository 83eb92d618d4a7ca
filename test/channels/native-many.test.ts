import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Connection } from '#channels/channel.ts'
import type { Currency } from '#kernel/currencies.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { NativePayments } from '#native/service.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

let shop: NativeShop
let native: NativePayments
let connection: Connection
before(async () => {
  shop = await openNativeShop({ psp: 'other' }, { work: false })
  const { connections } = shop.world.app.services
  const opened = await connections.openAny(shop.world.shop.uuid, shop.connectionId)
  assert.ok(opened)
  native = shop.world.app.services.native
  connection = opened
})
after(() => shop[Symbol.asyncDispose]())

const terms = { amount: 4200n, currency: 'eur' as Currency }
const askMany = (n: number) => Promise.all(Array.from({ length: n }, (_, i) => shop.ask({ person: 100 + i })))

const prepare = async (payload: string, payer: string) => {
  const prepared = await native.prepare(connection, { payload, payer })
  assert.ok(prepared.ok)
  return { payload, payer, ...terms, seen: prepared.seen }
}

/** How often `work` took a connection of the application's. */
const countConnections = async (work: () => Promise<unknown>): Promise<number> => {
  const { pool } = shop.world.app.db
  let n = 0
  const count = () => void n++
  pool.on('acquire', count)
  await work()
  pool.off('acquire', count)
  return n
}

const asOwner = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: shop.world.databaseUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

describe('many who ask at the same moment', () => {
  test('share one read and one hold; each payment is held and told of once', async () => {
    const asked = await askMany(40)
    let requests: Awaited<ReturnType<typeof prepare>>[] = []
    const reads = await countConnections(async () => {
      requests = await Promise.all(asked.map(({ id }, i) => prepare(id, `${100 + i}`)))
    })
    const holds = await countConnections(async () => {
      const held = await Promise.all(requests.map((request) => native.hold(connection, request)))
      assert.ok(held.every(({ ok }) => ok))
    })
    assert.deepEqual([reads, holds], [1, 1])
    const { rows } = await asOwner((client) =>
      client.query(
        `select i.status, i.version, i.provider, i.provider_ref = n.id::text as is_followed, n.state, n.payer,
           e.data->>'status' as told, e.previous_attributes->>'status' as before, o.event_id is not null as is_out
         from payment_intents i join native_payments n on n.payment_intent_id = i.id
         join events e on e.payment_intent_id = i.id and e.type = 'payment_intent.processing'
         left join outbox o on o.event_id = e.id where i.id = any($1)`,
        [asked.map(({ id }) => parseId('paymentIntent', id))],
      ),
    )
    assert.equal(rows.length, 40)
    assert.equal(new Set(rows.map((row) => row.payer)).size, 40)
    const expected = { status: 'processing', version: 2, provider: 'telegram', is_followed: true, state: 'held' }
    for (const { payer: _payer, ...row } of rows)
      assert.deepEqual(row, { ...expected, told: 'processing', before: 'requires_payment_method', is_out: true })
  })

  test('of ten for one payment, all told that it is free, one gets it', async () => {
    const { body: intent } = await shop.world
      .request()
      .post('/v1/payment_intents')
      .send({ amount: 4200, currency: 'eur' })
    const requests = await Promise.all(Array.from({ length: 10 }, (_, i) => prepare(intent.id, `${100 + i}`)))
    const held = await Promise.all(requests.map((request) => native.hold(connection, request)))
    assert.deepEqual(held.filter(({ ok }) => ok).length, 1)
    assert.ok(held.every((answer) => answer.ok || answer.reason === 'being_paid'))
  })

  test('do not wait for one whose payment somebody has locked', async () => {
    const [one, two] = await askMany(2)
    assert.ok(one && two)
    const requests = [await prepare(one.id, '100'), await prepare(two.id, '101')] as const
    await asOwner(async (client) => {
      await client.query('begin')
      await client.query('select from payment_intents where id = $1 for update', [parseId('paymentIntent', one.id)])
      const [locked, free] = requests.map((request) => native.hold(connection, request))
      assert.deepEqual((await free)?.ok, true)
      await client.query('commit')
      assert.deepEqual((await locked)?.ok, true)
    })
  })
})

describe('what has changed between the look and the hold is decided anew', () => {
  const holdAfter = async (change: (id: string) => Promise<unknown>, more: { signal?: AbortSignal } = {}) => {
    const { id } = await shop.ask()
    const request = await prepare(id, '9')
    await change(id)
    const held = await native.hold(connection, { ...request, ...more })
    return held.ok ? 'held' : held.reason
  }
  const post = (path: string, body: object) => shop.world.request().post(path).send(body).expect(200)

  test('the amount, the end, its time', async () => {
    const path = (id: string) => `/v1/payment_intents/${id}`
    assert.equal(await holdAfter((id) => post(path(id), { amount: 4300 })), 'amount_changed')
    assert.equal(await holdAfter((id) => post(`${path(id)}/cancel`, {})), 'canceled')
    assert.equal(await holdAfter((id) => post(path(id), { metadata: { a: 'b' } })), 'held')
    const expires_at = Math.floor(shop.world.clock.now().getTime() / 1000) + 3600
    const { id } = await shop.ask({ expires_at })
    const request = await prepare(id, '9')
    shop.world.clock.advance(61 * 60_000)
    assert.deepEqual(await native.hold(connection, request), { ok: false, reason: 'expired' })
  })

  test('a call to the provider that has begun since, while the payment itself is as it was', async () => {
    const begin = (id: string) =>
      asOwner((client) =>
        client.query(
          `insert into operations (merchant_id, id, payment_intent_id, kind, request_id, state, command, next_attempt_at,
             created_at) values ($1, $2, $3, 'authorize', $4, 'sent', '{}', now() + interval '1 day', now())`,
          [shop.world.shop.uuid, newUuid(), parseId('paymentIntent', id), newUuid()],
        ),
      )
    assert.equal(await holdAfter(begin), 'busy')
  })

  test('whoever asked has given up: nothing is held', async () => {
    let payment = ''
    const keep = async (id: string) => {
      payment = id
    }
    assert.equal(await holdAfter(keep, { signal: AbortSignal.abort() }), 'busy')
    assert.equal((await shop.read(payment)).status, 'requires_payment_method')
  })
})
