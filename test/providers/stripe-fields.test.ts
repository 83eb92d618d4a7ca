import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import type { PageCommand, PaymentProvider, ProviderAnswer } from '#providers/provider.ts'
import { createStripeAdapter } from '#providers/stripe/adapter.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { noPause } from '#providers/stripe/rate-pause.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { intentObject } from './stripe-objects.ts'
import { createRequestCheck, noSpec } from './stripe-spec.ts'

const pageRef = 'pi_1'
const path = `/v1/payment_intents/${pageRef}`
const key = { idempotencyKey: 'op_2' }
const order: PageCommand = {
  idempotencyKey: 'op_1',
  amount: 4200n,
  currency: 'eur' as Currency,
  capture: 'manual',
  title: 'Pizzeria Roma',
  items: [],
  returnUrl: 'https://shop.example/back',
  cancelUrl: 'https://shop.example/cancel',
  tags: { merchant: 'mer_1', paymentIntent: 'pi_ours' },
  use: 'fields',
}

let recorder: Recorder
const open = (more: Partial<Parameters<typeof createStripeProvider>[0]> = {}): PaymentProvider =>
  createStripeProvider({
    secretKey: 'sk_test_key',
    webhookSecrets: ['whsec_x'],
    apiBase: recorder.url,
    timeoutMs: 150,
    pause: noPause,
    publishableKey: 'pk_test_1',
    ...more,
  })
let provider: PaymentProvider
before(async () => {
  recorder = await startRecorder()
  provider = open()
})
after(() => recorder.close())
afterEach(() => recorder.reset())

const ok = <T>(answer: ProviderAnswer<T>): T => {
  assert.equal(answer.outcome, 'ok')
  return (answer as { value: T }).value
}
const stand = (status: string, more: object = {}) =>
  recorder.on('GET', path, 200, intentObject({ id: pageRef, status, client_secret: 'pi_1_secret_2', ...more }))

describe("Stripe's fields on our page", () => {
  test('are a payment that is not confirmed, with all that the session would say', async () => {
    const details = {
      metadata: { order: '1001' },
      statementDescriptorSuffix: 'ORDER 1001',
      receiptEmail: 'a@b.example',
    }
    const expiresAt = new Date('2026-11-22T11:00:00Z')
    recorder.on('POST', '/v1/payment_intents', 200, intentObject({ id: pageRef, status: 'requires_payment_method' }))
    const kept = { customerRef: 'cus_1', save: 'on_session' as const, multicapture: true }
    const page = ok(await provider.openPage({ ...order, ...kept, details, expiresAt }))
    assert.deepEqual(page, {
      ref: pageRef,
      paymentRef: pageRef,
      state: 'open',
      handover: { kind: 'fields' },
      expiresAt,
    })
    const [request] = recorder.requests
    assert.equal(request?.headers['idempotency-key'], 'op_1')
    assert.deepEqual(request?.params, {
      amount: '4200',
      currency: 'eur',
      capture_method: 'manual',
      automatic_payment_methods: { enabled: 'true', allow_redirects: 'always' },
      metadata: { order: '1001', parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours' },
      receipt_email: 'a@b.example',
      statement_descriptor_suffix: 'ORDER 1001',
      description: 'Pizzeria Roma',
      customer: 'cus_1',
      setup_future_usage: 'on_session',
      payment_method_options: { card: { request_multicapture: 'if_available' } },
    })
  })

  test("fit Stripe's published schema", { skip: noSpec }, async () => {
    const check = createRequestCheck()
    await provider.openPage(order)
    await provider.openPage({ ...order, details: { methodTypes: ['card'] }, customerRef: 'cus_1', save: 'off_session' })
    stand('requires_payment_method')
    await provider.findPage({ pageRef })
    await provider.fields?.access({ pageRef })
    await provider.closePage({ ...key, pageRef })
    assert.equal(recorder.requests.length, 6)
    for (const request of recorder.requests) assert.equal(check(request), '', `${request.method} ${request.path}`)
  })

  for (const [status, state] of [
    ['requires_payment_method', 'open'],
    ['requires_confirmation', 'open'],
    ['requires_action', 'open'],
    ['processing', 'complete'],
    ['requires_capture', 'complete'],
    ['succeeded', 'complete'],
    ['canceled', 'expired'],
  ] as const)
    test(`${status}: ${state}, and only what is open has a secret and can be closed`, async () => {
      stand(status)
      const isOpen = state === 'open'
      const page = ok(await provider.findPage({ pageRef }))
      assert.deepEqual(
        [page?.state, page?.paymentRef, page?.handover?.kind],
        [state, pageRef, isOpen ? 'fields' : undefined],
      )
      const access = { clientSecret: 'pi_1_secret_2', publishableKey: 'pk_test_1' }
      assert.deepEqual(ok((await provider.fields?.access({ pageRef })) ?? assert.fail()), isOpen ? access : undefined)
      recorder.on('POST', `${path}/cancel`, 200, intentObject({ id: pageRef, status: 'canceled' }))
      const closed = ok(await provider.closePage({ ...key, pageRef }))
      assert.equal(closed.state, isOpen ? 'expired' : state)
      assert.equal(recorder.requests.filter(({ method }) => method === 'POST').length, isOpen ? 1 : 0)
    })

  test('that are paid while they are closed are found, and of nobody’s doing nothing is known', async () => {
    stand('requires_payment_method')
    recorder.on('POST', `${path}/cancel`, 'silence')
    assert.equal((await provider.closePage({ ...key, pageRef })).outcome, 'unknown')
    const refusal = {
      error: { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: 'No.' },
    }
    recorder.on('POST', `${path}/cancel`, 400, refusal)
    assert.equal((await provider.closePage({ ...key, pageRef })).outcome, 'refused')
    recorder.on('GET', path, 500, { error: { type: 'api_error', message: 'Oops.' } })
    assert.equal((await provider.closePage({ ...key, pageRef })).outcome, 'unknown')
    assert.equal((await provider.fields?.access({ pageRef }))?.outcome, 'unknown')
  })

  test('are shown with the key of whoever takes the money: its own, or the platform’s', async () => {
    const adapter = createStripeAdapter({
      apiBase: recorder.url,
      platformKey: 'sk_test_key',
      platformPublishableKey: 'pk_test_platform',
    })
    const fieldsOf = (settings: object, secrets = {}) =>
      adapter.open({ merchantId: 'm', id: 'c', settings: { ...settings }, secrets, livemode: false }, '').fields
    const ask = async (fields: ReturnType<typeof fieldsOf>) =>
      ok((await fields?.access({ pageRef })) ?? assert.fail())?.publishableKey
    const secrets = { secret_key: 'sk_test_own' }
    stand('requires_payment_method')
    assert.equal(await ask(fieldsOf({ account: 'acct_1', publishable_key: 'pk_test_own' })), 'pk_test_platform')
    assert.equal(await ask(fieldsOf({ publishable_key: 'pk_test_own' }, secrets)), 'pk_test_own')
    assert.equal(fieldsOf({}, secrets), undefined)
  })

  test('name the account that is connected, and need a publishable key', async () => {
    stand('requires_payment_method')
    const connected = open({ account: 'acct_1' })
    const access = ok((await connected.fields?.access({ pageRef })) ?? assert.fail())
    assert.deepEqual(access, { clientSecret: 'pi_1_secret_2', publishableKey: 'pk_test_1', account: 'acct_1' })
    assert.equal(open({ publishableKey: undefined }).fields, undefined)
  })
})
