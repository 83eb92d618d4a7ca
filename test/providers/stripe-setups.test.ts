import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { PaymentProvider } from '#providers/provider.ts'
import type { SetupCalls } from '#providers/setups.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { sessionObject } from './stripe-objects.ts'
import { createRequestCheck, noSpec, readFixtures } from './stripe-spec.ts'

let recorder: Recorder
let provider: PaymentProvider
let setups: SetupCalls
before(async () => {
  recorder = await startRecorder()
  provider = createStripeProvider({ secretKey: 'sk_test_key', webhookSecrets: ['whsec_x'], apiBase: recorder.url })
  assert.ok(provider.setups)
  setups = provider.setups
})
after(() => recorder.close())

const key = { idempotencyKey: 'op_1' }
const tags = { merchant: 'mer_1', setupIntent: 'seti_ours' }
const order = {
  ...key,
  customerRef: 'cus_1',
  usage: 'off_session' as const,
  method: 'pm_1',
  returnUrl: 'https://pay.example/methods/x',
  tags,
}
const pageOrder = { ...key, customerRef: 'cus_1', returnUrl: order.returnUrl, cancelUrl: order.returnUrl, tags }
const method = {
  id: 'pm_1',
  object: 'payment_method',
  type: 'card',
  customer: 'cus_1',
  card: { brand: 'visa', last4: '4242', exp_month: 12 },
}
const setup = {
  id: 'seti_1',
  object: 'setup_intent',
  status: 'succeeded',
  customer: { id: 'cus_1', object: 'customer' },
  payment_method: method,
  metadata: { parley_merchant: 'mer_1', parley_setup_intent: 'seti_ours' },
}

/** What Stripe answers to the calls below. */
const answer = (status = 200, body: object = setup) => {
  for (const path of ['', '/seti_1', '/seti_1/confirm', '/seti_1/cancel'])
    recorder.on('POST', `/v1/setup_intents${path}`, status, body)
  recorder.on('GET', '/v1/setup_intents/seti_1', 200, setup)
  recorder.on('GET', '/v1/setup_intents', 200, {
    object: 'list',
    has_more: false,
    data: [setup, { ...setup, metadata: {} }],
  })
  recorder.on('POST', '/v1/payment_methods/pm_1/attach', status, status === 200 ? method : body)
  recorder.on('GET', '/v1/payment_methods/pm_1', 200, method)
  recorder.on('POST', '/v1/payment_methods/pm_1', status, status === 200 ? method : body)
}

const calls: Record<string, () => Promise<{ outcome: string }>> = {
  'create and confirm': () => setups.confirm(order),
  'create and confirm for visits': () => setups.confirm({ ...order, usage: 'on_session' }),
  'confirm again': () => setups.confirm({ ...order, setupRef: 'seti_1' }),
  'change who pays with a method': () =>
    setups.updateMethod?.({
      ...key,
      methodRef: 'pm_1',
      billing: { name: 'Léa', phone: '', address: { city: 'Lyon' } },
    }) ?? assert.fail('no such call'),
  'forget where who pays lives': () =>
    setups.updateMethod?.({ ...key, methodRef: 'pm_1', billing: { email: '', address: '' } }) ??
    assert.fail('no such call'),
  cancel: () => setups.cancel({ ...key, setupRef: 'seti_1' }),
  'open a page': () => setups.openPage({ ...pageOrder, locale: 'fr-BE' }),
  'close a page': () => setups.closePage({ ...key, pageRef: 'cs_1' }),
  attach: () => setups.attach({ ...key, methodRef: 'pm_1', customerRef: 'cus_1' }),
  find: () => setups.find({ setupRef: 'seti_1' }),
  'find by tag': () => setups.findByTag({ setupIntent: 'seti_ours', customerRef: 'cus_1', since: new Date(0) }),
  'find a page': () => setups.findPage({ pageRef: 'cs_1' }),
  'find a method': () => setups.findMethod({ methodRef: 'pm_1' }),
}

describe('setups at Stripe', () => {
  test('are asked for as Stripe publishes it, each command with its key', { skip: noSpec }, async () => {
    const check = createRequestCheck()
    for (const [name, call] of Object.entries(calls)) {
      recorder.reset()
      answer()
      assert.equal((await call()).outcome, 'ok', name)
      for (const request of recorder.requests) {
        assert.equal(check(request), '', name)
        if (request.method === 'POST') assert.equal(request.headers['idempotency-key'], 'op_1', name)
      }
    }
  })

  test('of the official examples are read', { skip: noSpec }, async () => {
    const official = readFixtures().setup_intent ?? assert.fail('no setup intent')
    recorder.on('GET', `/v1/setup_intents/${official.id}`, 200, official)
    const found = await setups.find({ setupRef: String(official.id) })
    assert.ok(found.outcome === 'ok')
    assert.deepEqual([found.value?.ref, found.value?.state, found.value?.tags], [official.id, official.status, {}])
  })

  test('are told without anything of the person', async () => {
    answer()
    const found = await setups.find({ setupRef: 'seti_1' })
    const details = { type: 'card', brand: 'visa', last4: '4242', expMonth: 12 }
    const value = {
      ref: 'seti_1',
      state: 'succeeded',
      method: { ref: 'pm_1', savedFor: 'cus_1', details },
      savedFor: 'cus_1',
      tags,
    }
    assert.deepEqual(found, { outcome: 'ok', value })
    const tagged = await calls['find by tag']?.()
    assert.deepEqual(tagged, { outcome: 'ok', value: [value] }, 'only those that carry our id')
    recorder.on('GET', '/v1/checkout/sessions/cs_1', 200, sessionObject({ setup_intent: 'seti_1' }))
    const page = await setups.findPage({ pageRef: 'cs_1' })
    assert.equal(page.outcome === 'ok' && page.value?.setupRef, 'seti_1')
  })

  test('that are refused say how they stand now; what is unclear is unknown', async () => {
    const error = {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'lost_card',
      message: 'No.',
      setup_intent: { id: 'seti_1' },
    }
    answer(402, { error })
    for (const call of [setups.confirm(order), setups.cancel({ ...key, setupRef: 'seti_1' })]) {
      const refused = await call
      assert.ok(refused.outcome === 'refused')
      assert.deepEqual([refused.decline.declineCode, refused.setup?.state], ['lost_card', 'succeeded'])
    }
    answer(500, { error: { type: 'api_error', message: 'Oops.' } })
    for (const name of ['create and confirm', 'confirm again', 'cancel', 'attach'])
      assert.equal((await calls[name]?.())?.outcome, 'unknown', name)
    answer(200, { ...setup, status: 'teleported' })
    assert.equal((await setups.confirm(order)).outcome, 'unknown')
    recorder.on('GET', '/v1/setup_intents/seti_1', 404, {
      error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No.' },
    })
    assert.deepEqual(await setups.find({ setupRef: 'seti_1' }), { outcome: 'ok', value: undefined })
  })

  test("understands Stripe's own fixture", { skip: noSpec }, async () => {
    const fixture = readFixtures().setup_intent
    assert.ok(fixture)
    recorder.on('GET', '/v1/setup_intents/seti_1', 200, fixture)
    const found = await setups.find({ setupRef: 'seti_1' })
    assert.ok(found.outcome === 'ok', JSON.stringify(found))
    assert.deepEqual([found.value?.ref, found.value?.state], [fixture.id, fixture.status])
  })
})
