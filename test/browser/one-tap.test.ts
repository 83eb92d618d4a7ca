import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { keptStates } from '../pages/payment-pages.ts'
import { until } from '../support/until.ts'
import { type Gallery, openGallery } from './checkout-states.ts'
import { languages, noChromium, openBrowser, schemes, shoot, visit } from './chromium.ts'
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
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
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
})

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
