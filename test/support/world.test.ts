import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { createWorld, noRedis } from './world.ts'

for (const queue of ['postgres', 'redis'] as const) {
  test(`a world takes a payment and closes (${queue})`, { skip: queue === 'redis' && noRedis }, async () => {
    await using world = await createWorld({ queue })
    const stripe = world.stripe()
    const intent = await stripe.paymentIntents.create({ amount: 4200, currency: 'eur' })
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
    assert.equal(paid.status, 'succeeded')
    const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 200 })
    assert.equal(refund.status, 'pending')
    await world.settle()
    assert.equal((await stripe.refunds.retrieve(refund.id)).status, 'succeeded')
    await world.trialBalanceIsZero()
    await world.verifyInvariants()
  })
}

test('a world without workers keeps what is to be done, and does it later', async () => {
  await using world = await createWorld({ work: false })
  await world.stripe().paymentIntents.create({ amount: 4200, currency: 'eur' })
  await assert.rejects(world.settle(), /needs workers/)
  await world.startWork()
  await world.settle()
  const { rows } = await sql<{ left: bigint }>`select count(*) as left from outbox`.execute(world.app.db.maintenance)
  assert.equal(rows[0]?.left, 0n)
})

test('verifyInvariants sees money that is booked here and unknown to the provider', async () => {
  await using world = await createWorld()
  const intent = await world.stripe().paymentIntents.create({ amount: 4200, currency: 'eur' })
  await world.stripe().paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
  await world.settle()
  await world.sandboxControl('POST', 'reset')
  await assert.rejects(world.verifyInvariants(), /the provider does not know it/)
})
