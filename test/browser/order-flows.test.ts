import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { until } from '../support/until.ts'
import { noChromium, openBrowser, shoot, type Visit, visit } from './chromium.ts'
import { startApp, type TestApp } from './start-app.ts'

interface Order {
  id: string
  checkout_url: string
  status: string
  amount_total: number
  buyer: { email: string | null }
  shipping_address: { city: string } | null
}

const bouquet = { name: 'Bouquet “Nanterre”', quantity: 1, unit_amount: 3900 }
const asked = {
  line_items: [bouquet],
  requires: { email: true, phone: true },
  shipping_options: [
    { id: 'bike', title: 'By bicycle', amount: 300, countries: ['FR'] },
    { id: 'post', title: 'By post', amount: 700 },
  ],
  tip: { max: 5000, suggested: [200, 400] },
}

describe('buying', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
    await app.api('/v1/promotion_codes', { code: 'BLUME', amount_off: 500, currency: 'eur' })
    await app.api('/v1/promotion_codes', { code: 'GRATIS', percent_off: 100 })
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
  })

  const order = (change: object = {}, locale = 'en'): Promise<Order> =>
    app.api('/v1/checkouts', {
      currency: 'eur',
      thread: { channel: 'telegram', external_id: `chat-${performance.now()}`, locale },
      line_items: [bouquet],
      ...change,
    })
  const read = ({ id }: Order): Promise<Order> => app.api(`/v1/checkouts/${id}`)
  const open = async (made: Order, options: BrowserContextOptions = {}): Promise<Visit> => {
    const person = await visit(browser, options)
    await person.page.goto(made.checkout_url)
    await at(person.page, 'payable')
    return person
  }

  test('items only: one tap from the provider, and nobody else is asked for anything', async () => {
    const made = await order()
    await using person = await open(made)
    const { page, origins, complaints } = person
    await tapPay(page)
    await payWith(page, good)
    await at(page, 'paid')
    assert.deepEqual([...origins].sort(), [app.providerOrigin, app.url].sort())
    assert.deepEqual(complaints, [])
    await until('the order is completed', async () => (await read(made)).status === 'completed')
  })

  test('address, delivery, tip and code: the total follows each choice, and the receipt has it all', async () => {
    const made = await order(asked)
    await using person = await open(made)
    const { page } = person
    await page.fill('#name', 'Zoë Payer')
    await page.fill('#email', 'zoe@example.com')
    await page.fill('#phone', '+33 6 12 34 56 78')
    await page.selectOption('#country', 'FR')
    await page.fill('#line1', '1 rue de la Paix')
    await page.fill('#postal_code', '75002')
    await page.fill('#city', 'Paris')
    await page.getByText('By bicycle').click()
    await payButton(page, '€42.00')
    await page.getByRole('button', { name: '€4.00' }).click()
    await payButton(page, '€46.00')
    await page.locator('#code summary').click()
    await page.fill('#promotion_code', 'nope')
    await page.locator('#code-apply').click()
    await page.getByRole('alert').getByText('This code can’t be used').waitFor()
    await page.fill('#promotion_code', 'BLUME')
    await page.locator('#code-apply').click()
    await payButton(page, '€41.00')
    assert.equal(await page.inputValue('#line1'), '1 rue de la Paix', 'what was typed stays')
    await tapPay(page)
    await payWith(page, good)
    await at(page, 'paid')
    await page.getByText('Show the receipt').click()
    for (const text of ['By bicycle', 'Discount (BLUME)', 'Tip', '1 rue de la Paix', 'Zoë Payer'])
      await page.getByText(text).first().waitFor()
    await shoot(page, 'order-flow-receipt', true)
    assert.deepEqual(person.complaints, [])
    const bought = await read(made)
    assert.deepEqual(
      [bought.amount_total, bought.buyer.email, bought.shipping_address?.city],
      [4100, 'zoe@example.com', 'Paris'],
    )
  })

  test('declined, and back: the order is as it was, and another card pays it', async () => {
    const made = await order(asked)
    await app.api(`/v1/checkouts/${made.id}`, whole)
    await using person = await open(made)
    const { page } = person
    await tapPay(page)
    await payWith(page, '4000 0000 0000 9995')
    await page.getByRole('alert').waitFor()
    await page.click('#cancel')
    await at(page, 'declined')
    await page.getByText('There isn’t enough money on this card.').waitFor()
    assert.equal(await page.inputValue('#city'), 'Paris')
    await tapPay(page)
    await payWith(page, good)
    await at(page, 'paid')
  })

  test('a price that the shop has changed meanwhile is shown before it is paid', async () => {
    const made = await order()
    await using person = await open(made)
    const { page } = person
    await app.api(`/v1/checkouts/${made.id}`, { line_items: [{ ...bouquet, unit_amount: 4500 }] })
    await tapPay(page)
    await page.getByRole('alert').getByText('The total is now €45.00').waitFor()
    await tapPay(page)
    await payWith(page, good)
    await at(page, 'paid')
  })

  test('free with a code: nothing is paid', async () => {
    const made = await order()
    await using person = await open(made)
    const { page } = person
    await page.locator('#code summary').click()
    await page.fill('#promotion_code', 'GRATIS')
    await page.locator('#code-apply').click()
    await page.getByRole('button', { name: 'Place the order' }).click()
    await at(page, 'placed')
    assert.equal((await read(made)).status, 'completed')
  })

  test('refused by the shop: its own words, and nothing charged', async () => {
    const shop = createServer((_request, response) =>
      response.end('{"approved":false,"message":"Sold out until Friday."}'),
    )
    await once(shop.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/`
    const veto: { id: string } = await app.api('/v1/connections', {
      channel: 'veto',
      settings: { url, default: 'refuse' },
    })
    try {
      await using person = await open(await order())
      await tapPay(person.page)
      await person.page.getByRole('alert').getByText('Sold out until Friday.').waitFor()
      await person.page.getByText('Nothing was charged.').waitFor()
    } finally {
      shop.close()
      await app.api(`/v1/connections/${veto.id}`, { status: 'disabled' })
    }
  })

  test('in Arabic, without a script, from right to left', async () => {
    const made = await order(asked, 'ar')
    await using person = await open(made, { javaScriptEnabled: false })
    const { page } = person
    assert.equal(await page.locator('html').getAttribute('dir'), 'rtl')
    await tapPay(page)
    await page.locator('#email-problem').waitFor()
    await page.fill('#name', 'ليلى')
    await page.fill('#email', 'layla@example.com')
    await page.fill('#phone', '+971 50 123 4567')
    await page.selectOption('#country', 'AE')
    await page.fill('#line1', 'شارع الوصل 1')
    await page.fill('#city', 'دبي')
    await page.locator('#tip-200').click()
    await page.locator('#tip-200[aria-pressed=true]').waitFor()
    assert.equal(await page.inputValue('#city'), 'دبي')
    await tapPay(page)
    if ((await page.locator('#card_number').count()) === 0) await tapPay(page)
    await payWith(page, good)
    await at(page, 'paid')
    assert.equal((await read(made)).amount_total, 3900 + 700 + 200)
  })

  test('on a slow network the page stands before its script, and works', async () => {
    const made = await order(asked)
    await using person = await visit(browser)
    const { page } = person
    // The script does not come at all while the payer chooses.
    await page.route('**/assets/order.*.js', () => undefined)
    await page.goto(made.checkout_url, { waitUntil: 'commit' })
    await page.locator('#tip-200').click({ noWaitAfter: true })
    await page.locator('#tip-200[aria-pressed=true]').waitFor()
    assert.equal((await read(made)).amount_total, 4100)
  })

  test('over: expired and cancelled say so, and there is nothing to tap but the way back', async () => {
    const made = await order({ return_url: 'https://shop.example/chat' })
    await app.api(`/v1/checkouts/${made.id}/cancel`, {})
    await using person = await visit(browser)
    await person.page.goto(made.checkout_url)
    await at(person.page, 'canceled')
    assert.equal(await person.page.locator('form').count(), 0)
    assert.equal(await person.page.locator('a.button').getAttribute('href'), 'https://shop.example/chat')
  })
})

const good = '4242 4242 4242 4242'
const whole = {
  buyer: { name: 'Zoë', email: 'zoe@example.com', phone: '+33 6 12 34 56 78' },
  shipping_address: { line1: '1 rue de la Paix', city: 'Paris', postal_code: '75002', country: 'FR' },
  shipping_option: 'bike',
}

const at = (page: Page, state: string): Promise<void> => page.locator(`main[data-state=${state}]`).waitFor()
const tapPay = (page: Page): Promise<void> => page.locator('.act .button').click()
const payButton = (page: Page, amount: string): Promise<void> =>
  page.locator('.act .button', { hasText: `Pay ${amount}` }).waitFor()

const payWith = async (page: Page, card: string): Promise<void> => {
  await page.fill('#card_number', card)
  await page.fill('#exp', '12 / 34')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'A Payer')
  await page.click('#pay')
}
