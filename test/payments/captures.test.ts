import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { bookOf, confirm, createIntent, planFault, post, postUntilFinal, read } from '../faults/fault-kit.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

type Wish = 'request_multicapture' | 'request_overcapture'
const hold = async (wishes: readonly Wish[], fields: object = {}): Promise<string> => {
  const card = Object.fromEntries(wishes.map((wish) => [wish, 'if_available']))
  const id = await createIntent(world, {
    amount: 1000,
    capture_method: 'manual',
    ...(wishes.length > 0 ? { payment_method_options: { card } } : {}),
    ...fields,
  })
  assert.equal((await confirm(world, id)).body.status, 'requires_capture')
  return id
}

const capture = (id: string, body: object, key: string = randomUUID()) =>
  post(world, `/v1/payment_intents/${id}/capture`, body, key)

const amounts = async (id: string) => {
  const { status, amount, amount_capturable, amount_received } = await read(world, id)
  return [status, amount, amount_capturable, amount_received]
}

interface Booked {
  kind: string
  event_key: string
  refs: { balance_transaction?: string }
  entries: { account_code: string; amount: number }[]
}

const booked = async (id: string): Promise<Booked[]> =>
  (await world.request('finance').get(`/v1/ledger/transactions?payment_intent=${id}&limit=100`)).body.data

const sum = (all: readonly Booked[], kind: string, account: string): number =>
  all
    .filter((one) => one.kind === kind)
    .flatMap(({ entries }) => entries)
    .reduce((total, entry) => (entry.account_code === account ? total + entry.amount : total), 0)

describe('one hold captured in parts', () => {
  const order = { amount_details: { tax: { total_tax_amount: 97 }, shipping: { amount: 101 } } }

  test('books each part once, with its share of the order and a fee of its own', async () => {
    const id = await hold(['request_multicapture'], order)
    const key = randomUUID()
    const first = await capture(id, { amount_to_capture: 333, final_capture: false }, key)
    assert.deepEqual(await capture(id, { amount_to_capture: 333, final_capture: false }, key), first)
    assert.deepEqual(await amounts(id), ['requires_capture', 1000, 667, 333])
    await capture(id, { amount_to_capture: 334, final_capture: false })
    await world.settle()
    assert.deepEqual(await amounts(id), ['requires_capture', 1000, 333, 667])
    const open = await booked(id)
    assert.equal(sum(open, 'auth', '9010') + sum(open, 'auth_release', '9010'), 333, 'the rest stays held')
    assert.equal((await capture(id, {})).body.status, 'succeeded')
    await world.settle()
    assert.deepEqual(await amounts(id), ['succeeded', 1000, 0, 1000])
    const all = await booked(id)
    assert.equal(all.filter(({ kind }) => kind === 'capture').length, 3)
    const shares = ['1110', '4010', '4020', '2310'].map((account) => sum(all, 'capture', account))
    assert.deepEqual(shares, [1000, -802, -101, -97])
    assert.equal(sum(all, 'auth', '9010') + sum(all, 'auth_release', '9010'), 0)
    const fees = all.filter(({ kind }) => kind === 'fee').map(({ refs }) => refs.balance_transaction)
    assert.equal(new Set(fees).size, 3)
  })

  test('gives back the rest when nothing more is wanted, and cannot be canceled before', async () => {
    const id = await hold(['request_multicapture'])
    assert.equal((await capture(id, { amount_to_capture: 0 })).body.error?.code, 'amount_too_small')
    await capture(id, { amount_to_capture: 400, final_capture: false })
    const canceled = await post(world, `/v1/payment_intents/${id}/cancel`)
    assert.match(canceled.body.error?.message ?? '', /Capture 0/)
    assert.equal((await capture(id, { amount_to_capture: 0 })).status, 200)
    await world.settle()
    assert.deepEqual(await amounts(id), ['succeeded', 1000, 0, 400])
    const all = await booked(id)
    assert.equal(sum(all, 'auth', '9010') + sum(all, 'auth_release', '9010'), 0)
    assert.equal(sum(all, 'capture', '1110'), 400)
    const refund = await post(world, '/v1/refunds', { payment_intent: id })
    assert.equal(refund.body.amount, 400)
    await world.settle()
  })

  test('is over when its time is, with what was captured', async () => {
    const id = await hold(['request_multicapture'], { expires_in: 3600 })
    await capture(id, { amount_to_capture: 250, final_capture: false })
    await world.advance(2 * 3_600_000)
    await world.app.services.payments.sweep()
    await world.settle()
    assert.deepEqual(await amounts(id), ['succeeded', 1000, 0, 250])
  })

  test('is refused where the bank did not allow it', async () => {
    const id = await hold([])
    const refused = await capture(id, { amount_to_capture: 100, final_capture: false })
    assert.equal(refused.status, 400)
    assert.match(refused.body.error?.message ?? '', /captured once only/)
    assert.deepEqual(await amounts(id), ['requires_capture', 1000, 1000, 0])
    await capture(id, {})
  })

  for (const [fault, count] of [
    ['lost_answer', 2],
    ['error_after', 1],
    ['error_503', 2],
  ] as const) {
    test(`${fault} upon a part: taken once, and the next one too`, async () => {
      const id = await hold(['request_multicapture'])
      await planFault(world, fault, { method: 'POST', path: '*/capture' }, count)
      const key = randomUUID()
      const path = `/v1/payment_intents/${id}/capture`
      const part = await postUntilFinal(world, path, { amount_to_capture: 300, final_capture: false }, key)
      assert.equal(part.status, 200, JSON.stringify(part.body))
      await world.sandboxControl('DELETE', 'faults')
      await world.settle({ throughTime: true })
      assert.deepEqual(await amounts(id), ['requires_capture', 1000, 700, 300])
      await capture(id, { amount_to_capture: 300, final_capture: false })
      await capture(id, {})
      await world.settle()
      assert.equal(sum(await booked(id), 'capture', '1110'), 1000)
    })
  }
})

describe('a part whose answer was lost', () => {
  test('is found by the amounts after a long silence, also when somebody captured by other means', async () => {
    const id = await hold(['request_multicapture'])
    const [theirs] = await bookOf(world, id)
    await planFault(world, 'lost_answer', { method: 'POST', path: '*/capture' }, 2)
    await planFault(world, 'error_503', { method: 'GET' }, 50)
    const key = randomUUID()
    const body = { amount_to_capture: 300, final_capture: false }
    assert.equal((await capture(id, body, key)).body.error?.code, 'provider_unknown_outcome')
    await world.sandboxControl('DELETE', 'faults')
    const dashboard = `${world.sandbox.url}/v1/payment_intents/${theirs?.id}/capture`
    const headers = { authorization: 'Bearer sk_test_world' }
    const form = new URLSearchParams({ amount_to_capture: '200', final_capture: 'false' })
    assert.equal((await fetch(dashboard, { method: 'POST', headers, body: form })).status, 200)
    await world.advance(20 * 60_000)
    await world.settle({ throughTime: true })
    assert.equal((await postUntilFinal(world, `/v1/payment_intents/${id}/capture`, body, key)).status, 200)
    assert.deepEqual(await amounts(id), ['requires_capture', 1000, 500, 500])
    assert.equal(sum(await booked(id), 'capture', '1110'), 500)
    await capture(id, {})
  })
})

describe('more than is held', () => {
  test('is captured as far as the bank allows, and the authorised total follows', async () => {
    const id = await hold(['request_overcapture'])
    const { body: seen } = await world.request().get(`/v1/payment_intents/${id}?expand[]=latest_charge`)
    const { overcapture } = seen.latest_charge.payment_method_details.card
    assert.deepEqual(overcapture, { maximum_amount_capturable: 1150, status: 'available' })
    const tooMuch = await capture(id, { amount_to_capture: 1151 })
    assert.equal(tooMuch.body.error?.code, 'amount_too_large')
    assert.equal((await capture(id, { amount_to_capture: 1150 })).status, 200)
    await world.settle()
    assert.deepEqual(await amounts(id), ['succeeded', 1000, 0, 1150])
    assert.equal(sum(await booked(id), 'capture', '1110'), 1150)
    const refund = await post(world, '/v1/refunds', { payment_intent: id })
    assert.equal(refund.body.amount, 1150)
    await world.settle()
  })

  test('is refused without it', async () => {
    const id = await hold([])
    assert.equal((await capture(id, { amount_to_capture: 1001 })).body.error?.code, 'amount_too_large')
    await capture(id, {})
  })
})

test('a fee that comes after its capture is booked once, of each capture', async () => {
  const whole = await createIntent(world, { amount: 4200 })
  assert.equal((await confirm(world, whole, 'pm_card_feeLate')).body.status, 'succeeded')
  const parts = await createIntent(world, {
    amount: 1000,
    capture_method: 'manual',
    payment_method_options: { card: { request_multicapture: 'if_available' } },
  })
  await confirm(world, parts, 'pm_card_feeLate')
  await capture(parts, { amount_to_capture: 600, final_capture: false })
  await capture(parts, {})
  await world.settle()
  const feesOf = async (id: string) => (await booked(id)).filter(({ kind }) => kind === 'fee')
  assert.deepEqual([...(await feesOf(whole)), ...(await feesOf(parts))], [])
  await world.advance(3_600_000)
  await world.settle()
  assert.deepEqual([(await feesOf(whole)).length, (await feesOf(parts)).length], [1, 2])
  const { body: shown } = await world.request().get(`/v1/payment_intents/${whole}?expand[]=latest_charge`)
  assert.match(shown.latest_charge.balance_transaction, /^txn_/)
  const { body: events } = await world.request().get('/v1/events?type=charge.updated&limit=100')
  assert.equal(
    events.data.filter(
      (one: { data: { object: { payment_intent: string } } }) => one.data.object.payment_intent === whole,
    ).length,
    1,
  )
})

test('an amount that Stripe would refuse is refused at once, with the limit and its currency', async () => {
  const create = (amount: number, currency: string) => post(world, '/v1/payment_intents', { amount, currency })
  const codeOf = async (amount: number, currency: string) => (await create(amount, currency)).body.error?.code
  assert.match((await create(49, 'eur')).body.error?.message ?? '', /no less than 50 eur/)
  assert.deepEqual([await codeOf(49, 'eur'), await codeOf(50, 'eur')], ['amount_too_small', undefined])
  assert.deepEqual([await codeOf(29, 'gbp'), await codeOf(1_000_000, 'isk')], ['amount_too_small', 'amount_too_large'])
})

test('and at the end both books agree', async () => {
  await world.settle()
  await world.verifyInvariants()
})
