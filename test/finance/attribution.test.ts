import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createFakePlatform, sign, write } from '../channels/fake-channel.ts'
import { createWorld, type World } from '../support/world.ts'

const secret = 'the app secret of the fake platform'

describe('attribution', () => {
  let world: World
  let webhook: string
  before(async () => {
    world = await createWorld({ overrides: { channels: createFakePlatform().channels } })
    const { body } = await world
      .request('merchant')
      .post('/v1/connections')
      .send({ channel: 'whatsapp', secrets: { token: '1:t', app_secret: secret } })
      .expect(200)
    webhook = body.webhook_url
  })
  after(() => world[Symbol.asyncDispose]())

  let count = 0
  /** Somebody comes by an ad or a link. */
  const come = async (person: string, touch: object, at: Date): Promise<void> => {
    const body = write([
      {
        kind: 'touch',
        ref: `t${++count}`,
        type: 'referral',
        at,
        from: { threadId: person, personId: person },
        touch,
      },
    ])
    const answer = await fetch(webhook, { method: 'POST', body, headers: { 'x-signature': sign(secret, body) } })
    assert.equal(answer.status, 200)
    await world.settle()
  }
  const create = async (thread: unknown, more: object = {}) => {
    const { body } = await world
      .request()
      .post('/v1/payment_intents')
      .send({ amount: 1000, currency: 'eur', thread, ...more })
      .expect(200)
    return body
  }
  const pay = async (thread: unknown, more: object = {}) => {
    const { id } = await create(thread, more)
    await world.request().post(`/v1/payment_intents/${id}/confirm`).send({ payment_method: 'pm_card_visa' }).expect(200)
    return id as string
  }
  const threadOf = async (person: string): Promise<{ id: string }> =>
    (await world.request().get('/v1/threads').query({ channel: 'whatsapp', external_id: person })).body.data[0]
  const day = (n: number) => new Date(Date.UTC(2026, 10, n, 9))
  const report = async (query: object = {}, role: 'finance' | 'bot' = 'finance') =>
    world.request(role).get('/v1/reports/attribution').query(query)

  test('is frozen when a payment is created: by id, by channel and external id, and later touches change nothing', async () => {
    await come('ann', { source: 'ad', adId: 'ad-1', ctwaClid: 'click=1' }, day(1))
    const { id } = await threadOf('ann')
    const place = { channel: 'whatsapp', external_id: 'ann' }
    const [byId, byPlace] = [await create(id), await create(place)]
    for (const { attribution } of [byId, byPlace]) {
      assert.equal(attribution.first_touch.ad_id, 'ad-1')
      assert.equal(attribution.last_touch.ctwa_clid, 'click=1')
    }
    await come('ann', { source: 'link', ref: 'spring' }, day(2))
    const { body: read } = await world.request().get(`/v1/payment_intents/${byId.id}`).expect(200)
    assert.deepEqual(read.attribution, byId.attribution)
    const later = await create(id)
    assert.deepEqual([later.attribution.first_touch.ad_id, later.attribution.last_touch.ref], ['ad-1', 'spring'])
    assert.equal((await create(undefined)).attribution, null)
    assert.equal((await create({ channel: 'webchat', external_id: 'nobody' })).attribution, null)
  })

  test('payments that are created at once get their own thread’s', async () => {
    const people = ['p1', 'p2', 'p3', 'p4']
    for (const person of people) await come(person, { source: 'ad', adId: `ad-${person}` }, day(3))
    const threads = await Promise.all(people.map(threadOf))
    const made = await Promise.all([...threads, ...threads].map(({ id }) => create(id)))
    assert.deepEqual(
      made.map((intent) => intent.attribution.last_touch.ad_id),
      [...people, ...people].map((person) => `ad-${person}`),
    )
  })

  test('another merchant’s thread lends nothing', async () => {
    const other = await world.openShop()
    const { id } = await threadOf('ann')
    const answer = await world
      .request('service', other)
      .post('/v1/payment_intents')
      .send({ amount: 1000, currency: 'eur', thread: id })
    assert.equal(answer.status, 400 + 4)
  })

  test('the report counts what was captured less what was given back, by first or last touch and currency', async () => {
    const { body: before } = await report()
    assert.deepEqual(before.data, [], 'nothing has been paid yet')
    const start = Math.floor(world.clock.now().getTime() / 1000)
    const { id } = await threadOf('ann')
    const first = await pay(id)
    await pay(id, { amount: 500 })
    await pay(id, { amount: 700, currency: 'jpy' })
    await pay((await threadOf('p1')).id, { amount: 300 })
    await pay(undefined, { amount: 200 })
    await world.request().post('/v1/refunds').send({ payment_intent: first, amount: 400 }).expect(200)
    await world.settle()
    const row = (
      source: string | null,
      ad_id: string | null,
      ref: string | null,
      currency: string,
      ...sums: number[]
    ) => ({
      object: 'attribution_report.row',
      touch: 'last',
      source,
      ad_id,
      ref,
      currency,
      payments: sums[0],
      captured: sums[1],
      refunded: sums[2],
      net: sums[3],
    })
    assert.deepEqual((await report()).body.data, [
      row('link', null, 'spring', 'eur', 2, 1500, 400, 1100),
      row('link', null, 'spring', 'jpy', 1, 700, 0, 700),
      row('ad', 'ad-p1', null, 'eur', 1, 300, 0, 300),
      row(null, null, null, 'eur', 1, 200, 0, 200),
    ])
    const bySource = await report({ touch: 'first', 'group_by[0]': 'source', currency: 'EUR' })
    assert.deepEqual(
      bySource.body.data.map((one: Record<string, unknown>) => [one.source, one.payments, one.net, 'ref' in one]),
      [
        ['ad', 3, 1400, false],
        [null, 1, 200, false],
      ],
    )
    assert.equal((await report({ 'created[gte]': start })).body.data.length, 4)
    assert.equal((await report({ 'created[lt]': start })).body.data.length, 0)
    const page = (await report({ limit: 1 })).body
    assert.deepEqual([page.data.length, page.has_more], [1, true])
    assert.equal((await report({}, 'bot')).status, 403)
    assert.equal((await report({ 'group_by[0]': 'title' })).status, 400)
    const other = await world.openShop()
    assert.deepEqual((await world.request('finance', other).get('/v1/reports/attribution')).body.data, [])
  })
})
