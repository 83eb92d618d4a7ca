import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import type { Currency } from '#kernel/currencies.ts'
import type { OrderDetails } from '#providers/order-details.ts'
import type { AuthorizeCommand, PageCommand, PaymentProvider, ProviderAnswer } from '#providers/provider.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { noPause } from '#providers/stripe/rate-pause.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { intentObject, refundObject, sessionObject } from './stripe-objects.ts'
import { createRequestCheck, noSpec } from './stripe-spec.ts'

const eur = 'eur' as Currency
const now = new Date('2026-11-22T10:00:00Z')
const tags = { merchant: 'mer_1', paymentIntent: 'pi_ours' }
const order: AuthorizeCommand = {
  idempotencyKey: 'op_1',
  amount: 4200n,
  currency: eur,
  method: 'pm_card_visa',
  capture: 'automatic',
  incremental: false,
  offSession: false,
  returnUrl: 'https://shop.example/back',
  description: 'Two pizzas',
  tags,
}
const pageOrder: PageCommand = {
  idempotencyKey: 'op_p',
  amount: 4200n,
  currency: eur,
  capture: 'manual',
  title: 'Pizzeria Roma',
  items: [
    { name: 'Pizza', amount: 1600n, quantity: 2 },
    { name: 'Wine', amount: 1000n, quantity: 1 },
  ],
  returnUrl: 'https://shop.example/back',
  cancelUrl: 'https://shop.example/cancel',
  locale: 'fr-BE',
  tags,
}

const details: OrderDetails = {
  metadata: { order: '1001', parley_merchant: 'mer_of_somebody_else' },
  receiptEmail: 'ada@example.com',
  shipping: { name: 'Ada', address: { line1: '1 High Street', country: 'GB' }, phone: '+44 20 7946 0000' },
  statementDescriptorSuffix: 'ORDER 1001',
  redirects: 'never',
}
const detailed: AuthorizeCommand = {
  ...order,
  capture: 'manual',
  incremental: true,
  multicapture: true,
  overcapture: true,
  refuseAction: true,
  mandate: { type: 'online', ip: '203.0.113.7', userAgent: 'Mozilla/5.0' },
  details,
}

let recorder: Recorder
let provider: PaymentProvider
before(async () => {
  recorder = await startRecorder()
  provider = createStripeProvider({
    secretKey: 'sk_test_key',
    webhookSecrets: ['whsec_x'],
    apiBase: recorder.url,
    timeoutMs: 150,
    clock: { now: () => now },
    pause: noPause,
  })
})
after(() => recorder.close())
afterEach(() => recorder.reset())

const ok = <T>(answer: ProviderAnswer<T>): T => {
  assert.equal(
    answer.outcome,
    'ok',
    JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  )
  return (answer as { value: T }).value
}

describe('what is sent to Stripe', () => {
  const passedOn = {
    transfer: { destination: 'acct_1', amount: '900' },
    onBehalfOf: 'acct_1',
    transferGroup: 'ORDER_1',
  } as const
  const paymentRef = 'pi_1'
  const key = { idempotencyKey: 'op_2' }
  const calls: Record<string, () => Promise<unknown>> = {
    create: () => provider.authorize(order),
    'create, manual and incremental': () =>
      provider.authorize({ ...order, capture: 'manual', incremental: true, offSession: true }),
    'confirm again': () => provider.authorize({ ...order, paymentRef }),
    'create with all that there is': () => provider.authorize(detailed),
    'create for one kind of method, by an agreement': () =>
      provider.authorize({ ...order, details: { methodTypes: ['sepa_debit'] }, mandate: { type: 'offline' } }),
    'open a page with all that there is': () =>
      provider.openPage({
        ...pageOrder,
        details: { ...details, methodTypes: ['card'] },
        multicapture: true,
        overcapture: true,
      }),
    capture: () => provider.capture({ ...key, paymentRef, amount: 1000n, currency: eur }),
    'capture a part': () => provider.capture({ ...key, paymentRef, amount: 1000n, currency: eur, isFinal: false }),
    'capture with a fee for the platform': () =>
      provider.capture({ ...key, paymentRef, amount: 1000n, currency: eur, applicationFee: 100n }),
    'create with a fee for the platform': () => provider.authorize({ ...order, details: { applicationFee: '420' } }),
    'confirm again with a fee for the platform': () =>
      provider.authorize({ ...order, paymentRef, details: { applicationFee: '420' } }),
    'open a page with a fee for the platform': () =>
      provider.openPage({ ...pageOrder, details: { applicationFee: '420' } }),
    'refund with the fee for the platform': () =>
      provider.refund({ ...key, paymentRef, amount: 1n, currency: eur, refundApplicationFee: true, tags }),
    'create what is passed on': () => provider.authorize({ ...order, details: passedOn }),
    'confirm again what is passed on': () => provider.authorize({ ...order, paymentRef, details: passedOn }),
    'open a page for what is passed on': () => provider.openPage({ ...pageOrder, details: passedOn }),
    'show fields for what is passed on': () => provider.openPage({ ...pageOrder, use: 'fields', details: passedOn }),
    'create what is passed on less a fee': () =>
      provider.authorize({
        ...order,
        offSession: true,
        details: { transfer: { destination: 'acct_1' }, applicationFee: '420' },
      }),
    'capture and pass on a part': () =>
      provider.capture({ ...key, paymentRef, amount: 1000n, currency: eur, transferAmount: 900n }),
    'refund and reverse the transfer': () =>
      provider.refund({ ...key, paymentRef, amount: 1n, currency: eur, reverseTransfer: true, tags }),
    cancel: () => provider.cancel({ ...key, paymentRef, reason: 'requested_by_customer' }),
    'cancel for a reason of ours': () => provider.cancel({ ...key, paymentRef, reason: 'expired' }),
    increment: () => provider.increment({ ...key, paymentRef, amount: 5000n, currency: eur }),
    refund: () => provider.refund({ ...key, paymentRef, amount: 1n, currency: eur, reason: 'duplicate', tags }),
    'refund for a reason of ours': () =>
      provider.refund({ ...key, paymentRef, amount: 1n, currency: eur, reason: 'cold pizza', tags }),
    'cancel a refund': () => provider.cancelRefund({ ...key, refundRef: 're_1' }),
    'open a page': () => provider.openPage({ ...pageOrder, expiresAt: new Date(now.getTime() + 3_600_000) }),
    'close a page': () => provider.closePage({ ...key, pageRef: 'cs_1' }),
    'confirm again with a kept method': () =>
      provider.authorize({ ...order, paymentRef, method: 'pm_1', customerRef: 'cus_1' }),
    'create and keep the method': () => provider.authorize({ ...order, customerRef: 'cus_1', save: 'off_session' }),
    'open a page and keep the method': () =>
      provider.openPage({ ...pageOrder, customerRef: 'cus_1', save: 'on_session' }),
    'create a customer': () => provider.createCustomer({ ...key, customer: 'cus_ours' }),
    'detach a method': () => provider.detachMethod({ ...key, methodRef: 'pm_1' }),
    'find a payment': () => provider.findPayment({ paymentRef }),
    'find payments by tag': () => provider.findPaymentsByTag({ paymentIntent: 'pi_ours', since: now }),
    'find a refund': () => provider.findRefund({ refundRef: 're_1' }),
    'find refunds': () => provider.findRefunds({ paymentRef }),
    'find a page': () => provider.findPage({ pageRef: 'cs_1' }),
    'find a charge': () => provider.findCharge({ chargeRef: 'ch_1' }),
  }
  const check = noSpec ? () => '' : createRequestCheck()
  for (const [name, call] of Object.entries(calls)) {
    test(`to ${name} fits Stripe's published schema`, { skip: noSpec }, async () => {
      await call()
      assert.ok(recorder.requests.length > 0)
      for (const request of recorder.requests) assert.equal(check(request), '', `${request.method} ${request.path}`)
    })
  }

  test('the check itself refuses what Stripe would refuse', { skip: noSpec }, () => {
    const wrong = (params: object) => check({ method: 'POST', path: '/v1/payment_intents', params })
    assert.equal(wrong({ amount: '1', currency: 'eur' }), '')
    assert.notEqual(wrong({ amount: '1' }), '')
    assert.notEqual(wrong({ amount: '1', currency: 'eur', colour: 'red' }), '')
    assert.notEqual(wrong({ amount: '1', currency: 'eur', capture_method: 'later' }), '')
    assert.notEqual(wrong({ amount: 'one', currency: 'eur' }), '')
  })

  test('carries the pinned version, our key, and the idempotency key on every command', async () => {
    for (const call of Object.values(calls)) await call()
    for (const { method, headers } of recorder.requests) {
      assert.equal(headers['stripe-version'], '2026-10-28.endive')
      assert.equal(headers.authorization, 'Bearer sk_test_key')
      assert.equal(headers['x-stripe-client-telemetry'], undefined)
      if (method === 'POST') assert.match(String(headers['idempotency-key']), /^op_[12p]$/)
      else assert.equal(headers['idempotency-key'], undefined)
    }
  })

  test('tells the bank and the dashboard what the merchant said, and whose it is by our word alone', async () => {
    ok(await provider.authorize(detailed))
    const sent = recorder.requests[0]?.params
    assert.deepEqual(sent?.metadata, { order: '1001', parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours' })
    assert.deepEqual(sent?.payment_method_options, {
      card: {
        request_incremental_authorization: 'if_available',
        request_multicapture: 'if_available',
        request_overcapture: 'if_available',
      },
    })
    assert.deepEqual(sent?.automatic_payment_methods, { enabled: 'true', allow_redirects: 'never' })
    assert.deepEqual(
      [sent?.receipt_email, sent?.statement_descriptor_suffix, sent?.error_on_requires_action],
      ['ada@example.com', 'ORDER 1001', 'true'],
    )
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`key${index}`, 'x']))
    recorder.reset()
    ok(await provider.authorize({ ...order, details: { metadata: many } }))
    const kept = recorder.requests[0]?.params.metadata as Record<string, string> | undefined
    assert.deepEqual([Object.keys(kept ?? {}).length, kept?.parley_merchant], [50, 'mer_1'])
  })

  test('creates and confirms in one call, with our ids on it', async () => {
    ok(await provider.authorize({ ...order, capture: 'manual', incremental: true, offSession: true }))
    assert.deepEqual(recorder.requests[0]?.params, {
      amount: '4200',
      currency: 'eur',
      confirm: 'true',
      capture_method: 'manual',
      automatic_payment_methods: { enabled: 'true', allow_redirects: 'always' },
      metadata: { parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours' },
      description: 'Two pizzas',
      payment_method: 'pm_card_visa',
      return_url: 'https://shop.example/back',
      off_session: 'true',
      payment_method_options: { card: { request_incremental_authorization: 'if_available' } },
      expand: ['latest_charge.balance_transaction'],
    })
  })

  test('asks for later increments only where an amount is held', async () => {
    ok(await provider.authorize({ ...order, incremental: true }))
    assert.equal(recorder.requests[0]?.params.payment_method_options, undefined)
  })

  test('opens a page with our ids on the page and on its payment', async () => {
    ok(await provider.openPage({ ...pageOrder, items: [] }))
    const metadata = { parley_merchant: 'mer_1', parley_payment_intent: 'pi_ours' }
    const { line_items: _, ...params } = recorder.requests[0]?.params ?? {}
    assert.deepEqual(params, {
      mode: 'payment',
      payment_intent_data: { metadata, capture_method: 'manual', description: 'Pizzeria Roma' },
      metadata,
      client_reference_id: 'pi_ours',
      success_url: 'https://shop.example/back',
      cancel_url: 'https://shop.example/cancel',
      locale: 'fr',
    })
  })

  test('puts the amount right before a second attempt, under a key of its own', async () => {
    const open = intentObject({ status: 'requires_payment_method', amount: 4000, latest_charge: null })
    recorder.on('GET', '/v1/payment_intents/pi_1', 200, open)
    ok(await provider.authorize({ ...order, paymentRef }))
    const posts = recorder.requests.filter(({ method }) => method === 'POST')
    assert.deepEqual(
      posts.map(({ path, headers }) => [path, headers['idempotency-key']]),
      [
        ['/v1/payment_intents/pi_1', 'op_1:amount'],
        ['/v1/payment_intents/pi_1/confirm', 'op_1'],
      ],
    )
    assert.deepEqual(posts[0]?.params, { amount: '4200', expand: ['latest_charge.balance_transaction'] })
  })

  for (const [name, over] of Object.entries({
    'taken already': { status: 'succeeded', amount: 4000 },
    'in another currency': { status: 'requires_payment_method', currency: 'usd' },
  })) {
    test(`touches nothing when the payment is ${name}`, async () => {
      recorder.on('GET', '/v1/payment_intents/pi_1', 200, intentObject(over))
      const answer = await provider.authorize({ ...order, paymentRef })
      assert.equal(answer.outcome, 'refused')
      assert.equal(answer.decline.code, 'payment_intent_amount_reconciliation_mismatch')
      assert.equal(answer.payment?.ref, 'pi_1')
      assert.equal(recorder.requests.length, 1)
    })
  }

  test('does not send an amount that Stripe cannot carry', async () => {
    const answer = await provider.authorize({ ...order, currency: 'mga' as Currency, amount: 501n })
    assert.equal(answer.outcome, 'refused')
    assert.equal(recorder.requests.length, 0)
  })

  test('lists the lines of a page only when they add up', async () => {
    const linesOf = async (over: Partial<PageCommand>) => {
      recorder.reset()
      ok(await provider.openPage({ ...pageOrder, ...over }))
      const params = recorder.requests[0]?.params as { line_items: { quantity: string; price_data: unknown }[] }
      return params.line_items
    }
    const line = (name: string, unit_amount: string) => ({ currency: 'eur', unit_amount, product_data: { name } })
    assert.deepEqual(await linesOf({}), [
      { quantity: '2', price_data: line('Pizza', '1600') },
      { quantity: '1', price_data: line('Wine', '1000') },
    ])
    const whole = [{ quantity: '1', price_data: line('Pizzeria Roma', '4199') }]
    assert.deepEqual(await linesOf({ amount: 4199n }), whole)
    assert.deepEqual(await linesOf({ amount: 4199n, items: [] }), whole)
    const discount = { name: 'Discount', amount: -1n, quantity: 1 }
    assert.deepEqual(await linesOf({ amount: 4199n, items: [...pageOrder.items, discount] }), whole)
  })

  test("asks for an expiry only inside Stripe's window", async () => {
    const expiryOf = async (minutes: number) => {
      recorder.reset()
      ok(await provider.openPage({ ...pageOrder, expiresAt: new Date(now.getTime() + minutes * 60_000) }))
      return recorder.requests[0]?.params.expires_at
    }
    assert.equal(await expiryOf(60), String(now.getTime() / 1000 + 3600))
    for (const minutes of [-5, 5, 30, 24 * 60, 72 * 60]) assert.equal(await expiryOf(minutes), undefined)
  })
})

describe('how answers are read', () => {
  const failing = (status: number, error: object) => recorder.on('POST', '/v1/payment_intents', status, { error })

  test('a decline is refused, with the payment as it is now', async () => {
    const snapshot = intentObject({ status: 'requires_payment_method', latest_charge: 'ch_1' })
    failing(402, {
      type: 'card_error',
      code: 'card_declined',
      decline_code: 'lost_card',
      message: 'No.',
      payment_intent: snapshot,
    })
    const answer = await provider.authorize(order)
    assert.equal(answer.outcome, 'refused')
    assert.deepEqual(answer.decline, { code: 'card_declined', declineCode: 'lost_card', message: 'No.' })
    assert.equal(answer.payment?.charge?.ref, 'ch_1')
    assert.equal(answer.requestId, 'req_test')
  })

  const answers: [number, object, 'refused' | 'unknown', string][] = [
    [
      400,
      { type: 'invalid_request_error', code: 'amount_too_small', message: 'Small.' },
      'refused',
      'amount_too_small',
    ],
    [400, { type: 'invalid_request_error', message: 'Unknown parameter.' }, 'refused', 'provider_error'],
    [401, { type: 'invalid_request_error', message: 'Invalid key sk_test_…' }, 'refused', 'provider_error'],
    [403, { type: 'invalid_request_error', message: 'Not yours.' }, 'refused', 'provider_error'],
    [404, { type: 'invalid_request_error', code: 'resource_missing', message: 'None.' }, 'refused', 'resource_missing'],
    [400, { type: 'idempotency_error', message: 'Other parameters.' }, 'unknown', 'Idempotency'],
    [409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'Running.' }, 'unknown', '409'],
    [429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Slow.' }, 'unknown', '429'],
    [400, { type: 'invalid_request_error', code: 'rate_limit', message: 'Slow.' }, 'unknown', 'rate_limit'],
    [500, { type: 'api_error', message: 'Oops.' }, 'unknown', '500'],
    [503, { type: 'api_error', message: 'Busy.' }, 'unknown', '503'],
    [418, { type: 'api_error', message: 'Teapot.' }, 'unknown', '418'],
  ]
  for (const [status, error, outcome, hint] of answers) {
    test(`${status} ${JSON.stringify(error).slice(0, 60)} is ${outcome}, and sent once`, async () => {
      failing(status, error)
      const answer = await provider.authorize(order)
      assert.equal(answer.outcome, outcome)
      const said = answer.outcome === 'unknown' ? answer.reason : answer.outcome === 'refused' && answer.decline.code
      assert.ok(String(said).includes(hint), String(said))
      assert.equal(recorder.requests.length, 1)
    })
  }

  for (const [name, body] of Object.entries({
    "a proxy's page": '<html>Bad gateway</html>',
    "a proxy's JSON": '{"message":"Bad gateway"}',
    'a cut-off body': '{"id":"pi_1","object":"payment_in',
    'a payment in an unknown state': JSON.stringify(intentObject({ status: 'quantum' })),
  })) {
    test(`${name} is unknown`, async () => {
      recorder.on('POST', '/v1/payment_intents', 200, body)
      assert.equal((await provider.authorize(order)).outcome, 'unknown')
    })
  }

  test('our own key is never in what a payer may read', async () => {
    failing(401, { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_key' })
    assert.equal(JSON.stringify(await provider.authorize(order)).includes('sk_test'), false)
  })

  test('a good body under a bad status is unknown', async () => {
    recorder.on('POST', '/v1/payment_intents', 502, intentObject())
    assert.equal((await provider.authorize(order)).outcome, 'unknown')
  })

  for (const status of [200, 502]) {
    for (const body of ['"Bad gateway"', '7', 'null', '[]', '{}', 'true', '{"data":7}']) {
      test(`JSON that is nothing of Stripe's (${status} ${body}) is unknown, and ends nothing`, async () => {
        recorder.on('POST', '/v1/payment_intents', status, body)
        recorder.on('GET', '/v1/payment_intents/pi_1', status, body)
        recorder.on('GET', '/v1/refunds', status, body)
        assert.equal((await provider.authorize(order)).outcome, 'unknown')
        assert.equal((await provider.findPayment({ paymentRef: 'pi_1' })).outcome, 'unknown')
        assert.equal((await provider.findRefunds({ paymentRef: 'pi_1' })).outcome, 'unknown')
      })
    }
  }

  test('no answer in time is unknown', async () => {
    recorder.on('POST', '/v1/payment_intents', 'silence')
    assert.equal((await provider.authorize(order)).outcome, 'unknown')
  })

  test('a closed connection is tried once more by the SDK, under the same key, and is unknown then', async () => {
    recorder.on('POST', '/v1/payment_intents', 'reset')
    assert.equal((await provider.authorize(order)).outcome, 'unknown')
    assert.deepEqual(
      recorder.requests.map(({ headers }) => headers['idempotency-key']),
      ['op_1', 'op_1'],
    )
  })

  test('nobody there is unknown', async () => {
    const apiBase = 'http://127.0.0.1:9'
    const nobody = createStripeProvider({ secretKey: 'sk_test_key', webhookSecrets: ['whsec_x'], apiBase })
    assert.equal((await nobody.authorize(order)).outcome, 'unknown')
    assert.equal((await nobody.findPayment({ paymentRef: 'pi_1' })).outcome, 'unknown')
  })
})

describe('look-ups', () => {
  const missing = { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'None.' } }

  test("find nothing only on Stripe's own word", async () => {
    const find = () => provider.findPayment({ paymentRef: 'pi_0' })
    recorder.on('GET', '/v1/payment_intents/pi_0', 404, missing)
    assert.deepEqual(await find(), { outcome: 'ok', value: undefined })
    for (const [status, body] of [
      [404, { error: { message: 'No route' } }],
      [401, missing],
      [403, missing],
      [500, missing],
    ] as const) {
      recorder.on('GET', '/v1/payment_intents/pi_0', status, body)
      assert.equal((await find()).outcome, 'unknown', String(status))
    }
  })

  test('page through the list and keep what carries our id', async () => {
    const mine = (id: string) => intentObject({ id, latest_charge: null })
    const other = intentObject({ id: 'pi_x', metadata: { parley_payment_intent: 'pi_theirs' } })
    recorder.onList('/v1/payment_intents', [[mine('pi_3'), other], [mine('pi_2')]])
    const found = ok(await provider.findPaymentsByTag({ paymentIntent: 'pi_ours', since: now }))
    assert.deepEqual(
      found.map(({ ref }) => ref),
      ['pi_3', 'pi_2'],
    )
    const params = recorder.requests[0]?.params as { created: { gte: string } }
    assert.equal(params.created.gte, String(now.getTime() / 1000 - 300))
  })

  test('that fail on a later page are no answer', async () => {
    recorder.onList('/v1/payment_intents', [[intentObject()], 500])
    assert.equal((await provider.findPaymentsByTag({ paymentIntent: 'pi_ours', since: now })).outcome, 'unknown')
  })

  test('of the refunds of a payment that is not there find none', async () => {
    recorder.on('GET', '/v1/refunds', 404, missing)
    assert.deepEqual(ok(await provider.findRefunds({ paymentRef: 'pi_0' })), [])
    recorder.onList('/v1/refunds', [[refundObject()]])
    assert.equal(ok(await provider.findRefunds({ paymentRef: 'pi_1' })).length, 1)
  })
})

describe('closing a page', () => {
  const refusal = { error: { type: 'invalid_request_error', message: 'Only open sessions can be expired.' } }
  for (const [state, outcome] of [
    ['complete', 'ok'],
    ['expired', 'ok'],
    ['open', 'refused'],
  ] as const) {
    test(`that is ${state} and cannot be expired is ${outcome}`, async () => {
      recorder.on('POST', '/v1/checkout/sessions/cs_1/expire', 400, refusal)
      recorder.on('GET', '/v1/checkout/sessions/cs_1', 200, sessionObject({ status: state }))
      const answer = await provider.closePage({ idempotencyKey: 'op_2', pageRef: 'cs_1' })
      assert.equal(answer.outcome, outcome)
    })
  }
})

describe('the factory', () => {
  const base = { secretKey: 'sk_test_key', webhookSecrets: ['whsec_x'] }
  test('refuses what could never be safe', () => {
    assert.throws(() => createStripeProvider({ ...base, webhookSecrets: [] }), TypeError)
    assert.throws(() => createStripeProvider({ ...base, apiBase: 'http://127.0.0.1:1/v1' }), TypeError)
    assert.throws(
      () => createStripeProvider({ ...base, secretKey: 'sk_live_key', apiBase: 'http://stripe.example' }),
      TypeError,
    )
  })
  test('says what Stripe can do', () => {
    const { id, capabilities } = createStripeProvider(base)
    assert.equal(id, 'stripe')
    assert.ok(capabilities.idempotencyHorizonMs < 24 * 3600 * 1000)
  })
})
