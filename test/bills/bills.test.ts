import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseId } from '#kernel/ids.ts'
import type { Role } from '#platform/api-keys.ts'
import { createWorld, type World } from '../support/world.ts'
import { type Bill, type BillDesk, openBillDesk } from './bill-desk.ts'

let world: World
let desk: BillDesk
before(async () => {
  world = await createWorld()
  desk = openBillDesk(world)
})
after(() => world[Symbol.asyncDispose]())

/** The simulator lets asynchronous things happen after this. */
const asyncMs = 3_600_000

const statuses = (bill: Bill) => bill.shares.map((share) => share.status)
const amounts = (bill: Bill) => bill.shares.map((share) => share.amount)

describe('a bill of 100.00 in three', () => {
  test('asks 33.34 + 33.33 + 33.33, each on its own page', async () => {
    const bill = await desk.create({})
    assert.deepEqual(amounts(bill), [3334, 3333, 3333])
    assert.deepEqual([bill.status, bill.amount, bill.amount_remaining], ['open', 10_000, 10_000])
    assert.equal(new Set(bill.shares.map((share) => share.checkout_url)).size, 3)
    const [first] = bill.shares
    const intent = await world.stripe().paymentIntents.retrieve(first?.payment_intent ?? '')
    assert.equal(intent.description, 'Your part of Dinner')
    assert.equal(intent.metadata.bill, bill.id)
    assert.equal(intent.metadata.bill_share, first?.id)
    const page = await fetch(first?.checkout_url ?? '')
    assert.match(await page.text(), /33\.34/)
  })

  test('is paid when the last one has paid, and only then is it a sale', async () => {
    const bill = await desk.create({})
    const before = await desk.balances()
    await desk.pay(bill, 2)
    const one = await desk.read(bill)
    assert.deepEqual([one.status, one.amount_paid, ...statuses(one)], ['open', 3333, 'open', 'open', 'paid'])
    assert.deepEqual(await desk.moved(before), { 1110: 3333 - desk.fee(3333), 2031: -3333, 5010: desk.fee(3333) })
    await desk.pay(bill, 0)
    await desk.pay(bill, 1)
    const all = await desk.read(bill)
    assert.deepEqual([all.status, all.amount_paid, all.amount_remaining], ['paid', 10_000, 0])
    assert.ok(all.shares.every((share) => share.status === 'paid' && share.checkout_url === null))
    const fees = desk.fee(3334) + 2 * desk.fee(3333)
    assert.deepEqual(await desk.moved(before), { 1110: 10_000 - fees, 4010: -10_000, 5010: fees })
    assert.deepEqual(await desk.eventsOf(bill), ['bill.created', 'bill.updated', 'bill.updated', 'bill.paid'])
    await world.verifyInvariants()
  })

  test('books tax and tip of the items apart, and the events carry the whole bill', async () => {
    const before = await desk.balances()
    const bill = await desk.create({
      amount: undefined,
      split: 'items',
      tax: 167,
      tip: 100,
      items: [
        { name: 'Ramen', quantity: 1, unit_amount: 1200, for: ['ana'] },
        { name: 'Gyoza', quantity: 2, unit_amount: 300 },
      ],
      participants: ['ana', 'ben'].map((external_id) => ({ participant: { external_id } })),
    })
    assert.deepEqual([bill.amount, ...amounts(bill)], [2067, 1723, 344])
    assert.deepEqual(
      bill.items[1]?.for,
      bill.shares.map((share) => share.participant),
    )
    await desk.pay(bill, 0, 1)
    const moved = await desk.moved(before)
    assert.deepEqual([moved[4010], moved[2310], moved[2060], moved[2031]], [-1800, -167, -100, undefined])
    const [paid] = await desk.events(bill, 'bill.paid')
    assert.deepEqual(paid?.data.object, await desk.read(bill))
    assert.equal(
      (paid?.data as { previous_attributes?: { status?: string } } | undefined)?.previous_attributes?.status,
      'open',
    )
  })
})

describe('news of payments', () => {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]
  test('may come in any order, together or twice', async () => {
    const bills: Bill[] = []
    for (const order of orders) {
      const bill = await desk.create({})
      for (const index of order) await desk.confirm(bill, index)
      bills.push(bill)
    }
    await world.settle()
    const read = () => Promise.all(bills.map((bill) => desk.read(bill)))
    const told = () => Promise.all(bills.map((bill) => desk.eventsOf(bill)))
    const [paid, before] = [await read(), await told()]
    assert.ok(paid.every((bill) => bill.status === 'paid' && bill.amount_paid === 10_000))
    for (const bill of bills) await desk.retell(bill)
    assert.deepEqual([await read(), await told()], [paid, before], 'told again they change nothing')
    await world.verifyInvariants()
  })

  test('a share cannot be paid twice', async () => {
    const bill = await desk.create({})
    await desk.pay(bill, 0)
    const again = await world
      .request()
      .post(`/v1/payment_intents/${bill.shares[0]?.payment_intent}/confirm`)
      .send({ payment_method: 'pm_card_visa' })
    assert.equal(again.status, 400)
    assert.equal((await desk.read(bill)).amount_paid, 3334)
  })

  test('a share’s payment takes its terms from the bill', async () => {
    const path = `/v1/payment_intents/${(await desk.create({})).shares[0]?.payment_intent}`
    const change = await world.request().post(path).send({ amount: 5 })
    assert.deepEqual([change.status, change.body.error?.param], [400, 'amount'])
    const later = { payment_method: 'pm_card_visa', capture_method: 'manual' }
    const hold = await world.request().post(`${path}/confirm`).send(later)
    assert.deepEqual([hold.status, hold.body.error?.param], [400, 'capture_method'])
    assert.equal(
      (
        await world
          .request()
          .post(path)
          .send({ metadata: { seat: '4' } })
      ).status,
      200,
    )
  })

  test('a payment canceled by itself leaves its share out, and the bill open', async () => {
    const bill = await desk.create({})
    await world.stripe().paymentIntents.cancel(bill.shares[1]?.payment_intent ?? '')
    await world.settle()
    const left = await desk.read(bill)
    assert.deepEqual(
      [left.status, left.amount_remaining, ...statuses(left)],
      ['open', 6667, 'open', 'canceled', 'open'],
    )
  })
})

describe('closing early', () => {
  test('asks nobody any more and keeps what was paid', async () => {
    const before = await desk.balances()
    const bill = await desk.create({})
    await desk.pay(bill, 0)
    const closed = await desk.act(bill, 'close')
    assert.deepEqual(
      [closed.status, closed.amount_paid, ...statuses(closed)],
      ['closed', 3334, 'paid', 'canceled', 'canceled'],
    )
    assert.ok(closed.closed_at)
    await world.settle()
    const { data } = await world.stripe().paymentIntents.list({ limit: 3 })
    assert.deepEqual(data.map((intent) => intent.status).toSorted(), ['canceled', 'canceled', 'succeeded'])
    assert.equal((await desk.moved(before))[4010], -3334)
    assert.deepEqual(await desk.eventsOf(bill), ['bill.created', 'bill.updated', 'bill.closed'])
    assert.equal((await desk.refused(bill, 'close')).code, 'bill_unexpected_state')
  })

  test('hands the rest to the organizer, who pays it all', async () => {
    const bill = await desk.create({ organizer: { external_id: 'ana' } })
    await desk.pay(bill, 1)
    const passed = await desk.act(bill, 'close', { organizer_pays_rest: true })
    assert.deepEqual(statuses(passed), ['canceled', 'paid', 'canceled', 'open'])
    assert.deepEqual([passed.status, passed.shares[3]?.amount, passed.shares[3]?.is_rest], ['open', 6667, true])
    const same = await desk.act(bill, 'close', { organizer_pays_rest: true })
    assert.equal(same.shares.length, 4, 'asked again it is the same rest')
    await desk.pay(passed, 3)
    const paid = await desk.read(bill)
    assert.deepEqual([paid.status, paid.amount_paid, paid.organizer], ['paid', 10_000, paid.shares[3]?.participant])
    await world.verifyInvariants()
  })

  test('needs an organizer for that', async () => {
    const bill = await desk.create({})
    const error = await desk.refused(bill, 'close', { organizer_pays_rest: true })
    assert.deepEqual([error.code, error.param], ['bill_unexpected_state', 'organizer_pays_rest'])
  })

  test('counts what has been paid already, although nobody has told us', async () => {
    const bill = await desk.create({})
    await desk.payUnheard(bill, 0)
    assert.equal((await desk.read(bill)).amount_paid, 0)
    const closed = await desk.act(bill, 'close')
    assert.deepEqual(statuses(closed), ['paid', 'canceled', 'canceled'])
  })

  test('gives a payment that comes later back by itself', async () => {
    const before = await desk.balances()
    const bill = await desk.create({})
    await desk.payUnheard(bill, 0)
    await world.sandboxControl('POST', 'faults', { fault: 'error_503', count: 1000 })
    const closed = await desk.act(bill, 'close')
    assert.deepEqual(statuses(closed), ['canceled', 'canceled', 'canceled'], 'the provider could not be asked')
    await world.sandboxControl('DELETE', 'faults')
    await world.advance(61_000)
    await desk.sweep()
    const late = await desk.read(bill)
    const [share] = late.shares
    assert.deepEqual(
      [late.status, late.amount_paid, share?.status, share?.amount_paid, share?.amount_refunded],
      ['closed', 0, 'canceled', 3334, 3334],
    )
    assert.equal(share?.refunds.length, 1)
    const moved = await desk.moved(before)
    assert.deepEqual([moved[4010], moved[2031]], [undefined, undefined], 'it was never a sale')
    await world.verifyInvariants()
  })
})

describe('money back', () => {
  test('canceling refunds everybody exactly and cancels the rest', async () => {
    const before = await desk.balances()
    const bill = await desk.create({})
    await desk.pay(bill, 0, 2)
    const canceled = await desk.act(bill, 'cancel', { reason: 'requested_by_customer' })
    assert.deepEqual([canceled.status, ...statuses(canceled)], ['canceled', 'paid', 'canceled', 'paid'])
    assert.deepEqual(
      canceled.shares.map((share) => share.refunds.length),
      [1, 0, 1],
    )
    await world.settle()
    const done = await desk.read(bill)
    assert.deepEqual(statuses(done), ['refunded', 'canceled', 'refunded'])
    assert.deepEqual([done.amount_paid, done.amount_refunded], [6667, 6667])
    const moved = await desk.moved(before)
    assert.deepEqual([moved[4010], moved[4090], moved[2031]], [undefined, undefined, undefined])
    assert.equal((await desk.refused(bill, 'cancel')).code, 'bill_unexpected_state')
    assert.equal((await desk.refused(bill, 'refund')).code, 'charge_already_refunded')
    await world.verifyInvariants()
  })

  test('a part goes back in proportion, to the unit, and the rest later', async () => {
    const bill = await desk.create({ split: 'shares', amount: 1000, weights: [5, 3, 2] })
    await desk.pay(bill, 0, 1, 2)
    await desk.act(bill, 'refund', { amount: 333 })
    await world.settle()
    const part = await desk.read(bill)
    assert.deepEqual(
      part.shares.map((share) => share.amount_refunded),
      [166, 100, 67],
    )
    assert.deepEqual([part.status, part.amount_refunded], ['paid', 333])
    const error = await desk.refused(bill, 'refund', { amount: 668 })
    assert.deepEqual([error.code, error.param], ['amount_too_large', 'amount'])
    await desk.act(bill, 'refund')
    await world.settle()
    const all = await desk.read(bill)
    assert.deepEqual([all.amount_refunded, ...statuses(all)], [1000, 'refunded', 'refunded', 'refunded'])
    await world.verifyInvariants()
  })

  test('a part while the bill is open comes from what is held, later refunds from the sale', async () => {
    const before = await desk.balances()
    const bill = await desk.create({})
    await desk.pay(bill, 0)
    await desk.act(bill, 'refund', { amount: 34 })
    await world.settle()
    assert.equal((await desk.moved(before))[2031], -3300)
    await desk.pay(bill, 1, 2)
    assert.deepEqual([(await desk.moved(before))[4010], (await desk.moved(before))[2031]], [-9966, undefined])
    await desk.act(bill, 'refund', { amount: 66 })
    await world.settle()
    assert.equal((await desk.moved(before))[4090], 66)
    await world.verifyInvariants()
  })

  test('a refund that fails after all is owed, and settled first the next time', async () => {
    const before = await desk.balances()
    const bill = await desk.create({})
    await desk.confirm(bill, 0, 'pm_card_refundFail')
    await world.settle()
    await desk.act(bill, 'refund', { amount: 1000 })
    await world.settle()
    await world.advance(2 * asyncMs)
    await world.settle()
    const failed = await desk.read(bill)
    assert.deepEqual([failed.amount_refunded, ...statuses(failed)], [0, 'paid', 'open', 'open'])
    const owed = await desk.moved(before)
    assert.deepEqual([owed[2031], owed[2040]], [-2334, -1000])
    await desk.act(bill, 'refund', { amount: 1500 })
    await world.settle()
    const moved = await desk.moved(before)
    assert.deepEqual([moved[2031], moved[2040], moved[4090]], [-1834, undefined, undefined])
  })

  test('nothing goes back of a bill that nobody has paid', async () => {
    assert.equal((await desk.refused(await desk.create({}), 'refund')).code, 'bill_unexpected_state')
  })
})

describe('time', () => {
  test('a bill expires: open shares are canceled, what was paid stays', async () => {
    const bill = await desk.create({ expires_in: 600 })
    await desk.pay(bill, 0)
    await world.advance(601_000)
    await desk.sweep()
    const expired = await desk.read(bill)
    assert.deepEqual(
      [expired.status, expired.amount_paid, ...statuses(expired)],
      ['expired', 3334, 'paid', 'canceled', 'canceled'],
    )
    assert.equal((await desk.eventsOf(bill)).at(-1), 'bill.expired')
    await desk.act(bill, 'refund')
    await world.settle()
    assert.equal((await desk.read(bill)).amount_refunded, 3334)
    await world.verifyInvariants()
  })

  test('can be put off while it is open, and its payments follow', async () => {
    const bill = await desk.create({ expires_in: 600 })
    const later = await desk.act(bill, '', { expires_in: 3600, title: 'Supper', metadata: { table: '7' } })
    const putOff = (later.expires_at ?? 0) - (bill.expires_at ?? 0)
    assert.ok(putOff >= 3000 && putOff < 3010, String(putOff)) // a second may have begun between the two
    assert.deepEqual([later.title, later.metadata], ['Supper', { table: '7' }])
    const intent = await world.stripe().paymentIntents.retrieve(bill.shares[0]?.payment_intent ?? '')
    assert.equal(intent.description, 'Your part of Supper')
    await world.advance(601_000)
    await desk.sweep()
    assert.equal((await desk.read(bill)).status, 'open')
    await desk.act(bill, 'close')
    assert.equal((await desk.refused(bill, '', { title: 'No' })).code, 'bill_unexpected_state')
  })
})

describe('the API', () => {
  test('lists by thread and status, newest first', async () => {
    const thread = { channel: 'webchat', external_id: 'table-9' }
    const [first, second] = [await desk.create({ thread }), await desk.create({ thread })]
    await desk.act(first, 'close')
    const list = async (query: string) =>
      ((await world.request().get(`/v1/bills?thread=${first.thread}${query}`)).body.data as Bill[]).map(({ id }) => id)
    assert.deepEqual(await list(''), [second.id, first.id])
    assert.deepEqual(await list('&status=closed'), [first.id])
    assert.deepEqual(await list('&limit=1'), [second.id])
    assert.deepEqual(await list(`&starting_after=${second.id}`), [first.id])
  })

  test('answers the same request with the same bill', async () => {
    const body = desk.body({})
    const send = () => world.request().post('/v1/bills').set('Idempotency-Key', 'dinner').send(body)
    const [one, two] = [await send(), await send()]
    assert.deepEqual([one.status, two.body.id, two.get('idempotent-replayed')], [200, one.body.id, 'true'])
  })

  test('refuses what makes no bill', async () => {
    const bad: [Record<string, unknown>, string, string][] = [
      [{ amount: 2 }, 'amount_too_small', 'participants'],
      [{ amount: 0 }, 'amount_too_small', 'amount'],
      [{ amount: undefined }, 'parameter_missing', 'amount'],
      [{ participants: [] }, 'parameter_invalid_string', 'participants'],
      [{ participants: [{ participant: 'par_01jd2q8k5xf0srd3q7m9w1c4ze' }] }, 'resource_missing', 'participant'],
      [{ currency: 'xxx' }, 'parameter_invalid_string', 'currency'],
      [{ colour: 'red' }, 'parameter_unknown', 'colour'],
      [{ thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze' }, 'resource_missing', 'thread'],
      [{ expires_in: 60, expires_at: 4_000_000_000 }, 'parameters_exclusive', 'expires_in'],
    ]
    for (const [change, code, param] of bad) {
      const { body } = await world.request().post('/v1/bills').send(desk.body(change))
      assert.deepEqual([body.error?.code, body.error?.param], [code, param], JSON.stringify(change))
    }
  })

  test('lets each role do its part', async () => {
    const bill = await desk.create({})
    const path = `/v1/bills/${bill.id}`
    const status = async (role: Role, method: 'get' | 'post', to: string, body: object = {}) =>
      (await (method === 'get' ? world.request(role).get(to) : world.request(role).post(to).send(body))).status
    assert.equal(await status('bot', 'post', '/v1/bills', desk.body({})), 200)
    assert.equal(await status('bot', 'get', path), 200)
    assert.equal(await status('bot', 'post', `${path}/refund`), 403)
    assert.equal(await status('bot', 'post', `${path}/cancel`), 403)
    assert.equal(await status('finance', 'get', path), 200)
    assert.equal(await status('finance', 'post', `${path}/close`), 403)
    assert.equal(await status('bot', 'post', `${path}/close`), 200)
    const nobody = await fetch(`${world.url}${path}`)
    assert.equal(nobody.status, 401)
  })

  test('shows no other merchant anything', async () => {
    const bill = await desk.create({})
    const other = world.request('merchant', await world.openShop('Other'))
    assert.equal((await other.get(`/v1/bills/${bill.id}`)).status, 404)
    assert.deepEqual((await other.get('/v1/bills')).body.data, [])
    for (const action of ['', '/close', '/cancel', '/refund'])
      assert.equal((await other.post(`/v1/bills/${bill.id}${action}`).send({})).status, 404, action)
    assert.equal((await other.get('/v1/bills/nonsense')).status, 404)
    assert.equal((await desk.read(bill)).status, 'open')
    assert.ok(parseId('bill', bill.id))
  })
})
