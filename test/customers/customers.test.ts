import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Stripe from 'stripe'
import { requireCustomer } from '#customers/repo.ts'
import { customerRoutes } from '#customers/routes.ts'
import { createCustomerService } from '#customers/service.ts'
import { eventRoutes } from '#events/routes.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { createEventWorld, createTestDatabase, newMerchant, serveRoutes } from '../events/slice-world.ts'
import { createShapeCheck, noContract } from '../support/stripe-contract.ts'

const db = await createTestDatabase()
const { service: events, clock, queue } = createEventWorld(db)
const customers = createCustomerService({ db, clock, queue })
const { call, port } = await serveRoutes(db, [...customerRoutes(customers), ...eventRoutes(events)])

const newKey = async (role = 'service') => {
  const merchant = await newMerchant(db)
  const key = `${role}.${merchant}`
  const stripe = new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false })
  return { merchant, key, stripe }
}

const lea = {
  name: 'Léa Martin',
  email: 'lea@example.com',
  phone: '+33 1 23 45 67 89',
  description: 'regular',
  address: { line1: '1 rue de la Paix', city: 'Paris', country: 'FR' },
  shipping: { name: 'Léa', address: { line1: '2 rue du Bac' } },
  metadata: { crm: '42', tier: 'gold' },
}

describe('customers', () => {
  test("live through Stripe's own SDK", async () => {
    const { stripe } = await newKey()
    const created = await stripe.customers.create(lea)
    assert.match(created.id, /^cus_/)
    assert.deepEqual([created.name, created.email, created.metadata], [lea.name, lea.email, lea.metadata])
    assert.equal(created.address?.city, 'Paris')
    assert.equal(created.address?.line2, null)
    assert.equal(created.shipping?.phone, null)
    assert.deepEqual({ ...(await stripe.customers.retrieve(created.id)) }, { ...created })
    const updated = await stripe.customers.update(created.id, {
      name: 'Léa M.',
      phone: '',
      shipping: '',
      metadata: { tier: '', vip: 'yes' },
    })
    assert.deepEqual([updated.name, updated.phone, updated.shipping], ['Léa M.', null, null])
    assert.deepEqual(updated.metadata, { crm: '42', vip: 'yes' })
    assert.equal(updated.email, lea.email)
    const cleared = await stripe.customers.update(created.id, { metadata: '' })
    assert.deepEqual(cleared.metadata, {})
    const gone = { id: created.id, object: 'customer', deleted: true }
    assert.deepEqual({ ...(await stripe.customers.del(created.id)) }, gone)
    assert.deepEqual({ ...(await stripe.customers.retrieve(created.id)) }, gone)
    await assert.rejects(stripe.customers.update(created.id, { name: 'x' }), { code: 'resource_missing' })
    await assert.rejects(stripe.customers.del(created.id), { code: 'resource_missing' })
  })

  test('have the published shapes, and so have their events', { skip: noContract }, async () => {
    const check = createShapeCheck()
    const { key } = await newKey()
    for (const body of [{}, lea]) {
      const { json } = await call(key, 'POST', '/v1/customers', body)
      check('Customer', json)
      check('Customer', (await call(key, 'POST', `/v1/customers/${json.id}`, { description: 'new' })).json)
      check('DeletedCustomer', (await call(key, 'DELETE', `/v1/customers/${json.id}`)).json)
    }
    const { data } = (await call(key, 'GET', '/v1/events')).json
    assert.equal(data.length, 6)
    for (const event of data) check('Event', event)
  })

  test('tell what changed, once, and with the values before', async () => {
    const { key, merchant } = await newKey()
    const { json: customer } = await call(key, 'POST', '/v1/customers', lea)
    await call(key, 'POST', `/v1/customers/${customer.id}`, { name: lea.name })
    await call(key, 'POST', `/v1/customers/${customer.id}`, { name: 'Lea', metadata: { tier: 'silver', vip: 'yes' } })
    await call(key, 'DELETE', `/v1/customers/${customer.id}`)
    const { data } = await events.listEvents(merchant, { limit: 10 })
    assert.deepEqual(
      data.map((event) => event.type),
      ['customer.deleted', 'customer.updated', 'customer.created'],
    )
    assert.deepEqual(data[1]?.data.previous_attributes, { name: lea.name, metadata: { tier: 'gold', vip: null } })
    assert.equal(data[0]?.data.object.email, lea.email)
    assert.ok(queue.take('outbox.drain').length > 0)
  })

  test('leave nothing of the person behind when deleted', async () => {
    const { key, merchant } = await newKey()
    const { json } = await call(key, 'POST', '/v1/customers', lea)
    await call(key, 'DELETE', `/v1/customers/${json.id}`)
    const row = await inTransaction(db, merchant, (tx) =>
      tx.selectFrom('customers').selectAll().executeTakeFirstOrThrow(),
    )
    const { name, email, phone, description, address, shipping, metadata } = row
    assert.deepEqual(
      { name, email, phone, description, address, shipping, metadata },
      {
        name: null,
        email: null,
        phone: null,
        description: null,
        address: null,
        shipping: null,
        metadata: {},
      },
    )
  })

  test('are listed newest first, by e-mail and page by page, without the deleted', async () => {
    const { key, stripe } = await newKey()
    const ids: string[] = []
    for (let i = 0; i < 5; i++)
      ids.push((await stripe.customers.create({ email: i === 3 ? 'x@example.com' : 'y@example.com' })).id)
    await stripe.customers.del(ids[0] ?? '')
    const listed: string[] = []
    for await (const customer of stripe.customers.list({ limit: 2 })) listed.push(customer.id)
    assert.deepEqual(listed, ids.slice(1).toReversed())
    const found = (await call(key, 'GET', '/v1/customers?email=x%40example.com')).json
    assert.deepEqual(
      found.data.map((one: { id: string }) => one.id),
      [ids[3]],
    )
    const newer = (await call(key, 'GET', `/v1/customers?ending_before=${ids[2]}&limit=1`)).json
    assert.deepEqual([newer.data[0].id, newer.has_more], [ids[3], true])
  })

  test('are made once per Idempotency-Key, also when a request is taken over', async () => {
    const { key, merchant } = await newKey()
    const headers = { 'idempotency-key': 'one' }
    const first = await call(key, 'POST', '/v1/customers', lea, headers)
    const second = await call(key, 'POST', '/v1/customers', lea, headers)
    assert.equal(first.text, second.text)
    assert.equal(second.headers.get('idempotent-replayed'), 'true')
    const scope = { merchantId: merchant, livemode: false }
    const id = newUuid()
    await customers.create(scope, id, lea)
    await customers.create(scope, id, lea)
    const { data } = await events.listEvents(merchant, { limit: 10 })
    assert.equal(data.length, 2)
  })

  test('refuse what is not allowed', async () => {
    const { key, merchant } = await newKey()
    const { json: mine } = await call(key, 'POST', '/v1/customers', lea)
    const bad = await call(key, 'POST', '/v1/customers', { email: 'nobody' })
    assert.deepEqual([bad.status, bad.json.error.param], [400, 'email'])
    const unknown = await call(key, 'POST', '/v1/customers', { nick: 'x' })
    assert.deepEqual([unknown.status, unknown.json.error.code], [400, 'parameter_unknown'])
    assert.equal((await call(`finance.${merchant}`, 'GET', `/v1/customers/${mine.id}`)).status, 200)
    assert.equal((await call(`finance.${merchant}`, 'POST', '/v1/customers', {})).status, 403)
    assert.equal((await call(`bot.${merchant}`, 'POST', '/v1/customers', {})).status, 200)
    const other = await newKey()
    for (const [method, body] of [
      ['GET', undefined],
      ['POST', { name: 'x' }],
      ['DELETE', undefined],
    ] as const) {
      assert.equal((await call(other.key, method, `/v1/customers/${mine.id}`, body)).status, 404)
    }
    const uuid = parseId('customer', mine.id) ?? ''
    const found = await inTransaction(db, merchant, (tx) => requireCustomer(tx, merchant, uuid))
    assert.equal(found.email, lea.email)
    await assert.rejects(
      inTransaction(db, other.merchant, (tx) => requireCustomer(tx, other.merchant, uuid)),
      {
        code: 'resource_missing',
      },
    )
  })
})
