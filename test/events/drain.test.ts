import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Subscriber } from '#events/jobs.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { append, createEventWorld, createTestDatabase, eventOf, newMerchant } from './slice-world.ts'

const db = await createTestDatabase()

type World = ReturnType<typeof createEventWorld>

const endpoint = (world: World, merchantId: string, enabledEvents: string[] = ['*'], livemode = false) =>
  world.service.createEndpoint({ merchantId, livemode }, newUuid(), {
    url: 'https://shop.example/hook',
    enabled_events: enabledEvents,
  })

const page = { limit: 100 }
const deliveries = async (world: World, merchantId: string) =>
  (await world.service.listDeliveries(merchantId, page)).data
const waiting = (merchantId: string) =>
  db.maintenance.selectFrom('outbox').select('event_id').where('merchant_id', '=', merchantId).execute()

describe('the outbox', () => {
  test('every event goes once to every endpoint that asked for it, also when drained twice', async () => {
    const world = createEventWorld(db)
    const merchant = await newMerchant(db)
    const all = await endpoint(world, merchant)
    const some = await endpoint(world, merchant, ['refund.created', 'refund.failed'])
    await endpoint(world, merchant, ['*'], true) // another mode
    const off = await endpoint(world, merchant)
    await world.service.updateEndpoint(merchant, off.id, { disabled: true })
    await append(db, [eventOf(merchant), eventOf(merchant, { type: 'refund.created' })])
    assert.equal(await world.service.drainOutbox(), 2)
    assert.equal(await world.service.drainOutbox(), 0)
    const found = await deliveries(world, merchant)
    assert.deepEqual(
      found.map((one) => [one.event_type, one.webhook_endpoint]).sort(),
      [
        ['payment_intent.created', all.id],
        ['refund.created', all.id],
        ['refund.created', some.id],
      ].sort(),
    )
    const woken = world.queue.take('notification.deliver')
    assert.equal(woken.length, 3)
    assert.ok(woken.every((payload) => payload.merchant === merchant))
  })

  test('the sweep wakes what lost its wake-up', async () => {
    const world = createEventWorld(db)
    const merchant = await newMerchant(db)
    await endpoint(world, merchant)
    await append(db, [eventOf(merchant, { createdAt: world.clock.now() })])
    await world.service.sweepEvents(world.clock.now())
    assert.equal(world.queue.take('outbox.drain').length, 0)
    world.clock.advance(1500)
    await world.service.sweepEvents(world.clock.now())
    assert.equal(world.queue.take('outbox.drain').length, 1)
    await world.service.drainOutbox()
    world.queue.take('notification.deliver')
    await world.service.sweepEvents(world.clock.now())
    const mine = world.queue.take('notification.deliver').filter((payload) => payload.merchant === merchant)
    assert.equal(mine.length, 1)
  })

  test('several processes at once share the work and do nothing twice', async () => {
    const merchants = [await newMerchant(db), await newMerchant(db), await newMerchant(db)]
    const told: string[] = []
    const subscriber: Subscriber = async (_tx, event) => void told.push(event.id)
    const worlds = [1, 2, 3, 4].map(() => createEventWorld(db, { subscribers: [subscriber] }))
    const [first] = worlds
    assert.ok(first)
    for (const merchant of merchants) {
      await endpoint(first, merchant)
      await append(
        db,
        Array.from({ length: 300 }, () => eventOf(merchant)),
      )
    }
    const counts = await Promise.all(worlds.map((world) => world.service.drainOutbox()))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      900,
    )
    assert.equal(new Set(told).size, 900)
    assert.equal(told.length, 900)
    const rows = await db.maintenance
      .selectFrom('deliveries')
      .select('event_id')
      .where('merchant_id', 'in', merchants)
      .execute()
    assert.equal(rows.length, 900)
    const woken = worlds.flatMap((world) => world.queue.take('notification.deliver')).map((payload) => payload.id)
    assert.equal(new Set(woken).size, 900)
    assert.equal(woken.length, 900)
  })

  test('a poisonous event stays behind, alone, and is tried again', async () => {
    const merchant = await newMerchant(db)
    let isBroken = true
    const subscriber: Subscriber = async (tx, event) => {
      if (isBroken && event.type === 'charge.failed')
        await tx.selectFrom('events').select('id').where('id', '=', 'no uuid').execute()
    }
    const world = createEventWorld(db, { subscribers: [subscriber] })
    await endpoint(world, merchant)
    await append(db, [eventOf(merchant), eventOf(merchant, { type: 'charge.failed' }), eventOf(merchant)])
    assert.equal(await world.service.drainOutbox(), 2)
    assert.equal((await waiting(merchant)).length, 1)
    assert.equal((await deliveries(world, merchant)).length, 2)
    isBroken = false
    assert.equal(await world.service.drainOutbox(), 1)
    assert.equal((await deliveries(world, merchant)).length, 3)
  })

  test('a batch that fails leaves nothing half done', async () => {
    const merchant = await newMerchant(db)
    const subscriber: Subscriber = async () => Promise.reject(new Error('poison'))
    const world = createEventWorld(db, { subscribers: [subscriber] })
    await endpoint(world, merchant)
    await append(db, [eventOf(merchant)])
    assert.equal(await world.service.drainOutbox(), 0)
    assert.deepEqual(await deliveries(world, merchant), [])
    assert.deepEqual(world.queue.take('notification.deliver'), [])
    await createEventWorld(db).service.drainOutbox()
  })

  test('what subscribers append is drained in the same run', async () => {
    const merchant = await newMerchant(db)
    const subscriber: Subscriber = async (tx, event) => {
      if (event.type === 'payment_intent.created')
        await appendEvents(tx, [eventOf(merchant, { type: 'thread.message.created' })])
    }
    const world = createEventWorld(db, { subscribers: [subscriber] })
    await append(db, [eventOf(merchant)])
    assert.equal(await world.service.drainOutbox(), 2)
    assert.deepEqual(await waiting(merchant), [])
  })

  test('another merchant sees none of it', async () => {
    const world = createEventWorld(db)
    const [mine, other] = [await newMerchant(db), await newMerchant(db)]
    const { id: endpointId } = await endpoint(world, mine)
    await endpoint(world, other)
    await append(db, [eventOf(mine)])
    await world.service.drainOutbox()
    const [delivery] = await deliveries(world, mine)
    assert.ok(delivery)
    assert.deepEqual(await deliveries(world, other), [])
    assert.deepEqual((await world.service.listEvents(other, page)).data, [])
    await assert.rejects(world.service.retrieveEvent(other, delivery.event), { code: 'resource_missing' })
    await assert.rejects(world.service.retrieveDelivery(other, delivery.id), { code: 'resource_missing' })
    await assert.rejects(world.service.redeliver(other, delivery.id), { code: 'resource_missing' })
    await assert.rejects(world.service.retrieveEndpoint(other, endpointId), { code: 'resource_missing' })
    await assert.rejects(world.service.updateEndpoint(other, endpointId, { disabled: true }), {
      code: 'resource_missing',
    })
    await assert.rejects(world.service.deleteEndpoint(other, endpointId), { code: 'resource_missing' })
    const unseen = await inTransaction(db, other, (tx) =>
      tx.selectFrom('deliveries').selectAll().where('merchant_id', '=', mine).execute(),
    )
    assert.deepEqual(unseen, [])
  })
})
