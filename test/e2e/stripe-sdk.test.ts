import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Stripe from 'stripe'
import { refused, type Sent } from '../support/stripe-client.ts'
import { createAnswerCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: Stripe
const sent: Sent[] = []
before(async () => {
  world = await createWorld()
  stripe = world.stripe('service', world.shop, { check: createAnswerCheck(), onAnswer: (one) => sent.push(one) })
})
after(() => world[Symbol.asyncDispose]())

type Ours = Stripe.PaymentIntent & { thread: string | null; participant: string | null; checkout_url: string }
type Params = Stripe.PaymentIntentCreateParams & { thread?: string | object; payment_method_types?: string[] }

const create = async (params: Partial<Params> = {}, options?: Stripe.RequestOptions): Promise<Ours> =>
  (await stripe.paymentIntents.create({ amount: 4200, currency: 'eur', ...params }, options)) as unknown as Ours
const pay = (params: Partial<Params> = {}) => create({ payment_method: 'pm_card_visa', confirm: true, ...params })
const codeOf = async (call: Promise<unknown>) => {
  const error = await refused(call)
  return [error.statusCode, error.code, error.decline_code]
}

test('answers are held against the contract that Stripe publishes', { skip: noContract }, async () => {
  await create()
  const check = createAnswerCheck()
  assert.throws(() => check('GET', '/v1/payment_intents/pi_1', { id: 'pi_1' }), /must have required property/)
})

test('creates a payment in a thread, named by object, by id and by metadata', async () => {
  const place = { channel: 'telegram', external_id: '-100' }
  const first = await create({ thread: place })
  assert.match(first.thread ?? '', /^thr_/)
  assert.equal((await create({ thread: first.thread ?? '' })).thread, first.thread)
  const tagged = await create({ metadata: { thread: first.thread ?? '' } })
  assert.deepEqual([tagged.thread, tagged.metadata], [first.thread, { thread: first.thread }])
  const shipped = await create({ shipping: { name: 'Léa', address: { line1: '1 rue du Port', country: 'FR' } } })
  assert.deepEqual([shipped.shipping?.address?.line1, shipped.shipping?.address?.city], ['1 rue du Port', null])
  assert.match(first.checkout_url, /\/pay\/[\w-]+$/)
  assert.deepEqual(await codeOf(create({ thread: 'thr_00000000000000000000000000' })), [
    404,
    'resource_missing',
    undefined,
  ])
})

for (const method of ['pm_card_visa', 'pm_card_mastercard', 'pm_card_bypassPending', 'pm_card_createDispute'])
  test(`${method} pays at once`, async () => {
    const intent = await create()
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: method, expand: ['latest_charge'] })
    assert.deepEqual([paid.status, paid.amount_received], ['succeeded', 4200])
    const charge = paid.latest_charge
    assert.ok(charge && typeof charge === 'object')
    const brand = method === 'pm_card_mastercard' ? 'mastercard' : 'visa'
    assert.deepEqual(
      [charge.status, charge.paid, charge.captured, charge.amount, charge.payment_method_details?.card?.brand],
      ['succeeded', true, true, 4200, brand],
    )
  })

for (const [method, code, decline] of [
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
] as const)
  test(`${method} is declined, and another card pays the same intent`, async () => {
    const intent = await create()
    const error = await refused(stripe.paymentIntents.confirm(intent.id, { payment_method: method }))
    assert.ok(error instanceof Stripe.errors.StripeCardError)
    assert.deepEqual(
      [error.statusCode, error.code, error.payment_intent?.status],
      [402, code, 'requires_payment_method'],
    )
    if (code === 'card_declined') assert.equal(error.decline_code, decline)
    const failed = await stripe.paymentIntents.retrieve(intent.id)
    assert.deepEqual([failed.last_payment_error?.code, failed.payment_method], [code, null])
    const charge = await stripe.charges.retrieve(String(failed.latest_charge))
    assert.deepEqual([charge.status, charge.paid, charge.failure_code], ['failed', false, code])
    const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
    assert.deepEqual([paid.status, paid.last_payment_error], ['succeeded', null])
    await world.settle()
    const attempts = await stripe.charges.list({ payment_intent: intent.id })
    assert.deepEqual(
      attempts.data.map((one) => one.status),
      ['succeeded', 'failed'],
    )
  })

for (const verdict of ['approve', 'fail'] as const)
  test(`3-D Secure: the payer is sent to the bank and says ${verdict}`, async () => {
    const intent = await pay({
      payment_method: 'pm_card_authenticationRequired',
      return_url: 'https://shop.example/back',
    })
    assert.equal(intent.status, 'requires_action')
    const action = intent.next_action?.redirect_to_url
    assert.equal(action?.return_url, 'https://shop.example/back')
    const page = await fetch(action?.url ?? '')
    assert.match(await page.text(), /bank/i)
    const body = new URLSearchParams({ answer: verdict })
    const back = await fetch(action?.url ?? '', { method: 'POST', body, redirect: 'manual' })
    assert.match(back.headers.get('location') ?? '', /^https:\/\/shop\.example\/back/)
    await world.settle()
    const now = await stripe.paymentIntents.retrieve(intent.id)
    assert.equal(now.status, verdict === 'approve' ? 'succeeded' : 'requires_payment_method')
    assert.equal(now.next_action, null)
    if (verdict === 'fail') {
      assert.equal(now.last_payment_error?.code, 'payment_intent_authentication_failure')
      assert.equal(
        (await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).status,
        'succeeded',
      )
    }
  })

for (const [method, status] of [
  ['pm_sepa_debit', 'succeeded'],
  ['pm_sepa_debit_fails', 'requires_payment_method'],
] as const)
  test(`an asynchronous method (${method}) is processing first and ${status} later`, async () => {
    const intent = await pay({ payment_method: method, payment_method_types: ['sepa_debit'] })
    assert.equal(intent.status, 'processing')
    assert.deepEqual(await codeOf(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })), [
      400,
      'payment_intent_unexpected_state',
      undefined,
    ])
    await world.advance(3_600_001)
    await world.settle()
    const now = await stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] })
    assert.equal(now.status, status)
    assert.equal((now.latest_charge as Stripe.Charge).status, status === 'succeeded' ? 'succeeded' : 'failed')
  })

test('captures by hand: the whole, and a part whose rest is released', async () => {
  const whole = await pay({ capture_method: 'manual' })
  assert.deepEqual([whole.status, whole.amount_capturable, whole.amount_received], ['requires_capture', 4200, 0])
  assert.equal((await stripe.paymentIntents.capture(whole.id)).amount_received, 4200)
  const part = await pay({ capture_method: 'manual' })
  assert.deepEqual(await codeOf(stripe.paymentIntents.capture(part.id, { amount_to_capture: 4201 })), [
    400,
    'amount_too_large',
    undefined,
  ])
  const captured = await stripe.paymentIntents.capture(part.id, { amount_to_capture: 1000, expand: ['latest_charge'] })
  assert.deepEqual(
    [captured.status, captured.amount, captured.amount_received, captured.amount_capturable],
    ['succeeded', 4200, 1000, 0],
  )
  assert.equal((captured.latest_charge as Stripe.Charge).amount_captured, 1000)
  assert.equal((await codeOf(stripe.paymentIntents.capture(part.id)))[1], 'payment_intent_unexpected_state')
})

test('increments an authorisation and captures more than was asked for first', async () => {
  const intent = await pay({
    capture_method: 'manual',
    payment_method_options: { card: { request_incremental_authorization: 'if_available' } },
  })
  const more = await stripe.paymentIntents.incrementAuthorization(intent.id, { amount: 5000 })
  assert.deepEqual([more.amount, more.amount_capturable], [5000, 5000])
  assert.deepEqual(await codeOf(stripe.paymentIntents.incrementAuthorization(intent.id, { amount: 5000 })), [
    400,
    'payment_intent_invalid_parameter',
    undefined,
  ])
  assert.equal((await stripe.paymentIntents.capture(intent.id)).amount_received, 5000)
})

const cancelable: [string, () => Promise<Ours>][] = [
  ['requires_payment_method', () => create()],
  ['requires_confirmation', () => create({ payment_method: 'pm_card_visa' })],
  ['requires_action', () => pay({ payment_method: 'pm_card_authenticationRequired' })],
  ['requires_capture', () => pay({ capture_method: 'manual' })],
]
for (const [status, make] of cancelable)
  test(`cancels out of ${status}, with a reason, once`, async () => {
    const intent = await make()
    assert.equal(intent.status, status)
    const canceled = await stripe.paymentIntents.cancel(intent.id, { cancellation_reason: 'duplicate' })
    assert.deepEqual([canceled.status, canceled.cancellation_reason], ['canceled', 'duplicate'])
    assert.equal(typeof canceled.canceled_at, 'number')
    await world.settle()
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).cancellation_reason, 'duplicate')
    const again = [
      () => stripe.paymentIntents.cancel(intent.id),
      () => stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' }),
    ]
    for (const call of again)
      assert.deepEqual(await codeOf(call()), [400, 'payment_intent_unexpected_state', undefined])
  })

test('a paid intent cannot be canceled', async () => {
  const paid = await pay()
  const error = await refused(stripe.paymentIntents.cancel(paid.id))
  assert.deepEqual([error.code, error.payment_intent?.status], ['payment_intent_unexpected_state', 'succeeded'])
})

test('updates what may change, before and after the payment', async () => {
  const intent = await create({ metadata: { order: '1', note: 'x' } })
  const changed = await stripe.paymentIntents.update(intent.id, {
    amount: 5000,
    currency: 'usd',
    description: 'Bouquet',
    receipt_email: 'lea@example.com',
    metadata: { note: '', table: '7' },
  })
  assert.deepEqual(
    [changed.amount, changed.currency, changed.description, changed.receipt_email, changed.metadata],
    [5000, 'usd', 'Bouquet', 'lea@example.com', { order: '1', table: '7' }],
  )
  const paid = await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
  assert.equal(paid.amount_received, 5000)
  assert.deepEqual(await codeOf(stripe.paymentIntents.update(intent.id, { amount: 1 })), [
    400,
    'payment_intent_unexpected_state',
    undefined,
  ])
  assert.deepEqual((await stripe.paymentIntents.update(intent.id, { metadata: '' })).metadata, {})
})

test('confirms at creation, and answers a decline with the intent in the error', async () => {
  const error = await refused(pay({ payment_method: 'pm_card_chargeDeclined' }))
  assert.deepEqual([error.statusCode, error.code, error.decline_code], [402, 'card_declined', 'generic_decline'])
  const intent = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '')
  assert.equal(intent.status, 'requires_payment_method')
  assert.match(error.doc_url ?? '', /\/docs\/errors\/card_declined$/)
})

test('expands on retrieve and in lists', async () => {
  const customer = await stripe.customers.create({ name: 'Léa' })
  const paid = await pay({ customer: customer.id, thread: { channel: 'line', external_id: 'x' } })
  const whole = await stripe.paymentIntents.retrieve(paid.id, { expand: ['latest_charge', 'customer'] })
  assert.equal((whole.latest_charge as Stripe.Charge).id, paid.latest_charge)
  assert.equal((whole.customer as Stripe.Customer).name, 'Léa')
  const list = await stripe.paymentIntents.list({ customer: customer.id, expand: ['data.latest_charge'] })
  assert.deepEqual(
    list.data.map((one) => (one.latest_charge as Stripe.Charge).payment_intent),
    [paid.id],
  )
  const charge = await stripe.charges.retrieve(String(paid.latest_charge), { expand: ['payment_intent'] })
  assert.equal((charge.payment_intent as Stripe.PaymentIntent).id, paid.id)
})

test('the same key and parameters replay byte for byte; others conflict', async () => {
  for (const params of [{}, { payment_method: 'pm_card_visa', confirm: true }]) {
    const options = { idempotencyKey: `key-${JSON.stringify(params)}` }
    const from = sent.length
    const first = await create(params, options)
    assert.equal((await create(params, options)).id, first.id)
    const [one, two] = sent.slice(from)
    assert.equal(one?.body, two?.body)
    assert.deepEqual([one?.headers.get('idempotent-replayed'), two?.headers.get('idempotent-replayed')], [null, 'true'])
    const error = await refused(create({ ...params, amount: 999 }, options))
    assert.ok(error instanceof Stripe.errors.StripeIdempotencyError)
    assert.deepEqual([error.statusCode, error.code], [400, 'idempotency_error'])
  }
  const options = { idempotencyKey: 'declined' }
  const intent = await create()
  const decline = () =>
    refused(stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_chargeDeclined' }, options))
  const from = sent.length
  for (const error of [await decline(), await decline()]) assert.equal(error.code, 'card_declined')
  assert.equal(sent[from]?.body, sent[from + 1]?.body)
  await world.settle()
  assert.equal((await stripe.charges.list({ payment_intent: intent.id })).data.length, 1)
})

test('after all this the books are right to the unit', async () => {
  await world.settle()
  await world.trialBalanceIsZero()
  await world.verifyInvariants()
})
