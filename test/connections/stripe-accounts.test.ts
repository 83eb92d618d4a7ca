import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import Stripe from 'stripe'
import { createAccountService } from '#accounts/service.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'

const accounts = [
  { id: 'acct_own', secretKey: 'sk_test_own', name: 'Blume', country: 'AT' },
  { id: 'acct_joined', name: 'Kiosk', country: 'FR' },
  { id: 'acct_stranger' },
]
const withdrawn = { id: 'acct_leaving', secretKey: 'sk_test_leaving' }

let world: World
/** Each sells through another account: its own keys, one connected to ours, the deployment's. */
let [owner, joined, house]: Shop[] = []
before(async () => {
  world = await createWorld({ sandbox: { accounts: [...accounts, withdrawn] } })
  ;[owner, joined, house] = [await world.openShop('Blume'), await world.openShop('Kiosk'), world.shop]
})
after(() => world[Symbol.asyncDispose]())

const shopOf = (shop: Shop | undefined): Shop => {
  assert.ok(shop)
  return shop
}

const connect = (shop: Shop | undefined, body: object, role: 'merchant' | 'platform' = 'merchant') =>
  world
    .request(role, shopOf(shop))
    .post('/v1/connections')
    .send({ channel: 'stripe', ...body })

const pay = async (shop: Shop | undefined, fields: object = {}) => {
  const body = { amount: 4200, currency: 'eur', payment_method: 'pm_card_visa', confirm: true, ...fields }
  const answer = await world.request('service', shopOf(shop)).post('/v1/payment_intents').send(body)
  return { status: answer.status, body: answer.body }
}

/** Whoever owns an account there, with the provider's own tools. */
const insideOf = (secretKey: string, stripeAccount?: string): Stripe => {
  const { hostname, port } = new URL(world.sandbox.url)
  return new Stripe(secretKey, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    ...(stripeAccount === undefined ? {} : { stripeAccount }),
  })
}

const intentsOf = async (stripe: Stripe): Promise<string[]> =>
  (await stripe.paymentIntents.list({ limit: 100 })).data.map((one) => one.metadata.parley_payment_intent ?? one.id)

const statusOf = async (shop: Shop | undefined, id: string): Promise<string> =>
  (await world.request('service', shopOf(shop)).get(`/v1/payment_intents/${id}`)).body.status

describe('a merchant’s own keys', () => {
  test('of the wrong mode, of nobody, or missing are not kept', async () => {
    for (const [secrets, said, settings] of [
      [{ secret_key: 'sk_live_own' }, /livemode_mismatch/],
      [{ secret_key: 'sk_test_own' }, /livemode_mismatch/, { publishable_key: 'pk_live_own' }],
      [{ secret_key: 'sk_test_nobody' }, /Check the keys/],
      [{}, /Send secrets\[secret_key\]/],
    ] as const) {
      const { status, body } = await connect(owner, { secrets, settings })
      assert.equal(status, 400, JSON.stringify(body))
      assert.equal(body.error.code, 'connection_refused')
      assert.match(body.error.message, said)
    }
  })

  test('take the merchant’s payments, and their endpoint hears of them', async () => {
    const created = await connect(owner, {
      settings: { publishable_key: 'pk_test_own' },
      secrets: { secret_key: 'sk_test_own', webhook_secret: 'whsec_old,whsec_new' },
    })
    assert.equal(created.status, 200, JSON.stringify(created.body))
    const { id, external_id, name, settings, capabilities, webhook_url } = created.body
    assert.deepEqual([external_id, name], ['acct_own', 'Blume'])
    const facts = { country: 'AT', default_currency: 'eur', charges_enabled: true }
    assert.deepEqual(settings, { publishable_key: 'pk_test_own', ...facts })
    assert.equal(capabilities.multicapture, true)
    const { db } = world.app
    const element = { settings: { checkout: { hosted_page: 'element' as const } } }
    await createAccountService({ db, clock: world.clock }).updateAccount(shopOf(owner).uuid, element)
    assert.equal(webhook_url, `${world.url}/webhooks/providers/stripe/${id}`)
    assert.equal((await connect(house, { secrets: { secret_key: 'sk_test_own' } })).status, 200, 'whoever has the key')
    const { body: list } = await world.request('merchant', house).get('/v1/connections?channel=stripe')
    await world.request('merchant', house).delete(`/v1/connections/${list.data[0].id}`)

    const inside = insideOf('sk_test_own')
    const endpoint = await inside.webhookEndpoints.create({ url: webhook_url, enabled_events: ['*'] })
    const change = { secrets: { webhook_secret: endpoint.secret } }
    await world.request('merchant', owner).post(`/v1/connections/${id}`).send(change).expect(200)
    const paid = await pay(owner, { payment_method: 'pm_sepa_debit' })
    assert.equal(paid.body.status, 'processing')
    assert.deepEqual(await intentsOf(inside), [paid.body.id])
    assert.ok(!(await intentsOf(insideOf('sk_test_world'))).includes(paid.body.id))
    await world.advance(3_600_000)
    await world.settle()
    assert.equal(await statusOf(owner, paid.body.id), 'succeeded')
    const { body: heard } = await world.request('merchant', owner).get('/v1/provider_events?limit=100')
    assert.ok(heard.data.some((one: { type: string }) => one.type === 'payment_intent.succeeded'))
  })

  test('cannot speak for another merchant’s payments', async () => {
    const { body: theirs } = await world
      .request('service', house)
      .post('/v1/payment_intents')
      .send({ amount: 4200, currency: 'eur' })
    const metadata = { parley_merchant: shopOf(house).id, parley_payment_intent: theirs.id }
    await forge(insideOf('sk_test_own'), metadata)
    await world.settle()
    assert.equal(await statusOf(house, theirs.id), 'requires_payment_method')
    assert.equal(await conflictsOf(house, theirs.id), null)
  })

  test('that Stripe takes no more break the connection, once', async () => {
    const shop = await world.openShop('Leaving')
    const created = await connect(shop, { secrets: { secret_key: 'sk_test_leaving' } })
    const open = { confirm: false, payment_method: undefined }
    const [first, second] = [await pay(shop, open), await pay(shop, open)]
    withdrawn.secretKey = 'sk_test_other'
    for (const { body } of [first, second]) {
      const method = { payment_method: 'pm_card_visa' }
      const answer = await world.request('service', shop).post(`/v1/payment_intents/${body.id}/confirm`).send(method)
      assert.notEqual(answer.status, 200, JSON.stringify(answer.body))
    }
    await world.settle()
    const { body: shown } = await world.request('merchant', shop).get(`/v1/connections/${created.body.id}`)
    assert.deepEqual([shown.status, shown.failure.reason], ['broken', 'connection_broken'])
    const { body: events } = await world.request('merchant', shop).get('/v1/events?type=connection.broken')
    assert.equal(events.data.length, 1)
  })
})

/** A payment of the account's owner's own making, with whatever ids in it. */
const forge = (stripe: Stripe, metadata: Record<string, string>) =>
  stripe.paymentIntents.create(
    {
      amount: 4200,
      currency: 'eur',
      confirm: true,
      payment_method: 'pm_card_visa',
      return_url: 'https://shop.example.com',
      metadata,
    },
    { idempotencyKey: randomUUID() },
  )

const conflictsOf = async (shop: Shop | undefined, id: string): Promise<unknown> =>
  (await world.request('service', shopOf(shop)).get(`/v1/payment_intents/${id}/explain`)).body.conflict

describe('an account that is connected to the deployment’s own', () => {
  const settings = { account: 'acct_joined' }

  test('is bound by the platform alone, to one merchant', async () => {
    const alone = await connect(joined, { settings })
    assert.deepEqual([alone.status, alone.body.error.code], [403, 'permission_denied'])
    const created = await connect(joined, { settings }, 'platform')
    assert.equal(created.status, 200, JSON.stringify(created.body))
    assert.deepEqual([created.body.external_id, created.body.settings.country], ['acct_joined', 'FR'])
    const second = await connect(house, { settings }, 'platform')
    assert.equal(second.body.error.code, 'resource_already_exists')
    const nobody = await connect(house, { settings: { account: 'acct_unknown' } }, 'platform')
    assert.equal(nobody.body.error.code, 'connection_refused')
    const both = { settings, secrets: { secret_key: 'sk_test_own' } }
    assert.equal((await connect(house, both, 'platform')).body.error.code, 'connection_refused')
    const change = { settings: { account: 'acct_own' } }
    const { body: own } = await world.request('merchant', owner).get('/v1/connections?channel=stripe')
    const moved = await world.request('merchant', owner).post(`/v1/connections/${own.data[0].id}`).send(change)
    assert.equal(moved.status, 403)
  })

  test('takes payments by Stripe-Account, and the deployment’s endpoint hears of them', async () => {
    const paid = await pay(joined, { payment_method: 'pm_sepa_debit' })
    assert.equal(paid.body.status, 'processing')
    const inside = insideOf('sk_test_world', 'acct_joined')
    assert.deepEqual(await intentsOf(inside), [paid.body.id])
    await world.advance(3_600_000)
    await world.settle()
    assert.equal(await statusOf(joined, paid.body.id), 'succeeded')
    const refund = await world.request('service', joined).post('/v1/refunds').send({ payment_intent: paid.body.id })
    await world.settle()
    await world.advance(3_600_000)
    await world.settle()
    assert.equal((await world.request('service', joined).get(`/v1/refunds/${refund.body.id}`)).body.status, 'succeeded')
    const { body: heard } = await world.request('merchant', joined).get('/v1/provider_events?limit=100')
    assert.ok(heard.data.some((one: { type: string }) => one.type === 'payment_intent.succeeded'))
  })

  test('cannot speak for another merchant, and a stranger for nobody', async () => {
    const { body: theirs } = await world
      .request('service', house)
      .post('/v1/payment_intents')
      .send({ amount: 4200, currency: 'eur' })
    const metadata = { parley_merchant: shopOf(house).id, parley_payment_intent: theirs.id }
    await forge(insideOf('sk_test_world', 'acct_joined'), metadata)
    await forge(insideOf('sk_test_world', 'acct_stranger'), metadata)
    await world.settle()
    assert.equal(await statusOf(house, theirs.id), 'requires_payment_method')
    assert.equal(await conflictsOf(house, theirs.id), null)
    const { body: heard } = await world.request('merchant', house).get('/v1/provider_events?limit=100')
    const about = heard.data.filter((one: { payment_intent: string | null }) => one.payment_intent === theirs.id)
    assert.deepEqual(about, [])
  })
})
