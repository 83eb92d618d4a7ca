import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'
import { type Desk, openDesk } from './checkout-desk.ts'

let world: World
let desk: Desk
before(async () => {
  world = await createWorld()
  desk = openDesk(world)
})
after(() => world[Symbol.asyncDispose]())

const visa = { payment_method: 'pm_card_visa' }
const createCode = async (code: string, body: object = { percent_off: 10 }) =>
  (await desk.post('/v1/promotion_codes', { code, ...body }).expect(200)).body
const redeemed = async (id: string): Promise<number> =>
  (await world.request().get(`/v1/promotion_codes/${id}`).expect(200)).body.times_redeemed

describe('promotion codes', () => {
  test('are made, read, listed and switched off', async () => {
    const made = await createCode('Hello-1', { amount_off: 500, currency: 'EUR', minimum_amount: 1000 })
    assert.deepEqual(
      [made.object, made.active, made.amount_off, made.currency, made.percent_off, made.times_redeemed],
      ['promotion_code', true, 500, 'eur', null, 0],
    )
    const client = world.request()
    assert.deepEqual((await client.get(`/v1/promotion_codes/${made.id}`).expect(200)).body, made)
    const { body: list } = await client.get('/v1/promotion_codes?code=hello-1&active=true').expect(200)
    assert.deepEqual(list.data, [made])
    const off = await desk.post(`/v1/promotion_codes/${made.id}`, { active: false, metadata: { why: 'over' } })
    assert.deepEqual([off.body.active, off.body.metadata], [false, { why: 'over' }])
    assert.equal((await client.get('/v1/promotion_codes?active=true&code=Hello-1')).body.data.length, 0)
  })

  test('are unique among the active ones, whatever their case', async () => {
    const first = await createCode('Once')
    const again = await desk.post('/v1/promotion_codes', { code: 'ONCE', percent_off: 5 }).expect(400)
    assert.equal(again.body.error.code, 'resource_already_exists')
    await desk.post(`/v1/promotion_codes/${first.id}`, { active: false }).expect(200)
    await createCode('ONCE')
    const back = await desk.post(`/v1/promotion_codes/${first.id}`, { active: true }).expect(400)
    assert.equal(back.body.error.code, 'resource_already_exists')
  })

  const refusals: [string, object, string][] = [
    ['nothing to give', {}, 'parameter_missing'],
    ['two things', { percent_off: 5, amount_off: 5, currency: 'eur' }, 'parameters_exclusive'],
    ['an amount of no currency', { amount_off: 5 }, 'parameter_missing'],
    ['no percent', { percent_off: 0 }, 'parameter_invalid_string'],
    ['more than all', { percent_off: 101 }, 'parameter_invalid_string'],
  ]
  for (const [what, body, code] of refusals) {
    test(`give ${what}: refused`, async () => {
      const answer = await desk.post('/v1/promotion_codes', { code: 'BAD', ...body }).expect(400)
      assert.equal(answer.body.error.code, code, answer.body.error.message)
    })
  }
})

describe('a code in a checkout', () => {
  test('takes its share off, is counted once, and is told apart', async () => {
    const code = await createCode('TEN')
    const made = await desk.create({ promotion_code: 'ten' })
    assert.deepEqual([made.amount_total, made.total_details.amount_discount, made.promotion_code], [2700, 300, 'ten'])
    assert.equal(await redeemed(code.id), 0)
    await desk.post(`/v1/checkouts/${made.id}/complete`, visa).expect(200)
    await world.settle()
    assert.equal(await redeemed(code.id), 1)
    assert.deepEqual((await desk.booked(made.payment_intent))['4010'], 2700)
  })

  test('that is not met any more warns and gives nothing, and comes back', async () => {
    await createCode('BIG', { percent_off: 50, minimum_amount: 3000 })
    const made = await desk.create({ promotion_code: 'BIG' })
    assert.equal(made.amount_total, 1500)
    const small = { line_items: [{ name: 'Rose', quantity: 1, unit_amount: 900 }] }
    const { body } = await desk.post(`/v1/checkouts/${made.id}`, small).expect(200)
    assert.deepEqual([body.status, body.amount_total], ['ready', 900])
    assert.deepEqual(
      body.messages.map(({ type, code }: { type: string; code: string }) => [type, code]),
      [['warning', 'discount_code_minimum_not_met']],
    )
    const large = { line_items: [{ name: 'Rose', quantity: 5, unit_amount: 900 }] }
    const { body: again } = await desk.post(`/v1/checkouts/${made.id}`, large).expect(200)
    assert.deepEqual([again.amount_total, again.messages], [2250, []])
  })

  test('all of it: nothing is paid and the code is counted', async () => {
    const code = await createCode('GIFT', { percent_off: 100, max_redemptions: 1 })
    const made = await desk.create({ promotion_code: 'GIFT' })
    assert.deepEqual([made.amount_total, made.payment_intent], [0, null])
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`).expect(200)
    assert.equal(body.status, 'completed')
    assert.equal(await redeemed(code.id), 1)
    const late = await desk.post('/v1/checkouts', { currency: 'eur', promotion_code: 'GIFT' }).expect(400)
    assert.equal(late.body.error.code, 'promotion_code_invalid')
  })

  test('its last redemption goes to one of many that pay at once', async () => {
    const code = await createCode('LAST', { percent_off: 20, max_redemptions: 2 })
    const made = await Promise.all(Array.from({ length: 8 }, () => desk.create({ promotion_code: 'LAST' })))
    const answers = await Promise.all(made.map(({ id }) => desk.post(`/v1/checkouts/${id}/complete`, visa)))
    const codes = answers.map(({ status, body }) => (status === 200 ? 'paid' : body.error.code)).sort()
    assert.deepEqual(codes, [...Array(2).fill('paid'), ...Array(6).fill('promotion_code_invalid')])
    await world.settle()
    assert.equal(await redeemed(code.id), 2)
    const lost = made.find((_, index) => answers[index]?.status !== 200)
    assert.ok(lost)
    const { body } = await desk.post(`/v1/checkouts/${lost.id}`, { promotion_code: null }).expect(200)
    assert.equal(body.amount_total, 3000)
    await desk.post(`/v1/checkouts/${lost.id}/complete`, visa).expect(200)
    assert.equal(await redeemed(code.id), 2)
  })

  test('is given back when the checkout is canceled or takes another code', async () => {
    const code = await createCode('BACK', { percent_off: 20, max_redemptions: 1 })
    const first = await desk.create({ promotion_code: 'BACK' })
    await desk.post(`/v1/checkouts/${first.id}/complete`).expect(200)
    assert.equal(await redeemed(code.id), 1)
    await desk.post(`/v1/checkouts/${first.id}/cancel`).expect(200)
    assert.equal(await redeemed(code.id), 0)
    const second = await desk.create({ promotion_code: 'BACK' })
    await desk.post(`/v1/checkouts/${second.id}/complete`).expect(200)
    await desk.post(`/v1/checkouts/${second.id}`, { tip: { amount: 1 } }).expect(200)
    assert.equal(await redeemed(code.id), 1)
    await desk.post(`/v1/checkouts/${second.id}`, { promotion_code: null }).expect(200)
    assert.equal(await redeemed(code.id), 0)
  })
})
