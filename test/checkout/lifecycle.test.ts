import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CheckoutView } from '#checkout/schemas.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { payOnPage, planFault, takenFor } from '../faults/fault-kit.ts'
import { createWorld, type World } from '../support/world.ts'
import { type Desk, openDesk, tulips } from './checkout-desk.ts'

let world: World
let desk: Desk
before(async () => {
  world = await createWorld()
  desk = openDesk(world)
})
after(() => world[Symbol.asyncDispose]())

const visa = { payment_method: 'pm_card_visa' }

/** The payer's tap on Pay, behind the page's own form. */
const openPage = async (checkout: CheckoutView): Promise<string> => {
  const { payments } = world.app.services
  const page = await payments.readPage(checkout.checkout_url?.split('/pay/')[1] ?? '')
  assert.ok(page)
  const links = { returnUrl: `${world.url}/back`, cancelUrl: `${world.url}/back`, title: 'Order' }
  return (await payments.openPage(page.intent, links)) ?? ''
}

const whole = {
  tax_behavior: 'exclusive',
  line_items: [
    { ...tulips, tax_rate: '20' },
    { name: 'Vase', quantity: 1, unit_amount: 2500, tax_rate: '20', reference: 'V-1' },
  ],
  shipping_options: [{ id: 'bike', title: 'By bike', amount: 700, tax_rate: '20' }],
  shipping_option: 'bike',
  shipping_address: { line1: '1 rue X', city: 'Paris', postal_code: '75001', country: 'FR' },
  buyer: { name: 'Ada', email: 'ada@example.com' },
  tip: { amount: 500 },
}

describe('completing a checkout', () => {
  test('with a payment method: paid, told, and booked by what it is made of', async () => {
    const made = await desk.create(whole)
    assert.equal(made.amount_total, 5500 + 700 + 1240 + 500)
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`, visa).expect(200)
    assert.deepEqual([body.status, body.acp_status], ['completed', 'completed'])
    await world.settle()
    assert.deepEqual(await desk.events(made.id), ['checkout.created', 'checkout.updated', 'checkout.completed'])
    const booked = await desk.booked(made.payment_intent)
    assert.deepEqual(
      ['4010', '4020', '2310', '2060'].map((code) => booked[code]),
      [5500, 700, 1240, 500],
    )
    await world.verifyInvariants()
  })

  test('where prices contain their tax the goods are booked without it, and a refund takes from each its part', async () => {
    const made = await desk.create({ line_items: [{ ...tulips, tax_rate: '20' }], tip: { amount: 600 } })
    await desk.post(`/v1/checkouts/${made.id}/complete`, visa).expect(200)
    await desk.post('/v1/refunds', { payment_intent: made.payment_intent, amount: 1800 }).expect(200)
    await world.settle()
    const booked = await desk.booked(made.payment_intent)
    assert.deepEqual(
      ['4010', '2310', '2060', '4090'].map((code) => booked[code]),
      [2500, 250, 300, -1250],
    )
    await world.verifyInvariants()
  })

  test('on the hosted page, which shows the lines', async () => {
    const made = await desk.create(whole)
    const url = await openPage(made)
    const shown = await (await fetch(url)).text()
    for (const text of ['Tulips', 'Vase', 'By bike', 'Tax', 'Tip']) assert.match(shown, new RegExp(text))
    assert.equal(await payOnPage(url), 303)
    await world.settle()
    const paid = await desk.read(made.id)
    assert.equal(paid.status, 'completed')
    assert.equal(paid.created + 0 <= (paid.completed_at ?? 0), true)
  })

  test('without a payment method it waits for the payer', async () => {
    const made = await desk.create()
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`).expect(200)
    assert.deepEqual([body.status, body.acp_status], ['in_progress', 'requires_escalation'])
    assert.equal(await payOnPage(await openPage(made)), 303)
    await world.settle()
    assert.equal((await desk.read(made.id)).status, 'completed')
  })

  test("in the protocol's words", async () => {
    const made = await desk.create()
    const payment_data = { instrument: { type: 'card', credential: { type: 'spt', token: 'pm_card_visa' } } }
    const both = await desk.post(`/v1/checkouts/${made.id}/complete`, { ...visa, payment_data }).expect(400)
    assert.equal(both.body.error.code, 'parameters_exclusive')
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`, { payment_data }).expect(200)
    assert.equal(body.status, 'completed')
  })

  test('is refused while something is missing, and names all of it', async () => {
    const made = await desk.create({ requires: { email: true, phone: true } })
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`, visa).expect(400)
    assert.equal(body.error.code, 'checkout_not_ready')
    assert.deepEqual(body.error.missing, ['$.buyer.email', '$.buyer.phone'])
    assert.match(body.error.message, /email is missing.*phone is missing/)
    const direct = await desk.post(`/v1/payment_intents/${made.payment_intent}/confirm`, visa).expect(400)
    assert.equal(direct.body.error.code, 'checkout_not_ready')
    await assert.rejects(openPage(made), { code: 'checkout_not_ready' })
    assert.equal(await takenFor(world, made.payment_intent ?? ''), 0)
  })

  test('is refused without a line, and free of charge it is done at once', async () => {
    const empty = await desk.create({ line_items: [] })
    assert.deepEqual([empty.status, empty.acp_status, empty.payment_intent], ['incomplete', 'incomplete', null])
    await desk.post(`/v1/checkouts/${empty.id}/complete`).expect(400)
    const free = await desk.create({ line_items: [{ name: 'Sample', unit_amount: 0 }] })
    assert.equal(free.payment_intent, null)
    const { body } = await desk.post(`/v1/checkouts/${free.id}/complete`).expect(200)
    assert.equal(body.status, 'completed')
    await world.settle()
    assert.deepEqual(await desk.events(free.id), ['checkout.created', 'checkout.completed'])
  })

  test('a decline answers 402, and the checkout can be paid with another card', async () => {
    const made = await desk.create()
    const card = { payment_method: 'pm_card_visa_chargeDeclined' }
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`, card).expect(402)
    assert.equal(body.error.code, 'card_declined')
    await world.settle()
    const open = await desk.read(made.id)
    assert.deepEqual([open.status, open.acp_status], ['ready', 'ready_for_payment'])
    assert.deepEqual(
      open.messages.map(({ type, code }) => [type, code]),
      [['error', 'payment_declined']],
    )
    const paid = await desk.post(`/v1/checkouts/${made.id}/complete`, visa).expect(200)
    assert.deepEqual([paid.body.status, paid.body.messages], ['completed', []])
    await world.settle()
    assert.equal((await desk.read(made.id)).status, 'completed', 'old news of the decline change nothing')
  })

  test('waits for the bank', async () => {
    const made = await desk.create()
    const card = { payment_method: 'pm_card_authenticationRequired' }
    const { body } = await desk.post(`/v1/checkouts/${made.id}/complete`, card).expect(200)
    assert.deepEqual([body.status, body.acp_status], ['in_progress', 'authentication_required'])
  })
})

describe('a checkout that is changed', () => {
  test('while its page is open takes the page away, and the next one shows the new total', async () => {
    const made = await desk.create()
    const old = await openPage(made)
    const { body } = await desk.post(`/v1/checkouts/${made.id}`, { tip: { amount: 250 } }).expect(200)
    assert.equal(body.amount_total, 3250)
    assert.notEqual(await payOnPage(old), 303)
    assert.equal(await payOnPage(await openPage(made)), 303)
    await world.settle()
    assert.equal(await takenFor(world, made.payment_intent ?? ''), 3250)
    assert.equal((await desk.read(made.id)).status, 'completed')
  })

  test('to nothing lets its payment go, and back to something makes another', async () => {
    const made = await desk.create()
    const { body: free } = await desk.post(`/v1/checkouts/${made.id}`, { line_items: null }).expect(200)
    assert.deepEqual([free.amount_total, free.payment_intent, free.checkout_url], [0, null, null])
    await world.settle()
    const { body: old } = await desk.post(`/v1/payment_intents/${made.payment_intent}/confirm`, visa).expect(400)
    assert.equal(old.error.payment_intent.status, 'canceled')
    assert.equal((await desk.read(made.id)).status, 'incomplete')
    const { body } = await desk.post(`/v1/checkouts/${made.id}`, { line_items: [tulips] }).expect(200)
    assert.notEqual(body.payment_intent, made.payment_intent)
    assert.equal(body.status, 'ready')
  })

  test('is its own payment’s only author', async () => {
    const made = await desk.create()
    const { body } = await desk.post(`/v1/payment_intents/${made.payment_intent}`, { amount: 1 }).expect(400)
    assert.equal(body.error.code, 'payment_intent_unexpected_state')
    await desk.post(`/v1/payment_intents/${made.payment_intent}`, { metadata: { a: 'b' } }).expect(200)
  })

  const refusals: [string, object, string, string][] = [
    ['an unknown option', { shipping_option: 'x' }, 'parameter_invalid_string', 'shipping_option'],
    ['a tip above its limit', { tip: { max: 10, amount: 11 } }, 'parameter_invalid_integer', 'tip[amount]'],
    ['an unknown code', { promotion_code: 'NOPE' }, 'promotion_code_invalid', 'promotion_code'],
    [
      'a total above all limits',
      { line_items: [{ ...tulips, unit_amount: 99_999_999 }] },
      'amount_too_large',
      'line_items',
    ],
    ['an unknown parameter', { line_items: [{ ...tulips, price: 5 }] }, 'parameter_unknown', 'line_items[0][price]'],
    [
      'half a cent',
      { line_items: [{ ...tulips, unit_amount: 1.5 }] },
      'parameter_invalid_integer',
      'line_items[0][unit_amount]',
    ],
  ]
  for (const [what, change, code, param] of refusals) {
    test(`refuses ${what}, and stays as it is`, async () => {
      const made = await desk.create()
      const { body } = await desk.post(`/v1/checkouts/${made.id}`, change).expect(400)
      assert.deepEqual([body.error.code, body.error.param], [code, param], body.error.message)
      assert.deepEqual(await desk.read(made.id), made)
    })
  }

  test('takes a form as well, in which an empty text clears', async () => {
    const made = await desk.create({ order_notes: 'ring twice', tip: { max: 500, amount: 100 } })
    const { body } = await world
      .request()
      .post(`/v1/checkouts/${made.id}`)
      .type('form')
      .send(
        'order_notes=&tip[amount]=200&line_items[0][name]=Rose&line_items[0][unit_amount]=900&line_items[0][tax_rate]=7',
      )
      .expect(200)
    assert.deepEqual([body.order_notes, body.tip.amount, body.tip.max], [null, 200, 500])
    assert.deepEqual([body.amount_total, body.line_items[0].tax_rate], [1100, '7'])
  })
})

describe('the end without a payment', () => {
  test('canceled, with its payment; again it stays so', async () => {
    const made = await desk.create()
    await openPage(made)
    const { body } = await desk.post(`/v1/checkouts/${made.id}/cancel`).expect(200)
    assert.equal(body.status, 'canceled')
    await desk.post(`/v1/checkouts/${made.id}/cancel`).expect(200)
    await world.settle()
    const { body: intent } = await world.request().get(`/v1/payment_intents/${made.payment_intent}`)
    assert.equal(intent.status, 'canceled')
    assert.deepEqual(await desk.events(made.id), ['checkout.created', 'checkout.canceled'])
    for (const path of ['', '/complete'])
      assert.equal(
        (await desk.post(`/v1/checkouts/${made.id}${path}`).expect(400)).body.error.code,
        'checkout_unexpected_state',
      )
  })

  test('a payment canceled by itself takes its checkout along', async () => {
    const made = await desk.create()
    await desk.post(`/v1/payment_intents/${made.payment_intent}/cancel`).expect(200)
    await world.settle()
    assert.equal((await desk.read(made.id)).status, 'canceled')
  })

  test('expired, with its payment, also when it has none; a paid one stays paid', async () => {
    const made = await desk.create({ expires_in: 60 })
    const empty = await desk.create({ expires_in: 60, line_items: [] })
    const paid = await desk.create({ expires_in: 60 })
    await desk.post(`/v1/checkouts/${paid.id}/complete`, visa).expect(200)
    await world.settle()
    await world.advance(61_000)
    await world.app.services.checkouts.sweep()
    await world.settle()
    const expired = await desk.read(made.id)
    assert.deepEqual([expired.status, (await desk.read(empty.id)).status], ['expired', 'expired'])
    assert.equal((await desk.read(paid.id)).status, 'completed')
    const { body: intent } = await world.request().get(`/v1/payment_intents/${made.payment_intent}`)
    assert.deepEqual([intent.status, intent.cancellation_reason], ['canceled', 'expired'])
    assert.deepEqual(await desk.events(made.id), ['checkout.created', 'checkout.expired'])
    const { expire } = world.app.services.checkouts
    await Promise.all([1, 2].map(() => expire(world.shop.uuid, parseId('checkout', made.id) ?? '')))
    assert.deepEqual(await desk.read(made.id), expired)
  })
})

describe('the same request again', () => {
  test('answers the same and makes nothing twice', async () => {
    const key = newUuid()
    const body = { currency: 'eur', line_items: [tulips] }
    const first = await desk.post('/v1/checkouts', body, key).expect(200)
    const second = await desk.post('/v1/checkouts', body, key).expect(200)
    assert.equal(second.headers['idempotent-replayed'], 'true')
    assert.equal(second.text, first.text)
    const done = newUuid()
    const path = `/v1/checkouts/${first.body.id}/complete`
    const paid = await desk.post(path, visa, done).expect(200)
    assert.equal((await desk.post(path, visa, done).expect(200)).text, paid.text)
    await world.settle()
    assert.equal(await takenFor(world, first.body.payment_intent), 3000)
  })

  test('after the process died: a creation finds what it made, a completion ends what it began', async () => {
    const { checkouts } = world.app.services
    const scope = () => ({ merchantId: world.shop.uuid, livemode: false, resourceId: newUuid() })
    const creating = scope()
    const body = { currency: 'eur' as never, line_items: [{ ...tulips }] }
    const made = await checkouts.create(creating, body)
    assert.deepEqual(await checkouts.create(creating, body), made)
    const completing = scope()
    await checkouts.complete(completing, made.id, visa)
    const again = await checkouts.complete(completing, made.id, visa)
    assert.equal(again.status, 'completed')
    await world.settle()
    assert.equal(await takenFor(world, made.payment_intent ?? ''), 3000)
    await assert.rejects(checkouts.complete(scope(), made.id, visa), { code: 'checkout_unexpected_state' })
  })

  test('at once: one charge', async () => {
    const made = await desk.create()
    const answers = await Promise.all([1, 2, 3, 4].map(() => desk.post(`/v1/checkouts/${made.id}/complete`, visa)))
    assert.equal(answers.filter(({ status }) => status === 200).length >= 1, true)
    for (const { status } of answers) assert.ok([200, 400, 429].includes(status), String(status))
    await world.settle()
    assert.equal(await takenFor(world, made.payment_intent ?? ''), 3000)
    assert.equal((await desk.read(made.id)).status, 'completed')
    await world.verifyInvariants()
  })

  test('an answer that was lost is looked up: in progress first, then completed', async () => {
    const made = await desk.create()
    await planFault(world, 'lost_answer', { path: '/v1/payment_intents' })
    const { status } = await desk.post(`/v1/checkouts/${made.id}/complete`, visa)
    assert.ok(status === 200 || status === 503, String(status))
    await world.settle({ throughTime: true })
    assert.equal((await desk.read(made.id)).status, 'completed')
    assert.equal(await takenFor(world, made.payment_intent ?? ''), 3000)
  })
})
