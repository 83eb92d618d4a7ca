import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type Stripe from 'stripe'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { locales, texts } from '#pages/texts/texts.ts'
import { createSecrets } from '#platform/crypto.ts'
import { inTransaction } from '#platform/database.ts'
import { createLogger } from '#platform/logger.ts'
import type { Providers } from '#providers/accounts.ts'
import { createStripeProvider } from '#providers/stripe/index.ts'
import { createSetupService } from '#setups/service.ts'
import { createWorld, type World } from '../support/world.ts'
import { createSetupKit, type Setup, type SetupKit } from './setup-kit.ts'

let world: World
let stripe: Stripe
let kit: SetupKit
before(async () => {
  world = await createWorld()
  stripe = world.stripe()
  kit = createSetupKit(world)
})
after(() => world[Symbol.asyncDispose]())

describe('the page of the payer', () => {
  const card = (number: string) => ({ method: 'card', card_number: number, exp: '12 / 34', cvc: '123', name: 'Léa' })
  const leadsTo = (answer: Response): string => answer.headers.get('location') ?? ''
  const look = async (url: string, locale = 'en') => {
    const answer = await fetch(url, { headers: { 'accept-language': locale } })
    return { status: answer.status, text: (await answer.text()).replaceAll(/<\/?bdi>/g, '') }
  }
  const linkFor = async (customer: string, body: object = {}): Promise<string> =>
    (await world.request('bot').post(`/v1/customers/${customer}/methods_link`).send(body).expect(200)).body.url

  test('shows what is kept, in six languages, and removes it once', async () => {
    const customer = await kit.newCustomer()
    const { payment_method: method } = await kit.setUp(customer)
    const url = await linkFor(customer)
    for (const locale of locales) {
      const { text } = await look(`${url}?lang=${locale}`)
      assert.ok(text.includes(texts[locale].methods.title), locale)
      assert.match(text, /Visa ···· 4242/, locale)
    }
    const remove = (headers = {}) => kit.submit(url, { remove: String(method) }, headers)
    assert.equal((await remove({ 'sec-fetch-site': 'cross-site' })).status, 403)
    assert.equal((await kit.methodsOf(customer)).length, 1)
    const answers = await Promise.all([remove(), remove()])
    assert.deepEqual(
      [...answers, await remove()].map(({ status }) => status),
      [303, 303, 303],
    )
    assert.ok((await look(url)).text.includes('No card of yours is saved'))
    assert.deepEqual(await kit.methodsOf(customer), [])
    assert.deepEqual(await kit.eventsOf(String(method)), ['attached', 'detached'])
    const told = await kit.onlyRow(sql<{ forget_at: unknown; ref: string }>`
      select forget_at, provider_ref as ref from payment_methods where id = ${parseId('paymentMethod', String(method))}`)
    assert.equal(told.forget_at, null)
    assert.equal((await kit.atProvider<Stripe.PaymentMethod>(`payment_methods/${told.ref}`)).customer, null)
  })

  test('is for its own customer, for as long as its link says', async () => {
    const [customer, other] = [await kit.newCustomer(), await kit.newCustomer()]
    const { payment_method: method } = await kit.setUp(other)
    const url = await linkFor(customer, { expires_in: 60 })
    await kit.submit(url, { remove: String(method) })
    assert.equal((await kit.methodsOf(other)).length, 1)
    for (const wrong of [`${url}x`, url.slice(0, -1), url.replace(/methods\/.{8}/, 'methods/AAAAAAAA'), `${url}%ff`])
      assert.equal((await look(wrong)).status, 404, wrong)
    const erased = await linkFor(other)
    await stripe.customers.del(other)
    assert.equal((await look(erased)).status, 404)
    await world.request().post(`/v1/customers/${other}/methods_link`).expect(404)
    await world.advance(61_000)
    assert.equal((await look(url)).status, 404)
    assert.equal((await kit.submit(url, { remove: String(method) })).status, 404)
  })

  test('keeps a card there, with the words that the payer read', async () => {
    const customer = await kit.newCustomer()
    const { id, setup_url: url } = (await stripe.setupIntents.create({ customer })) as unknown as Setup
    assert.match((await look(url, 'fr')).text, /J’accepte que .* enregistre ma carte/)
    const agree = () =>
      fetch(url, {
        method: 'POST',
        body: new URLSearchParams({ do: 'setup' }),
        headers: { 'accept-language': 'fr' },
        redirect: 'manual',
      })
    const page = leadsTo(await agree())
    assert.ok(page.startsWith(`${world.sandbox.url}/c/pay/`), page)
    assert.equal(leadsTo(await agree()), page, 'who taps twice gets the same page')
    assert.equal((await kit.submit(page, card('4000000000000002'))).status, 402)
    await world.settle()
    assert.match((await look(url)).text, /This card wasn’t saved/)
    await world.settle()
    const bank = leadsTo(await kit.submit(page, card('4000002500003155')))
    await world.settle()
    const back = leadsTo(await kit.submit(new URL(bank, page).href, { answer: 'approve' }))
    assert.equal(back, `${url}?returned=1`)
    assert.match((await look(back)).text, /Visa ···· 3155 is saved/)
    const done = await kit.read(id)
    assert.equal(done.status, 'succeeded')
    const { body } = await world.request().get(`/v1/payment_methods/${done.payment_method}`)
    assert.deepEqual([body.consent.source, body.consent.locale, body.usage], ['page', 'fr', 'off_session'])
    assert.match(body.consent.text, /^J’accepte que \S.* enregistre ma carte/)
    assert.deepEqual(await kit.eventsOf(id), ['created', 'setup_failed', 'requires_action', 'succeeded'])
    assert.equal(leadsTo(await agree()).startsWith('/methods/'), true, 'nothing more to keep')
  })

  test('gives way to another way, and to a cancellation', async () => {
    for (const end of ['confirm', 'cancel', 'expire'] as const) {
      const customer = await kit.newCustomer()
      const { id, setup_url: url } = (await stripe.setupIntents.create({ customer })) as unknown as Setup
      const page = leadsTo(await kit.submit(url, { do: 'setup' }))
      if (end === 'confirm') await stripe.setupIntents.confirm(id, { payment_method: 'pm_card_visa' })
      if (end === 'cancel') await stripe.setupIntents.cancel(id)
      if (end === 'expire') await world.advance(25 * 3_600_000)
      assert.equal((await kit.submit(page, card('4242424242424242'))).status, 410, end)
      await world.settle()
      const { status } = await kit.read(id)
      assert.equal(status, { confirm: 'succeeded', cancel: 'canceled', expire: 'requires_payment_method' }[end])
      assert.equal((await kit.methodsOf(customer)).length, end === 'confirm' ? 1 : 0, end)
      if (end !== 'expire') continue
      const next = leadsTo(await kit.submit(url, { do: 'setup' }))
      await kit.submit(next, card('4242424242424242'))
      await world.settle()
      assert.equal((await kit.read(id)).status, 'succeeded', 'another page')
    }
  })
})

describe('an account', () => {
  const wake = () => undefined
  const livemode = false
  /** The service as it is, over accounts of our making: the sandbox is all of them. */
  const serviceOver = (capabilities: { savedMethods: boolean }, own: boolean) => {
    const options = { secretKey: 'sk_test_world', apiBase: world.sandbox.url, webhookSecrets: ['whsec_x'] }
    const provider = createStripeProvider(options)
    const providers: Providers = {
      open: async () => provider,
      capabilities: () => ({ ...provider.capabilities, ...capabilities }),
      hasOwn: () => own,
      routable: () => ['stripe'],
    }
    const { db } = world.app
    const logger = createLogger('silent')
    return createSetupService({
      db,
      clock: world.clock,
      queue: { wake },
      logger,
      providers,
      secrets: createSecrets('x'),
      publicUrl: world.url,
    })
  }
  const scope = () => ({ merchantId: world.shop.uuid, livemode, resourceId: newUuid() })
  const body = (customer: string, connection?: string) => ({
    customer,
    connection,
    usage: 'off_session' as const,
    confirm: false,
  })

  test('that keeps nothing is refused by the name of what it lacks', async () => {
    const customer = await kit.newCustomer()
    const service = serviceOver({ savedMethods: false }, true)
    await assert.rejects(service.create(scope(), body(customer)), /capability savedMethods/)
    await assert.rejects(service.attach(scope(), 'pm_card_visa', { customer }), /capability savedMethods/)
  })

  test("of a merchant's own brings the provider's customer with a method", async () => {
    const connection = newUuid()
    await inTransaction(world.app.db, world.shop.uuid, (tx) =>
      sql`insert into connections (merchant_id, id, created_at, updated_at, channel, external_id, name, status, secrets, secrets_key, livemode)
      values (${world.shop.uuid}, ${connection}, now(), now(), 'stripe', 'acct_1', 'Shop', 'active', '', 'k', false)`.execute(
        tx,
      ),
    )
    const post = async (path: string, fields: Record<string, string>) => {
      const headers = { authorization: 'Bearer sk_test_world' }
      const answer = await fetch(`${world.sandbox.url}/v1/${path}`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        headers,
      })
      return (await answer.json()) as { id: string }
    }
    const theirs = await post('customers', {})
    const method = await post('payment_methods', { type: 'card', 'card[token]': 'tok_visa' })
    await post(`payment_methods/${method.id}/attach`, { customer: theirs.id })
    const customer = await kit.newCustomer()
    const service = serviceOver({ savedMethods: true }, false)
    const named = showId('connection', connection)
    const kept = await service.attach(scope(), method.id, { customer, connection: named })
    assert.equal(kept.customer, customer)
    assert.equal(await kit.refOfCustomer(customer), theirs.id)
    const other = await kit.newCustomer()
    await assert.rejects(service.attach(scope(), method.id, { customer: other }), /another customer/)
    await assert.rejects(service.create(scope(), body(other, showId('connection', newUuid()))), /No such connection/)
    await inTransaction(world.app.db, world.shop.uuid, (tx) =>
      sql`update connections set deleted_at = now() where id = ${connection}`.execute(tx),
    )
  })
})
