import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type IdKind, showId } from '#kernel/ids.ts'
import { roles } from '#platform/api-keys.ts'
import type { Route } from '#platform/route.ts'
import { type RawAnswer, readError, sendRaw } from '../support/raw-http.ts'
import type { Shop } from '../support/shop.ts'
import { fillShop } from '../support/shop-stock.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
let victim: Shop
let stock: Record<string, string>
before(async () => {
  world = await createWorld()
  victim = await world.openShop('Victim')
  stock = await fillShop(world, victim)
})
after(() => world[Symbol.asyncDispose]())

const nobody = '00000000-0000-7000-8000-000000000000'

/** The kind of id that stands in a route's path. */
const kinds: Record<string, IdKind> = {
  threads: 'thread',
  payment_intents: 'paymentIntent',
  charges: 'charge',
  refunds: 'refund',
  disputes: 'dispute',
  payouts: 'payout',
  outbound_payments: 'outboundPayment',
  balance_transactions: 'balanceTransaction',
  files: 'file',
  bills: 'bill',
  checkouts: 'checkout',
  promotion_codes: 'promotionCode',
  customers: 'customer',
  payment_methods: 'paymentMethod',
  setup_intents: 'setupIntent',
  'ledger/accounts': 'ledgerAccount',
  'ledger/transactions': 'ledgerTransaction',
  'ledger/proposals': 'ledgerProposal',
  exports: 'export',
  events: 'event',
  webhook_endpoints: 'webhookEndpoint',
  deliveries: 'delivery',
  provider_events: 'providerEvent',
  api_keys: 'apiKey',
  connections: 'connection',
  channel_updates: 'channelUpdate',
}

const resourceOf = (route: Route): string => route.path.replace(/^\/v1\//, '').split('/:')[0] ?? ''
const pathWith = (route: Route, id: string) => route.path.replace(':id', id).replace(':month', '2026-10')
const unknownId = (route: Route): string => {
  const kind = kinds[resourceOf(route)]
  assert.ok(kind || !route.path.includes(':id'), `say in this test what id ${route.path} takes`)
  return kind ? showId(kind, nobody) : ''
}

/** What makes a body pass its schema, so that the id decides. */
const bodies: Record<string, string> = {
  attachPaymentMethod: `customer=${showId('customer', nobody)}`,
  confirmPayout: 'bank_reference=NTRF&received_at=1795000000',
  createThreadMessage: 'text=hello',
  incrementAuthorization: 'amount=99',
  reverseLedgerTransaction: 'reason=mistake',
}

const call = (
  route: Route,
  key: string | undefined,
  path: string,
  headers: Record<string, string> = {},
): Promise<RawAnswer> =>
  sendRaw(world.url, {
    method: route.method.toUpperCase(),
    path,
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers },
    ...(route.method === 'post' ? { body: bodies[route.operationId] ?? '' } : {}),
  })

describe('without a valid key', () => {
  test('no route answers', async () => {
    for (const route of world.app.routes) {
      const path = pathWith(route, unknownId(route))
      const answer = await call(route, undefined, path)
      assert.equal(readError(answer).code, 'api_key_missing', route.operationId)
      assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
      const wrong = `${world.shop.keys.service.slice(0, -1)}${world.shop.keys.service.endsWith('0') ? '1' : '0'}`
      for (const key of [wrong, 'sk_test_123', 'x'.repeat(5000)])
        assert.equal(readError(await call(route, key, path)).code, 'api_key_invalid', route.operationId)
    }
  })

  test('a well-made key of a merchant that is not there, and every malformed header, is refused', async () => {
    const { newApiKey } = await import('#platform/api-keys.ts')
    const path = '/v1/payment_intents'
    const forged = newApiKey(nobody, 'platform', false)
    for (const authorization of [
      `Bearer ${forged}`,
      `Basic ${btoa(`${forged}:`)}`,
      `Bearer ${victim.keys.service} x`.replace('par_', 'PAR_'),
    ])
      assert.equal(readError(await sendRaw(world.url, { path, headers: { authorization } })).code, 'api_key_invalid')
    for (const authorization of ['Bearer', 'Bearer ', 'Basic', 'Digest x', victim.keys.service, ''])
      assert.equal(
        readError(await sendRaw(world.url, { path, headers: { authorization } })).code,
        'api_key_missing',
        authorization,
      )
  })

  test('Basic auth with the key as user name is the same key', async () => {
    const authorization = `Basic ${btoa(`${world.shop.keys.service}:`)}`
    assert.equal((await sendRaw(world.url, { path: '/v1/payment_intents', headers: { authorization } })).status, 200)
  })

  test('a revoked key ends within a second, a rolled one after its overlap', async () => {
    const admin = world.request('merchant')
    const make = async () => (await admin.post('/v1/api_keys').send({ role: 'bot' })).body
    const list = async (key: string) =>
      sendRaw(world.url, { path: '/v1/threads', headers: { authorization: `Bearer ${key}` } })
    const revoked = await make()
    assert.equal((await list(revoked.secret)).status, 200)
    await admin.post(`/v1/api_keys/${revoked.id}/revoke`).expect(200)
    world.clock.advance(1001)
    assert.equal(readError(await list(revoked.secret)).code, 'api_key_expired')
    const old = await make()
    const rolled = (await admin.post(`/v1/api_keys/${old.id}/roll`).send({ expires_in: 60 }).expect(200)).body
    assert.deepEqual([(await list(old.secret)).status, (await list(rolled.secret)).status], [200, 200])
    world.clock.advance(62_000)
    assert.deepEqual([(await list(old.secret)).status, (await list(rolled.secret)).status], [401, 200])
  })
})

describe('roles', () => {
  for (const role of roles)
    test(`${role}: 403 on exactly the routes that do not name it`, async () => {
      for (const route of world.app.routes) {
        const answer = await call(route, world.shop.keys[role], pathWith(route, unknownId(route)))
        const isAllowed = route.roles.includes(role)
        assert.equal(answer.status === 403, !isAllowed, `${route.operationId} answered ${answer.status}`)
        assert.ok(answer.status < 500, `${route.operationId}: ${answer.text}`)
        if (!isAllowed) assert.match(readError(answer).message, /takes one of/)
      }
    })

  test('what the roles promise', () => {
    const allows = (role: (typeof roles)[number], operation: string) =>
      world.app.routes.find((route) => route.operationId === operation)?.roles.includes(role)
    assert.deepEqual(
      ['createRefund', 'cancelRefund', 'capturePaymentIntent', 'createApiKey'].map((name) => allows('bot', name)),
      [false, false, false, false],
    )
    const writes = world.app.routes.filter((route) => route.method !== 'get' && route.roles.includes('finance'))
    assert.deepEqual(
      writes.filter(({ path }) => !/^\/v1\/(ledger|exports|payouts)\b/.test(path)).map((route) => route.operationId),
      [],
      'finance never charges',
    )
  })

  test('a merchant key makes no platform key', async () => {
    const answer = await world.request('merchant').post('/v1/api_keys').send({ role: 'platform' })
    assert.deepEqual([answer.status, answer.body.error.param], [403, 'role'])
    await world.request('platform').post('/v1/api_keys').send({ role: 'platform' }).expect(200)
  })
})

describe("another merchant's ids", () => {
  test('do not exist, in any path, for any role', async () => {
    for (const route of world.app.routes.filter(({ path }) => path.includes(':id'))) {
      const id = stock[kinds[resourceOf(route)] ?? '']
      assert.ok(id, `the victim has nothing for ${route.path}`)
      for (const role of route.roles) {
        const answer = await call(route, world.shop.keys[role], pathWith(route, id))
        assert.equal(answer.status, 404, `${role} ${route.operationId}: ${answer.text}`)
        assert.equal(readError(answer).code, 'resource_missing')
      }
    }
  })

  test('do exist for their owner', async () => {
    for (const route of world.app.routes.filter(({ path, method }) => method === 'get' && path.includes(':id'))) {
      const id = stock[kinds[resourceOf(route)] ?? ''] ?? ''
      const answer = await call(route, victim.keys.merchant, pathWith(route, id))
      assert.equal(answer.status, 200, `${route.operationId}: ${answer.text}`)
    }
  })

  const intents = '/v1/payment_intents'
  const dinner = { title: 'Dinner', currency: 'eur', amount: 100 }
  const inBodies: [string, (own: Record<string, string>) => [path: string, body: object, param: string]][] = [
    ['a thread', () => [intents, { amount: 100, currency: 'eur', thread: stock.thread }, 'thread']],
    [
      'a thread in the metadata',
      () => [intents, { amount: 100, currency: 'eur', metadata: { thread: stock.thread } }, 'thread'],
    ],
    [
      'a participant',
      (own) => [
        intents,
        { amount: 100, currency: 'eur', thread: own.thread, participant: stock.participant },
        'participant',
      ],
    ],
    ['a customer', () => [intents, { amount: 100, currency: 'eur', customer: stock.customer }, 'customer']],
    ['a customer in an update', (own) => [`${intents}/${own.paymentIntent}`, { customer: stock.customer }, 'customer']],
    [
      'the thread of a bill',
      () => ['/v1/bills', { ...dinner, thread: stock.thread, participants: [{ participant: 'x' }] }, 'thread'],
    ],
    [
      'a participant of a bill',
      (own) => [
        '/v1/bills',
        { ...dinner, thread: own.thread, participants: [{ participant: stock.participant }] },
        'participant',
      ],
    ],
    ['a payment to refund', () => ['/v1/refunds', { payment_intent: stock.paymentIntent }, 'payment_intent']],
    ['a charge to refund', () => ['/v1/refunds', { charge: stock.charge }, 'charge']],
    [
      'a payment in a message',
      (own) => [`/v1/threads/${own.thread}/messages`, { payment_intent: stock.paymentIntent }, 'payment_intent'],
    ],
    [
      'a writer of a message',
      (own) => [`/v1/threads/${own.thread}/messages`, { text: 'a', from: stock.participant }, 'from'],
    ],
  ]
  for (const [what, make] of inBodies)
    test(`${what} in a body is missing`, async () => {
      const thread = await world.request().post('/v1/threads').send({ channel: 'line', external_id: 'own' })
      const intent = await world.request().post(intents).send({ amount: 100, currency: 'eur' })
      const [path, body, param] = make({ thread: thread.body.id, paymentIntent: intent.body.id })
      const answer = await world.request().post(path).send(body)
      assert.deepEqual(
        [answer.status, answer.body.error?.code, answer.body.error?.param],
        [404, 'resource_missing', param],
        answer.text,
      )
    })

  test('filter nothing out of the other shop, as filters and as cursors', async () => {
    const filters: Record<string, string | undefined> = {
      thread: stock.thread,
      customer: stock.customer,
      payment_intent: stock.paymentIntent,
      charge: stock.charge,
      event: stock.event,
      webhook_endpoint: stock.webhookEndpoint,
      account: stock.ledgerAccount,
      transaction: stock.ledgerTransaction,
    }
    const own = await openBare()
    for (const route of world.app.routes.filter(({ path, method }) => method === 'get' && !path.includes(':id'))) {
      const names = Object.keys(route.query.shape)
      const cursor = stock[kinds[resourceOf(route)] ?? '']
      const queries = [
        ...names.flatMap((name) => (filters[name] ? [`${name}=${filters[name]}`] : [])),
        ...(cursor && names.includes('starting_after') ? [`starting_after=${cursor}`, `ending_before=${cursor}`] : []),
      ]
      const required = names.includes('format') ? 'format=csv&' : ''
      for (const query of queries) {
        const answer = await call(route, own.keys.platform, `${route.path}?${required}${query}`)
        assert.ok([200, 404].includes(answer.status), `${route.path}?${query}: ${answer.text}`)
        for (const id of Object.values(stock))
          assert.ok(!answer.text.includes(id) || query.endsWith(id), `${route.path}?${query} shows ${id}`)
        // Its own keys are all that a new shop has.
        if (answer.status === 200 && answer.text.startsWith('{') && route.path !== '/v1/api_keys')
          assert.deepEqual(JSON.parse(answer.text).data, [], query)
      }
    }
  })

  const openBare = () => world.openShop('Bare')
})

describe('Stripe-Account', () => {
  const path = '/v1/payment_intents'
  const asked = (key: string, account: string, method = 'GET', to = path) =>
    sendRaw(world.url, { method, path: to, headers: { authorization: `Bearer ${key}`, 'stripe-account': account } })

  test('lets a platform key act for a merchant, and only a platform key', async () => {
    const seen = await asked(world.shop.keys.platform, victim.id, 'GET', `${path}/${stock.paymentIntent}`)
    assert.equal(JSON.parse(seen.text).id, stock.paymentIntent)
    for (const role of roles.filter((one) => one !== 'platform')) {
      assert.equal(readError(await asked(world.shop.keys[role], victim.id)).code, 'permission_denied', role)
      assert.equal((await asked(world.shop.keys[role], world.shop.id, 'GET', '/v1/events')).status, 200, role)
    }
  })

  for (const account of ['acct_123', 'x', showId('merchant', nobody), 'mer_', '%00'])
    test(`an account that is not there is missing: ${account}`, async () => {
      for (const [method, to] of [
        ['GET', path],
        ['POST', '/v1/threads'],
        ['POST', '/v1/api_keys'],
      ] as const) {
        const error = readError(await asked(world.shop.keys.platform, account, method, to))
        assert.deepEqual([error.code, error.param], ['resource_missing', 'Stripe-Account'], to)
      }
    })

  test('the official client sends it as stripeAccount', async () => {
    const stripe = world.stripe('platform')
    const made = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' }, { stripeAccount: victim.id })
    assert.equal((await world.stripe('service', victim).paymentIntents.retrieve(made.id)).id, made.id)
    await assert.rejects(stripe.paymentIntents.retrieve(made.id), /No such payment_intent/)
  })
})
