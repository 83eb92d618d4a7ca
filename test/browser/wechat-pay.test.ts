import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { handedStates } from '../pages/payment-pages.ts'
import { type FakeWechat, startFakeWechat } from '../support/fake-wechat.ts'
import { openGallery } from './checkout-states.ts'
import { checkAccessibility, checkLayout, noChromium, openBrowser, schemes, shoot, visit } from './chromium.ts'
import { askForPayment, type Payment, startApp, type TestApp } from './start-app.ts'

/** Of the simulator's merchant. */
const appid = 'wx8888888888888888'
const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const userAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50'
const tea = { amount: 880, currency: 'cny', amount_details: { line_items: [] }, description: 'Tea' }

test('a code to scan looks right, light and dark, and in every direction', { skip: noChromium }, async () => {
  await using gallery = await openGallery(['en', 'zh-Hans', 'ar'], handedStates)
  await gallery.look('/pay/scan-en?hand=1', schemes)
  for (const path of ['lapsed-en', 'scan-zh-Hans', 'scan-ar']) await gallery.look(`/pay/${path}?hand=1`, ['light'])
})

describe('paying with WeChat', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  let chat: FakeWechat
  before(async () => {
    chat = await startFakeWechat({ appId: appid, appSecret: 's', token: 'spamtest' })
    ;[app, browser] = await Promise.all([startApp({ WECHAT_API_BASE: chat.url }), openBrowser()])
    const settings = { app_id: appid, kind: 'official_account' }
    await app.api('/v1/connections', { channel: 'wechat', settings, secrets: { app_secret: 's', token: 'spamtest' } })
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
    await chat?.[Symbol.asyncDispose]()
  })

  const ask = (): Promise<Payment> =>
    askForPayment(app, { ...tea, thread: { channel: 'wechat', external_id: openid, locale: 'en' } })
  const statusOf = async ({ id }: Payment) => (await app.api<Payment>(`/v1/payment_intents/${id}`)).status

  test('elsewhere, by a code that a phone scans: the page turns into the receipt by itself, with scripts and without', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const payment = await ask()
      await using person = await visit(browser, { javaScriptEnabled })
      const { page } = person
      await page.goto(payment.checkout_url)
      await page.getByRole('button', { name: /^Pay / }).click()
      await page.locator('main[data-state=scan]').waitFor()
      await page.getByRole('img', { name: 'QR code to pay CN¥8.80 with WeChat' }).waitFor()
      const phone = (await page.getByRole('link', { name: 'Open the simulated phone' }).getAttribute('href')) ?? ''
      await using scanner = await visit(browser)
      await scanner.page.goto(phone)
      await scanner.page.getByRole('button', { name: 'Pay', exact: true }).click()
      await scanner.page.getByText(/^Paid: /).waitFor()
      await page.waitForURL(/\/receipts\//)
      await page.getByText('WeChat Pay').waitFor()
      await shoot(page, 'wechat-pay-receipt')
      assert.equal(await statusOf(payment), 'succeeded')
      assert.deepEqual([...person.origins], [app.url])
      assert.deepEqual(person.complaints, [])
    }
  })

  test('inside WeChat, by the bridge of the app', async () => {
    const payment = await ask()
    // The simulated bridge is a script that calls the simulator from the page, which the page's policy forbids.
    await using person = await visit(browser, { userAgent, bypassCSP: true })
    const { page } = person
    await page.addInitScript(`window.weixinSandbox = { action: sessionStorage.action ?? 'cancel' }`)
    await page.addInitScript(await (await fetch(`${app.wechatpayUrl}/_sandbox/jsbridge.js`)).text())
    await page.goto(payment.checkout_url)
    await shoot(page, 'wechat-pay-payable')
    await page.getByRole('button', { name: /^Pay / }).click()
    await page.getByRole('alert').getByText('You cancelled. Nothing was charged.').waitFor()
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await checkLayout(page, 'in WeChat')
      await checkAccessibility(page, `in WeChat, ${colorScheme}`)
      await shoot(page, `wechat-pay-in-app-${colorScheme}`)
    }
    await page.evaluate(`weixinSandbox.action = 'ok'`)
    await page.getByRole('button', { name: /^Pay CN/ }).click()
    await page.waitForURL(/\/receipts\//)
    assert.equal(await statusOf(payment), 'succeeded')
  })

  test('inside WeChat under the policy of the page: what the bridge says is not believed, and a code is offered', async () => {
    const payment = await ask()
    await using person = await visit(browser, { userAgent })
    const { page } = person
    await page.addInitScript(`window.WeixinJSBridge = {
      invoke: (name, params, tell) => tell({ err_msg: 'get_brand_wcpay_request:' + (params.paySign ? 'fail' : 'ok') }),
    }`)
    await page.goto(payment.checkout_url)
    await page.getByRole('button', { name: /^Pay / }).click()
    await page.getByRole('alert').getByText('did not take the payment').waitFor()
    await page.getByRole('button', { name: 'Pay by code instead' }).click()
    await page.locator('main[data-state=scan]').waitFor()
    await shoot(page, 'wechat-pay-code-in-app')
    assert.equal(await statusOf(payment), 'requires_payment_method')
    assert.deepEqual(person.complaints, [])
  })
})
