import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAccountService } from '#accounts/service.ts'
import { roles } from '#platform/api-keys.ts'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const path = '/v1/account'
const post = (body: object, shop = world.shop) => world.request('merchant', shop).post(path).send(body)
const read = async (shop: Shop) => (await world.request('service', shop).get(path).expect(200)).body

describe('the account over HTTP', () => {
  test('is the merchant of the key, whole', async () => {
    const shop = await world.openShop('Blüte Flowers')
    const { created, ...account } = await read(shop)
    assert.ok(Number.isSafeInteger(created))
    assert.deepEqual(account, {
      id: shop.id,
      object: 'account',
      name: 'Blüte Flowers',
      default_currency: 'eur',
      settings: {
        branding: { primary_color: null, logo: null },
        support: { email: null, url: null, phone: null },
        payouts: { confirmed_by: 'provider' },
        checkout: { hosted_page: 'redirect' },
        outbound_payments: { amount_max: null },
        messages: { time_zone: null, wording: {}, quiet_hours: null, reminder_before_minutes: null },
      },
    })
  })

  test('takes part of its settings, as JSON and as a form, and answers the whole', async () => {
    const shop = await world.openShop('Fleurs')
    const { body } = await post(
      {
        name: 'Fleurs de Nanterre',
        settings: {
          branding: { primary_color: '#1A5C3A' },
          messages: { wording: { pay: 'Buy for {amount}' }, reminder_before_minutes: 30 },
        },
      },
      shop,
    ).expect(200)
    assert.deepEqual([body.name, body.settings.branding.primary_color], ['Fleurs de Nanterre', '#1A5C3A'])
    const form =
      'settings[support][email]=help@shop.example&settings[messages][reminder_before_minutes]=0' +
      '&settings[messages][quiet_hours][from]=22:00&settings[messages][quiet_hours][to]=08:00' +
      '&settings[messages][quiet_hours][time_zone]=Europe/Paris&settings[messages][wording][pay]='
    const second = await world.request('merchant', shop).post(path).type('form').send(form).expect(200)
    assert.deepEqual(second.body.settings, {
      branding: { primary_color: '#1A5C3A', logo: null },
      support: { email: 'help@shop.example', url: null, phone: null },
      payouts: { confirmed_by: 'provider' },
      checkout: { hosted_page: 'redirect' },
      outbound_payments: { amount_max: null },
      messages: {
        time_zone: null,
        wording: {},
        quiet_hours: { from: '22:00', to: '08:00', time_zone: 'Europe/Paris' },
        reminder_before_minutes: 0,
      },
    })
    assert.deepEqual(await read(shop), second.body)
  })

  test('different settings that are changed at once all stay', async () => {
    const shop = await world.openShop('Many')
    const changes = [
      { branding: { primary_color: '#000000' } },
      { branding: { logo: 'https://shop.example/logo.png' } },
      { support: { email: 'help@shop.example' } },
      { support: { url: 'https://shop.example/' } },
      { messages: { wording: { pay: 'Buy' } } },
      { messages: { wording: { receipt: { fr: 'Reçu {amount}' } } } },
      { messages: { time_zone: 'Asia/Tokyo' } },
    ]
    await Promise.all(changes.map((settings) => post({ settings }, shop).expect(200)))
    const { settings } = await read(shop)
    assert.deepEqual(settings.branding, { primary_color: '#000000', logo: 'https://shop.example/logo.png' })
    assert.deepEqual([settings.support.email, settings.support.url], ['help@shop.example', 'https://shop.example/'])
    assert.deepEqual(settings.messages.wording, { pay: 'Buy', receipt: { fr: 'Reçu {amount}' } })
    assert.equal(settings.messages.time_zone, 'Asia/Tokyo')
  })

  test('shows the provider’s fields only where an account can, and goes back', async () => {
    const shop = await world.openShop('Fields')
    const pageOf = async (hosted_page: unknown) =>
      (await post({ settings: { checkout: { hosted_page } } }, shop).expect(200)).body.settings.checkout.hosted_page
    assert.deepEqual([await pageOf('element'), await pageOf(null)], ['element', 'redirect'])
    const { clock } = world
    const { db } = world.app
    const without = createAccountService({ db, clock })
    const { uuid: merchantId } = shop
    const choose = () =>
      without.updateAccount(merchantId, { settings: { checkout: { hosted_page: 'element' as const } } })
    await assert.rejects(choose, { code: 'provider_account_unavailable' })
    await without.updateAccount(merchantId, { settings: { checkout: { hosted_page: 'redirect' as const } } })
  })

  const refused: [name: string, body: object, param: string][] = [
    ['an unknown parameter', { colour: 'red' }, 'colour'],
    ['an unknown setting', { settings: { fees: {} } }, 'settings[fees]'],
    ['an unknown member of a group', { settings: { branding: { icon: 'x' } } }, 'settings[branding]'],
    ['no name', { name: '  ' }, 'name'],
    ['a colour by its name', { settings: { branding: { primary_color: 'red' } } }, 'settings[branding][primary_color]'],
    [
      'a colour of three digits',
      { settings: { branding: { primary_color: '#fff' } } },
      'settings[branding][primary_color]',
    ],
    ['a logo without TLS', { settings: { branding: { logo: 'http://shop.example/x' } } }, 'settings[branding][logo]'],
    [
      'a logo that is a script',
      { settings: { branding: { logo: 'javascript:alert(1)' } } },
      'settings[branding][logo]',
    ],
    ['support that is a script', { settings: { support: { url: 'javascript:alert(1)' } } }, 'settings[support][url]'],
    ['an address with a header in it', { settings: { support: { email: 'a@b\ncc:c@d' } } }, 'settings[support][email]'],
    ['a telephone that is none', { settings: { support: { phone: 'call me' } } }, 'settings[support][phone]'],
    ['a time zone of nowhere', { settings: { messages: { time_zone: 'Mars/Base' } } }, 'settings[messages][time_zone]'],
    [
      'quiet hours without their zone',
      { settings: { messages: { quiet_hours: { from: '22:00', to: '08:00' } } } },
      'settings[messages][quiet_hours]',
    ],
    [
      'quiet hours of no length',
      { settings: { messages: { quiet_hours: { from: '08:00', to: '08:00', time_zone: 'UTC' } } } },
      'settings[messages][quiet_hours]',
    ],
    [
      'a reminder a year before',
      { settings: { messages: { reminder_before_minutes: 525_600 } } },
      'settings[messages][reminder_before_minutes]',
    ],
    ['words of another kind', { settings: { messages: { wording: { title: 'x' } } } }, 'settings[messages][wording]'],
    [
      'a sentence without its amount',
      { settings: { messages: { wording: { request: 'Please pay.' } } } },
      'settings[messages][wording][request]',
    ],
    [
      'a value that nothing is put in for',
      { settings: { messages: { wording: { pay: 'Pay {price}' } } } },
      'settings[messages][wording][pay]',
    ],
    [
      'a language that is not spoken',
      { settings: { messages: { wording: { pay: { tlh: 'x' } } } } },
      'settings[messages][wording][pay]',
    ],
    [
      'words longer than a message',
      { settings: { messages: { wording: { pay: 'x'.repeat(301) } } } },
      'settings[messages][wording][pay]',
    ],
  ]
  for (const [name, body, param] of refused)
    test(`refuses ${name}`, async () => {
      const before = await read(world.shop)
      const answer = await post({ ...body })
      assert.equal(answer.status, 400, answer.text)
      assert.ok(String(answer.body.error.param).startsWith(param), answer.text)
      assert.ok(answer.body.error.message.length > 10)
      assert.deepEqual(await read(world.shop), before)
    })

  test('is read by service, merchant and platform keys, and changed by the latter two', async () => {
    const may = async (method: 'get' | 'post') => {
      const answers = await Promise.all(roles.map((role) => world.request(role)[method](path).send({})))
      for (const { status, body } of answers)
        if (status !== 200) assert.deepEqual([status, body.error.code], [403, 'permission_denied'])
      return roles.filter((_, index) => answers[index]?.status === 200).toSorted()
    }
    assert.deepEqual(await may('get'), ['merchant', 'platform', 'service'])
    assert.deepEqual(await may('post'), ['merchant', 'platform'])
    assert.equal((await fetch(world.url + path)).status, 401)
    assert.equal((await fetch(world.url + path, { method: 'POST', body: '{}' })).status, 401)
  })

  test('is nobody else’s; a platform key acts for whom it names', async () => {
    const [one, other] = [await world.openShop('One'), await world.openShop('Other')]
    await post({ settings: { support: { email: 'one@shop.example' } } }, one).expect(200)
    assert.equal((await read(other)).settings.support.email, null)
    const foreign = await world
      .request('merchant', one)
      .post(path)
      .set('stripe-account', other.id)
      .send({ name: 'Mine' })
    assert.equal(foreign.status, 403)
    const named = await world
      .request('platform', one)
      .post(path)
      .set('stripe-account', other.id)
      .send({ name: 'Named' })
    assert.deepEqual([named.body.id, named.body.name], [other.id, 'Named'])
    assert.equal((await read(one)).name, 'One')
  })

  test('the same key changes once', async () => {
    const shop = await world.openShop('Keyed')
    const named = (name: string) => post({ name }, shop).set('idempotency-key', 'name')
    const first = await named('First').expect(200)
    await post({ name: 'Second' }, shop).expect(200)
    const again = await named('First').expect(200)
    assert.deepEqual([again.text, again.headers['idempotent-replayed']], [first.text, 'true'])
    assert.equal((await read(shop)).name, 'Second')
  })

  test('official clients read it', async () => {
    const account = await world.stripe('merchant').accounts.retrieveCurrent()
    assert.deepEqual([account.object, account.id], ['account', world.shop.id])
  })
})

describe('payers see', () => {
  let shop: Shop
  let intent: { id: string; checkout_url: string }
  let thread: string
  before(async () => {
    shop = await world.openShop('Plain')
    const ask = async (url: string, body: object) =>
      (await world.request('merchant', shop).post(url).send(body).expect(200)).body
    thread = (await ask('/v1/threads', { channel: 'line', external_id: 'U1', locale: 'fr' })).id
    intent = await ask('/v1/payment_intents', { amount: 4200, currency: 'eur', thread })
    await ask(path, {
      name: 'Blüte & Söhne',
      settings: {
        branding: { primary_color: '#1a5c3a', logo: 'https://shop.example/logo.png' },
        messages: { wording: { request: { fr: 'À vous pour {amount}.' } } },
      },
    })
  })

  test('its name, colour and words on a card', async () => {
    const { body } = await world
      .request('merchant', shop)
      .post(`/v1/threads/${thread}/messages?preview=true`)
      .send({ payment_intent: intent.id })
      .expect(200)
    const [{ payload, text }] = body.data
    const shown = JSON.stringify(payload)
    for (const part of ['Blüte & Söhne', '"color":"#1a5c3a"', 'À vous pour 42,00\u00a0€.'])
      assert.ok(shown.includes(part), shown)
    assert.ok(text.includes('À vous pour'))
  })

  test('its name, colour and logo on the page', async () => {
    const page = await (await fetch(intent.checkout_url)).text()
    for (const part of ['Blüte &amp; Söhne', 'https://shop.example/logo.png', '1a5c3a'])
      assert.ok(page.includes(part), part)
  })

  test('whom to ask, on the receipt: by mail, on a page, by telephone', async () => {
    const { body: paid } = await world
      .request('merchant', shop)
      .post('/v1/payment_intents')
      .send({ amount: 100, currency: 'eur', payment_method: 'pm_card_visa', confirm: true })
      .expect(200)
    const support = async (change: object) => {
      await post({ settings: { support: change } }, shop).expect(200)
      const page = await (await fetch(paid.checkout_url.replace('/pay/', '/receipts/'))).text()
      return /contact"><a href="([^"]+)"/.exec(page)?.[1]
    }
    assert.equal(await support({}), undefined)
    assert.equal(await support({ phone: '+33 1 23-45' }), 'tel:+3312345')
    assert.equal(await support({ url: 'https://shop.example/help' }), 'https://shop.example/help')
    assert.equal(await support({ email: 'help@shop.example' }), 'mailto:help@shop.example')
  })
})
