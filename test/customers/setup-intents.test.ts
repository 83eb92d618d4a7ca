import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { refused as refusal } from '../support/stripe-client.ts'
import { createAnswerCheck, createShapeCheck, noContract } from '../support/stripe-contract.ts'
import { createWorld, type World } from '../support/world.ts'
import { createSetupKit, type SetupKit } from './setup-kit.ts'

let world: World
let stripe: Stripe
let kit: SetupKit
before(async () => {
  world = await createWorld()
  stripe = world.stripe()
  kit = createSetupKit(world)
})
after(() => world[Symbol.asyncDispose]())
// What a test has spoiled and not used would spoil the next one.
afterEach(() => world.sandboxControl('DELETE', 'faults'))

describe('a setup intent', () => {
  test('keeps a method without a payment, as Stripe would', { skip: noContract }, async () => {
    const customer = await kit.newCustomer()
    const check = createAnswerCheck()
    const body = { customer, metadata: { crm: '7' } }
    const open = await world.request('bot').post('/v1/setup_intents').send(body).expect(200)
    check('POST', '/v1/setup_intents', open.body)
    assert.equal(open.body.status, 'requires_payment_method')
    const path = `/v1/setup_intents/${open.body.id}`
    const done = await world.request().post(`${path}/confirm`).send({ payment_method: 'pm_card_visa' }).expect(200)
    check('POST', `${path}/confirm`, done.body)
    assert.equal(done.body.status, 'succeeded')
    for (const one of [path, `/v1/setup_intents?customer=${customer}`]) {
      const answer = await world.request('finance').get(one).expect(200)
      check('GET', one.split('?')[0] ?? '', answer.body)
    }
    const renamed = await stripe.setupIntents.update(open.body.id, { description: 'Tab', metadata: { crm: '' } })
    assert.deepEqual([renamed.description, renamed.metadata], ['Tab', {}])
    const method = await stripe.paymentMethods.retrieve(done.body.payment_method)
    assert.deepEqual([method.customer, method.card?.last4], [customer, '4242'])
    assert.deepEqual(await kit.methodsOf(customer), [method.id])
    assert.deepEqual(await kit.eventsOf(open.body.id), ['created', 'succeeded'])
    assert.deepEqual(await kit.eventsOf(method.id), ['attached'])
    const event = (await stripe.events.list({ type: 'setup_intent.succeeded', limit: 1 })).data[0]
    createShapeCheck()('SetupIntent', event?.data.object)
  })

  test('that is declined says why, with itself in the error, and takes another method', {
    skip: noContract,
  }, async () => {
    const customer = await kit.newCustomer()
    const error = await kit.refused(
      kit.setUp(customer, { payment_method: 'pm_card_visa_chargeDeclined' }),
      'card_declined',
    )
    const { setup_intent: declined } = error
    assert.ok(error.statusCode === 402 && declined)
    createShapeCheck()('SetupIntent', declined)
    assert.deepEqual([declined.status, declined.payment_method], ['requires_payment_method', null])
    assert.equal(declined.last_setup_error?.code, 'card_declined')
    await kit.refused(stripe.setupIntents.confirm(declined.id), 'setup_intent_unexpected_state')
    const again = await stripe.setupIntents.confirm(declined.id, { payment_method: 'pm_card_visa' })
    assert.deepEqual([again.status, again.last_setup_error], ['succeeded', null])
    assert.deepEqual(await kit.eventsOf(declined.id), ['created', 'setup_failed', 'succeeded'])
    assert.deepEqual(await kit.setupsAtProvider(customer), ['succeeded'], 'the same one there')
    await kit.refused(stripe.setupIntents.cancel(declined.id), 'setup_intent_unexpected_state')
    await kit.refused(stripe.setupIntents.confirm(declined.id), 'setup_intent_unexpected_state')
  })

  test('waits for the bank, and is kept when that has asked', { skip: noContract }, async () => {
    const customer = await kit.newCustomer()
    const asked = await kit.setUp(customer, { payment_method: 'pm_card_authenticationRequired' })
    createShapeCheck()('SetupIntent', asked)
    assert.equal(asked.status, 'requires_action')
    assert.ok(asked.next_action?.redirect_to_url?.return_url?.startsWith(`${asked.setup_url}?returned=1`))
    assert.deepEqual(await kit.methodsOf(customer), [])
    await kit.answerBank(asked, 'fail')
    await world.settle()
    const failed = await kit.read(asked.id)
    assert.equal(failed.status, 'requires_payment_method')
    assert.equal(failed.last_setup_error?.code, 'setup_intent_authentication_failure')
    const second = await stripe.setupIntents.confirm(asked.id, { payment_method: 'pm_card_authenticationRequired' })
    const back = await kit.answerBank(second)
    assert.match(back.headers.get('location') ?? '', /\/methods\/.*redirect_status=succeeded/)
    await world.settle()
    assert.equal((await kit.read(asked.id)).status, 'succeeded')
    assert.equal((await kit.methodsOf(customer)).length, 1)
    assert.deepEqual(await kit.eventsOf(asked.id), [
      'created',
      'requires_action',
      'setup_failed',
      'requires_action',
      'succeeded',
    ])
  })

  test('is canceled, at the provider too, and keeps nothing', async () => {
    const customer = await kit.newCustomer()
    const unused = await stripe.setupIntents.create({ customer })
    const canceled = await stripe.setupIntents.cancel(unused.id, { cancellation_reason: 'abandoned' })
    assert.deepEqual([canceled.status, canceled.cancellation_reason], ['canceled', 'abandoned'])
    const asked = await kit.setUp(customer, { payment_method: 'pm_card_authenticationRequired' })
    assert.equal((await stripe.setupIntents.cancel(asked.id)).status, 'canceled')
    await kit.refused(stripe.setupIntents.cancel(asked.id), 'setup_intent_unexpected_state')
    assert.deepEqual(await kit.setupsAtProvider(customer), ['canceled'])
    await kit.answerBank(asked)
    assert.deepEqual(await kit.eventsOf(asked.id), ['created', 'requires_action', 'canceled'])
    assert.deepEqual(await kit.methodsOf(customer), [])
  })

  test('happens once, however often the same request comes, and whatever is lost on the way', async () => {
    for (const [path, fault, count] of [
      ['', '', 0],
      ['/v1/setup_intents', 'lost_answer', 2],
      ['/v1/setup_intents', 'error_after', 1],
      ['/v1/setup_intents', 'error_503', 1],
    ] as const) {
      const customer = await kit.newCustomer()
      if (fault !== '') await kit.spoil(path, fault, count)
      const body = { customer, payment_method: 'pm_card_visa', confirm: true }
      const send = () =>
        world.request().post('/v1/setup_intents').set('Idempotency-Key', `again-${customer}`).send(body)
      await Promise.all([send(), send(), send()])
      await world.advance(60_000)
      await (await world.startWork()).sweep()
      await world.settle()
      assert.equal((await send()).body.status, 'succeeded', fault)
      assert.equal((await kit.methodsOf(customer)).length, 1, fault)
      assert.equal((await kit.setupsAtProvider(customer)).filter((status) => status === 'succeeded').length, 1, fault)
    }
  })

  test('whose worker dies half-way is finished by the next one, and a decline that is lost is found', async () => {
    await world.stopWork()
    const customer = await kit.newCustomer()
    await kit.spoil('/v1/setup_intents', 'lost_answer', 2)
    await world.sandboxControl('POST', 'faults', { fault: 'error_500', count: 3, match: { method: 'GET' } })
    const { id } = await stripe.setupIntents.create({ customer })
    const confirm = stripe.setupIntents.confirm(id, { payment_method: 'pm_card_visa' }, { maxNetworkRetries: 0 })
    await kit.refused(confirm, 'provider_unknown_outcome')
    await kit.refused(stripe.setupIntents.cancel(id, {}, { maxNetworkRetries: 0 }), 'lock_timeout')
    await world.advance(30_000)
    const work = await world.startWork()
    await work.sweep()
    await world.settle()
    assert.equal((await kit.read(id)).status, 'succeeded')
    assert.deepEqual(await kit.setupsAtProvider(customer), ['succeeded'])
    await kit.spoil('/v1/setup_intents', 'lost_answer', 2)
    await kit.refused(kit.setUp(customer, { payment_method: 'pm_card_visa_chargeDeclined' }), 'card_declined')
    assert.deepEqual(await kit.setupsAtProvider(customer), ['requires_payment_method', 'succeeded'])
    assert.equal((await kit.methodsOf(customer)).length, 1)
  })

  test('follows its news in any order, doubled and late', async () => {
    const customer = await kit.newCustomer()
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_duplicate', count: 4 })
    await world.stopWork()
    const asked = await kit.setUp(customer, { payment_method: 'pm_card_authenticationRequired' })
    await kit.answerBank(asked)
    await world.advance(0)
    await world.startWork()
    assert.deepEqual(await kit.eventsOf(asked.id), ['created', 'requires_action', 'succeeded'])
    const { rows } = await sql<{ state: string }>`
      select state from provider_events where notice -> 'tags' ->> 'setupIntent' = ${asked.id}`.execute(
      world.app.db.maintenance,
    )
    assert.ok(rows.length >= 3 && rows.every(({ state }) => state === 'processed'), JSON.stringify(rows))
  })

  test('whose news never come is asked after', async () => {
    const customer = await kit.newCustomer()
    const asked = await kit.setUp(customer, { payment_method: 'pm_card_authenticationRequired' })
    await world.sandboxControl('POST', 'faults', { fault: 'webhook_drop', count: 3 })
    await kit.answerBank(asked)
    await world.advance(11 * 60_000)
    await (await world.startWork()).sweep()
    await world.settle()
    assert.equal((await kit.read(asked.id)).status, 'succeeded')
  })

  test('is nothing to another merchant, and needs a customer who is there', async () => {
    const { id } = await kit.setUp(await kit.newCustomer())
    const foreign = world.stripe('service', await world.openShop('Other'))
    await kit.refused(foreign.setupIntents.retrieve(id), 'resource_missing')
    await kit.refused(foreign.setupIntents.confirm(id, { payment_method: 'pm_card_visa' }), 'resource_missing')
    await kit.refused(foreign.setupIntents.create({ customer: await kit.newCustomer() }), 'resource_missing')
    await kit.refused(stripe.setupIntents.create({}), 'parameter_missing')
    const gone = await kit.newCustomer()
    await stripe.customers.del(gone)
    await kit.refused(stripe.setupIntents.create({ customer: gone }), 'resource_missing')
  })
})

describe('a method that the provider has already', () => {
  const create = async () => {
    const body = new URLSearchParams({ type: 'card', 'card[token]': 'tok_visa' })
    const headers = { authorization: 'Bearer sk_test_world' }
    const answer = await fetch(`${world.sandbox.url}/v1/payment_methods`, { method: 'POST', body, headers })
    return ((await answer.json()) as { id: string }).id
  }

  test('is attached with your word for the consent, once, and charged without the payer', async () => {
    const customer = await kit.newCustomer()
    const path = `/v1/payment_methods/${await create()}/attach`
    const body = { customer, consent: { text: 'By phone', locale: 'fr', at: 1_700_000_000 } }
    const first = await world.request().post(path).send(body).expect(200)
    createAnswerCheck()('POST', path, first.body)
    assert.deepEqual(first.body.consent, { at: 1_700_000_000, locale: 'fr', source: 'api', text: 'By phone' })
    const again = await world.request().post(path).send(body).expect(200)
    assert.equal(again.body.id, first.body.id)
    assert.equal((await stripe.paymentMethods.attach(first.body.id, { customer })).id, first.body.id)
    const order = { amount: 900, currency: 'eur', customer, payment_method: first.body.id, confirm: true } as const
    const paid = await stripe.paymentIntents.create({ ...order, off_session: true })
    assert.equal(paid.status, 'succeeded')
    const { body: told } = await world.request().get(`/v1/payment_intents/${paid.id}/explain`)
    const call = told.story.find(({ kind }: { kind: string }) => kind === 'operation')
    assert.deepEqual(call.data.consent, first.body.consent)
    assert.deepEqual(await kit.eventsOf(first.body.id), ['attached'])
  })

  test('stays with whose it is, and is not there when it was detached', async () => {
    const [customer, other] = [await kit.newCustomer(), await kit.newCustomer()]
    const ref = await create()
    const { id } = await stripe.paymentMethods.attach(ref, { customer })
    for (const method of [id, ref])
      await kit.refused(stripe.paymentMethods.attach(method, { customer: other }), 'payment_method_unexpected_state')
    const foreign = world.stripe('service', await world.openShop('Other'))
    const theirs = (await foreign.customers.create({})).id
    await kit.refused(foreign.paymentMethods.attach(id, { customer: theirs }), 'resource_missing')
    await kit.refused(foreign.paymentMethods.attach(ref, { customer: theirs }), 'payment_method_unexpected_state')
    await stripe.paymentMethods.detach(id)
    await world.settle()
    for (const method of [id, ref]) await refusal(stripe.paymentMethods.attach(method, { customer }))
    await kit.refused(stripe.paymentMethods.attach('pm_nobody', { customer }), 'resource_missing')
    assert.deepEqual(await kit.methodsOf(customer), [])
  })

  test('is attached once though the answer is lost', async () => {
    for (const method of [await create(), 'pm_card_visa']) {
      const customer = await kit.newCustomer()
      await stripe.setupIntents.create({ customer })
      await kit.spoil('/v1/payment_methods/*')
      const { id } = await stripe.paymentMethods.attach(method, { customer })
      assert.deepEqual(await kit.methodsOf(customer), [id])
      const path = `payment_methods?customer=${await kit.refOfCustomer(customer)}`
      assert.equal((await kit.atProvider<{ data: unknown[] }>(path)).data.length, 1)
    }
  })
})

describe('what the payer agreed to', () => {
  test('holds for charges without them only if they did', async () => {
    const customer = await kit.newCustomer()
    const setup = await kit.setUp(customer, { usage: 'on_session' })
    const order = { amount: 900, currency: 'eur', customer, payment_method: String(setup.payment_method) }
    const charge = (off_session: boolean) => stripe.paymentIntents.create({ ...order, confirm: true, off_session })
    const error = await kit.refused(charge(true), 'payment_intent_incompatible_payment_method')
    assert.match(error.message, /on_session/)
    assert.equal((await charge(false)).status, 'succeeded')
    const path = `setup_intents?customer=${await kit.refOfCustomer(customer)}`
    const { data: told } = await kit.atProvider<{ data: Stripe.SetupIntent[] }>(path)
    assert.deepEqual(
      told.map(({ usage }) => usage),
      ['on_session'],
    )
    const wider = await kit.setUp(customer, { payment_method: String(setup.payment_method) })
    assert.equal(wider.payment_method, setup.payment_method)
    assert.equal((await charge(true)).status, 'succeeded')
    await kit.refused(
      stripe.paymentIntents.create({ ...order, payment_method: 'pm_card_visa', confirm: true, off_session: true }),
      'payment_intent_incompatible_payment_method',
    )
  })

  test('a bank that wants the payer leaves the payment to their link, in the thread', async () => {
    const customer = await kit.newCustomer()
    const asked = await kit.setUp(customer, { payment_method: 'pm_card_authenticationRequired' })
    await kit.answerBank(asked)
    await world.settle()
    const method = String((await kit.read(asked.id)).payment_method)
    const thread = await world
      .request()
      .post('/v1/threads')
      .send({ channel: 'webchat', external_id: `t-${customer}` })
    const order = { amount: 900, currency: 'eur', customer, payment_method: method, confirm: true, off_session: true }
    const declined = await world
      .request()
      .post('/v1/payment_intents')
      .send({ ...order, thread: thread.body.id })
    assert.deepEqual([declined.status, declined.body.error.decline_code], [402, 'authentication_required'])
    await world.settle()
    const { data } = (await world.request().get(`/v1/threads/${thread.body.id}/messages`)).body
    assert.deepEqual(
      data.map(({ kind, payment_intent: id }: Record<string, string>) => [kind, id]),
      [['payment_request', declined.body.error.payment_intent.id]],
    )
    await refusal(
      stripe.paymentIntents.confirm(declined.body.error.payment_intent.id, {
        payment_method: method,
        off_session: true,
      }),
    )
    await world.settle()
    assert.equal((await world.request().get(`/v1/threads/${thread.body.id}/messages`)).body.data.length, 1, 'once')
  })
})
