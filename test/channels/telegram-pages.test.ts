import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { showId } from '#kernel/ids.ts'
import { fail } from '../support/fake-telegram.ts'
import type { Invoice } from '../support/telegram-limits.ts'
import { noTelegramSpec } from '../support/telegram-spec.ts'
import { type NativeShop, openNativeShop } from './native-kit.ts'

let shop: NativeShop
before(async () => {
  shop = await openNativeShop()
})
after(() => shop[Symbol.asyncDispose]())

type Terms = Parameters<NativeShop['ask']>[0] & Record<string, unknown>
const ana = () => shop.telegram.person(9)
const usual = { psp: 'other', stars: true, invoice_links: null, mini_app: null }
const save = (settings: object) =>
  shop.world
    .request('merchant')
    .post(`/v1/connections/${showId('connection', shop.connectionId)}`)
    .send({ settings })
    .expect(({ status, body }) => assert.equal(status, 200, JSON.stringify(body)))
/** Until the end of the test the bot is set up like this. */
const configure = async (change: object): Promise<AsyncDisposable> => {
  await save({ ...usual, ...change })
  return { [Symbol.asyncDispose]: async () => void (await save(usual)) }
}

const ask = async (terms: Terms = {}) => {
  const { id } = await shop.ask(terms)
  const { body } = await shop.world.request().get(`/v1/payment_intents/${id}`)
  return { id, url: body.checkout_url as string }
}
const stars = (more: Terms = {}) => ask({ amount: 12, currency: 'xtr', ...more })
const look = async (url: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(url, { headers: { 'accept-language': 'en', ...headers }, redirect: 'manual' })
  return {
    status: answer.status,
    text: await answer.text(),
    policy: answer.headers.get('content-security-policy') ?? '',
  }
}
const tap = async (url: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) => {
  const answer = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' })
  return { status: answer.status, to: answer.headers.get('location') ?? '', text: await answer.text() }
}
const stateOf = (text: string) => /data-state="(\w+)"/.exec(text)?.[1]
const linkOf = async (url: string): Promise<string> => {
  const { status, to } = await tap(url)
  assert.equal(status, 303)
  assert.match(to, /^https:\/\/t\.me\/\$/)
  return to
}
const press = (invoice: Invoice, person = ana()) => person.presses(shop.url, invoice)

describe('a payment in Stars on the hosted page', { skip: noTelegramSpec }, () => {
  test('its button leads to an invoice; paid there, the page is the receipt', async () => {
    const { id, url } = await stars()
    const before = await look(url)
    assert.equal(stateOf(before.text), 'payable')
    assert.match(before.text, /You pay inside <bdi>Telegram/)
    assert.doesNotMatch(before.text, /4242|secure page/)
    assert.match(before.policy, /form-action 'self' \S+ https:\/\/t\.me;/)
    const invoice = shop.telegram.opened(await linkOf(url))
    assert.deepEqual([invoice.payload, invoice.currency, invoice.prices[0]?.amount], [id, 'XTR', 12])
    const { answer, paid } = await press(invoice)
    assert.equal(answer?.ok, true)
    assert.equal(stateOf((await look(url)).text), 'processing')
    assert.ok(paid)
    await shop.tell(paid, paid)
    const intent = await shop.read(id)
    assert.deepEqual(
      [intent.status, intent.latest_charge?.provider, await shop.captures(id)],
      ['succeeded', 'telegram', 1],
    )
    assert.match((await look(url.replace('/pay/', '/receipts/'))).text, /Telegram/)
  })

  test('often and at once it is one link, until the amount changes; the old one is refused', async () => {
    const { id, url } = await stars()
    const count = shop.telegram.links.size
    const links = new Set(await Promise.all(Array.from({ length: 5 }, () => linkOf(url))))
    assert.equal(links.size, 1)
    const made = shop.telegram.links.size
    assert.ok(made > count)
    const [old = ''] = links
    assert.equal(await linkOf(url), old)
    assert.equal(shop.telegram.links.size, made, 'nobody asked Telegram again')
    await shop.world.request().post(`/v1/payment_intents/${id}`).send({ amount: 13 }).expect(200)
    const next = await linkOf(url)
    assert.notEqual(next, old)
    const refused = await press(shop.telegram.opened(old))
    assert.match(String(refused.answer?.error_message), /amount has changed/)
    assert.equal((await press(shop.telegram.opened(next))).answer?.ok, true)
  })

  test('it is paid once: the second is refused, and kept for a person if it comes all the same', async () => {
    const { id, url } = await stars()
    const invoice = shop.telegram.opened(await linkOf(url))
    const { paid } = await press(invoice)
    assert.ok(paid)
    await shop.tell(paid)
    assert.match(String((await press(invoice)).answer?.error_message), /paid already/)
    await shop.tell(ana().pays(invoice, 'tg_again'))
    const intent = await shop.read(id)
    assert.match(String(intent.conflict), /second payment tg_again/)
    assert.deepEqual([intent.amount_received, await shop.captures(id)], [12, 1])
  })

  test('of a payment that is over the link is dead, and another person’s it never was', async () => {
    const { id, url } = await stars()
    const invoice = shop.telegram.opened(await linkOf(url))
    assert.match(String((await press(invoice, shop.telegram.person(10))).answer?.error_message), /somebody else/)
    await shop.world.request().post(`/v1/payment_intents/${id}/cancel`).send({}).expect(200)
    assert.match(String((await press(invoice)).answer?.error_message), /canceled/)
    assert.match((await tap(url)).to, /\/pay\//)
  })

  test('Telegram is away, or says no: the page says so, and the next tap works', async () => {
    const { url } = await stars()
    for (const [fault, status, state] of [
      ['lost', 503, 'unreachable'],
      [fail(429, 'Too Many Requests: retry after 7', { retry_after: 7 }), 503, 'unreachable'],
      [fail(400, 'Bad Request: CURRENCY_INVALID'), 409, 'unpayable'],
    ] as const) {
      shop.telegram.faults.push(fault)
      const answer = await tap(url)
      assert.deepEqual([answer.status, stateOf(answer.text), answer.to], [status, state, ''])
    }
    assert.equal((await press(shop.telegram.opened(await linkOf(url)))).answer?.ok, true)
  })

  test('an order is told what it asks for on the page, then paid', async () => {
    const { body: thread } = await shop.world
      .request()
      .post('/v1/threads')
      .send({ channel: 'telegram', external_id: '9' })
    const line_items = [{ name: 'Wallpaper', quantity: 2, unit_amount: 6, is_digital: true }]
    const order = { currency: 'xtr', thread: thread.id, line_items, requires: { email: true } }
    const { body } = await shop.world.request().post('/v1/checkouts').send(order)
    assert.ok(body.checkout_url, JSON.stringify(body))
    const empty = await tap(body.checkout_url, { do: 'pay', total: '12' })
    assert.equal(empty.status, 422)
    const { to } = await tap(body.checkout_url, { do: 'pay', total: '12', email: 'ana@example.com' })
    const invoice = shop.telegram.opened(to)
    const { answer, paid } = await press(invoice)
    assert.equal(answer?.ok, true, JSON.stringify(answer))
    assert.ok(paid)
    await shop.tell(paid)
    const { body: done } = await shop.world.request().get(`/v1/checkouts/${body.id}`)
    assert.equal(done.status, 'completed')
  })
})

describe('Stars that nobody takes', () => {
  const refused = async (path: string, body: object, param = 'currency') => {
    const answer = await shop.world.request().post(path).send(body)
    assert.deepEqual([answer.status, answer.body.error?.param], [400, param], JSON.stringify(answer.body))
    return answer.body.error as { code: string; message: string }
  }

  test('are refused when they are asked for, with what to do', async () => {
    const elsewhere = { channel: 'whatsapp', external_id: '4915112345' }
    const amount = { amount: 12, currency: 'xtr' }
    const { code, message } = await refused('/v1/payment_intents', amount)
    assert.equal(code, 'channel_not_connected')
    assert.match(message, /Connect a Telegram bot with settings\.stars .* or choose another currency/)
    await refused('/v1/payment_intents', { ...amount, thread: elsewhere })
    await refused('/v1/payment_intents', { ...amount, confirm: true, payment_method: 'pm_card_visa' })
    await refused(
      '/v1/payment_intents',
      { ...amount, thread: { channel: 'telegram', external_id: '9' }, capture_method: 'manual' },
      'capture_method',
    )
    const line_items = [{ name: 'Wallpaper', quantity: 1, unit_amount: 6 }]
    await refused('/v1/checkouts', { currency: 'xtr', thread: elsewhere, line_items })
    const { body } = await shop.world.request().post('/v1/payment_intents').send({ amount: 120, currency: 'eur' })
    await refused(`/v1/payment_intents/${body.id}`, { currency: 'xtr' })
    await using _ = await configure({ stars: null })
    await refused('/v1/payment_intents', { ...amount, thread: { channel: 'telegram', external_id: '9' } })
  })

  test('that nobody takes any more: the page says so, and asks for no card', async () => {
    const { url } = await stars()
    await using _ = await configure({ stars: null })
    const page = await look(url)
    assert.deepEqual([page.status, stateOf(page.text)], [200, 'unpayable'])
    assert.match(page.text, /has to connect Telegram/)
    assert.doesNotMatch(page.text, /<form/)
    assert.match((await tap(url)).to, /\/pay\//, 'no provider’s page is opened')
  })
})

describe('a payment in money in a thread of Telegram', { skip: noTelegramSpec }, () => {
  test('goes to the provider’s page, or to an invoice if the shop wants that', async () => {
    const { url } = await ask()
    assert.match((await tap(url)).to, /^http:\/\/127\.0\.0\.1/)
    await using _ = await configure({ invoice_links: true })
    const asked = await ask()
    const invoice = shop.telegram.opened(await linkOf(asked.url))
    assert.deepEqual([invoice.provider_token, invoice.prices[0]?.amount], ['TEST', 4200])
    const { paid } = await press(invoice)
    assert.ok(paid)
    await shop.tell(paid)
    assert.equal((await shop.read(asked.id)).status, 'succeeded')
  })

  test('what Telegram does not take goes to the provider’s page after all', async () => {
    await using _ = await configure({ invoice_links: true })
    const { url } = await ask()
    shop.telegram.faults.push(fail(400, 'Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID'))
    assert.match((await tap(url)).to, /^http:\/\/127\.0\.0\.1/)
    const manual = await ask({ capture_method: 'manual' })
    assert.match((await tap(manual.url)).to, /^http:\/\/127\.0\.0\.1/, 'Telegram reserves nothing')
  })
})

describe('who opened the page', () => {
  const now = () => shop.world.clock.now()
  const send = async (url: string, proof: string, headers: Record<string, string> = {}) => {
    const sent = { 'content-type': 'text/plain', ...headers }
    const answer = await fetch(`${url}/identify`, { method: 'POST', headers: sent, body: proof })
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';')
    const { to } = (await answer.json().catch(() => ({}))) as { to?: string | null }
    return { status: answer.status, cookie, to, whole: answer.headers.get('set-cookie') }
  }
  const participantOf = async (id: string): Promise<string | null> =>
    (await shop.world.request().get(`/v1/payment_intents/${id}`)).body.participant
  const create = async (path: string, body: object) => {
    const answer = await shop.world.request().post(path).send(body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const people = async (thread: string): Promise<string[]> =>
    (await shop.world.request().get(`/v1/threads/${thread}`)).body.participants.map(
      (one: { external_id: string }) => one.external_id,
    )
  /** Asked for in a chat, of nobody by name. */
  const askIn = async (external_id: string, participants: object[] = [], more: object = {}) => {
    const thread = await create('/v1/threads', { channel: 'telegram', external_id, participants })
    const intent = await create('/v1/payment_intents', { amount: 4200, currency: 'eur', thread: thread.id, ...more })
    return { id: intent.id, url: intent.checkout_url, thread: thread.id }
  }
  const regular = async (): Promise<string> => {
    const { id: customer } = await create('/v1/customers', { name: 'Ana' })
    const confirm = { setup_future_usage: 'off_session', payment_method: 'pm_card_visa', confirm: true }
    await create('/v1/payment_intents', { amount: 100, currency: 'eur', customer, ...confirm })
    await shop.world.settle()
    return customer
  }
  const hasCard = async (url: string, cookie = '') => /name="kept"/.test((await look(url, { cookie })).text)

  test('in her own chat she becomes the payer: once, told once, however often it is sent', async () => {
    const { id, url, thread } = await askIn('31')
    const person = shop.telegram.person(31, { first_name: 'Eva', last_name: 'Lima' })
    assert.match((await look(url)).text, /mini-app\.\w+\.js/)
    const proof = person.opens(now())
    const sent = await Promise.all(Array.from({ length: 5 }, () => send(url, proof)))
    assert.deepEqual(new Set(sent.map(({ status, to }) => `${status} ${to}`)), new Set(['200 null']))
    assert.match(
      sent[0]?.whole ?? '',
      /^parley_opener=[\w.-]+; Max-Age=3600; Path=\/pay\/[\w-]{64}; .*HttpOnly; SameSite=Lax$/,
    )
    const payer = await participantOf(id)
    assert.ok(payer)
    const { body } = await shop.world.request().get(`/v1/threads/${thread}`)
    assert.deepEqual(
      body.participants.map((one: Record<string, string>) => [one.id, one.name]),
      [[payer, 'Eva Lima']],
    )
    const { body: events } = await shop.world
      .request('merchant')
      .get('/v1/events?type=payment_intent.updated&limit=100')
    assert.equal(events.data.filter((one: { data: { object: { id: string } } }) => one.data.object.id === id).length, 1)
    assert.doesNotMatch((await look(url, { cookie: sent[0]?.cookie ?? '' })).text, /mini-app/)
  })

  test('forged, stale, of another bot, or no proof at all: 401, and nothing is stored', async () => {
    const { id, url, thread } = await askIn('32')
    const person = shop.telegram.person(32)
    const genuine = person.opens(now())
    const stranger = shop.telegram.person(33).opens(now())
    const [user = ''] = /user=[^&]+/.exec(stranger) ?? []
    for (const proof of [
      '',
      'hash=abc',
      genuine.replace(/user=[^&]+/, user),
      genuine.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      person.opens(now(), '701:AAother'),
      person.opens(new Date(now().getTime() - 16 * 60_000)),
      person.opens(new Date(now().getTime() + 16 * 60_000)),
    ]) {
      const { status, whole } = await send(url, proof)
      assert.deepEqual([status, whole], [401, null], proof)
    }
    assert.equal((await send(url, 'x'.repeat(9000))).status, 413)
    assert.equal((await send(url, genuine, { 'sec-fetch-site': 'cross-site' })).status, 403)
    assert.equal((await send(url, genuine, { 'content-type': 'application/json' })).status, 401)
    assert.equal((await send(url.replace(/.{4}$/, 'AAAA'), genuine)).status, 404)
    const elsewhere = await create('/v1/payment_intents', { amount: 100, currency: 'eur' })
    assert.equal((await send(elsewhere.checkout_url, genuine)).status, 404)
    assert.deepEqual([await participantOf(id), await people(thread)], [null, []])
  })

  test('somebody else: 403, nobody is replaced, and the page says whom it is not for', async () => {
    const named = await ask({ person: 9 })
    const payer = await participantOf(named.id)
    const { status, whole, to } = await send(named.url, shop.telegram.person(10).opens(now()))
    assert.deepEqual([status, whole, await participantOf(named.id)], [403, null, payer])
    assert.match((await look(new URL(to ?? '', named.url).href)).text, /asked of somebody else/)
    const group = await askIn('-1007', [{ external_id: '9', role: 'payer' }])
    const own = await askIn('34')
    for (const { id, url, thread } of [group, own]) {
      const before = await people(thread)
      const answer = await send(url, shop.telegram.person(10).opens(now()))
      assert.deepEqual([answer.status, answer.whole, answer.to], [403, null, null])
      assert.deepEqual([await participantOf(id), await people(thread)], [null, before])
    }
    assert.equal((await send(group.url, ana().opens(now()))).status, 403, 'in a group nobody in particular was asked')
  })

  test('two payers in a thread: her cards are hers alone, by her pass, for this payment, for an hour', async () => {
    const customer = await regular()
    const both = [9, 10].map((id) => ({ external_id: `${id}`, role: 'payer' }))
    const asked = await askIn('-1008', both, { customer, participant: { external_id: '9', role: 'payer' } })
    const other = await askIn('-1008', both, { customer, participant: { external_id: '9', role: 'payer' } })
    assert.equal(await hasCard(asked.url), false)
    const { cookie, to } = await send(asked.url, ana().opens(now()))
    assert.equal(to, new URL(asked.url).pathname)
    assert.equal(await hasCard(asked.url, cookie), true)
    const [, value = ''] = cookie.split('=')
    const [person = '', until = '', mac = ''] = value.split('.')
    for (const wrong of [`${person}.${until}.`, `${person}.${Number(until) + 1}.${mac}`, `x.${until}.${mac}`, ''])
      assert.equal(await hasCard(asked.url, `parley_opener=${wrong}`), false)
    assert.equal(await hasCard(other.url, cookie), false, 'another payment')
    const { text } = await look(asked.url, { cookie })
    const [, method = ''] = /name="kept" value="(\w+)"/.exec(text) ?? []
    assert.match((await tap(asked.url, { kept: method, total: '4200' })).to, /\/pay\//)
    assert.equal((await shop.read(asked.id)).status, 'requires_payment_method', 'without the pass nothing is charged')
    await tap(asked.url, { kept: method, total: '4200' }, { cookie })
    await shop.world.settle()
    assert.equal((await shop.read(asked.id)).status, 'succeeded')
    const { cookie: next } = await send(other.url, ana().opens(now()))
    assert.equal(await hasCard(other.url, next), true)
    shop.world.clock.advance(61 * 60_000)
    assert.equal(await hasCard(other.url, next), false)
  })

  test('where pages open as Mini Apps, cards are offered to nobody who is not known', async () => {
    const customer = await regular()
    const { url } = await askIn('9', [{ external_id: '9', role: 'payer' }], { customer })
    assert.equal(await hasCard(url), true, 'as everywhere else')
    await using _ = await configure({ mini_app: true })
    assert.equal(await hasCard(url), false)
    const { cookie } = await send(url, ana().opens(now()))
    assert.equal(await hasCard(url, cookie), true)
  })

  test('of a payment that is over nobody becomes the payer', async () => {
    const { id, url } = await askIn('35')
    await create(`/v1/payment_intents/${id}/cancel`, {})
    assert.equal((await send(url, shop.telegram.person(35).opens(now()))).status, 403)
    assert.equal(await participantOf(id), null)
  })
})
