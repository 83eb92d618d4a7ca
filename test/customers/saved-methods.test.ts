import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { keepMethod } from '#customers/keep-service.ts'
import { isExpired } from '#customers/method-view.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { refused as refusal } from '../support/stripe-client.ts'
import { createAnswerCheck, createShapeCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let stripe: Stripe
before(async () => {
  world = await createWorld()
  stripe = world.stripe()
})
after(() => world[Symbol.asyncDispose]())

const order = { amount: 4200, currency: 'eur', confirm: true } as const

const newCustomer = async () => (await stripe.customers.create({ name: 'Léa' })).id

/** A customer whose first payment kept its method, and that method. */
const withMethod = async (card = 'pm_card_visa') => {
  const customer = await newCustomer()
  const paid = await stripe.paymentIntents.create({
    ...order,
    customer,
    payment_method: card,
    setup_future_usage: 'off_session',
  })
  return { customer, paid, method: String(paid.payment_method) }
}

const refused = async (call: Promise<unknown>, code: string) => {
  const error = await refusal(call)
  assert.equal(error.code, code, error.message)
  return error
}

interface Book {
  payment_intents: { charges: number; captured: number }[]
}
const chargesAtProvider = async (): Promise<number> =>
  (await world.sandboxControl<Book>('GET', 'book')).payment_intents.reduce((sum, one) => sum + one.charges, 0)

/** As the provider tells it, whatever we believe. */
const atProvider = async (method: string): Promise<Stripe.PaymentMethod> => {
  const { rows } = await sql<{ ref: string }>`
    select provider_ref as ref from payment_methods where id = ${parseId('paymentMethod', method)}`.execute(
    world.app.db.maintenance,
  )
  const answer = await fetch(`${world.sandbox.url}/v1/payment_methods/${rows[0]?.ref}`, {
    headers: { authorization: 'Bearer sk_test_world' },
  })
  return (await answer.json()) as Stripe.PaymentMethod
}

const eventTypes = async (id: string): Promise<string[]> => {
  const { data } = await stripe.events.list({ limit: 100 })
  return data.filter(({ data: { object } }) => 'id' in object && object.id === id).map(({ type }) => type)
}

describe('a method that is kept', () => {
  test('comes with a payment that succeeds, once, and is what Stripe calls one', { skip: noContract }, async () => {
    const { customer, paid, method } = await withMethod()
    assert.equal(paid.status, 'succeeded')
    assert.equal(paid.setup_future_usage, 'off_session')
    assert.match(method, /^pm_[0-9a-z]{26}$/)
    await world.settle()
    const check = createAnswerCheck()
    for (const path of [
      `/v1/payment_methods/${method}`,
      `/v1/payment_methods?customer=${customer}`,
      `/v1/customers/${customer}/payment_methods`,
    ]) {
      const { status, body } = await world.request().get(path)
      assert.equal(status, 200, path)
      check('GET', path.split('?')[0] ?? '', body)
      const [one, ...others] = 'data' in body ? body.data : [body]
      assert.deepEqual(others, [])
      assert.equal(one.id, method)
      assert.equal(one.customer, customer)
      assert.deepEqual([one.card.brand, one.card.last4], ['visa', '4242'])
      assert.deepEqual([one.consent.source, one.consent.text], ['api', null])
    }
    assert.deepEqual(await eventTypes(method), ['payment_method.attached'])
    const event = (await stripe.events.list({ type: 'payment_method.attached', limit: 1 })).data[0]
    createShapeCheck()('PaymentMethod', event?.data.object)
    const charge = await stripe.charges.retrieve(String(paid.latest_charge))
    assert.equal(charge.payment_method, method)
  })

  test('is charged without the payer, and the receipt comes into the thread', async () => {
    const { customer, method } = await withMethod()
    const thread = await world.request().post('/v1/threads').send({ channel: 'webchat', external_id: newUuid() })
    const { status, body } = await world
      .request('bot')
      .post('/v1/payment_intents')
      .send({ ...order, amount: 1900, customer, payment_method: method, off_session: true, thread: thread.body.id })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.status, 'succeeded')
    assert.equal(body.payment_method, method)
    await world.settle()
    const messages = await world.request().get(`/v1/threads/${thread.body.id}/messages`)
    assert.deepEqual(
      messages.body.data.map(({ kind }: { kind: string }) => kind),
      ['receipt'],
    )
    await world.verifyInvariants()
  })

  test('is charged once, however often the same request comes', async () => {
    const { customer, method } = await withMethod()
    const before = await chargesAtProvider()
    const body = { ...order, customer, payment_method: method, off_session: true } as const
    const tries = Array.from({ length: 4 }, () =>
      world.request().post('/v1/payment_intents').set('Idempotency-Key', `repeat-${method}`).send(body),
    )
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    assert.ok(
      statuses.every((status) => status === 200 || status === 409),
      String(statuses),
    )
    await world.settle()
    assert.equal((await chargesAtProvider()) - before, 1)
  })

  test('is charged once when the answer is lost, and the next one finds it', async () => {
    const { customer, method } = await withMethod()
    const before = await chargesAtProvider()
    const match = { method: 'POST', path: '/v1/payment_intents' }
    await world.sandboxControl('POST', 'faults', { fault: 'lost_answer', count: 2, match })
    const paid = await stripe.paymentIntents.create({ ...order, customer, payment_method: method, off_session: true })
    assert.equal(paid.status, 'succeeded')
    await world.settle()
    assert.equal((await chargesAtProvider()) - before, 1)
  })

  test('is kept also when the answer of the first payment is lost', async () => {
    const match = { method: 'POST', path: '/v1/payment_intents' }
    await world.sandboxControl('POST', 'faults', { fault: 'lost_answer', count: 2, match })
    const { customer, paid, method } = await withMethod()
    assert.equal(paid.status, 'succeeded')
    const { data } = await stripe.paymentMethods.list({ customer })
    assert.deepEqual(
      data.map(({ id }) => id),
      [method],
    )
  })

  test('makes one customer at the provider, whatever is lost on the way', async () => {
    const customer = await newCustomer()
    const first = await stripe.paymentIntents.create({ amount: 4200, currency: 'eur', customer })
    const keep = { payment_method: 'pm_card_visa', setup_future_usage: 'off_session' } as const
    const match = { method: 'POST', path: '/v1/customers' }
    await world.sandboxControl('POST', 'faults', { fault: 'lost_answer', count: 2, match })
    await refused(stripe.paymentIntents.confirm(first.id, keep), 'provider_unknown_outcome')
    assert.equal((await stripe.paymentIntents.confirm(first.id, keep)).status, 'succeeded')
    const { method } = { method: (await stripe.paymentMethods.list({ customer })).data[0]?.id ?? '' }
    const listed = await fetch(`${world.sandbox.url}/v1/customers?limit=100`, {
      headers: { authorization: 'Bearer sk_test_world' },
    })
    const { data } = (await listed.json()) as { data: Stripe.Customer[] }
    const ours = data.filter(({ metadata }) => metadata.parley_customer === customer)
    assert.deepEqual(
      ours.map(({ id }) => id),
      [(await atProvider(method)).customer],
    )
    assert.deepEqual([ours[0]?.name, ours[0]?.email], [null, null], 'nothing of the person leaves')
  })

  test('is not kept when the payment is declined, nor without being asked for', async () => {
    const customer = await newCustomer()
    const declined = { ...order, customer, payment_method: 'pm_card_visa_chargeDeclined' }
    await refused(stripe.paymentIntents.create({ ...declined, setup_future_usage: 'off_session' }), 'card_declined')
    await stripe.paymentIntents.create({ ...order, customer, payment_method: 'pm_card_visa' })
    await world.settle()
    assert.deepEqual((await stripe.paymentMethods.list({ customer })).data, [])
  })

  test('needs its payer when the bank wants so, who then pays on the page', async () => {
    const { customer, paid, method } = await withMethod('pm_card_authenticationRequired').catch(() => assert.fail())
    assert.equal(paid.status, 'requires_action')
    assert.equal(method.startsWith('pm_'), true)
    const approve = (url: string) =>
      fetch(url, { method: 'POST', body: new URLSearchParams({ answer: 'approve' }), redirect: 'manual' })
    await approve(paid.next_action?.redirect_to_url?.url ?? '')
    await world.settle()
    const kept = (await stripe.paymentMethods.list({ customer })).data[0]?.id ?? ''
    const error = await stripe.paymentIntents
      .create({ ...order, customer, payment_method: kept, off_session: true })
      .then(
        () => assert.fail(),
        (reason: Stripe.errors.StripeError) => reason,
      )
    assert.equal(error.decline_code, 'authentication_required')
    const again = await stripe.paymentIntents.confirm(error.payment_intent?.id ?? '', { payment_method: kept })
    assert.equal(again.status, 'requires_action')
    await approve(again.next_action?.redirect_to_url?.url ?? '')
    await world.settle()
    assert.equal((await stripe.paymentIntents.retrieve(again.id)).status, 'succeeded')
    await world.verifyInvariants()
  })

  test('is refused with another customer, without one, and when there is none', async () => {
    const { method } = await withMethod()
    const other = await newCustomer()
    const charge = (more: object) => stripe.paymentIntents.create({ ...order, ...more })
    await refused(charge({ payment_method: method, customer: other }), 'payment_intent_incompatible_payment_method')
    await refused(charge({ payment_method: method }), 'payment_intent_incompatible_payment_method')
    await refused(charge({ payment_method: 'pm_01jd2q8k5xf0srd3q7m9w1c4ze', customer: other }), 'resource_missing')
    await refused(charge({ payment_method: 'pm_card_visa', setup_future_usage: 'off_session' }), 'parameter_missing')
  })

  test('is nothing to another merchant', async () => {
    const { customer, method } = await withMethod()
    const other = await world.openShop('Other')
    const foreign = world.stripe('service', other)
    const theirs = (await foreign.customers.create({})).id
    await refused(foreign.paymentMethods.retrieve(method), 'resource_missing')
    await refused(foreign.paymentMethods.detach(method), 'resource_missing')
    await refused(foreign.paymentMethods.list({ customer }), 'resource_missing')
    await refused(
      foreign.paymentIntents.create({ ...order, customer: theirs, payment_method: method }),
      'resource_missing',
    )
    assert.equal((await stripe.paymentMethods.retrieve(method)).customer, customer)
  })
})

describe('a method that is removed', () => {
  test('charges nobody any more, and the provider forgets it', { skip: noContract }, async () => {
    const { customer, method } = await withMethod()
    const { body } = await world.request('bot').post(`/v1/payment_methods/${method}/detach`).expect(200)
    createAnswerCheck()('POST', `/v1/payment_methods/${method}/detach`, body)
    assert.equal(body.customer, null)
    await refused(
      stripe.paymentIntents.create({ ...order, customer, payment_method: method, off_session: true }),
      'payment_intent_incompatible_payment_method',
    )
    assert.equal((await stripe.paymentMethods.detach(method)).customer, null, 'again: nothing more')
    await world.settle()
    assert.equal((await atProvider(method)).customer, null)
    assert.deepEqual((await stripe.paymentMethods.list({ customer })).data, [])
    assert.deepEqual((await eventTypes(method)).toSorted(), ['payment_method.attached', 'payment_method.detached'])
  })

  test('is forgotten by the provider though its answers are lost and the worker stops half-way', async () => {
    const { method } = await withMethod()
    await world.stopWork()
    await stripe.paymentMethods.detach(method)
    const { methods } = world.app.services
    const id = parseId('paymentMethod', method) ?? ''
    const match = { method: 'POST', path: '/v1/payment_methods/*' }
    await world.sandboxControl('POST', 'faults', { fault: 'error_500', count: 1, match })
    await methods.forget(world.shop.uuid, id)
    assert.notEqual((await atProvider(method)).customer, null)
    await methods.forget(world.shop.uuid, id)
    assert.notEqual((await atProvider(method)).customer, null, 'its time has not come')
    await world.advance(3000)
    await world.sandboxControl('POST', 'faults', { fault: 'lost_answer', count: 2, match })
    await Promise.all([methods.forget(world.shop.uuid, id), methods.forget(world.shop.uuid, id)])
    assert.equal((await atProvider(method)).customer, null)
    await world.advance(10_000)
    await world.startWork()
    await world.settle()
    const { rows } = await sql`select from payment_methods where forget_at is not null`.execute(
      world.app.db.maintenance,
    )
    assert.equal(rows.length, 0)
  })

  test('goes with its customer, who leaves no trace of the card', async () => {
    const { customer, method } = await withMethod()
    await stripe.customers.del(customer)
    await refused(stripe.paymentMethods.retrieve(method), 'resource_missing')
    await refused(stripe.paymentMethods.list({ customer }), 'resource_missing')
    await world.settle()
    assert.equal((await atProvider(method)).customer, null)
    const { rows } = await sql<{ method: unknown }>`
      select method from payment_methods where id = ${parseId('paymentMethod', method)}`.execute(
      world.app.db.maintenance,
    )
    assert.deepEqual(rows, [{ method: null }])
  })

  test('is not kept at all when the customer was erased before the payment came through', async () => {
    const { customer, paid } = await withMethod('pm_card_authenticationRequired')
    await stripe.customers.del(customer)
    await fetch(paid.next_action?.redirect_to_url?.url ?? '', {
      method: 'POST',
      body: new URLSearchParams({ answer: 'approve' }),
      redirect: 'manual',
    })
    await world.settle()
    await (await world.startWork()).sweep()
    await world.settle()
    const intent = await stripe.paymentIntents.retrieve(paid.id)
    assert.equal(intent.status, 'succeeded')
    const { rows } = await sql<{ method: unknown; forget_at: unknown }>`
      select method, forget_at from payment_methods where payment_intent_id = ${parseId('paymentIntent', paid.id)}`.execute(
      world.app.db.maintenance,
    )
    assert.deepEqual(rows, [{ method: null, forget_at: null }])
    assert.equal((await atProvider(String(intent.payment_method))).customer, null)
  })
})

/** What a payment that has just succeeded would have written down. */
const newKept = async (methodRef: string) => {
  const { paid } = await withMethod()
  const { rows } = await sql<{ ref: string }>`select ref from customer_refs order by created_at desc limit 1`.execute(
    world.app.db.maintenance,
  )
  return {
    merchantId: world.shop.uuid,
    provider: 'stripe',
    connectionId: null,
    methodRef,
    savedFor: rows[0]?.ref ?? '',
    details: { type: 'card', last4: '4242' },
    consent: { at: 0, locale: null, source: 'api', text: null } as const,
    usage: 'off_session' as const,
    paymentIntentId: parseId('paymentIntent', paid.id) ?? '',
    threadId: null,
    livemode: false,
  }
}

describe('what is written down', () => {
  test('is never a card number', async () => {
    const kept = await newKept('pm_number')
    const details = { type: 'card', last4: '4242424242424242' }
    await assert.rejects(
      inTransaction(world.app.db, world.shop.uuid, (tx) => keepMethod(tx, { ...kept, details }, world.clock.now())),
      /check constraint/,
    )
  })

  test('is one row however often, and none when the rest of the work fails', async () => {
    const { db } = world.app
    const kept = await newKept('pm_again')
    const keep = (work: () => void = () => undefined) =>
      inTransaction(db, world.shop.uuid, async (tx) => {
        const row = await keepMethod(tx, kept, world.clock.now())
        work()
        return row?.id
      })
    const crash = () => {
      throw new Error('killed half-way')
    }
    await assert.rejects(keep(crash), /half-way/)
    const { rows } = await sql`select from payment_methods where provider_ref = 'pm_again'`.execute(db.maintenance)
    assert.equal(rows.length, 0)
    const ids = await Promise.all([keep(), keep(), keep()])
    assert.equal(new Set([...ids, await keep()]).size, 1)
    const events = await sql`
      select from events where object_id = ${ids[0]} and type = 'payment_method.attached'`.execute(db.maintenance)
    assert.equal(events.rows.length, 1)
  })

  test('says until when a card is good', () => {
    const method = { type: 'card', expMonth: 12, expYear: 2026 }
    assert.equal(isExpired({ method }, new Date('2026-12-31T23:59:59Z')), false)
    assert.equal(isExpired({ method }, new Date('2027-01-01T11:00:00Z')), false, 'still December somewhere')
    assert.equal(isExpired({ method }, new Date('2027-01-01T12:00:00Z')), true)
    assert.equal(isExpired({ method: { type: 'sepa_debit' } }, new Date('2040-01-01')), false)
  })
})
