import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

test('what is booked of a payment says what it is called at the provider and when the money comes', async () => {
  const charged = { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true }
  const { body: intent } = await world.request().post('/v1/payment_intents').send(charged).expect(200)
  const { body: refund } = await world
    .request()
    .post('/v1/refunds')
    .send({ payment_intent: intent.id, amount: 1000 })
    .expect(200)
  await world.settle()
  const { body: list } = await world.request('finance').get(`/v1/ledger/transactions?payment_intent=${intent.id}`)
  const by = (kind: string) => list.data.find((one: { kind: string }) => one.kind === kind)
  const [capture, fee, back] = ['capture', 'fee', 'refund'].map(by)
  assert.deepEqual([capture.refs.provider, capture.refs.object], ['stripe', capture.event_key.split(':')[0]])
  assert.deepEqual(fee.refs, {
    provider: 'stripe',
    object: capture.refs.object,
    balance_transaction: fee.event_key.split(':')[0],
  })
  assert.equal(capture.refs.balance_transaction, fee.refs.balance_transaction)
  assert.equal(back.refund, refund.id)
  assert.match(back.refs.object, /^re_/)
  assert.ok(capture.value_at > capture.effective_at, 'available after it was paid')
  assert.equal(capture.value_at, fee.value_at)
})
