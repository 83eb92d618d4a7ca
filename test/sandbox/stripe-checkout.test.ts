import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type Stripe from 'stripe'
import { createWorld, refused, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const open = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  world.stripe.checkout.sessions.create({
    mode: 'payment',
    success_url: 'https://shop.example/done?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://shop.example/cart',
    client_reference_id: 'thread-1',
    line_items: [
      { quantity: 2, price_data: { currency: 'eur', unit_amount: 1950, product_data: { name: 'Bouquet <Nanterre>' } } },
      { quantity: 1, price_data: { currency: 'eur', unit_amount: 300, product_data: { name: 'Delivery' } } },
    ],
    payment_intent_data: { metadata: { order: '9' }, description: 'Order 9' },
    metadata: { thread: 't1' },
    ...more,
  })

const CARD = { card_number: '4242 4242 4242 4242', exp: '12 / 34', cvc: '123', name: 'Ada Payer' }
const submit = (url: string | null, fields: Record<string, string> = {}) =>
  fetch(url ?? '', { method: 'POST', redirect: 'manual', body: new URLSearchParams({ ...CARD, ...fields }) })

test('a payer opens the page, pays by card and comes back', async () => {
  const session = await open()
  assert.deepEqual(
    [session.status, session.payment_status, session.amount_total, session.payment_intent],
    ['open', 'unpaid', 4200, null],
  )
  const page = await fetch(session.url ?? '')
  const markup = await page.text()
  for (const part of [
    'id="card_number"',
    'id="exp"',
    'id="cvc"',
    'id="name"',
    'id="pay"',
    '€42.00',
    'Bouquet &lt;Nanterre&gt;',
    'Test mode',
    'https://shop.example/cart',
  ]) {
    assert.ok(markup.includes(part), part)
  }
  assert.ok(!markup.includes('<script'))
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  assert.equal(
    (await world.stripe.checkout.sessions.retrieve(session.id)).payment_intent,
    null,
    'looking changes nothing',
  )

  const answer = await submit(session.url)
  assert.equal(answer.status, 303)
  assert.equal(answer.headers.get('location'), `https://shop.example/done?session=${session.id}`)
  const done = await world.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge', 'line_items'],
  })
  assert.deepEqual([done.status, done.payment_status, done.customer_details?.name], ['complete', 'paid', 'Ada Payer'])
  assert.equal(done.line_items?.data.length, 2)
  const intent = done.payment_intent as Stripe.PaymentIntent
  assert.deepEqual([intent.status, intent.metadata, intent.description], ['succeeded', { order: '9' }, 'Order 9'])
  assert.equal((intent.latest_charge as Stripe.Charge).payment_method_details?.card?.last4, '4242')
  const completed = (await world.arrived()).find(({ type }) => type === 'checkout.session.completed')
  assert.equal((completed?.data.object as Stripe.Checkout.Session | undefined)?.client_reference_id, 'thread-1')

  const twice = await submit(session.url)
  assert.equal(twice.status, 303, 'a second tap goes to the same place')
  assert.equal((await world.stripe.charges.list({ payment_intent: intent.id })).data.length, 1)
})

test('a declined payer keeps what was typed, except the security code, and pays with the same intent', async () => {
  const session = await open()
  const declined = await submit(session.url, { card_number: '4000 0000 0000 9995', cvc: '987' })
  const markup = await declined.text()
  assert.equal(declined.status, 402)
  assert.match(markup, /Your card has insufficient funds\. Nothing was charged\./)
  assert.ok(
    markup.includes('value="4000 0000 0000 9995"') &&
      markup.includes('value="Ada Payer"') &&
      markup.includes('value="12 / 34"'),
  )
  assert.ok(!markup.includes('987'))
  const first = await world.stripe.checkout.sessions.retrieve(session.id)
  assert.equal(first.status, 'open')
  assert.equal((await submit(session.url)).status, 303)
  const { payment_intent: intent } = await world.stripe.checkout.sessions.retrieve(session.id)
  assert.equal(intent, first.payment_intent)
  assert.deepEqual(
    (await world.stripe.charges.list({ payment_intent: String(intent) })).data.map(({ status }) => status),
    ['succeeded', 'failed'],
  )
})

for (const [what, fields, words] of [
  ['a mistyped number', { card_number: '4242 4242 4242 4241' }, /card number is not valid/],
  ['no number', { card_number: '' }, /Enter your card number/],
  ['a past date', { exp: '01/20' }, /has expired/],
  ['a month that is none', { exp: '13/34' }, /month does not exist/],
  ['a short code', { cvc: '12' }, /security code has 3 digits/],
] as const) {
  test(`${what} is told at its field, and nothing is tried`, async () => {
    const session = await open()
    const answer = await submit(session.url, fields)
    assert.equal(answer.status, 422)
    assert.match(await answer.text(), words)
    assert.equal((await world.stripe.checkout.sessions.retrieve(session.id)).payment_intent, null)
  })
}

test('autofill may write the date and the number in its own way', async () => {
  for (const exp of ['12/2034', '1234', '12 - 34', '12/34']) {
    assert.equal((await submit((await open()).url, { exp, card_number: '4242424242424242' })).status, 303, exp)
  }
})

test('a test card in the list fills in the form without a script', async () => {
  const session = await open()
  const markup = await (await fetch(`${session.url}?card=bank`)).text()
  assert.ok(markup.includes('value="4000 0000 0000 3220"') && markup.includes('value="123"'))
})

test('the bank confirms, and the payer comes back paid; or refuses, and the page asks again', async () => {
  const session = await open()
  const toBank = await submit(session.url, { card_number: '4000000000003220' })
  const bank = new URL(toBank.headers.get('location') ?? '', world.sandbox.url).href
  assert.match(bank, /\/3ds\/pi_/)
  const refusedAtBank = await fetch(bank, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'fail' }),
  })
  assert.equal(refusedAtBank.headers.get('location'), `/c/pay/${session.id}`)
  assert.match(await (await fetch(session.url ?? '')).text(), /couldn&#39;t confirm it&#39;s you/)
  await submit(session.url, { card_number: '4000000000003220' })
  const approved = await fetch(bank, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'approve' }),
  })
  assert.equal(approved.headers.get('location'), `https://shop.example/done?session=${session.id}`)
  const done = await world.stripe.checkout.sessions.retrieve(session.id)
  assert.deepEqual([done.status, done.payment_status], ['complete', 'paid'])
  const declinedAfter = await open()
  await submit(declinedAfter.url, { card_number: '4000008400001629' })
  const { payment_intent: intent } = await world.stripe.checkout.sessions.retrieve(declinedAfter.id)
  const end = await fetch(`${world.sandbox.url}/3ds/${intent}`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'approve' }),
  })
  assert.equal(end.headers.get('location'), `/c/pay/${declinedAfter.id}`)
  assert.equal((await world.stripe.paymentIntents.retrieve(String(intent))).last_payment_error?.code, 'card_declined')
})

for (const [method, verdict, status, event] of [
  ['bank', 'succeed', 'paid', 'checkout.session.async_payment_succeeded'],
  ['bank_fails', 'fail', 'unpaid', 'checkout.session.async_payment_failed'],
] as const) {
  test(`paying by bank completes the session, and ${verdict}s later`, async () => {
    const session = await open()
    assert.match(await (await fetch(session.url ?? '')).text(), /Pay by bank \(settles later\)/)
    await world.arrived()
    assert.equal((await submit(session.url, { method, card_number: '' })).status, 303)
    const waiting = await world.stripe.checkout.sessions.retrieve(session.id)
    assert.deepEqual([waiting.status, waiting.payment_status], ['complete', 'unpaid'])
    await world.control('POST', 'advance', { ms: 3_600_000 })
    const settled = await world.stripe.checkout.sessions.retrieve(session.id)
    assert.equal(settled.payment_status, status)
    const types = (await world.arrived()).map(({ type }) => type)
    assert.ok(types.includes('checkout.session.completed') && types.includes(event), types.join())
  })
}

test('sessions expire, by themselves or on request, and then take no money', async () => {
  const asked = await open()
  assert.equal((await world.stripe.checkout.sessions.expire(asked.id)).status, 'expired')
  assert.equal((await submit(asked.url)).status, 410)
  assert.equal((await refused(world.stripe.checkout.sessions.expire(asked.id))).statusCode, 400)
  const { created } = asked
  const soon = await open({ expires_at: created + 1900 })
  await world.control('POST', 'advance', { ms: 1_900_000 })
  assert.equal((await world.stripe.checkout.sessions.retrieve(soon.id)).status, 'expired')
  assert.ok((await world.arrived()).filter(({ type }) => type === 'checkout.session.expired').length >= 2)
})

test('a manual capture session completes unpaid, and its intent waits to be captured', async () => {
  const session = await open({
    payment_intent_data: { capture_method: 'manual' },
    allowed_payment_method_types: ['card'],
  })
  assert.equal((await submit(session.url)).status, 303)
  const done = await world.stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })
  assert.deepEqual(
    [done.payment_status, (done.payment_intent as Stripe.PaymentIntent).status],
    ['unpaid', 'requires_capture'],
  )
})

test('sessions are listed, updated, and their items read', async () => {
  const session = await open()
  assert.deepEqual((await world.stripe.checkout.sessions.update(session.id, { metadata: { thread: 't2' } })).metadata, {
    thread: 't2',
  })
  assert.equal((await world.stripe.checkout.sessions.list({ status: 'open', limit: 1 })).data[0]?.id, session.id)
  const items = await world.stripe.checkout.sessions.listLineItems(session.id)
  assert.deepEqual(
    items.data.map(({ amount_total }) => amount_total),
    [3900, 300],
  )
  assert.equal((await fetch(`${world.sandbox.url}/c/pay/cs_test_none`)).status, 404)
})
