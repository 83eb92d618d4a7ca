import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'
import { assertSound, confirm, createIntent, paid, planFault, post, read, takenFor } from './fault-kit.ts'

interface EventRow {
  state: string
  reason: string | null
  provider_id: string
  type: string
}

describe('a provider whose notifications go astray', () => {
  let world: World
  before(async () => {
    world = await createWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  const inbox = async (): Promise<EventRow[]> => (await world.request().get('/v1/provider_events?limit=100')).body.data

  /** A bit of everything that ends in several notifications. */
  const trade = async (): Promise<string[]> => {
    const sold = await paid(world)
    const refunded = await paid(world)
    await post(world, '/v1/refunds', { payment_intent: refunded, amount: 1000 })
    const held = await paid(world, { capture_method: 'manual' })
    await post(world, `/v1/payment_intents/${held}/capture`, { amount_to_capture: 3000 })
    const dropped = await paid(world, { capture_method: 'manual' })
    await post(world, `/v1/payment_intents/${dropped}/cancel`)
    const declined = await createIntent(world)
    await confirm(world, declined, 'pm_card_visa_chargeDeclined')
    return [sold, refunded, held, dropped, declined]
  }
  const ends = ['succeeded', 'succeeded', 'succeeded', 'canceled', 'requires_payment_method']

  for (const fault of ['webhook_duplicate', 'webhook_reorder', 'webhook_delay:400', 'webhook_drop']) {
    test(`${fault} for all of them: the end is the provider's`, async () => {
      await planFault(world, fault, {}, 1000)
      const ids = await trade()
      await world.settle({ throughTime: true })
      await world.advance(500)
      await world.sandboxControl('DELETE', 'faults')
      await world.settle({ throughTime: true })
      const statuses = await Promise.all(ids.map(async (id) => (await read(world, id)).status))
      assert.deepEqual(statuses, ends)
      await assertSound(world)
    })
  }

  test('a mix of faults, seeded by their order: the end is the provider’s', async () => {
    for (const fault of ['webhook_drop', 'webhook_duplicate', 'webhook_reorder', 'webhook_drop', 'webhook_delay:300'])
      await planFault(world, fault, {}, 3)
    const ids = await trade()
    await world.settle({ throughTime: true })
    await world.advance(500)
    await world.sandboxControl('DELETE', 'faults')
    await world.settle({ throughTime: true })
    assert.deepEqual(await Promise.all(ids.map(async (id) => (await read(world, id)).status)), ends)
    await assertSound(world)
  })

  test('a lost success of a slow method is found by asking', async () => {
    await planFault(world, 'webhook_drop', {}, 1000)
    const id = await createIntent(world)
    const slow = await confirm(world, id, 'pm_sepa_debit')
    assert.equal(slow.body.status, 'processing', JSON.stringify(slow.body))
    const [theirs] = (
      await world.sandboxControl<{ payment_intents: { id: string; metadata: Record<string, string> }[] }>('GET', 'book')
    ).payment_intents.filter((one) => one.metadata.parley_payment_intent === id)
    await world.sandboxControl('POST', `async/${theirs?.id}/succeed`, {})
    await world.settle()
    assert.equal((await read(world, id)).status, 'processing', 'nobody has told us')
    await world.sandboxControl('DELETE', 'faults')
    await world.advance(6 * 60_000)
    await world.app.services.payments.sweep()
    await world.settle()
    assert.equal((await read(world, id)).status, 'succeeded')
    await assertSound(world)
  })

  test('a provider that cannot answer is asked every few minutes, not every two seconds', async () => {
    const id = await createIntent(world)
    assert.equal((await confirm(world, id, 'pm_sepa_debit')).body.status, 'processing')
    await world.settle()
    await planFault(world, 'error_503', { method: 'GET' }, 1000)
    const left = async () =>
      (await world.sandboxControl<{ faults: { remaining: number }[] }>('GET', 'faults')).faults[0]?.remaining ?? 0
    await world.advance(6 * 60_000)
    for (let sweep = 0; sweep < 10; sweep++) {
      await world.app.services.payments.sweep()
      await world.settle()
    }
    const asked = 1000 - (await left())
    assert.ok(asked > 0 && asked <= 2, `${asked} times`)
    await world.sandboxControl('DELETE', 'faults')
    await world.settle({ throughTime: true })
  })

  test('the same notification a hundred times at once is worked off once', async () => {
    const id = await paid(world)
    await world.settle()
    const before = (await world.request().get(`/v1/events?limit=100`)).body.data.length
    const [event] = (await inbox()).filter((row) => row.type === 'payment_intent.succeeded')
    assert.ok(event)
    await Promise.all(
      Array.from({ length: 100 }, () => world.sandboxControl('POST', `events/${event.provider_id}/resend`, {})),
    )
    await world.settle()
    const same = (await inbox()).filter((row) => row.provider_id === event.provider_id)
    assert.equal(same.length, 1)
    assert.equal((await world.request().get('/v1/events?limit=100')).body.data.length, before)
    assert.equal(await takenFor(world, id), 4200)
    await assertSound(world)
  })

  test('a failure that comes after the success changes nothing', async () => {
    const id = await createIntent(world)
    await planFault(world, 'webhook_delay:2000', { path: 'payment_intent.payment_failed' })
    await confirm(world, id, 'pm_card_visa_chargeDeclined')
    await confirm(world, id)
    await world.settle()
    await world.advance(3000)
    await world.settle()
    assert.equal((await read(world, id)).status, 'succeeded')
    const types = (await world.request().get('/v1/events?limit=100')).body.data
      .filter((event: { data: { object: { id: string } } }) => event.data.object.id === id)
      .map((event: { type: string }) => event.type)
    assert.equal(types[0], 'payment_intent.succeeded', 'the newest event')
    await assertSound(world)
  })

  test('what is of an unknown kind waits for a person, and can be tried again', async () => {
    const rows = await inbox()
    for (const row of rows) assert.ok(['processed', 'ignored', 'parked'].includes(row.state), row.type)
    for (const row of rows) assert.ok(row.state === 'processed' || row.reason !== null, 'every silence has a reason')
  })
})
