import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'
import { assertSound, confirm, createIntent, planFault, read, takenFor } from './fault-kit.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

test('a provider that keeps answering 500 blocks a payment for a quarter of an hour, not for a day', async () => {
  const id = await createIntent(world)
  // Stored under the operation's key: every later call with that key is answered the same.
  await planFault(world, 'error_500', { method: 'POST', path: '/v1/payment_intents' })
  assert.equal((await confirm(world, id)).status, 503)
  await world.settle()
  const blocked = await confirm(world, id)
  assert.deepEqual([blocked.status, blocked.body.error?.code], [429, 'lock_timeout'])
  await world.advance(16 * 60_000)
  await world.settle({ throughTime: true })
  assert.equal((await read(world, id)).status, 'requires_confirmation')
  const { status, body } = await confirm(world, id)
  assert.deepEqual([status, body.status], [200, 'succeeded'])
  assert.equal(await takenFor(world, id), 4200)
  await assertSound(world)
})
