import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import request from 'supertest'
import { AppError } from '#kernel/errors.ts'
import { locales } from '#pages/texts/texts.ts'
import { assets } from '#pages/web/assets.ts'
import { handoverAction } from '#payments/handover.ts'
import { type Change, createTestPages, now, paymentPage } from './payment-pages.ts'

const open = {
  page_ref: 'pi_1',
  page_handover: { kind: 'fields' },
  page_expires_at: new Date(now.getTime() + 3_600_000),
}
const settings = { hosted_page: 'element' }
const shown: Change = { intent: open, merchant: { name: 'Blüte Flowers', settings } }
const policyOf = (headers: Record<string, unknown>) => String(headers['content-security-policy'])

describe('the fields of the provider on our page', () => {
  for (const locale of locales)
    test(`in ${locale}: theirs is the frame, ours is no field for a card and no inline script`, async () => {
      const pages = { it: { ...shown, thread: { channel: 'whatsapp', locale } } }
      const { status, text, headers } = await request(createTestPages({ pages }).app).get('/pay/it?hand=1')
      assert.equal(status, 200)
      assert.match(text, /data-state="fields"/)
      const scripts = [...text.matchAll(/<script src="([^"]+)" defer><\/script>/g)].map(([, source]) => source)
      assert.deepEqual(scripts, ['https://js.provider.example/fields.js', assets.elementScript.path])
      assert.equal(text.split('<script').length, 3)
      assert.deepEqual(text.match(/<input[^>]*>/g), null)
      assert.match(text, /data-key="pk_test_1" data-secret="pi_1_secret_2" data-locale="/)
      assert.match(text, /name="again" value="elsewhere"/)
      assert.doesNotMatch(text, /undefined|\[object|\{\w+\}|style="/)
      assert.equal(headers['cache-control'], 'no-store')
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin-allow-popups')
      assert.deepEqual(policyOf(headers).split('; '), [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' https: data:",
        "script-src 'self' https://js.provider.example https://*.js.provider.example",
        "connect-src 'self' https://api.provider.example",
        'frame-src https://js.provider.example https://hooks.provider.example',
        "form-action 'self' https://provider.example",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ])
    })

  test('no other state lets the script in, nor asks for the secret', async () => {
    const pages = { it: shown, paid: { ...shown, intent: { ...open, status: 'succeeded' as const } } }
    const readFields = async () => assert.fail('asked')
    for (const path of ['/pay/it', '/pay/it?hand=0', '/pay/paid?hand=1', '/pay/paid']) {
      const { headers, text } = await request(createTestPages({ pages, readFields }).app).get(path)
      assert.doesNotMatch(policyOf(headers) + text, /js\.provider\.example|secret/)
    }
  })

  test('are what the button opens where the shop wants them, unless the payer wants the provider’s page', async () => {
    const payable = { ...shown, intent: {} }
    const plain = { ...payable, merchant: { name: 'Blüte Flowers', settings: {} } }
    for (const [page, form, use] of [
      [payable, '', 'fields'],
      [shown, '', 'fields'],
      [shown, 'again=elsewhere', undefined],
      [{ ...shown, intent: { ...open, status: 'requires_action' } }, 'again=elsewhere', undefined],
      [plain, '', undefined],
    ] as const) {
      const { app, calls } = createTestPages({ pages: { it: page } })
      await request(app).post('/pay/it').type('form').send(form).expect(303)
      assert.deepEqual(
        calls.opened.map((links) => links.use),
        [use],
      )
    }
    const { app } = createTestPages({ pages: { it: payable }, openPage: async () => undefined })
    await request(app).post('/pay/it').expect(303).expect('location', '/pay/it?hand=1')
  })

  test('wait for the bank where the payer left it', async () => {
    const { app } = createTestPages({ pages: { it: { ...shown, intent: { ...open, status: 'requires_action' } } } })
    const { text } = await request(app).get('/pay/it')
    assert.match(text, /data-state="confirm"[\s\S]*<a class="button" href="\/pay\/it\?hand=1">/)
    assert.match((await request(app).get('/pay/it?hand=1')).text, /data-state="fields"[\s\S]*data-waiting/)
  })

  test('are not shown when they are used up, nor when the provider cannot be asked', async () => {
    const over = createTestPages({ pages: { it: shown }, readFields: async () => undefined })
    await request(over.app).get('/pay/it?hand=1').expect(303).expect('location', '/pay/it?returned=1')
    const readFields = async (): Promise<never> => {
      throw new AppError('provider_error')
    }
    const silent = await request(createTestPages({ pages: { it: shown }, readFields }).app).get('/pay/it?hand=1')
    assert.equal(silent.status, 503)
    assert.match(silent.text, /role="alert"[^>]*>The fields can’t be loaded\.[\s\S]*value="elsewhere"/)
    assert.doesNotMatch(silent.text, /data-secret/)
    const late = { ...shown, intent: { ...open, page_expires_at: now } }
    const { text } = await request(createTestPages({ pages: { it: late } }).app).get('/pay/it?hand=1')
    assert.match(text, /data-state="payable"/)
  })

  test('are nothing that the API hands over', () => {
    assert.equal(handoverAction(paymentPage({ intent: open }).intent, 'https://pay.example/pay/t'), null)
  })
})
