import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import request from 'supertest'
import { AppError } from '#kernel/errors.ts'
import { locales } from '#pages/texts/texts.ts'
import { assets } from '#pages/web/assets.ts'
import { createTestPages, everyState, now, providerOrigin, refuses } from './payment-pages.ts'

const tokenOf = (path: string): string => path.split(/[/?]/)[2] ?? ''

describe('the checkout page', () => {
  for (const state of Object.keys(everyState)) {
    for (const locale of locales) {
      test(`${state} in ${locale}: whole, small, without script, and nothing is opened by looking`, async () => {
        const pages = { it: { ...everyState[state], thread: { channel: 'whatsapp', locale } } }
        const { app, calls } = createTestPages({ pages })
        const { status, text } = await request(app).get('/pay/it')
        assert.equal(status, 200)
        assert.match(text, new RegExp(`data-state="${state}"`))
        assert.match(text, new RegExp(`<html lang="${locale}" dir="${locale === 'ar' ? 'rtl' : 'ltr'}">`))
        assert.doesNotMatch(text, /undefined|\[object|\{\w+\}|<script|<style|style="/)
        assert.ok(Buffer.byteLength(text + assets.base.body) < 30_000)
        assert.deepEqual(calls, { opened: [], synced: 0 })
      })
    }
  }

  for (const locale of locales)
    test(`money of a chat app in ${locale}: where it is paid, whose it was, and that it cannot be`, async () => {
      const thread = { channel: 'telegram', locale }
      const stars = { amount: 12n, currency: 'xtr', options: {} }
      const pages = {
        on: { thread, intent: stars, way: 'invoice' },
        off: { thread, intent: stars, way: 'none' },
      } as const
      const { app } = createTestPages({ pages })
      const [on, off] = [await request(app).get('/pay/on?other=1'), await request(app).get('/pay/off?other=1')]
      for (const [text, state] of [
        [on.text, 'payable'],
        [off.text, 'unpayable'],
      ] as const) {
        assert.match(text, new RegExp(`data-state="${state}"`))
        assert.match(text, /Telegram/)
        assert.doesNotMatch(text, /undefined|\[object|\{\w+\}|<script|4242/)
      }
      assert.match(on.text, /role="alert"/)
      assert.match(String(on.headers['content-security-policy']), /form-action [^;]* https:\/\/t\.me;/)
      assert.doesNotMatch(off.text, /role="alert"|<form/)
      assert.doesNotMatch(String(off.headers['content-security-policy']), /t\.me/)
    })

  test('each state has at most one button that stands out', async () => {
    for (const state of Object.keys(everyState)) {
      const { text } = await request(createTestPages().app).get(`/pay/${state}`)
      assert.ok([...text.matchAll(/class="button"/g)].length <= 1, state)
    }
  })

  test('a wrong token tells nothing', async () => {
    const answer = await request(createTestPages().app).get('/pay/unknown')
    assert.equal(answer.status, 404)
    assert.match(answer.text, /This link doesn’t work/)
    assert.doesNotMatch(answer.text, /Blüte/)
  })

  test('speaks the thread’s language, else the browser’s', async () => {
    const pages = { thread: { thread: { channel: 'line', locale: 'fr-CA' } }, none: { thread: undefined } }
    const { app } = createTestPages({ pages })
    const read = async (path: string, accept: string) =>
      (await request(app).get(path).set('accept-language', accept)).text
    assert.match(await read('/pay/thread', 'es'), /lang="fr-CA".*Payer <bdi>42,00/s)
    assert.match(await read('/pay/none', 'de, es;q=0.9, en;q=0.5'), /lang="es"/)
    assert.match(await read('/pay/none', 'pt-PT'), /lang="pt-PT".*Pagar/s)
    assert.match(await read('/pay/none', 'zh-CN,zh;q=0.9'), /lang="zh-CN".*支付/s)
    assert.match(await read('/pay/none', 'zh-TW, xx-!!'), /lang="en"/)
  })

  test('amounts have exactly the digits of their currency', async () => {
    const of = async (currency: string, amount: bigint, locale: string) => {
      const pages = { it: { intent: { currency, amount, options: {} }, thread: { channel: 'line', locale } } }
      const { text } = await request(createTestPages({ pages }).app).get('/pay/it')
      return /<h1 class="amount"><bdi>(.*?)<\/bdi>/.exec(text)?.[1]?.replaceAll(/[\u00a0\u202f]/g, ' ')
    }
    assert.equal(await of('eur', 4200n, 'en'), '€42.00')
    assert.equal(await of('eur', 4200n, 'fr'), '42,00 €')
    assert.equal(await of('jpy', 4200n, 'en'), '¥4,200')
    assert.equal(await of('kwd', 12_345n, 'en'), 'KWD 12.345')
    assert.equal(await of('kwd', 5n, 'en'), 'KWD 0.005')
    assert.equal(await of('eur', 9_007_199_254_740_993n, 'en'), '€90,071,992,547,409.93')
  })

  test('shows lines only when they add up', async () => {
    const line = (unit_cost: number, tax?: number) => ({
      intent: {
        options: {
          amount_details: {
            line_items: [{ product_name: 'Rose', quantity: 2, unit_cost }],
            ...(tax === undefined ? {} : { tax: { total_tax_amount: tax } }),
          },
        },
      },
    })
    const { app } = createTestPages({ pages: { right: line(2100), taxed: line(2000, 200), wrong: line(2000) } })
    assert.match((await request(app).get('/pay/right')).text, /Rose.*×2.*€42\.00/s)
    assert.match((await request(app).get('/pay/taxed')).text, /€40\.00.*Tax.*€2\.00/s)
    assert.doesNotMatch((await request(app).get('/pay/wrong')).text, /Rose/)
  })

  test('a payment whose time is over is expired before the sweep says so', async () => {
    const { app, calls } = createTestPages({ pages: { late: { intent: { expires_at: now } } } })
    assert.match((await request(app).get('/pay/late')).text, /data-state="expired"/)
    assert.equal((await request(app).post('/pay/late')).status, 303)
    assert.equal(calls.opened.length, 0)
  })

  test('a stolen card is just declined', async () => {
    const error = (decline_code: string) => ({
      intent: { last_payment_error: { code: 'card_declined', decline_code } },
    })
    const { app } = createTestPages({ pages: { stolen: error('stolen_card'), new: error('brand_new_code') } })
    for (const token of ['stolen', 'new']) {
      assert.match((await request(app).get(`/pay/${token}`)).text, /Nothing was charged\. Your bank said no/)
    }
  })
})

describe('the pay button', () => {
  test('leads to the provider, and back here', async () => {
    const { app, calls } = createTestPages()
    const answer = await request(app).post('/pay/payable').set('sec-fetch-site', 'same-origin')
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.location, `${providerOrigin}/c/pay/1`)
    const [opened] = calls.opened
    assert.equal(opened?.returnUrl, 'https://pay.example/pay/payable?returned=1')
    assert.equal(opened?.locale, 'en')
  })

  test('opens nothing where there is nothing to pay', async () => {
    const { app, calls } = createTestPages()
    for (const state of Object.keys(everyState).filter((name) => name !== 'payable' && name !== 'declined')) {
      const answer = await request(app).post(`/pay/${state}`)
      assert.deepEqual([answer.status, tokenOf(answer.headers.location ?? '')], [303, state])
    }
    assert.equal(calls.opened.length, 0)
  })

  test('of what somebody else has paid says so', async () => {
    const { app } = createTestPages()
    const { headers } = await request(app).post('/pay/paid')
    assert.equal(headers.location, '/pay/paid?already=1')
    const { text } = await request(app).get('/pay/paid?already=1')
    assert.match(text, /Already paid.*Nothing more was charged to you/s)
    assert.doesNotMatch((await request(app).get('/pay/payable?already=1')).text, /Already paid/)
  })

  test('shows the shop’s own words when it refuses', async () => {
    const veto = new AppError('payment_vetoed', { message: 'Sold out <today>.' })
    const { app } = createTestPages({ openPage: () => Promise.reject(veto) })
    const { status, text } = await request(app).post('/pay/payable')
    assert.equal(status, 409)
    assert.match(text, /role="alert".*Sold out &lt;today&gt;\..*Nothing was charged\./s)
  })

  test('refuses the form of another site', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const { app, calls } = createTestPages()
      const answer = await request(app).post('/pay/payable').set('sec-fetch-site', site)
      assert.equal(answer.status, 403)
      assert.equal(calls.opened.length, 0)
    }
  })

  test('a second tap waits for the first one’s page', async () => {
    const { app } = createTestPages({ openPage: refuses('lock_timeout') })
    const answer = await request(app).post('/pay/payable')
    assert.equal(answer.headers.location, '/pay/payable?working=1')
    const waiting = await request(app).get('/pay/payable?working=1')
    assert.match(waiting.text, /data-state="working"/)
    assert.match(waiting.text, /http-equiv="refresh" content="1;url=\/pay\/payable\?working=2"/)
    assert.match((await request(app).get('/pay/payable?working=11')).text, /data-state="payable"/)
  })

  test('waiting ends at the page that was opened', async () => {
    const url = 'https://provider.example/c/pay/2'
    const open = { intent: { page_url: url, page_ref: 'cs_1', page_expires_at: new Date(now.getTime() + 600_000) } }
    const answer = await request(createTestPages({ pages: { open } }).app).get('/pay/open?working=1')
    assert.deepEqual([answer.status, answer.headers.location], [303, url])
  })

  test('a payment that has moved on is shown as it is', async () => {
    const { app } = createTestPages({ openPage: refuses('payment_intent_unexpected_state') })
    assert.equal((await request(app).post('/pay/payable')).headers.location, '/pay/payable')
  })

  test('says so when the provider cannot be reached', async () => {
    for (const code of ['provider_error', 'provider_unknown_outcome', 'internal_error'] as const) {
      const answer = await request(createTestPages({ openPage: refuses(code) }).app).post('/pay/payable')
      assert.equal(answer.status, 503)
      assert.match(answer.text, /Nothing was charged\. Try again\./)
      assert.match(answer.text, /<form method="post" action="\/pay\/payable">/)
    }
  })
})

describe('coming back from the provider', () => {
  test('asks the provider, then shows what the database says', async () => {
    const pages = { it: everyState.payable ?? {} }
    const { app, calls } = createTestPages({
      pages,
      sync: async () => {
        calls.synced += 1
        pages.it = everyState.paid ?? {}
      },
    })
    assert.match((await request(app).get('/pay/it?returned=1')).text, /data-state="paid"/)
    assert.equal(calls.synced, 1)
    await request(app).get('/pay/it?returned=1')
    assert.equal(calls.synced, 1, 'what is final is not asked for again')
  })

  test('never says paid because of the address', async () => {
    const query = 'returned=1&redirect_status=succeeded&payment_intent=pi_1'
    const { text } = await request(createTestPages().app).get(`/pay/payable?${query}`)
    assert.match(text, /data-state="payable"/)
  })

  test('asks nobody to pay again while the outcome is unknown', async () => {
    const { app } = createTestPages({ sync: refuses('provider_unknown_outcome') })
    const first = await request(app).get('/pay/payable?returned=1')
    assert.match(first.text, /data-state="processing"/)
    assert.match(first.text, /content="2;url=\/pay\/payable\?returned=2"/)
    assert.match((await request(app).get('/pay/payable?returned=1&by=cancel')).text, /data-state="payable"/)
  })

  test('waits three seconds for the provider and no longer', async () => {
    const { app } = createTestPages({ sync: () => new Promise(() => {}) })
    const started = performance.now()
    assert.match((await request(app).get('/pay/payable?returned=1')).text, /data-state="processing"/)
    assert.ok(performance.now() - started < 3500)
  })
})

describe('the receipt', () => {
  test('says what, how much, how, when and to whom', async () => {
    const { text } = await request(createTestPages().app).get('/receipts/paid')
    for (const part of [
      'Paid',
      '€42.00',
      'Visa ···· 4242',
      'November 22, 2026',
      'Delivery',
      'pi_01',
      'mailto:hello@bluete.example',
    ]) {
      assert.ok(text.includes(part), part)
    }
  })

  test('shows refunds as they happen', async () => {
    const { text } = await request(createTestPages().app).get('/receipts/refunded')
    assert.match(text, /Refunded.*−€42\.00.*Paid after refunds.*€0\.00/s)
  })

  test('of a payment that is not paid leads to the payment', async () => {
    const answer = await request(createTestPages().app).get('/receipts/payable')
    assert.deepEqual([answer.status, answer.headers.location], [303, '/pay/payable'])
    assert.equal((await request(createTestPages().app).get('/receipts/unknown')).status, 404)
  })
})
