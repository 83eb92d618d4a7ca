import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type Stripe from 'stripe'
import { createWorld, pay, RETURN_URL, refused, type World } from './stripe-world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

test('a customer is made, changed, found, and deleted', async () => {
  const { stripe } = world
  const customer = await stripe.customers.create({
    email: 'ada@example.com',
    name: 'Ada',
    address: { city: 'Paris', country: 'FR' },
    metadata: { a: '1' },
  })
  const updated = await stripe.customers.update(customer.id, { phone: '+33123', metadata: { b: '2' } })
  assert.deepEqual([updated.phone, updated.metadata, updated.address?.city], ['+33123', { a: '1', b: '2' }, 'Paris'])
  assert.deepEqual(
    (await stripe.customers.list({ email: 'ada@example.com' })).data.map(({ id }) => id),
    [customer.id],
  )
  assert.equal((await stripe.customers.del(customer.id)).deleted, true)
  assert.equal((await stripe.customers.retrieve(customer.id)).deleted, true)
  assert.equal((await refused(stripe.customers.update(customer.id, { name: 'x' }))).code, 'resource_missing')
  const types = (await world.arrived()).map(({ type }) => type)
  assert.deepEqual(types.sort(), ['customer.created', 'customer.deleted', 'customer.updated'])
})

test('methods are made from tokens and numbers, kept for a customer, and charged off-session', async () => {
  const { stripe } = world
  const customer = await stripe.customers.create({})
  const method = await stripe.paymentMethods.create({
    type: 'card',
    card: { token: 'tok_mastercard' },
    billing_details: { name: 'Ada' },
  })
  assert.deepEqual([method.card?.brand, method.billing_details.name], ['mastercard', 'Ada'])
  await stripe.paymentMethods.attach(method.id, { customer: customer.id })
  const paid = await stripe.paymentIntents.create(
    pay({ payment_method: method.id, customer: customer.id, off_session: true }),
  )
  assert.deepEqual([paid.status, paid.payment_method, paid.customer], ['succeeded', method.id, customer.id])
  assert.match(
    (await refused(stripe.paymentIntents.create(pay({ payment_method: method.id })))).message,
    /belongs to the Customer/,
  )
  assert.equal((await stripe.customers.listPaymentMethods(customer.id, { type: 'card' })).data.length, 1)
  assert.equal((await stripe.customers.retrievePaymentMethod(customer.id, method.id)).id, method.id)
  assert.equal((await stripe.paymentMethods.detach(method.id)).customer, null)
  const number = await stripe.paymentMethods.create({
    type: 'card',
    card: { number: '4242424242424242', exp_month: 3, exp_year: 2034, cvc: '123' },
  })
  assert.deepEqual([number.card?.last4, number.card?.exp_month], ['4242', 3])
  const live = await refused(
    stripe.paymentMethods.create({ type: 'card', card: { number: '4111111111111111', exp_month: 3, exp_year: 2034 } }),
  )
  assert.deepEqual([live.code, live.decline_code], ['card_declined', 'test_mode_live_card'])
  const luhn = await refused(
    stripe.paymentMethods.create({ type: 'card', card: { number: '4242424242424241', exp_month: 3, exp_year: 2034 } }),
  )
  assert.equal(luhn.code, 'incorrect_number')
  const updated = await stripe.paymentMethods.update(number.id, {
    metadata: { k: 'v' },
    billing_details: { email: 'a@b.example' },
  })
  assert.deepEqual([updated.metadata, updated.billing_details.email], [{ k: 'v' }, 'a@b.example'])
  const iban = await stripe.paymentMethods.create({
    type: 'sepa_debit',
    sepa_debit: { iban: 'DE89370400440532013000' },
    billing_details: { name: 'A', email: 'a@b.example' },
  })
  assert.equal(iban.sepa_debit?.last4, '3000')
})

test('a method is set up for later: at once, after 3-D Secure, or declined', async () => {
  const { stripe } = world
  const customer = await stripe.customers.create({})
  const easy = await stripe.setupIntents.create({
    customer: customer.id,
    payment_method: 'pm_card_visa',
    confirm: true,
    return_url: RETURN_URL,
  })
  assert.equal(easy.status, 'succeeded')
  assert.equal((await stripe.paymentMethods.list({ customer: customer.id })).data.length, 1)

  const asked = await stripe.setupIntents.create({ customer: customer.id })
  const pending = await stripe.setupIntents.confirm(asked.id, {
    payment_method: 'pm_card_authenticationRequiredSetupForOffSession',
    return_url: RETURN_URL,
  })
  assert.equal(pending.status, 'requires_action')
  const back = await fetch(pending.next_action?.redirect_to_url?.url ?? '', {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ answer: 'approve' }),
  })
  assert.match(back.headers.get('location') ?? '', /setup_intent=seti_.*redirect_status=succeeded/)
  const done = await stripe.setupIntents.retrieve(asked.id)
  const charged = await stripe.paymentIntents.create(
    pay({ payment_method: String(done.payment_method), customer: customer.id, off_session: true }),
  )
  assert.equal(charged.status, 'succeeded', 'set up before, so no authentication is asked for off-session')

  const declined = await refused(
    stripe.setupIntents.create({ payment_method: 'pm_card_chargeDeclined', confirm: true }),
  )
  assert.equal((declined.setup_intent as Stripe.SetupIntent).status, 'requires_payment_method')
  const open = await stripe.setupIntents.create({})
  assert.equal((await stripe.setupIntents.cancel(open.id)).status, 'canceled')
  assert.equal(
    (await refused(stripe.setupIntents.confirm(open.id, { payment_method: 'pm_card_visa' }))).code,
    'setup_intent_unexpected_state',
  )
  assert.equal((await stripe.setupIntents.list({ limit: 1 })).data[0]?.id, open.id)
})

for (const [words, verdict, change] of [
  ['winning_evidence', 'won', 4200],
  ['losing_evidence', 'lost', 0],
] as const) {
  test(`a dispute takes the money and a fee, and ${words} ends it ${verdict}`, async () => {
    const { stripe } = world
    await world.arrived()
    const intent = await stripe.paymentIntents.create(pay({ payment_method: 'pm_card_createDispute' }))
    const opened = await world.arrived()
    assert.ok(
      opened.some(({ type }) => type === 'charge.dispute.created') &&
        opened.some(({ type }) => type === 'charge.dispute.funds_withdrawn'),
    )
    const [dispute] = (await stripe.disputes.list({ payment_intent: intent.id, expand: ['data.charge'] })).data
    assert.deepEqual([dispute?.status, dispute?.amount, dispute?.reason], ['needs_response', 4200, 'fraudulent'])
    assert.deepEqual(
      dispute?.balance_transactions.map(({ amount, fee, net }) => [amount, fee, net]),
      [[-4200, 1500, -5700]],
    )
    assert.equal((await stripe.charges.retrieve(String(intent.latest_charge))).disputed, true)
    assert.equal((await refused(stripe.refunds.create({ payment_intent: intent.id }))).code, 'charge_disputed')

    const id = dispute?.id ?? ''
    await stripe.disputes.update(id, { evidence: { product_description: 'Flowers' }, submit: false })
    const review = await stripe.disputes.update(id, { evidence: { uncategorized_text: words } })
    assert.equal(review.status, 'under_review')
    const closed = (await world.arrived()).map(({ type }) => type)
    assert.ok(closed.includes('charge.dispute.closed'))
    const end = await stripe.disputes.retrieve(id)
    assert.equal(end.status, verdict)
    assert.equal(
      end.balance_transactions.slice(1).reduce((sum, { amount }) => sum + amount, 0),
      change,
    )
    assert.equal((await refused(stripe.disputes.close(id))).statusCode, 400)
  })
}

test('a dispute may be accepted, and an inquiry takes no money', async () => {
  const { stripe } = world
  const intent = await stripe.paymentIntents.create(pay({ payment_method: 'pm_card_createDisputeInquiry' }))
  await world.arrived()
  const [inquiry] = (await stripe.disputes.list({ payment_intent: intent.id })).data
  assert.deepEqual([inquiry?.status, inquiry?.balance_transactions.length], ['warning_needs_response', 0])
  const other = await stripe.paymentIntents.create(pay({ payment_method: 'pm_card_createDisputeProductNotReceived' }))
  await world.arrived()
  const [dispute] = (await stripe.disputes.list({ charge: String(other.latest_charge) })).data
  assert.equal((await stripe.disputes.close(dispute?.id ?? '')).status, 'lost')
})

test('money becomes available after two days, or at once with the bypass card, and is paid out', async () => {
  const own = await createWorld()
  try {
    const { stripe } = own
    await stripe.paymentIntents.create(pay({ amount: 10_000 }))
    await stripe.paymentIntents.create(pay({ amount: 20_000, payment_method: 'pm_card_bypassPending' }))
    const balance = await stripe.balance.retrieve()
    assert.deepEqual([balance.available[0]?.amount, balance.pending[0]?.amount], [20_000 - 325, 10_000 - 175])
    assert.equal(
      (await refused(stripe.payouts.create({ amount: 20_000, currency: 'eur' }))).code,
      'balance_insufficient',
    )
    const payout = await stripe.payouts.create({ amount: 5000, currency: 'eur', metadata: { week: '1' } })
    assert.equal(payout.status, 'pending')
    const called = await stripe.payouts.create({ amount: 1000, currency: 'eur' })
    assert.equal((await stripe.payouts.cancel(called.id)).status, 'canceled')
    await own.control('POST', 'advance', { ms: 3 * 86_400_000 })
    assert.equal((await stripe.payouts.retrieve(payout.id, { expand: ['balance_transaction'] })).status, 'paid')
    assert.deepEqual(
      (await stripe.payouts.list({ status: 'paid' })).data.map(({ id }) => id),
      [payout.id],
    )
    assert.equal((await stripe.balance.retrieve()).available[0]?.amount, 30_000 - 500 - 5000)
    const types = (await own.arrived()).map(({ type }) => type)
    for (const type of ['payout.created', 'payout.paid', 'payout.canceled'] as const)
      assert.ok(types.includes(type), type)
    const first = (await stripe.balanceTransactions.list({ type: 'charge' })).data[0]
    assert.equal((await stripe.balanceTransactions.retrieve(first?.id ?? '')).status, 'available')
  } finally {
    await own[Symbol.asyncDispose]()
  }
})

test('an automatic payout takes what is available and says which transactions it holds', async () => {
  const own = await createWorld()
  try {
    const { stripe } = own
    const intent = await stripe.paymentIntents.create(pay({ amount: 20_000, payment_method: 'pm_card_bypassPending' }))
    await stripe.paymentIntents.create(pay())
    const payout = (await own.control('POST', 'payouts', { currency: 'eur' })) as {
      id: string
      amount: number
      automatic: boolean
    }
    assert.deepEqual([payout.amount, payout.automatic], [19_675, true])
    const { data } = await stripe.balanceTransactions.list({ payout: payout.id })
    assert.deepEqual(
      data.map(({ source }) => source),
      [payout.id, intent.latest_charge],
    )
    assert.ok((await own.control('POST', 'payouts', { currency: 'eur' })).error)
  } finally {
    await own[Symbol.asyncDispose]()
  }
})

test('events are listed by type and read again', async () => {
  const { stripe } = world
  const [event] = (await stripe.events.list({ type: 'charge.succeeded', limit: 1 })).data
  assert.equal(event?.type, 'charge.succeeded')
  assert.equal((await stripe.events.retrieve(event?.id ?? '')).id, event?.id)
  const both = await stripe.events.list({ types: ['payout.paid', 'customer.created'], limit: 100 })
  assert.ok(both.data.every(({ type }) => type === 'payout.paid' || type === 'customer.created'))
})

test('payments are found by what was written on them', async () => {
  const { stripe } = world
  const wanted = await stripe.paymentIntents.create(pay({ metadata: { order: 'needle' } }))
  const found = await stripe.paymentIntents.search({
    query: "metadata['order']:'needle' AND status:'succeeded' AND amount>4199",
  })
  assert.deepEqual(
    found.data.map(({ id }) => id),
    [wanted.id],
  )
  assert.equal(
    (await stripe.charges.search({ query: "metadata['order']:'needle'" })).data[0]?.payment_intent,
    wanted.id,
  )
  assert.equal(
    (await stripe.paymentIntents.search({ query: "currency:'xxx' OR currency:'eur'", limit: 1 })).has_more,
    true,
  )
  assert.match((await refused(stripe.paymentIntents.search({ query: 'drop table' }))).message, /couldn't parse/)
})
