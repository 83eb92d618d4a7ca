import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { payOnPage, planFault } from '../faults/fault-kit.ts'
import { balancesOf, follow } from '../payouts/money-kit.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let kiosk: Shop
let blume: Shop
before(async () => {
  const accounts = [{ id: 'acct_kiosk' }, { id: 'acct_blume', secretKey: 'sk_test_blume' }]
  world = await createWorld({ sandbox: { accounts } })
  ;[kiosk, blume] = [await world.openShop('Kiosk'), await world.openShop('Blume')]
  await connect(kiosk, { settings: { account: 'acct_kiosk' } })
  await connect(blume, { secrets: { secret_key: 'sk_test_blume' } })
})
after(() => world[Symbol.asyncDispose]())

const connect = async (shop: Shop, fields: object): Promise<void> => {
  const body = { channel: 'stripe', ...fields }
  const answer = await world.request('platform', shop).post('/v1/connections').send(body)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}

const send = async (path: string, body: object, { shop = kiosk, key = randomUUID() as string } = {}) => {
  const answer = await world.request('service', shop).post(path).set('Idempotency-Key', key).send(body)
  return { status: answer.status, body: answer.body }
}

const order = { amount: 4200, currency: 'eur', application_fee_amount: 420 }
const paying = { payment_method: 'pm_card_visa', confirm: true }

const pay = async (fields: object = {}, options?: Parameters<typeof send>[2]) => {
  const answer = await send('/v1/payment_intents', { ...order, ...paying, ...fields }, options)
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}

const chargeOf = async (id: string) =>
  (await world.request('service', kiosk).get(`/v1/payment_intents/${id}?expand[]=latest_charge`)).body.latest_charge

/** What the platform's own account got: fees, and fees given back. */
const earnings = async (): Promise<number[]> => {
  const headers = { authorization: 'Bearer sk_test_world' }
  const answer = await fetch(`${world.sandbox.url}/v1/balance_transactions?limit=100`, { headers })
  const { data } = (await answer.json()) as { data: { type: string; amount: number }[] }
  return data.filter(({ type }) => type.startsWith('application_fee')).map(({ amount }) => amount)
}

/** The legs on 5010 of each fee that is booked for a payment, oldest first. */
const costsOf = async (id: string): Promise<number[][]> => {
  const { body } = await world.request('finance', kiosk).get(`/v1/ledger/transactions?payment_intent=${id}&limit=100`)
  interface Booked {
    kind: string
    entries: { account_code: string; amount: number }[]
  }
  return (body.data as Booked[])
    .filter(({ kind }) => kind === 'fee')
    .map(({ entries }) => entries.filter((one) => one.account_code === '5010').map(({ amount }) => amount))
    .reverse()
}

const refusal = async (path: string, body: object, shop?: Shop) => {
  const { status, body: answer } = await send(path, body, shop ? { shop } : {})
  return [status, answer.error?.code, answer.error?.param, answer.error?.message]
}

describe('an application fee', () => {
  test('is taken with the payment of a connected account, shown, and booked apart from the provider’s', async () => {
    const key = randomUUID()
    const paid = await pay({}, { key })
    assert.deepEqual([paid.status, paid.application_fee_amount], ['succeeded', 420])
    assert.equal((await pay({}, { key })).id, paid.id)
    const charge = await chargeOf(paid.id)
    assert.equal(charge.application_fee_amount, 420)
    assert.match(charge.application_fee, /^fee_/)
    assert.deepEqual(await earnings(), [420])
    assert.deepEqual(await costsOf(paid.id), [[88, 420]])
    for (let times = 0; times < 2; times++) {
      await world.app.services.payouts.hearBalance({ provider: 'stripe', connection: '' })
      await hear()
    }
    assert.deepEqual(await costsOf(paid.id), [[88, 420]])
    const { body } = await world.request('finance', kiosk).get('/v1/balance_transactions')
    const details = body.data[0].fee_details.map((one: { type: string; amount: number }) => [one.type, one.amount])
    assert.deepEqual(details, [
      ['stripe_fee', 88],
      ['application_fee', 420],
    ])
    assert.deepEqual(await balancesOf(world, world.shop), {}, 'the platform’s part is in no merchant’s books')
  })

  test('is taken once when the answer is lost', async () => {
    const before = (await earnings()).length
    await planFault(world, 'lost_answer', { method: 'POST', path: '*/payment_intents' }, 2)
    const key = randomUUID()
    await send('/v1/payment_intents', { ...order, ...paying }, { key })
    await world.sandboxControl('DELETE', 'faults')
    await world.settle({ throughTime: true })
    const paid = await pay({}, { key })
    assert.equal(paid.status, 'succeeded')
    assert.equal((await earnings()).length, before + 1)
    assert.deepEqual(await costsOf(paid.id), [[88, 420]])
  })

  test('goes with the hosted page, and with another card after a declined one', async () => {
    const open = await pay({ ...paying, confirm: false, payment_method: undefined })
    const tap = await fetch(open.checkout_url, { method: 'POST', redirect: 'manual', headers: { origin: world.url } })
    const page = tap.headers.get('location') ?? ''
    assert.ok(page.startsWith(world.sandbox.url), page)
    await payOnPage(page)
    await world.settle()
    assert.equal((await chargeOf(open.id)).application_fee_amount, 420)
    const again = await pay({ confirm: false, payment_method: undefined, application_fee_amount: undefined })
    const path = `/v1/payment_intents/${again.id}/confirm`
    assert.equal((await send(path, { payment_method: 'pm_card_chargeDeclined' })).status, 402)
    const paid = await send(path, { payment_method: 'pm_card_visa', application_fee_amount: 300 })
    assert.equal(paid.status, 200, JSON.stringify(paid.body))
    assert.equal((await chargeOf(again.id)).application_fee_amount, 300)
  })

  test('of a held payment is decided with the capture, which is one', async () => {
    const held = await pay({
      capture_method: 'manual',
      payment_method_options: { card: { request_multicapture: 'if_available' } },
    })
    const path = `/v1/payment_intents/${held.id}/capture`
    const [status, code, param] = await refusal(path, { amount_to_capture: 1000, final_capture: false })
    assert.deepEqual([status, code, param], [400, 'payment_intent_invalid_parameter', 'final_capture'])
    const tooMuch = await refusal(path, { amount_to_capture: 1000, application_fee_amount: 1001 })
    assert.deepEqual(tooMuch.slice(0, 3), [400, 'amount_too_large', 'application_fee_amount'])
    const taken = await send(path, { amount_to_capture: 1000, application_fee_amount: 100 })
    assert.deepEqual([taken.status, taken.body.application_fee_amount], [200, 100])
    assert.deepEqual(await costsOf(held.id), [[40, 100]])
    const whole = await pay({ capture_method: 'manual' })
    await send(`/v1/payment_intents/${whole.id}/capture`, { amount_to_capture: 300 })
    assert.deepEqual(await costsOf(whole.id), [[30, 300]], 'no more than is captured')
  })

  test('is given back with a refund when that is asked for, and booked once', async () => {
    const paid = await pay()
    const half = { payment_intent: paid.id, amount: 2100, refund_application_fee: true }
    assert.equal((await send('/v1/refunds', half)).status, 200)
    await world.settle()
    assert.equal((await send('/v1/refunds', { payment_intent: paid.id })).status, 200)
    await hear()
    await hear()
    assert.deepEqual(await costsOf(paid.id), [[88, 420], [-210]])
    assert.equal((await earnings()).at(0), -210)
    await world.app.services.payouts.hearBalance({ provider: 'stripe', connection: '' })
    await hear()
    await world.trialBalanceIsZero()
    await world.verifyInvariants()
    const plain = await pay({ application_fee_amount: undefined })
    const [status, , param] = await refusal('/v1/refunds', { payment_intent: plain.id, refund_application_fee: true })
    assert.deepEqual([status, param], [400, 'refund_application_fee'])
  })
})

const hear = async () => {
  const uuid = await world.app.db.maintenance
    .selectFrom('connections')
    .select('id')
    .where('external_id', '=', 'acct_kiosk')
    .executeTakeFirstOrThrow()
  await world.app.services.payouts.hearBalance({ provider: 'stripe', connection: uuid.id })
  await follow(world)
}

describe('what is refused', () => {
  test('a fee of an account that is not connected to the deployment’s, wherever it is asked for', async () => {
    for (const shop of [world.shop, blume]) {
      const [status, code, param, message] = await refusal('/v1/payment_intents', order, shop)
      assert.deepEqual(
        [status, code, param],
        [400, 'payment_intent_invalid_parameter', 'application_fee_amount'],
        message,
      )
      assert.match(message, /settings\[account\]/)
      const { body } = await send('/v1/payment_intents', { ...order, application_fee_amount: undefined }, { shop })
      const path = `/v1/payment_intents/${body.id}`
      const late = [
        await refusal(path, { application_fee_amount: 1 }, shop),
        await refusal(`${path}/confirm`, { application_fee_amount: 1, payment_method: 'pm_card_visa' }, shop),
      ]
      for (const [code, , name] of late) assert.deepEqual([code, name], [400, 'application_fee_amount'])
    }
  })

  test('a fee above the payment, now or after it was lowered', async () => {
    const { body } = await send('/v1/payment_intents', order)
    const path = `/v1/payment_intents/${body.id}`
    const tries = [
      await refusal('/v1/payment_intents', { ...order, application_fee_amount: 4201 }),
      await refusal(path, { amount: 419 }),
      await refusal(path, { application_fee_amount: 4201 }),
    ]
    for (const [status, code, param] of tries)
      assert.deepEqual([status, code, param], [400, 'amount_too_large', 'application_fee_amount'])
    const changed = await send(path, { amount: 4000, application_fee_amount: 4000 })
    assert.equal(changed.body.application_fee_amount, 4000)
    assert.equal((await refusal('/v1/payment_intents', { ...order, application_fee_amount: 0 }))[0], 400)
  })
})
