import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { findConnection, insertConnection } from '#connections/repo.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { goHome } from '#native/apply-service.ts'
import { findIntent, updateIntent } from '#payments/repo.ts'
import { roles } from '#platform/api-keys.ts'
import { inTransaction } from '#platform/database.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'
import { createFakeAccount } from './fake-account.ts'

const wechatpay = createFakeAccount('wechatpay', ['cny'])
let world: World
/** Its two accounts at Stripe. */
let one: string
let two: string

before(async () => {
  const accounts = ['one', 'two', 'theirs'].map((name) => ({ id: `acct_${name}`, secretKey: `sk_test_${name}` }))
  const overrides = { providers: { wechatpay: wechatpay.provider } }
  world = await createWorld({ work: false, sandbox: { accounts }, overrides })
  one = await connect('one')
  two = await connect('two')
})
after(() => world[Symbol.asyncDispose]())

const connect = async (name: string, shop: Shop = world.shop): Promise<string> => {
  const body = { channel: 'stripe', secrets: { secret_key: `sk_test_${name}` } }
  return (await world.request('merchant', shop).post('/v1/connections').send(body).expect(200)).body.id
}
const setRouting = async (body: object, shop: Shop = world.shop) =>
  (await world.request('merchant', shop).post('/v1/routing').send(body).expect(200)).body
const refuseRouting = async (body: object): Promise<{ code: string; param: string; message: string }> =>
  (await world.request('merchant').post('/v1/routing').send(body).expect(400)).body.error
const create = async (body: object, shop: Shop = world.shop) =>
  (
    await world
      .request('service', shop)
      .post('/v1/payment_intents')
      .send({ amount: 4200, currency: 'eur', ...body })
      .expect(200)
  ).body
const rowOf = async (id: string, shop: Shop = world.shop) => {
  const row = await inTransaction(world.app.db, shop.uuid, (tx) =>
    findIntent(tx, shop.uuid, parseId('paymentIntent', id) ?? ''),
  )
  assert.ok(row)
  return row
}
/** "rule → account": where a payment is, and by which rule. */
const whereIs = async (id: string, shop: Shop = world.shop): Promise<string> => {
  const row = await rowOf(id, shop)
  const name = row.provider_connection_id === null ? row.provider : nameOf.get(row.provider_connection_id)
  return `${row.route?.rule} → ${name}`
}
const nameOf = {
  get: (uuid: string) =>
    uuid === parseId('connection', one) ? 'one' : uuid === parseId('connection', two) ? 'two' : 'other',
}
const toOne = () => ({ provider: 'stripe', connection: one })
const toTwo = () => ({ provider: 'stripe', connection: two })

describe('the rules', () => {
  test('are none at first: the built-in ones decide, and are shown', async () => {
    const { body } = await world.request('service').get('/v1/routing').expect(200)
    assert.deepEqual(body, {
      object: 'routing',
      rules: [],
      default: [],
      built_in: [
        { name: 'wechat_pay', when: { channels: ['wechat'], currencies: ['cny'] }, use: [{ provider: 'wechatpay' }] },
        { name: 'own_account', when: {}, use: [toOne(), toTwo()] },
        {
          name: 'deployment_account',
          when: {},
          use: [
            { provider: 'stripe', connection: null },
            { provider: 'wechatpay', connection: null },
          ],
        },
      ],
      warnings: [],
    })
    assert.equal(await whereIs((await create({})).id), 'own_account → one')
    const cny = { currency: 'cny', thread: { channel: 'wechat', external_id: 'o1' } }
    assert.equal(await whereIs((await create(cny)).id), 'wechat_pay → wechatpay')
    assert.equal(await whereIs((await create({ ...cny, capture_method: 'manual' })).id), 'own_account → one')
    const stranger = await world.openShop('Stranger')
    assert.equal(await whereIs((await create({}, stranger)).id, stranger), 'deployment_account → stripe')
  })

  test('are replaced one part at a time, and come back as they were sent', async () => {
    const rules = [
      {
        name: 'france',
        when: { countries: ['fr'], currencies: ['EUR'], amount: { gte: 100 } },
        use: [toOne(), toTwo()],
      },
    ]
    const first = await setRouting({ rules })
    assert.deepEqual(first.rules, [
      {
        name: 'france',
        when: { countries: ['FR'], currencies: ['eur'], amount: { gte: 100 } },
        use: [toOne(), toTwo()],
      },
    ])
    const second = await setRouting({ default: [{ provider: 'stripe', connection: null }, { provider: 'stripe' }] })
    assert.deepEqual(second.rules, first.rules)
    assert.deepEqual(second.default, [{ provider: 'stripe', connection: null }, { provider: 'stripe' }])
    assert.deepEqual((await world.request('platform').get('/v1/routing').expect(200)).body, second)
    const key = () => world.request('merchant').post('/v1/routing').set('Idempotency-Key', 'rules').send({ rules: [] })
    const [once, again] = [await key().expect(200), await key().expect(200)]
    assert.deepEqual([once.body, again.headers['idempotent-replayed']], [again.body, 'true'])
    assert.deepEqual((await setRouting({ default: [] })).rules, [])
  })

  test('are refused with the parameter that is wrong, and warned of when nothing is left for one', async () => {
    const theirs = await connect('theirs', await world.openShop('Neighbour'))
    const rule = (name: string, when: object, ...use: object[]) => ({ name, when, use })
    const mistakes: [object, string][] = [
      [{ rules: [rule('a', {}, { provider: 'adyen' })] }, 'rules[0][use][0][provider]'],
      [{ rules: [rule('a', {}, toOne(), { provider: 'stripe', connection: theirs })] }, 'rules[0][use][1][connection]'],
      [{ default: [{ provider: 'wechatpay', connection: one }] }, 'default[0][connection]'],
      [{ default: [{ provider: 'stripe', connection: 'nonsense' }] }, 'default[0][connection]'],
      [{ rules: [rule('a', { currencies: ['eur'] }, { provider: 'wechatpay' })] }, 'rules[0][use][0][provider]'],
      [{ rules: [rule('a', {}, toOne()), rule('a', {}, toTwo())] }, 'rules[1][name]'],
    ]
    for (const [body, param] of mistakes) {
      const error = await refuseRouting(body)
      assert.deepEqual([error.code, error.param], ['routing_invalid', param])
    }
    assert.equal((await refuseRouting({ rules: [rule('Big', {}, toOne())] })).param, 'rules[0][name]')
    assert.equal((await refuseRouting({ rules: [rule('a', { colour: 'red' }, toOne())] })).code, 'parameter_unknown')
    assert.deepEqual((await world.request('merchant').get('/v1/routing')).body.rules, [])
    const { warnings } = await setRouting({
      rules: [rule('all', {}, toOne()), rule('late', { livemode: false }, toTwo())],
    })
    assert.deepEqual(
      warnings.map(({ param }: { param: string }) => param),
      ['rules[1]'],
    )
    await setRouting({ rules: [] })
  })

  test('are for merchants, services and platforms to read and change', async () => {
    for (const role of roles) {
      const want = role === 'bot' || role === 'finance' ? 403 : 200
      const api = world.request(role)
      const preview = { amount: 100, currency: 'eur' }
      const came = [
        await api.get('/v1/routing'),
        await api.post('/v1/routing').send({ rules: [] }),
        await api.post('/v1/routing/preview').send(preview),
      ]
      assert.deepEqual(
        came.map(({ status }) => status),
        [want, want, want],
        role,
      )
    }
  })

  test('can be asked about a payment that nobody makes', async () => {
    const rules = [
      { name: 'china', when: { channels: ['wechat'], currencies: ['cny'] }, use: [{ provider: 'wechatpay' }, toOne()] },
      { name: 'france', when: { countries: ['FR'] }, use: [toTwo()] },
    ]
    await setRouting({ rules, default: [toOne()] })
    const ask = async (body: object) => (await world.request().post('/v1/routing/preview').send(body).expect(200)).body
    const china = await ask({ amount: 500, currency: 'cny', channel: 'wechat' })
    assert.deepEqual(china, {
      object: 'routing_preview',
      rule: 'china',
      reason: 'channel is wechat and currency is cny',
      choices: [{ provider: 'wechatpay', connection: null }, toOne()],
      passed: [],
      rules: [
        { name: 'china', holds: true, because: [] },
        { name: 'france', holds: false, because: ['country is not known'] },
      ],
      error: null,
    })
    const held = await ask({ amount: 500, currency: 'cny', channel: 'wechat', capture_method: 'manual' })
    assert.deepEqual([held.choices, held.passed.length], [[toOne()], 1])
    assert.equal((await ask({ amount: 500, currency: 'usd', country: 'fr' })).rule, 'france')
    await setRouting({ rules: [], default: [{ provider: 'wechatpay' }] })
    const nobody = await ask({ amount: 500, currency: 'eur' })
    assert.deepEqual([nobody.rule, nobody.choices], ['default', []])
    const refused = await world.request().post('/v1/payment_intents').send({ amount: 500, currency: 'eur' })
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'provider_account_unavailable'])
    assert.equal(refused.body.error.message, nobody.error)
    await setRouting({ default: [] })
  })
})

describe('accounts at the same provider', () => {
  test('take the currencies of their own settings each', async () => {
    const shop = await world.openShop('Both sides')
    const model = await connect('one', shop)
    const addWechatpay = (region: string | undefined) =>
      inTransaction(world.app.db, shop.uuid, async (tx) => {
        const row = await findConnection(tx, shop.uuid, parseId('connection', model) ?? '')
        assert.ok(row)
        const settings = { mchid: '1900000109', appid: 'wx1', ...(region ? { region } : {}) }
        const added = { ...row, id: newUuid(), channel: 'wechatpay' as const, external_id: `${region}`, settings }
        assert.ok(await insertConnection(tx, added))
        return added.id
      })
    const home = await addWechatpay(undefined)
    const abroad = await addWechatpay('global')
    const use = [{ provider: 'wechatpay' }]
    await setRouting({ default: use }, shop)
    const accountFor = async (currency: string) =>
      (await rowOf((await create({ currency }, shop)).id, shop)).provider_connection_id
    assert.deepEqual(
      [await accountFor('hkd'), await accountFor('cny'), await accountFor('eur')],
      [abroad, home, abroad],
    )
    const connection = showId('connection', home)
    const rules = [{ name: 'hong_kong', when: { currencies: ['hkd'] }, use: [{ provider: 'wechatpay', connection }] }]
    const { body } = await world.request('merchant', shop).post('/v1/routing').send({ rules }).expect(400)
    assert.match(body.error.message, /does not take hkd/)
    const passed = { default: [{ provider: 'wechatpay', connection }] }
    await setRouting(passed, shop)
    const refused = await world
      .request('service', shop)
      .post('/v1/payment_intents')
      .send({ amount: 1, currency: 'hkd' })
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'provider_account_unavailable'])
  })
})

describe('a request that is repeated', () => {
  test('is answered as it was, though nobody would take the payment any more', async () => {
    const shop = await world.openShop('Repeater')
    await setRouting({ default: [{ provider: 'stripe' }] }, shop)
    const body = { amount: 500, currency: 'eur', thread: { channel: 'line', external_id: 'U9' } }
    const send = (key: string, more: object = {}) =>
      world
        .request('service', shop)
        .post('/v1/payment_intents')
        .set('Idempotency-Key', key)
        .send({ ...body, ...more })
    const first = await send('tea').expect(200)
    await setRouting({ default: [{ provider: 'wechatpay' }] }, shop)
    const fresh = await send('coffee').expect(400)
    assert.equal(fresh.body.error.code, 'provider_account_unavailable')
    const again = await send('tea').expect(200)
    assert.deepEqual([again.text, again.headers['idempotent-replayed']], [first.text, 'true'])
    const other = await send('tea', { amount: 600 }).expect(400)
    assert.equal(other.body.error.code, 'idempotency_error')
    await setRouting({ default: [{ provider: 'stripe' }] }, shop)
    assert.notEqual((await send('coffee').expect(200)).body.id, first.body.id)
  })

  test('is answered as it was, though its time has passed since', async () => {
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 60
    const send = () =>
      world
        .request()
        .post('/v1/payment_intents')
        .set('Idempotency-Key', 'soon')
        .send({ amount: 500, currency: 'eur', expires_at })
    const first = await send().expect(200)
    world.clock.advance(61_000)
    assert.equal((await send().expect(200)).text, first.text)
  })
})

describe('a payment', () => {
  before(async () => {
    const rules = [
      { name: 'chinese', when: { countries: ['CN'] }, use: [toTwo()] },
      { name: 'large', when: { currencies: ['eur'], amount: { gte: 10_000 } }, use: [toTwo(), toOne()] },
      { name: 'line', when: { channels: ['line'] }, use: [{ provider: 'stripe', connection: null }] },
    ]
    await setRouting({ rules, default: [toOne()] })
  })
  const change = (id: string, body: object) => world.request().post(`/v1/payment_intents/${id}`).send(body).expect(200)
  const customer = async (body: object): Promise<string> =>
    (await world.request().post('/v1/customers').send(body).expect(200)).body.id

  test('goes where its thread, currency, amount and country lead, and says why', async () => {
    const chinese = await customer({ address: { country: 'cn' } })
    const shipped = { shipping: { name: 'Li', address: { country: 'CN' } } }
    const { body: thread } = await world.request().post('/v1/threads').send({ channel: 'line', external_id: 'U1' })
    const cases: [object, string][] = [
      [{}, 'default → one'],
      [{ amount: 10_000 }, 'large → two'],
      [{ amount: 10_000, currency: 'usd' }, 'default → one'],
      [{ thread: thread.id }, 'line → stripe'],
      [{ thread: { channel: 'line', external_id: 'U2' } }, 'line → stripe'],
      [{ metadata: { thread: thread.id } }, 'line → stripe'],
      [{ thread: thread.id, customer: chinese }, 'chinese → two'],
      [shipped, 'chinese → two'],
      [{ ...shipped, customer: await customer({ address: { country: 'FR' } }) }, 'default → one'],
    ]
    for (const [body, want] of cases) assert.equal(await whereIs((await create(body)).id), want, JSON.stringify(body))
    const { id } = await create({ amount: 10_000 })
    const { body } = await world.request('finance').get(`/v1/payment_intents/${id}/explain`).expect(200)
    const [told] = body.story.filter(({ kind }: { kind: string }) => kind === 'routing')
    assert.equal(
      told.text,
      `rule 'large': currency is eur and amount is 10000 (at least 10000) → ${two} (stripe), then ${one} (stripe)`,
    )
    assert.deepEqual(told.data.facts, {
      channel: null,
      currency: 'eur',
      country: null,
      amount: 10_000,
      capture: 'automatic',
      livemode: false,
    })
  })

  test('of many merchants at once goes by the rules of its own', async () => {
    const shops = await Promise.all(['A', 'B', 'C'].map((name) => world.openShop(name)))
    const [plain, ruled] = shops
    assert.ok(plain && ruled)
    await setRouting({ rules: [{ name: 'mine', use: [{ provider: 'stripe' }] }] }, ruled)
    const made = await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const shop = [world.shop, ...shops][n % 4] ?? world.shop
        const { id } = await create(n % 8 < 4 ? {} : { thread: { channel: 'webchat', external_id: `room ${n}` } }, shop)
        return { shop, where: await whereIs(id, shop) }
      }),
    )
    for (const { shop, where } of made) {
      const want: string =
        shop === world.shop ? 'default → one' : shop === ruled ? 'mine → stripe' : 'deployment_account → stripe'
      assert.equal(where, want)
    }
  })

  test('is decided anew when its terms change, until somebody has begun to take it', async () => {
    const { id } = await create({})
    await change(id, { description: 'Tea' })
    const before = (await rowOf(id)).route
    await change(id, { amount: 10_000 })
    assert.equal(await whereIs(id), 'large → two')
    assert.notDeepEqual((await rowOf(id)).route, before)
    await change(id, { customer: await customer({ address: { country: 'CN' } }) })
    assert.equal(await whereIs(id), 'chinese → two')
    const other = (await create({})).id
    await world
      .request()
      .post(`/v1/payment_intents/${other}/confirm`)
      .send({ payment_method: 'pm_card_chargeDeclined' })
      .expect(402)
    await change(other, { amount: 10_000 })
    assert.equal(await whereIs(other), 'default → one', 'the declined payment is at that account')
    const [attempt] = (await world.request().get(`/v1/payment_intents/${other}/attempts`).expect(200)).body.data
    assert.deepEqual(
      [attempt.kind, attempt.status, attempt.connection, attempt.decline.code, attempt.charges.length],
      ['authorize', 'failed', one, 'card_declined', 1],
    )
    assert.deepEqual(attempt.route, { rule: 'default', reason: 'no rule takes it', choice: 1, of: 1 })
  })

  test('of a checkout and of a bill is routed as any other, also when the order changes', async () => {
    const line_items = [{ name: 'Tea', unit_amount: 6000 }]
    const { body: checkout } = await world
      .request()
      .post('/v1/checkouts')
      .send({ currency: 'eur', line_items })
      .expect(200)
    assert.equal(await whereIs(checkout.payment_intent), 'default → one')
    const more = { line_items: [{ name: 'Tea', unit_amount: 6000, quantity: 2 }] }
    await world.request().post(`/v1/checkouts/${checkout.id}`).send(more).expect(200)
    assert.equal(await whereIs(checkout.payment_intent), 'large → two')
    const place = { channel: 'line', external_id: 'party', participants: [{ external_id: 'ann' }] }
    const { body: thread } = await world.request().post('/v1/threads').send(place).expect(200)
    const bill = {
      thread: thread.id,
      title: 'Dinner',
      currency: 'eur',
      amount: 500,
      participants: [{ participant: thread.participants[0].id }],
    }
    const { body } = await world.request().post('/v1/bills').send(bill).expect(200)
    assert.equal(await whereIs(body.shares[0].payment_intent), 'line → stripe')
  })

  test('with a method that is kept goes to the account that keeps it', async () => {
    const payer = await customer({ name: 'Ann' })
    const keep = { customer: payer, payment_method: 'pm_card_visa', setup_future_usage: 'off_session', confirm: true }
    const kept = await create(keep)
    assert.equal(await whereIs(kept.id), 'default → one')
    const { id } = await create({ amount: 10_000, customer: payer })
    assert.equal(await whereIs(id), 'large → two')
    const confirm = () =>
      world
        .request()
        .post(`/v1/payment_intents/${id}/confirm`)
        .set('Idempotency-Key', `kept ${id}`)
        .send({ payment_method: kept.payment_method })
    assert.equal((await confirm().expect(200)).body.status, 'succeeded')
    assert.equal((await confirm().expect(200)).body.status, 'succeeded')
    assert.equal(await whereIs(id), 'method → one')
    const { data } = (await world.request().get(`/v1/payment_intents/${id}/attempts`).expect(200)).body
    assert.deepEqual(
      data.map((attempt: { route: object }) => attempt.route),
      [{ rule: 'method', reason: `the payment method is kept by ${one} (stripe)`, choice: 1, of: 1 }],
    )
  })

  test('does not go to an account that was switched off since', async () => {
    const { id } = await create({ amount: 10_000 })
    const off = world.request('merchant')
    await off.post(`/v1/connections/${two}`).send({ status: 'disabled' }).expect(200)
    const links = { returnUrl: 'https://shop.example/', cancelUrl: 'https://shop.example/', title: 'Tea' }
    assert.ok(await world.app.services.payments.openPage(await rowOf(id), links))
    assert.equal(await whereIs(id), 'large → one')
    const created = (await create({ amount: 10_000 })).id
    assert.equal(await whereIs(created), 'large → one', 'and new ones pass it over')
    const { warnings } = (await world.request().get('/v1/routing').expect(200)).body
    assert.equal(warnings.length, 2)
    await off.post(`/v1/connections/${two}`).send({ status: 'active' }).expect(200)
  })

  test('that a chat platform gave up goes back to the account it was routed to', async () => {
    const { id } = await create({ amount: 10_000 })
    const { uuid } = world.shop
    // Its route is known, so nobody is asked.
    const deps = { clock: world.clock } as unknown as Parameters<typeof goHome>[1]
    await inTransaction(world.app.db, uuid, async (tx) => {
      const row = await findIntent(tx, uuid, parseId('paymentIntent', id) ?? '')
      assert.ok(row)
      const now = world.clock.now()
      const held = await updateIntent(
        tx,
        row,
        { status: 'processing', provider: 'telegram', provider_connection_id: null, provider_ref: 'x' },
        now,
      )
      await goHome(tx, deps, held)
    })
    const row = await rowOf(id)
    assert.deepEqual(
      [await whereIs(id), row.status, row.provider_ref],
      ['large → two', 'requires_payment_method', null],
    )
  })
})
