import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import request from 'supertest'
import { createWorld, type World } from '../support/world.ts'
import { openDesk, tulips } from './checkout-desk.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const order = { currency: 'eur', line_items: [tulips] }
const calls = (id: string, code: string): ['get' | 'post', string, object][] => [
  ['get', `/v1/checkouts/${id}`, {}],
  ['post', `/v1/checkouts/${id}`, {}],
  ['post', `/v1/checkouts/${id}/complete`, {}],
  ['post', `/v1/checkouts/${id}/cancel`, {}],
  ['get', `/v1/promotion_codes/${code}`, {}],
  ['post', `/v1/promotion_codes/${code}`, {}],
]

describe('who may do what with a checkout', () => {
  test('nobody without a key', async () => {
    for (const [method, path] of [...calls('co_x', 'promo_x'), ['post', '/v1/checkouts'] as const])
      assert.equal((await request(world.url)[method](path)).body.error.code, 'api_key_missing', path)
  })

  test('finance reads, and a bot sells but makes no codes', async () => {
    const bot = world.request('bot')
    const { body: made } = await bot.post('/v1/checkouts').send(order).expect(200)
    const finance = world.request('finance')
    await finance.get(`/v1/checkouts/${made.id}`).expect(200)
    await finance.get('/v1/checkouts').expect(200)
    for (const path of ['', `/${made.id}`, `/${made.id}/complete`, `/${made.id}/cancel`])
      await finance.post(`/v1/checkouts${path}`).send(order).expect(403)
    await bot.post('/v1/promotion_codes').send({ code: 'X', percent_off: 5 }).expect(403)
    await bot.get('/v1/promotion_codes').expect(200)
  })

  test("another merchant's is not there, nor is one that never was", async () => {
    const desk = openDesk(world)
    const made = await desk.create()
    const { body: code } = await desk.post('/v1/promotion_codes', { code: 'MINE', percent_off: 5 }).expect(200)
    const other = await world.openShop('Other')
    for (const shop of [other, world.shop]) {
      const client = world.request('service', shop)
      const isOther = shop === other
      const id = isOther ? made.id : 'co_01jd2q8k5xf0srd3q7m9w1c4zc'
      for (const [method, path, body] of calls(id, isOther ? code.id : 'nonsense')) {
        const { body: answer } = await client[method](path).send(body).expect(404)
        assert.equal(answer.error.code, 'resource_missing')
      }
    }
    const theirs = openDesk(world, other)
    const { body } = await theirs.post('/v1/checkouts', { ...order, promotion_code: 'MINE' }).expect(400)
    assert.equal(body.error.code, 'promotion_code_invalid')
    assert.equal((await world.request('service', other).get('/v1/checkouts')).body.data.length, 0)
    for (const [param, value] of Object.entries({ thread: 'thr_x', customer: 'cus_x' }))
      assert.equal(
        (await theirs.post('/v1/checkouts', { ...order, [param]: value }).expect(404)).body.error.param,
        param,
      )
  })

  test('lists by thread and status, newest first', async () => {
    const desk = openDesk(world)
    const thread = { channel: 'line', external_id: 'U1' }
    const first = await desk.create({ thread })
    const second = await desk.create({ thread, line_items: [] })
    const client = world.request()
    const { body } = await client.get(`/v1/checkouts?thread=${first.thread}`).expect(200)
    assert.deepEqual(
      body.data.map(({ id }: { id: string }) => id),
      [second.id, first.id],
    )
    const { body: ready } = await client.get(`/v1/checkouts?thread=${first.thread}&status=ready`).expect(200)
    assert.deepEqual(
      ready.data.map(({ id }: { id: string }) => id),
      [first.id],
    )
  })
})
