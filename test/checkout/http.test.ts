import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const tulips = { name: 'Tulips', quantity: 3, unit_amount: 1000, tax_rate: '20' }

describe('creating, changing and reading a checkout', () => {
  test('one call makes an order that can be paid', async () => {
    const { body } = await world
      .request('bot')
      .post('/v1/checkouts')
      .send({ currency: 'eur', thread: { channel: 'webchat', external_id: 'c1', locale: 'fr' }, line_items: [tulips] })
      .expect(200)
    assert.equal(body.status, 'ready')
    assert.equal(body.acp_status, 'ready_for_payment')
    assert.equal(body.amount_total, 3000)
    assert.deepEqual(
      body.totals.map(({ type, amount }: { type: string; amount: number }) => [type, amount]),
      [
        ['items_base_amount', 3000],
        ['subtotal', 3000],
        ['total', 3000],
      ],
    )
    assert.equal(body.totals[2].description, 'TVA incluse (20 %)')
    const { body: intent } = await world.request().get(`/v1/payment_intents/${body.payment_intent}`).expect(200)
    assert.equal(intent.amount, 3000)
    assert.equal(intent.checkout_url, body.checkout_url)
    assert.equal(intent.expires_at, body.expires_at)
    assert.equal(intent.metadata.checkout, body.id)
    const { body: again } = await world.request().get(`/v1/checkouts/${body.id}`).expect(200)
    assert.deepEqual(again, body)
  })

  test('what is absent stays, what is null goes', async () => {
    const client = world.request()
    const { body: made } = await client
      .post('/v1/checkouts')
      .send({
        currency: 'eur',
        line_items: [tulips],
        requires: { email: true, shipping: true },
        buyer: { name: 'Ada' },
        shipping_options: [{ id: 'bike', title: 'By bike', amount: 500, countries: ['fr'] }],
        tip: { max: 1000, suggested: [100, 200] },
      })
      .expect(200)
    assert.equal(made.status, 'incomplete')
    assert.deepEqual(
      made.messages.map(({ param }: { param: string }) => param),
      ['$.buyer.email', '$.shipping_address'],
    )
    const address = { line1: '1 rue X', city: 'Paris', country: 'fr', postal_code: '75001' }
    const change = { buyer: { email: 'ada@example.com' }, shipping_address: address, shipping_option: 'bike' }
    const { body: ready } = await client.post(`/v1/checkouts/${made.id}`).send({ ...change, tip: { amount: 300 } })
    assert.equal(ready.status, 'ready', JSON.stringify(ready))
    assert.equal(ready.amount_total, 3800)
    assert.deepEqual(ready.buyer, { name: 'Ada', email: 'ada@example.com', phone: null })
    assert.deepEqual(ready.tip, { max: 1000, suggested: [100, 200], amount: 300 })
    assert.equal(ready.payment_intent, made.payment_intent)
    const { body: cleared } = await client.post(`/v1/checkouts/${made.id}`).send({ shipping_address: null, tip: null })
    assert.equal(cleared.status, 'incomplete')
    assert.equal(cleared.shipping_address, null)
    assert.equal(cleared.amount_total, 3500)
    const { body: intent } = await client.get(`/v1/payment_intents/${made.payment_intent}`)
    assert.equal(intent.amount, 3500)
    assert.equal(intent.shipping, null)
  })
})
