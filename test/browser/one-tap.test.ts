import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { keptStates } from '../pages/payment-pages.ts'
import { deliver } from '../support/fake-server.ts'
import { type FakeTelegram, startFakeTelegram } from '../support/fake-telegram.ts'
import { until } from '../support/until.ts'
import { type Gallery, openGallery } from './checkout-states.ts'
import {
  checkAccessibility,
  checkLayout,
  languages,
  noChromium,
  openBrowser,
  schemes,
  shoot,
  visit,
} from './chromium.ts'
import { askForPayment, type Payment, startApp, type TestApp } from './start-app.ts'

describe('a card that is kept', { skip: noChromium }, () => {
  let gallery: Gallery
  before(async () => {
    gallery = await openGallery(languages, keptStates)
  })
  after(() => gallery?.[Symbol.asyncDispose]())

  for (const state of Object.keys(keptStates))
    test(`${state} looks right`, () => gallery.look(`/pay/${state}-en`, schemes))
  for (const locale of languages.slice(1))
    test(`kept in ${locale} looks right`, () => gallery.look(`/pay/kept-${locale}`, ['light']))

  test('one button stands out, and it is in reach on a small phone', async () => {
    await using person = await visit(gallery.browser, { viewport: { width: 360, height: 640 } })
    for (const locale of languages) {
      for (const state of Object.keys(keptStates)) {
        await person.page.goto(`${gallery.url}/pay/${state}-${locale}`)
        const buttons = await person.page.locator('form .button:not(.quiet)').all()
        assert.equal(buttons.length, 1, `${state} ${locale}`)
        const box = await buttons[0]?.boundingBox()
        assert.ok(box && box.y + box.height <= 640, `${state} ${locale}`)
      }
    }
  })
})

describe('paying again', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  let telegram: FakeTelegram
  before(async () => {
    telegram = await startFakeTelegram({ token: bot.bot_token, secret: bot.secret_token })
    ;[app, browser] = await Promise.all([startApp({ TELEGRAM_API_BASE: telegram.url }), openBrowser()])
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
    await telegram?.[Symbol.asyncDispose]()
  })

  const statusOf = async ({ id }: Payment) => (await app.api<Payment>(`/v1/payment_intents/${id}`)).status

  for (const [name, number] of [
    ['one tap', '4242 4242 4242 4242'],
    ['one tap and the bank', '4000 0027 6000 3184'],
  ] as const)
    test(`${name}, once the box was ticked; then the card is removed`, async () => {
      const { id: customer } = await app.api<{ id: string }>('/v1/customers', { name: 'Zoë' })
      const ask = () => askForPayment(app, { customer, expires_in: 3600 })
      await using person = await visit(browser)
      const { page } = person
      await page.goto((await ask()).checkout_url)
      await page.getByLabel('Save my card for next time').check()
      await shoot(page, `one-tap-1-${number.slice(-4)}`)
      await page.getByRole('button', { name: /^Pay / }).click()
      await payWith(page, number)
      await approve(page, number)
      await page.locator('main[data-state="paid"]').waitFor()

      const again = await ask()
      await page.goto(again.checkout_url)
      await shoot(page, `one-tap-2-${number.slice(-4)}`)
      await page.getByRole('button', { name: new RegExp(`^Pay .* with Visa ···· ${number.slice(-4)}$`) }).click()
      await approve(page, number)
      await page.locator('main[data-state="paid"]').waitFor()
      await until('it is paid', async () => (await statusOf(again)) === 'succeeded')

      await page.goto((await ask()).checkout_url)
      await page.getByRole('button', { name: /^Remove Visa/ }).click()
      await page.getByRole('button', { name: /^Remove Visa/ }).waitFor({ state: 'detached' })
      assert.equal(await page.getByRole('button', { name: / with Visa / }).count(), 0)
      assert.deepEqual([...person.origins].sort(), [app.providerOrigin, app.url].sort())
      assert.deepEqual(person.complaints, [])
    })

  test('without paying: a card is kept on the page of the payer, and removed there', async () => {
    const { id: customer } = await app.api<{ id: string }>('/v1/customers', { name: 'Zoë' })
    const { setup_url: url } = await app.api<{ setup_url: string }>('/v1/setup_intents', { customer })
    await using person = await visit(browser, { bypassCSP: true, viewport: { width: 360, height: 640 } })
    const { page } = person
    const look = async (what: string) => {
      for (const locale of languages) {
        await page.goto(`${url}?lang=${locale}`)
        await checkLayout(page, `${what} ${locale}`)
        await checkAccessibility(page, `${what} ${locale}`)
        await shoot(page, `${what}-${locale}`)
      }
      await page.goto(url)
    }
    await look('methods-none')
    await page.getByRole('button', { name: 'Agree and enter a card' }).click()
    await payWith(page, '4242 4242 4242 4242')
    await page.getByText('Visa ···· 4242 is saved.').waitFor()
    await look('methods-kept')
    await page.getByRole('button', { name: 'Remove Visa ···· 4242' }).click()
    await page.getByText('No card of yours is saved').waitFor()
    assert.deepEqual([...person.origins].sort(), [app.providerOrigin, app.url].sort())
    assert.deepEqual(person.complaints, [])
  })

  test('in Stars: the button leads to an invoice of Telegram, and what is paid there shows the receipt', async () => {
    const url = await connectBot(app)
    const { checkout_url } = await app.api<Payment>('/v1/payment_intents', {
      amount: 12,
      currency: 'xtr',
      thread: chat,
    })
    await using person = await visit(browser)
    const { page } = person
    await page.goto(checkout_url)
    await shoot(page, 'stars')
    // What a redirect leads to is not answered by a route, and where it fails differs between browsers.
    const asked = page.waitForRequest(/^https:\/\/t\.me\/\$/)
    await page.getByRole('button', { name: /^Pay / }).click()
    const { paid } = await telegram.person(9).presses(url, telegram.opened((await asked).url()))
    assert.ok(paid)
    await deliver(url, paid)
    // In a tab of its own: the first is still on its way to Telegram.
    const back = await page.context().newPage()
    await until('the page says so', async () => {
      await back.goto(checkout_url)
      return (await back.locator('main[data-state="paid"]').count()) > 0
    })
    await back.getByRole('link', { name: 'Show the receipt' }).click()
    await back.waitForURL(/\/receipts\//)
    await back.getByText('XTR 12').first().waitFor()
    assert.deepEqual(person.complaints, [])
  })

  test('in a Mini App: the page learns who has opened it, and offers her own card', async () => {
    await connectBot(app)
    const { id: customer } = await app.api<{ id: string }>('/v1/customers', { name: 'Ana' })
    const keep = { setup_future_usage: 'off_session', payment_method: 'pm_card_visa', confirm: true }
    await app.api('/v1/payment_intents', { amount: 100, currency: 'eur', customer, ...keep })
    const participants = [chat.external_id, '10'].map((external_id) => ({ external_id, role: 'payer' }))
    const thread = { channel: 'telegram', external_id: '-1009', locale: 'en', participants }
    const { checkout_url } = await askForPayment(app, { customer, thread, participant: participants[0] })
    await using person = await visit(browser)
    const { page } = person
    const proof = telegram.person(9).opens(new Date())
    const kept = page.getByRole('button', { name: /^Pay .* with Visa/ })
    await page.goto(checkout_url)
    assert.equal(await kept.count(), 0)
    await page.goto('about:blank')
    await page.goto(`${checkout_url}#tgWebAppData=${encodeURIComponent(proof)}&tgWebAppVersion=8.0`)
    await kept.waitFor()
    assert.equal(page.url(), checkout_url, 'the proof does not stay in the address')
    assert.deepEqual([...person.origins], [app.url])
    assert.deepEqual(person.complaints, [])
  })
})

const bot = { bot_token: '700:AAtoken', secret_token: 'the_secret_token_of_the_bot' }
const chat = { channel: 'telegram', external_id: '9', locale: 'en' }

/** A bot that takes Stars; answers where Telegram posts. */
const connectBot = async (app: TestApp): Promise<string> => {
  const { data } = await app.api<{ data: { webhook_url: string }[] }>('/v1/connections?channel=telegram')
  const terms = { channel: 'telegram', settings: { stars: true }, secrets: bot }
  const [known] = data
  return (known ?? (await app.api<{ webhook_url: string }>('/v1/connections', terms))).webhook_url
}

const payWith = async (page: Page, number: string): Promise<void> => {
  await page.fill('#card_number', number)
  await page.fill('#exp', '12 / 34')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'A Payer')
  await page.click('#pay')
}

const approve = async (page: Page, number: string): Promise<void> => {
  if (number.startsWith('4242')) return
  await page.waitForURL(/\/3ds\//)
  await page.click('#approve')
}
