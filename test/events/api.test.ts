import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Stripe from 'stripe'
import { deliveryRoutes } from '#events/delivery-routes.ts'
import { webhookEndpointRoutes } from '#events/endpoint-routes.ts'
import { isKnownEventType } from '#events/event-types.ts'
import { eventRoutes } from '#events/routes.ts'
import { showId } from '#kernel/ids.ts'
import { createShapeCheck, noContract, readContract } from '../support/stripe-contract.ts'
import { startReceiver } from './receiver.ts'
import { append, createEventWorld, createTestDatabase, eventOf, newMerchant, serveRoutes } from './slice-world.ts'

const db = await createTestDatabase()
const world = createEventWorld(db, { allowPrivate: false })
const { service } = world
const { call, port } = await serveRoutes(db, [
  ...eventRoutes(service),
  ...webhookEndpointRoutes(service),
  ...deliveryRoutes(service),
])

const newKey = async () => {
  const merchant = await newMerchant(db)
  return { merchant, key: `service.${merchant}`, stripe: sdk(`service.${merchant}`) }
}
const sdk = (key: string) =>
  new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false })
const hook = { url: 'https://shop.example/hook', enabled_events: ['*'] }

describe('webhook endpoints over HTTP', () => {
  test("live through Stripe's own SDK, and show their secret once", async () => {
    const { stripe } = await newKey()
    const created = await stripe.webhookEndpoints.create({
      url: hook.url,
      enabled_events: ['payment_intent.succeeded', 'refund.failed'],
      description: 'Orders',
      metadata: { team: 'shop' },
      api_version: '2026-10-28.endive',
    })
    assert.match(created.secret ?? '', /^whsec_/)
    const { id } = created
    assert.match(id, /^we_/)
    const read = await stripe.webhookEndpoints.retrieve(id)
    assert.equal(read.secret, undefined)
    assert.deepEqual([read.status, read.description, read.metadata.team], ['enabled', 'Orders', 'shop'])
    const updated = await stripe.webhookEndpoints.update(id, {
      enabled_events: ['*'],
      url: 'https://shop.example/new',
      disabled: true,
      description: '',
      metadata: { team: '', tier: '1' },
    })
    assert.deepEqual(
      [updated.status, updated.url, updated.enabled_events],
      ['disabled', 'https://shop.example/new', ['*']],
    )
    assert.deepEqual([updated.description, updated.metadata], [null, { tier: '1' }])
    await stripe.webhookEndpoints.create({ ...hook, enabled_events: ['*'] })
    const list = await stripe.webhookEndpoints.list({ limit: 1 })
    assert.deepEqual([list.data.length, list.has_more], [1, true])
    assert.deepEqual({ ...(await stripe.webhookEndpoints.del(id)) }, { id, object: 'webhook_endpoint', deleted: true })
    await assert.rejects(stripe.webhookEndpoints.retrieve(id), { code: 'resource_missing', statusCode: 404 })
  })

  test('have the published shapes', { skip: noContract }, async () => {
    const check = createShapeCheck()
    const { key } = await newKey()
    const created = await call(key, 'POST', '/v1/webhook_endpoints', hook)
    check('WebhookEndpoint', created.json)
    check('DeletedWebhookEndpoint', (await call(key, 'DELETE', `/v1/webhook_endpoints/${created.json.id}`)).json)
    for (const type of Object.keys(readContract()['x-event-objects'])) assert.ok(isKnownEventType(type), type)
  })

  test('an idempotent repetition answers with the same secret', async () => {
    const { key } = await newKey()
    const headers = { 'idempotency-key': 'k1' }
    const first = await call(key, 'POST', '/v1/webhook_endpoints', hook, headers)
    const second = await call(key, 'POST', '/v1/webhook_endpoints', hook, headers)
    assert.equal(first.text, second.text)
    assert.equal((await call(key, 'GET', '/v1/webhook_endpoints')).json.data.length, 1)
  })

  test('a request that is taken over after a crash shows the secret that was stored', async () => {
    const { merchant } = await newKey()
    const id = '0195aaaa-0000-7000-8000-000000000001'
    const scope = { merchantId: merchant, livemode: false }
    const first = await service.createEndpoint(scope, id, hook)
    assert.equal((await service.createEndpoint(scope, id, hook)).secret, first.secret)
  })

  test('refuse what they cannot serve, naming the parameter', async () => {
    const { key, merchant } = await newKey()
    const cases: [body: object, code: string, param: string][] = [
      [{ ...hook, url: 'http://shop.example/' }, 'url_invalid', 'url'],
      [{ ...hook, url: 'https://127.0.0.1/' }, 'url_invalid', 'url'],
      [{ ...hook, url: 'https://[::ffff:7f00:1]/' }, 'url_invalid', 'url'],
      [{ ...hook, url: 'https://localhost./' }, 'url_invalid', 'url'],
      [{ ...hook, url: 'https://user:pw@shop.example/' }, 'url_invalid', 'url'],
      [{ ...hook, url: 'no url' }, 'url_invalid', 'url'],
      [{ enabled_events: ['*'] }, 'parameter_missing', 'url'],
      [{ url: hook.url }, 'parameter_missing', 'enabled_events'],
      [{ ...hook, enabled_events: ['payment_intent.exploded'] }, 'parameter_invalid_string', 'enabled_events[0]'],
      [{ ...hook, secret: 'mine' }, 'parameter_unknown', 'secret'],
    ]
    for (const [body, code, param] of cases) {
      const { status, json } = await call(key, 'POST', '/v1/webhook_endpoints', body)
      assert.deepEqual([status, json.error.code, json.error.param], [400, code, param])
    }
    for (const role of ['bot', 'finance']) {
      assert.equal((await call(`${role}.${merchant}`, 'POST', '/v1/webhook_endpoints', hook)).status, 403)
      assert.equal((await call(`${role}.${merchant}`, 'GET', '/v1/events')).status, 200)
    }
    assert.equal((await call(key, 'GET', '/v1/webhook_endpoints/we_nonsense')).status, 404)
  })
})

describe('events over HTTP', () => {
  test("have Stripe's envelope and count what is still to be sent", async () => {
    const { key, merchant, stripe } = await newKey()
    await call(key, 'POST', '/v1/webhook_endpoints', hook)
    await append(db, [
      eventOf(merchant, { type: 'payment_intent.succeeded', previousAttributes: { status: 'processing' } }),
    ])
    await service.drainOutbox()
    const [event] = (await stripe.events.list()).data
    assert.ok(event)
    assert.equal(event.api_version, '2026-10-28.endive')
    assert.equal(event.pending_webhooks, 1)
    assert.deepEqual(event.data.previous_attributes, { status: 'processing' })
    assert.deepEqual(event.request, { id: null, idempotency_key: null })
    assert.deepEqual((await stripe.events.retrieve(event.id)).data, event.data)
    // Events of Stripe's types must also carry Stripe's objects; that is for the slices that write them.
    await append(db, [eventOf(merchant, { type: 'thread.message.created' })])
    const [own] = (await call(key, 'GET', '/v1/events?limit=1')).json.data
    if (!noContract) createShapeCheck()('Event', own)
    const { status, json } = await call(key, 'GET', `/v1/events/${showId('event', merchant)}`)
    assert.deepEqual([status, json.error.code], [404, 'resource_missing'])
  })

  test('are found by type, types, time and success, page by page', async () => {
    const { merchant, key, stripe } = await newKey()
    const types = [
      'payment_intent.created',
      'payment_intent.succeeded',
      'charge.succeeded',
      'charge.dispute.created',
      'refund.created',
    ]
    const at = (index: number) => new Date(1_790_000_000_000 + index * 1000)
    for (const [index, type] of types.entries()) await append(db, [eventOf(merchant, { type, createdAt: at(index) })])
    const found = async (query: Stripe.EventListParams) =>
      (await stripe.events.list(query)).data.map((event) => event.type)
    assert.deepEqual(await found({}), types.toReversed())
    assert.deepEqual(await found({ type: 'charge.succeeded' }), ['charge.succeeded'])
    assert.deepEqual(await found({ type: 'charge.*' }), ['charge.dispute.created', 'charge.succeeded'])
    assert.deepEqual(await found({ types: ['refund.created', 'charge.succeeded'] }), [
      'refund.created',
      'charge.succeeded',
    ])
    assert.deepEqual(await found({ type: 'charge_.*' }), [])
    assert.deepEqual(await found({ created: { gte: 1_790_000_003 } }), types.slice(3).toReversed())
    assert.deepEqual(await found({ created: { lt: 1_790_000_001 } }), ['payment_intent.created'])
    const paged: string[] = []
    for await (const event of stripe.events.list({ limit: 2 })) paged.push(event.type)
    assert.deepEqual(paged, types.toReversed())
    await call(key, 'POST', '/v1/webhook_endpoints', { ...hook, enabled_events: ['refund.created'] })
    await service.drainOutbox()
    assert.deepEqual(await found({ delivery_success: false }), ['refund.created'])
    assert.equal((await found({ delivery_success: true })).length, 4)
    const both = await call(key, 'GET', '/v1/events?type=a.b&types[]=c.d')
    assert.deepEqual([both.status, both.json.error.code], [400, 'parameters_exclusive'])
  })
})

describe('deliveries over HTTP', () => {
  test('are listed, found by endpoint, event and state, and sent again', async () => {
    const { key, merchant } = await newKey()
    const open = createEventWorld(db, { allowPrivate: true })
    const receiver = await startReceiver()
    const scope = { merchantId: merchant, livemode: false }
    const endpoint = await open.service.createEndpoint(scope, merchant, { url: receiver.url, enabled_events: ['*'] })
    await append(db, [eventOf(merchant), eventOf(merchant)])
    await open.service.drainOutbox()
    for (const job of open.queue.take('notification.deliver')) await open.service.deliver(job)
    const list = (await call(key, 'GET', `/v1/deliveries?webhook_endpoint=${endpoint.id}&state=succeeded`)).json
    assert.equal(list.data.length, 2)
    const [delivery] = list.data
    assert.equal((await call(key, 'GET', `/v1/deliveries?event=${delivery.event}`)).json.data.length, 1)
    assert.deepEqual((await call(key, 'GET', '/v1/deliveries?state=failed')).json.data, [])
    assert.deepEqual((await call(key, 'GET', `/v1/deliveries/${delivery.id}`)).json, delivery)
    world.queue.take('notification.deliver')
    const again = await call(key, 'POST', `/v1/deliveries/${delivery.id}/redeliver`)
    assert.deepEqual([again.status, again.json.state, again.json.attempts], [200, 'pending', 0])
    const [job] = world.queue.take('notification.deliver')
    assert.ok(job)
    open.clock.advance(1000)
    await open.service.deliver(job)
    assert.equal(receiver.received.length, 3)
    assert.equal(receiver.received[2]?.headers['webhook-id'], delivery.event)
    assert.equal((await call(`bot.${merchant}`, 'GET', '/v1/deliveries')).status, 403)
    assert.equal((await call(key, 'GET', '/v1/deliveries/del_nonsense')).status, 404)
  })
})
