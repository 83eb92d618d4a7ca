import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, test } from 'node:test'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { createWorld } from '../support/world.ts'

const world = await createWorld({ work: false })
after(() => world[Symbol.asyncDispose]())

const create = (key: string, body: object, shop = world.shop) =>
  world.request('service', shop).post('/v1/payment_intents').set('Idempotency-Key', key).send(body)

describe('payment intents that are written together', () => {
  test('the same key at once makes one intent, and every answer has the same bytes', async () => {
    const key = randomUUID()
    const answers = await Promise.all(Array.from({ length: 12 }, () => create(key, { amount: 4200, currency: 'eur' })))
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]))
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 1)
    assert.equal(answers.filter((answer) => answer.get('Idempotent-Replayed') === 'true').length, 11)
    const rows = await inTransaction(world.app.db, world.shop.uuid, (tx) =>
      tx.selectFrom('events').select('data').where('idempotency_key', '=', key).execute(),
    )
    assert.equal(rows.length, 1)
    assert.deepEqual(rows[0]?.data, JSON.parse(answers[0]?.text ?? ''))
  })

  test('the same key with other parameters fails alone', async () => {
    const key = randomUUID()
    const [first, second, other] = await Promise.all([
      create(key, { amount: 4200, currency: 'eur' }),
      create(key, { amount: 4300, currency: 'eur' }),
      create(randomUUID(), { amount: 4400, currency: 'eur' }),
    ])
    assert.deepEqual([first.status, second.status].sort(), [200, 400])
    assert.equal(other.status, 200)
  })

  test('an intent that cannot be written fails alone', async () => {
    const thread = showId('thread', newUuid())
    const answers = await Promise.all([
      create(randomUUID(), { amount: 100, currency: 'eur' }),
      create(randomUUID(), { amount: 200, currency: 'eur', thread }),
      create(randomUUID(), { amount: 300, currency: 'eur' }),
    ])
    assert.deepEqual(
      answers.map((answer) => answer.status),
      [200, 404, 200],
    )
  })

  test('two merchants in one batch see their own only', async () => {
    const other = await world.openShop()
    const description = 'Crème brûlée "deluxe" \\ 🍮'
    const [mine, theirs] = await Promise.all([
      create(randomUUID(), { amount: 500, currency: 'eur', description }),
      create(randomUUID(), { amount: 600, currency: 'eur', description }, other),
    ])
    assert.equal(mine.body.description, description)
    const seen = await world.request('service').get(`/v1/payment_intents/${theirs.body.id}`)
    assert.equal(seen.status, 404)
    const own = await world.request('service', other).get(`/v1/payment_intents/${theirs.body.id}`)
    assert.deepEqual(own.body, theirs.body)
  })
})
