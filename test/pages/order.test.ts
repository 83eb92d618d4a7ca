import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import request from 'supertest'
import { AppError } from '#kernel/errors.ts'
import { chatLink } from '#pages/checkout/chat-link.ts'
import { parseAmount } from '#pages/checkout/form-fields.ts'
import { locales } from '#pages/texts/texts.ts'
import { accentStyle } from '#pages/web/accent.ts'
import { assets } from '#pages/web/assets.ts'
import { type FakeOrder, fullCart, newIntent } from './fake-checkouts.ts'
import { createTestPages, intentId, providerOrigin } from './payment-pages.ts'

const orderId = '019ad000-0000-7000-8000-000000000010'
const item = { line_items: [{ name: 'Rose', quantity: 1, unit_amount: 4200 }] }

/** One order behind one link. */
const openOrder = (order: Partial<FakeOrder> = {}, more: Parameters<typeof createTestPages>[0] = {}) => {
  const cart = structuredClone(order.cart ?? fullCart)
  const change = { intent: { options: { checkout: orderId } }, thread: { channel: 'telegram', locale: 'en' } }
  const orders = { [orderId]: { intentId, ...order, cart } }
  const pages = createTestPages({
    pages: { it: change, new: { ...change, intent: { ...change.intent, id: newIntent } } },
    orders,
    ...more,
  })
  return { ...pages, order: orders[orderId] as FakeOrder }
}

const filled = {
  name: 'Zoë Payer',
  email: 'zoe@example.com',
  phone: '+33 6 12 34 56 78',
  country: 'FR',
  line1: '1 rue de la Paix',
  postal_code: '75002',
  city: 'Paris',
}

describe('an order’s page', () => {
  test('is whole and under 30 kB in every language', async () => {
    for (const locale of locales) {
      const { app } = openOrder({ locale })
      const { text, status } = await request(app).get('/pay/it')
      assert.equal(status, 200)
      assert.match(text, new RegExp(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`))
      assert.doesNotMatch(text, /undefined|\[object|\{\w+\}|<style|style="/)
      const all = text + assets.base.body + assets.order.body + assets.orderScript.body + accentStyle('2f6fed')
      assert.ok(Buffer.byteLength(all) < 30_000, `${locale}: ${Buffer.byteLength(all)}`)
    }
  })

  test('asks only what is needed', async () => {
    const { text } = await request(openOrder({ cart: item }).app).get('/pay/it')
    for (const name of ['email', 'phone', 'country', 'line1', 'shipping_option', 'tip'])
      assert.doesNotMatch(text, new RegExp(`name="${name}"`))
    const full = (await request(openOrder().app).get('/pay/it')).text
    for (const name of ['name', 'email', 'phone', 'country', 'line1', 'shipping_option', 'tip', 'promotion_code'])
      assert.match(full, new RegExp(`name="${name}"`))
  })

  test('offers the countries that the shop delivers to, by name', async () => {
    const { text } = await request(openOrder({ locale: 'fr' }).app).get('/pay/it')
    const [, ...names] = [...text.matchAll(/<option value="\w*"[^>]*>([^\n<]+)/g)].map(([, name]) => name)
    assert.deepEqual(names, ['Allemagne', 'États-Unis', 'France'])
  })

  test('scripts may only be ours', async () => {
    const { headers } = await request(openOrder().app).get('/pay/it')
    assert.equal(
      headers['content-security-policy'],
      `default-src 'none'; style-src 'self'; img-src 'self' https: data:; script-src 'self'; connect-src 'self'; form-action 'self' ${providerOrigin}; base-uri 'none'; frame-ancestors 'none'`,
    )
  })
})

describe('paying an order', () => {
  const pay = (app: Parameters<typeof request>[0], fields: object) =>
    request(app)
      .post('/pay/it')
      .type('form')
      .send({ do: 'pay', ...fields })

  test('writes what was filled in and shows the new total before anything is paid', async () => {
    const { app, calls, changes } = openOrder()
    const first = await pay(app, { ...filled, shipping_option: 'bike', total: '6400' })
    assert.deepEqual([first.status, first.headers.location], [303, '/pay/it?changed=1'])
    assert.equal(calls.opened.length, 0)
    assert.deepEqual(changes, [
      {
        buyer: { name: 'Zoë Payer', email: 'zoe@example.com', phone: '+33 6 12 34 56 78' },
        shipping_address: { line1: '1 rue de la Paix', city: 'Paris', postal_code: '75002', country: 'FR' },
        shipping_option: 'bike',
      },
    ])
    const told = await request(app).get('/pay/it?changed=1')
    assert.match(told.text, /role="alert".*The total is now <bdi>€67\.00<\/bdi>/s)
    assert.match(told.text, /name="total" value="6700"/)
    const second = await pay(app, { ...filled, shipping_option: 'bike', total: '6700' })
    assert.equal(second.headers.location, `${providerOrigin}/c/pay/1`)
    assert.equal(changes.length, 1, 'nothing is written twice')
  })

  test('a total that was not shown is not paid', async () => {
    for (const total of [undefined, '', '1', '4200.0']) {
      const { app, calls } = openOrder({ cart: item })
      const answer = await pay(app, total === undefined ? {} : { total })
      assert.equal(answer.headers.location, '/pay/it?changed=1', String(total))
      assert.equal(calls.opened.length, 0)
    }
  })

  test('says every thing that is missing, at its field and above, and keeps what was typed', async () => {
    const { app, changes } = openOrder()
    const { status, text } = await pay(app, { ...filled, email: 'zoe@', city: '', country: 'US', total: '6400' })
    assert.equal(status, 422)
    const listed = [...text.matchAll(/<li><a href="#(\w+)">([^<]+)/g)].map(([, field]) => field)
    assert.deepEqual(listed, ['email', 'city', 'state'])
    for (const field of listed) assert.match(text, new RegExp(`id="${field}"[^>]*aria-describedby="${field}-problem"`))
    assert.match(text, /name="email" type="email" value="zoe@"/)
    assert.match(text, /name="line1" type="text" value="1 rue de la Paix"/)
    assert.match(text, /<option value="US" selected>/)
    assert.deepEqual(changes, [])
  })

  test('tells when the shop does not deliver there', async () => {
    const { app } = openOrder()
    const { status, text } = await pay(app, { ...filled, country: 'JP', state: 'Tokyo', total: '6400' })
    assert.equal(status, 422)
    assert.match(text, /<bdi>Blüte Flowers<\/bdi> doesn’t deliver to this country\./)
  })

  test('shows what the shop says when it refuses, and keeps the order', async () => {
    const openPage = () => Promise.reject(new AppError('payment_vetoed', { message: 'Sold out.' }))
    const { app } = openOrder({ cart: item }, { openPage })
    const { status, text } = await pay(app, { total: '4200' })
    assert.equal(status, 409)
    assert.match(text, /role="alert".*Sold out\..*Nothing was charged\..*value="pay"/s)
  })

  test('an order that was finished meanwhile is shown as it is', async () => {
    const openPage = () => Promise.reject(new AppError('checkout_unexpected_state', { message: 'x' }))
    const { app } = openOrder({ cart: item }, { openPage })
    assert.equal((await pay(app, { total: '4200' })).headers.location, '/pay/it')
  })

  test('a body that no form sends is no payment', async () => {
    const { app, calls } = openOrder({ cart: item })
    const huge = await pay(app, { total: '4200', name: 'x'.repeat(20_000) })
    assert.equal(huge.status, 413)
    const twice = await request(app).post('/pay/it').type('form').send('do=pay&total=4200&total=4200')
    assert.equal(twice.headers.location, '/pay/it?changed=1')
    assert.equal(calls.opened.length, 0)
  })
})

describe('choosing', () => {
  const send = (app: Parameters<typeof request>[0], fields: object) =>
    request(app).post('/pay/it').type('form').send(fields)

  test('a tip by one tap, another amount by typing, and back to none', async () => {
    const { app, order } = openOrder({ cart: { ...item, tip: { max: 5000, suggested: [200] } } })
    assert.equal((await send(app, { tip: '200' })).headers.location, '/pay/it#tip')
    assert.equal(order.cart.tip?.amount, 200)
    assert.match((await request(app).get('/pay/it')).text, /value="200" aria-pressed="true"/)
    await send(app, { do: 'update', tip_amount: '3,50 €' })
    assert.equal(order.cart.tip?.amount, 350)
    assert.match((await request(app).get('/pay/it')).text, /name="tip_amount" type="text" value="3.50"/)
    await send(app, { do: 'update', tip_amount: '' })
    assert.equal(order.cart.tip?.amount, 0)
  })

  test('a tip that is none, or too much, is told', async () => {
    const { app, changes } = openOrder({ cart: { ...item, tip: { max: 5000 } } })
    for (const [text, sentence] of [
      ['a lot', 'Enter the tip as an amount.'],
      ['50.01', 'The tip can be <bdi>€50.00</bdi> at most.'],
    ]) {
      const answer = await send(app, { do: 'update', tip_amount: text })
      assert.equal(answer.status, 422)
      assert.ok(answer.text.includes(sentence ?? ''), answer.text)
    }
    assert.deepEqual(changes, [])
  })

  test('a code is taken, shown and taken back; a wrong one is told', async () => {
    const { app, order } = openOrder({ cart: item })
    const wrong = await send(app, { do: 'update', promotion_code: 'NOPE' })
    assert.equal(wrong.status, 422)
    assert.match(wrong.text, /This code can’t be used.*value="NOPE"/s)
    assert.equal((await send(app, { do: 'update', promotion_code: 'BLUME' })).status, 303)
    const { text } = await request(app).get('/pay/it')
    assert.match(text, /Discount \(BLUME\).*−€5\.00.*€37\.00.*Pay <bdi>€37\.00/s)
    await send(app, { do: 'remove_code' })
    assert.equal(order.cart.promotion_code, undefined)
  })

  test('codes are not guessed', async () => {
    const { app, changes } = openOrder({ cart: item })
    const tries = []
    for (let count = 0; count < 11; count += 1)
      tries.push((await send(app, { do: 'update', promotion_code: `GUESS${count}` })).status)
    assert.deepEqual(tries, [...Array.from({ length: 10 }, () => 422), 429])
    assert.equal((await send(app, { do: 'update', promotion_code: 'BLUME' })).status, 429)
    assert.deepEqual(changes, [])
  })

  test('half an address stays in its fields while something else is chosen', async () => {
    const { app, order } = openOrder()
    const { status, text } = await send(app, { name: 'Zoë', country: 'FR', line1: '1 rue de la Paix', tip: '400' })
    assert.equal(status, 200)
    assert.equal(order.cart.tip?.amount, 400)
    assert.equal(order.cart.buyer?.name, 'Zoë')
    assert.match(text, /name="line1" type="text" value="1 rue de la Paix"/)
    assert.doesNotMatch(text, /class="problem"/)
  })

  test('the language is kept all the way', async () => {
    const { app, calls } = openOrder({ cart: item })
    const { text } = await request(app).get('/pay/it?lang=fr')
    assert.match(text, /lang="fr".*action="\/pay\/it\?lang=fr"/s)
    await request(app).post('/pay/it?lang=fr').type('form').send({ do: 'pay', total: '4200' })
    assert.equal(calls.opened[0]?.returnUrl, 'https://pay.example/pay/it?returned=1&lang=fr')
    assert.equal(calls.opened[0]?.locale, 'fr')
    assert.match((await request(app).get('/pay/it?lang=xx')).text, /lang="en"/)
  })
})

describe('an order that costs nothing', () => {
  test('is placed without a provider', async () => {
    const { app, order, calls } = openOrder({ cart: item })
    await request(app).post('/pay/it').type('form').send({ do: 'update', promotion_code: 'GRATIS' })
    assert.equal(order.intentId, null)
    const free = await request(app).get('/pay/it')
    assert.match(free.text, /data-state="free".*Nothing to pay.*Place the order/s)
    const placed = await request(app).post('/pay/it').type('form').send({ do: 'pay', total: '0' })
    assert.equal(placed.headers.location, '/pay/it')
    assert.match((await request(app).get('/pay/it')).text, /data-state="placed"/)
    assert.equal(calls.opened.length, 0)
  })

  test('leads to its new payment when it costs something again', async () => {
    const { app } = openOrder({ cart: item })
    const send = (fields: object) => request(app).post('/pay/it').type('form').send(fields)
    await send({ do: 'update', promotion_code: 'GRATIS' })
    await send({ do: 'remove_code' })
    const old = await request(app).get('/pay/it')
    assert.equal(old.status, 303)
    assert.match(old.headers.location ?? '', /\/pay\/new$/)
  })

  test('is over when its checkout is', async () => {
    for (const [status, state] of [
      ['canceled', 'canceled'],
      ['expired', 'expired'],
    ] as const) {
      const { app } = openOrder({ cart: item, status, intentId: null })
      assert.match((await request(app).get('/pay/it')).text, new RegExp(`data-state="${state}"`))
    }
  })
})

test('the way back leads to the chat app, as far as its link is known', () => {
  const link = (channel: string, external_id: string, name: string) =>
    chatLink({ channel, locale: null, connection: { external_id, name } })
  assert.equal(link('telegram', '1', '@bluete_bot'), 'https://t.me/bluete_bot')
  assert.equal(link('telegram', '1', 'A bot'), undefined)
  assert.equal(link('messenger', '4711', 'Blüte'), 'https://m.me/4711')
  assert.equal(link('whatsapp', '99', 'Blüte 24 +49 30 1234-567'), 'https://wa.me/49301234567')
  assert.equal(link('line', 'U1', 'Blüte @bluete'), 'https://line.me/R/oaMessage/%40bluete')
  assert.equal(link('wechat', 'wx1', 'Blüte'), undefined)
  assert.equal(chatLink({ channel: 'telegram', locale: null }), undefined)
})

test('amounts are read as people type them, to the unit', () => {
  const cases: [string, string, bigint | undefined][] = [
    ['3', 'eur', 300n],
    ['3.5', 'eur', 350n],
    ['3,50 €', 'eur', 350n],
    ['$12.34', 'usd', 1234n],
    ['٣٫٥', 'eur', 350n],
    ['500', 'jpy', 500n],
    ['1.234', 'kwd', 1234n],
    ['5.5', 'jpy', undefined],
    ['1.234', 'eur', undefined],
    ['-3', 'eur', undefined],
    ['1.2.3', 'eur', undefined],
    ['1e3', 'eur', undefined],
    ['', 'eur', undefined],
    ['9999999999', 'eur', undefined],
  ]
  for (const [text, currency, amount] of cases) assert.equal(parseAmount(text, currency), amount, `${text} ${currency}`)
})
