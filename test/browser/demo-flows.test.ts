import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { noChromium, openBrowser, shoot, visit } from './chromium.ts'
import { startApp, type TestApp } from './start-app.ts'

describe('the demo', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
  })

  test('sells, gives a receipt, asks for a refund and tells when it was granted', async () => {
    await using person = await visit(browser, {
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'no-preference',
    })
    const { page } = person
    await page.goto(app.url)
    await page.waitForURL('**/demo')
    await page.getByRole('button', { name: 'Show me bouquets' }).click()
    await page.getByRole('button', { name: /Nanterre/ }).click()
    await page.locator('.payment_request .button').click()
    await payOnCardPage(page)
    await page.getByText('Back to the chat').click()
    await page.locator('.item.receipt').waitFor()
    await page.locator('.payment_request').getByText('Paid').waitFor()
    await page.getByRole('button', { name: 'I’d like a refund' }).click()
    await page.getByText('The customer asks for a refund.').waitFor()
    await shoot(page, 'demo-refund-asked')
    await page.getByRole('button', { name: 'Grant' }).click()
    await page.locator('.item.refund_notice').waitFor()
    await page.locator('.line.ledger', { hasText: 'refund booked' }).waitFor()
    await page.getByText(/Debit [\d.]+ = credit [\d.]+ EUR/).waitFor()
    await shoot(page, 'demo-refund-granted')
    assert.deepEqual([...person.origins].sort(), [app.providerOrigin, app.url].sort())
    assert.deepEqual(person.complaints, [])
  })

  test('knows an account to sell for', async () => {
    const paid = await app.api<{ status: string; transfer_data: object }>('/v1/payment_intents', {
      amount: 10_000,
      currency: 'eur',
      application_fee_amount: 1000,
      transfer_data: { destination: app.seller },
      payment_method: 'pm_card_visa',
      confirm: true,
    })
    assert.deepEqual([paid.status, paid.transfer_data], ['succeeded', { destination: app.seller }])
  })

  test('works without a script', async () => {
    await using person = await visit(browser, { javaScriptEnabled: false })
    const { page } = person
    await page.goto(`${app.url}/demo`)
    await page.getByRole('button', { name: 'Show me bouquets' }).click()
    await page.getByRole('button', { name: /Sakura/ }).click()
    await page.locator('.payment_request .button').click()
    await payOnCardPage(page)
    await page.getByText('Back to the chat').click()
    await page.locator('.payment_request').getByText('Paid').waitFor()
    await page.getByText('Under the hood').click()
    await page.getByRole('heading', { name: 'What just happened' }).waitFor()
    assert.equal(await page.locator('.chat').isVisible(), false)
  })

  test('shows the JSON behind a line, and of nobody else', async () => {
    await using person = await visit(browser, { viewport: { width: 1280, height: 800 } })
    const { page } = person
    await page.goto(`${app.url}/demo`)
    await say(page, 'I’ll take the Lagune please')
    await page.locator('.line a', { hasText: 'payment_intent.created' }).click()
    await page.getByText('"payment_intent.created"').waitFor()
    await shoot(page, 'demo-json')
    const link = page.url()
    await using stranger = await visit(browser)
    const answer = await stranger.page.goto(link)
    assert.equal(answer?.status(), 404)
    for (const path of ['/v1/payment_intents', '/v1/api_keys', '/v1/../healthz', '//example.com']) {
      const forbidden = await page.goto(`${app.url}/demo/json?path=${encodeURIComponent(path)}`)
      assert.equal(forbidden?.status(), 404, path)
    }
  })

  test('what somebody types stays text', async () => {
    await using person = await visit(browser)
    const { page } = person
    await page.goto(`${app.url}/demo`)
    await say(page, '<img src=x onerror="document.title=\'hacked\'"><b>bold</b>')
    await page.locator('.item.me', { hasText: '<b>bold</b>' }).waitFor()
    await page.reload()
    await page.locator('.item.me', { hasText: '<b>bold</b>' }).waitFor()
    assert.notEqual(await page.title(), 'hacked')
  })

  test('two pages of one visitor show the same, two visitors never', async () => {
    await using person = await visit(browser)
    const second = await person.page.context().newPage()
    await person.page.goto(`${app.url}/demo`)
    await second.goto(`${app.url}/demo`)
    await using stranger = await visit(browser)
    await stranger.page.goto(`${app.url}/demo`)
    await say(person.page, 'How does delivery work?')
    await second.locator('.item.bot', { hasText: 'By bicycle' }).waitFor()
    assert.equal(await stranger.page.locator('.item').count(), 1)
  })

  test('on a shop’s own page: the bot hears by its webhook, and the thread is the same', async () => {
    await using person = await visit(browser)
    const { page } = person
    await page.goto(`${app.url}/demo/shop`)
    await page.getByRole('button', { name: 'Message' }).click()
    const frame = page.frameLocator('#parley-frame')
    await frame.getByRole('textbox').fill('The Sakura please')
    await frame.getByRole('textbox').press('Enter')
    await frame.locator('.payment_request').waitFor()
    await shoot(page, 'demo-shop')
    await page.goto(`${app.url}/demo`)
    await page.locator('.item.me', { hasText: 'The Sakura please' }).waitFor()
    assert.equal(await page.locator('.payment_request').count(), 1)
    assert.deepEqual([...person.origins], [app.url])
    assert.deepEqual(person.complaints, [])
  })

  test('starts over', async () => {
    await using person = await visit(browser, { viewport: { width: 1280, height: 800 } })
    const { page } = person
    await page.goto(`${app.url}/demo`)
    await say(page, 'thanks')
    await page.locator('.item.bot', { hasText: 'You’re welcome!' }).waitFor()
    await page.getByRole('button', { name: 'Start over' }).click()
    await page.locator('#greeting').waitFor()
    assert.equal(await page.locator('.item').count(), 1)
  })
})

const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole('textbox').fill(text)
  await page.getByRole('textbox').press('Enter')
}

const payOnCardPage = async (page: Page): Promise<void> => {
  await page.locator('main[data-state=payable] form .button').click()
  await page.fill('#card_number', '4242 4242 4242 4242')
  await page.fill('#exp', '12 / 34')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'A Payer')
  await page.click('#pay')
  await page.locator('main[data-state=paid]').waitFor()
}
