import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type Stripe from 'stripe'
import { createWorld, pay, RETURN_URL, refused, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

test('a confirmed payment is charged, booked with its fee and announced', async () => {
  const intent = await world.stripe.paymentIntents.create(
    pay({ metadata: { order: '7' }, description: 'Flowers', expand: ['latest_charge.balance_transaction'] }),
  )
  assert.equal(intent.status, 'succeeded')
  assert.equal(intent.amount_received, 4200)
  const charge = intent.latest_charge as Stripe.Charge
  assert.deepEqual(charge.metadata, { order: '7' })
  const { fee, net, amount } = charge.balance_transaction as Stripe.BalanceTransaction
  assert.deepEqual({ fee, net, amount }, { fee: 88, net: 4112, amount: 4200 })
  const events = await world.arrived()
  assert.deepEqual(events.map(({ type }) => type).sort(), [
    'charge.succeeded',
    'charge.updated',
    'payment_intent.created',
    'payment_intent.succeeded',
  ])
  assert.equal(events[0]?.api_version, '2026-10-28.endive')
})

test('create, then confirm, then read back', async () => {
  const created = await world.stripe.paymentIntents.create({ amount: 1000, currency: 'usd' })
  assert.equal(created.status, 'requires_payment_method')
  const updated = await world.stripe.paymentIntents.update(created.id, {
    amount: 1200,
    metadata: { a: '1', b: '2' },
    payment_method: 'pm_card_mastercard',
  })
  assert.equal(updated.status, 'requires_confirmation')
  assert.deepEqual((await world.stripe.paymentIntents.update(created.id, { metadata: { a: '' } })).metadata, { b: '2' })
  const missing = await refused(world.stripe.paymentIntents.confirm(created.id))
  assert.match(missing.message, /you must provide a `return_url`/)
  const confirmed = await world.stripe.paymentIntents.confirm(created.id, { return_url: RETURN_URL })
  assert.equal(confirmed.status, 'succeeded')
  const read = await world.stripe.paymentIntents.retrieve(created.id, { expand: ['payment_method', 'latest_charge'] })
  assert.equal((read.payment_method as Stripe.PaymentMethod).card?.brand, 'mastercard')
  assert.equal((read.latest_charge as Stripe.Charge).amount_captured, 1200)
})

for (const [method, code, declineCode] of [
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'expired_card'],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', 'incorrect_cvc'],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', 'processing_error'],
] as const) {
  test(`${method} is declined with ${code}, leaves a failed charge and can be paid with another card`, async () => {
    const error = await refused(world.stripe.paymentIntents.create(pay({ payment_method: method })))
    assert.equal(error.statusCode, 402)
    assert.equal(error.type, 'StripeCardError')
    assert.equal(error.code, code)
    assert.equal(error.decline_code, declineCode)
    const intent = error.payment_intent as Stripe.PaymentIntent
    assert.equal(intent.status, 'requires_payment_method')
    const read = await world.stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge'] })
    assert.equal(read.last_payment_error?.code, code)
    assert.equal((read.latest_charge as Stripe.Charge).status, 'failed')
    assert.equal((read.latest_charge as Stripe.Charge).id, error.charge)
    const paid = await world.stripe.paymentIntents.confirm(intent.id, {
      payment_method: 'pm_card_visa',
      return_url: RETURN_URL,
    })
    assert.equal(paid.status, 'succeeded')
    assert.equal(paid.last_payment_error, null)
    const charges = await world.stripe.charges.list({ payment_intent: intent.id })
    assert.deepEqual(
      charges.data.map(({ status }) => status),
      ['succeeded', 'failed'],
    )
  })
}

test('a hold is captured in part and the rest released', async () => {
  await world.arrived()
  const held = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  assert.equal(held.status, 'requires_capture')
  assert.equal(held.amount_capturable, 4200)
  const tooMuch = await refused(world.stripe.paymentIntents.capture(held.id, { amount_to_capture: 4201 }))
  assert.equal(tooMuch.code, 'amount_too_large')
  const captured = await world.stripe.paymentIntents.capture(
    held.id,
    { amount_to_capture: 3000 },
    { idempotencyKey: 'capture-part' },
  )
  assert.equal(captured.status, 'succeeded')
  assert.deepEqual([captured.amount_received, captured.amount_capturable], [3000, 0])
  const charge = await world.stripe.charges.retrieve(String(captured.latest_charge))
  assert.deepEqual(
    [charge.amount, charge.amount_captured, charge.amount_refunded, charge.refunded],
    [4200, 3000, 0, false],
  )
  const again = await refused(world.stripe.paymentIntents.capture(held.id))
  assert.equal(again.code, 'payment_intent_unexpected_state')
  assert.equal((again.payment_intent as Stripe.PaymentIntent).id, held.id)
  const events = await world.arrived()
  const capture = events.find(({ type }) => type === 'charge.captured')
  assert.equal(capture?.request?.idempotency_key, 'capture-part')
  assert.ok(events.some(({ type }) => type === 'payment_intent.amount_capturable_updated'))
})

test('a hold can be raised when that was asked for, and captured in several parts', async () => {
  const plain = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  assert.match(
    (await refused(world.stripe.paymentIntents.incrementAuthorization(plain.id, { amount: 5000 }))).message,
    /not eligible/,
  )
  const held = await world.stripe.paymentIntents.create(
    pay({
      capture_method: 'manual',
      payment_method_options: {
        card: { request_incremental_authorization: 'if_available', request_multicapture: 'if_available' },
      },
    }),
  )
  const raised = await world.stripe.paymentIntents.incrementAuthorization(held.id, { amount: 5000 })
  assert.deepEqual([raised.amount, raised.amount_capturable], [5000, 5000])
  const part = await world.stripe.paymentIntents.capture(held.id, { amount_to_capture: 2000, final_capture: false })
  assert.deepEqual([part.status, part.amount_received, part.amount_capturable], ['requires_capture', 2000, 3000])
  const rest = await world.stripe.paymentIntents.capture(held.id, { amount_to_capture: 1000 })
  assert.deepEqual([rest.status, rest.amount_received, rest.amount_capturable], ['succeeded', 3000, 0])
})

test('cancelling releases the hold, and a paid intent cannot be cancelled', async () => {
  const held = await world.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
  const canceled = await world.stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'requested_by_customer' })
  assert.equal(canceled.status, 'canceled')
  assert.equal(canceled.cancellation_reason, 'requested_by_customer')
  assert.equal((await world.stripe.charges.retrieve(String(canceled.latest_charge))).refunded, true)
  const paid = await world.stripe.paymentIntents.create(pay())
  assert.equal((await refused(world.stripe.paymentIntents.cancel(paid.id))).code, 'payment_intent_unexpected_state')
  assert.equal((await refused(world.stripe.paymentIntents.confirm(paid.id))).code, 'payment_intent_unexpected_state')
})

test('an uncaptured hold expires after seven days', async () => {
  const own = await createWorld()
  try {
    const held = await own.stripe.paymentIntents.create(pay({ capture_method: 'manual' }))
    await own.control('POST', 'advance', { ms: 8 * 86_400_000 })
    const expired = await own.stripe.paymentIntents.retrieve(held.id)
    assert.deepEqual([expired.status, expired.cancellation_reason], ['canceled', 'automatic'])
    assert.ok((await own.arrived()).some(({ type }) => type === 'charge.expired'))
  } finally {
    await own[Symbol.asyncDispose]()
  }
})

test('3-D Secure sends the payer to the bank and back; a refusal asks for another method', async () => {
  const approve = await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_card_threeDSecure2Required' }))
  assert.equal(approve.status, 'requires_action')
  const bank = approve.next_action?.redirect_to_url?.url ?? ''
  assert.match(await (await fetch(bank)).text(), /id="approve"/)
  const back = await fetch(bank, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'approve' }),
  })
  assert.equal(back.status, 303)
  const target = new URL(back.headers.get('location') ?? '')
  assert.equal(target.origin + target.pathname, RETURN_URL)
  assert.equal(target.searchParams.get('payment_intent'), approve.id)
  assert.equal(target.searchParams.get('payment_intent_client_secret'), approve.client_secret)
  assert.equal(target.searchParams.get('redirect_status'), 'succeeded')
  assert.equal((await world.stripe.paymentIntents.retrieve(approve.id)).status, 'succeeded')
  // A second answer, from the back button, changes nothing.
  await fetch(bank, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ answer: 'fail' }) })
  assert.equal((await world.stripe.paymentIntents.retrieve(approve.id)).status, 'succeeded')

  const fail = await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_card_authenticationRequired' }))
  const no = await fetch(fail.next_action?.redirect_to_url?.url ?? '', {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'fail' }),
  })
  assert.match(no.headers.get('location') ?? '', /redirect_status=failed/)
  const failed = await world.stripe.paymentIntents.retrieve(fail.id)
  assert.equal(failed.status, 'requires_payment_method')
  assert.equal(failed.last_payment_error?.code, 'payment_intent_authentication_failure')
})

test('off-session, a card that wants authentication is declined', async () => {
  const error = await refused(
    world.stripe.paymentIntents.create(pay({ payment_method: 'pm_card_authenticationRequired', off_session: true })),
  )
  assert.equal(error.code, 'authentication_required')
})

test('a bank debit settles later, or fails later', async () => {
  await world.arrived()
  const good = await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_sepa_debit' }))
  const bad = await world.stripe.paymentIntents.create(pay({ payment_method: 'pm_sepa_debit' }))
  assert.deepEqual([good.status, bad.status], ['processing', 'processing'])
  await world.control('POST', `async/${good.id}/succeed`)
  await world.control('POST', `async/${bad.id}/fail`)
  const settled = await world.stripe.paymentIntents.retrieve(good.id, { expand: ['latest_charge.balance_transaction'] })
  assert.equal(settled.status, 'succeeded')
  assert.equal(
    ((settled.latest_charge as Stripe.Charge).balance_transaction as Stripe.BalanceTransaction).type,
    'payment',
  )
  const bounced = await world.stripe.paymentIntents.retrieve(bad.id)
  assert.equal(bounced.status, 'requires_payment_method')
  const types: string[] = (await world.arrived()).map(({ type }) => type)
  for (const type of [
    'payment_intent.processing',
    'charge.pending',
    'payment_intent.succeeded',
    'charge.failed',
    'payment_intent.payment_failed',
  ]) {
    assert.ok(types.includes(type), type)
  }
})

test('wrong requests get the answers Stripe gives', async () => {
  const raw = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${world.sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer sk_test_sandbox',
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
      },
      body,
    })
  for (const [body, code, param] of [
    ['amount=10.5&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['amount=0&currency=eur', 'parameter_invalid_integer', 'amount'],
    ['currency=eur', 'parameter_missing', 'amount'],
    ['amount=1000&currency=eur&colour=red', 'parameter_unknown', 'colour'],
    ['amount=1000&currency=eur&shipping[colour]=red', 'parameter_unknown', 'shipping[colour]'],
    ['amount=1000&currency=eur&description=x&return_url=', 'parameter_invalid_empty', 'return_url'],
    ['amount=1&currency=eur', 'amount_too_small', 'amount'],
    ['amount=100000000&currency=eur', 'amount_too_large', 'amount'],
    ['amount=1000&currency=eur&customer=cus_none', 'resource_missing', 'customer'],
  ]) {
    const response = await raw(body ?? '')
    const { error } = (await response.json()) as { error: Stripe.StripeRawError }
    assert.deepEqual([response.status, error.code, error.param], [400, code, param], body)
  }
  assert.equal((await raw('{"amount":1}', { 'content-type': 'application/json' })).status, 400)
  assert.equal((await raw('amount=1000', { authorization: 'Bearer sk_test_other' })).status, 401)
  const missing = await refused(world.stripe.paymentIntents.retrieve('pi_none'))
  assert.deepEqual([missing.statusCode, missing.code, missing.param], [404, 'resource_missing', 'intent'])
  assert.match(missing.message, /No such payment_intent: 'pi_none'/)
})

test('lists page forwards and backwards, and expand inside', async () => {
  const own = await createWorld()
  try {
    const ids: string[] = []
    for (const amount of [1000, 2000, 3000, 4000, 5000])
      ids.unshift((await own.stripe.paymentIntents.create({ amount, currency: 'eur' })).id)
    const first = await own.stripe.paymentIntents.list({ limit: 2 })
    assert.deepEqual([first.data.map(({ id }) => id), first.has_more], [ids.slice(0, 2), true])
    const rest = await own.stripe.paymentIntents.list({
      limit: 3,
      starting_after: ids[1] ?? '',
      expand: ['data.latest_charge'],
    })
    assert.deepEqual([rest.data.map(({ id }) => id), rest.has_more], [ids.slice(2), false])
    const back = await own.stripe.paymentIntents.list({ limit: 2, ending_before: ids[3] ?? '' })
    assert.deepEqual(
      back.data.map(({ id }) => id),
      ids.slice(1, 3),
    )
    const { created } = await own.stripe.paymentIntents.retrieve(ids[0] ?? '')
    assert.equal((await own.stripe.paymentIntents.list({ created: { gt: created + 10 } })).data.length, 0)
    const all: string[] = []
    for await (const { id } of own.stripe.paymentIntents.list({ limit: 2 })) all.push(id)
    assert.deepEqual(all, ids)
  } finally {
    await own[Symbol.asyncDispose]()
  }
})
