import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { until } from '../support/until.ts'
import {
  checkAccessibility,
  checkLayout,
  noChromium,
  openBrowser,
  schemes,
  shoot,
  type Visit,
  visit,
} from './chromium.ts'
import { askForPayment, type Payment, startApp, type TestApp } from './start-app.ts'

const cards = {
  good: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  poor: '4000 0000 0000 9995',
  bank: '4000 0025 0000 3155',
  wrong: '4242 4242 4242 4241',
}

describe('paying', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
  })

  test('with a good card: paid, receipt, and nobody else was asked for anything', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await shoot(person.page, 'flow-1-payable')
    await toCardPage(person)
    await shoot(person.page, 'flow-2-card-page')
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
    await shoot(person.page, 'flow-3-paid')
    await person.page.getByText('Show the receipt').click()
    await person.page.getByText('Visa ···· 4242').waitFor()
    await shoot(person.page, 'flow-4-receipt')
    assert.deepEqual([...person.origins].sort(), [app.providerOrigin, app.url].sort())
    assert.deepEqual(person.complaints, [])
    assert.equal((await read(payment)).status, 'succeeded')
  })

  test('with a declined card, then another', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.declined)
    await person.page.getByRole('alert').waitFor()
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
  })

  test('with a declined card, and back: why, and that nothing was charged', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.poor)
    await person.page.getByRole('alert').waitFor()
    await person.page.click('#cancel')
    await backAt(person.page, 'declined')
    await person.page.getByText('Nothing was charged. There isn’t enough money on this card.').waitFor()
    await shoot(person.page, 'flow-declined')
    await toCardPage(person)
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
  })

  test('with 3-D Secure, approved', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.bank)
    await person.page.locator('#approve').waitFor()
    // Meanwhile the link in the chat leads on to the bank.
    await using again = await visit(browser)
    await again.page.goto(`${payment.checkout_url}?returned=1`)
    await backAt(again.page, 'confirm')
    await shoot(again.page, 'flow-confirm')
    assert.match((await again.page.locator('a.button').getAttribute('href')) ?? '', /^http/)
    await person.page.click('#approve')
    await backAt(person.page, 'paid')
    assert.deepEqual(person.complaints, [])
  })

  test('with 3-D Secure, refused: nothing is charged, another card may pay', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.bank)
    await person.page.click('#fail')
    await person.page.getByRole('alert').waitFor()
    await person.page.click('#cancel')
    await backAt(person.page, 'declined')
    await person.page.getByText('Your bank couldn’t confirm it’s you.').waitFor()
    await toCardPage(person)
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
  })

  test('with a wrong number: told before anything is tried', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.wrong)
    await person.page.locator('#card_number[aria-invalid=true]').waitFor()
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
  })

  test('by bank: processing, until the provider says how it went', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await person.page.check('input[value=bank]')
    await person.page.click('#pay')
    await backAt(person.page, 'processing')
    await until('the bank has paid', async () => (await read(payment)).status === 'succeeded')
    await person.page.goto(payment.checkout_url)
    await backAt(person.page, 'paid')
  })

  test('of a payment that is captured later: reserved, not charged', async () => {
    const payment = await askForPayment(app, { capture_method: 'manual' })
    await using person = await visit(browser)
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.good)
    await backAt(person.page, 'authorised')
    assert.equal((await read(payment)).status, 'requires_capture')
  })

  test('works without any script', async () => {
    const payment = await askForPayment(app)
    await using person = await visit(browser, { javaScriptEnabled: false })
    await open(person, payment)
    await toCardPage(person)
    await payWith(person.page, cards.good)
    await backAt(person.page, 'paid')
  })

  test('taps at once leave one page open where money can come in', async () => {
    const payment = await askForPayment(app)
    const tap = () => fetch(payment.checkout_url, { method: 'POST', redirect: 'manual' })
    const taps = await Promise.all([tap(), tap(), tap()])
    const places = taps.map((answer) => answer.headers.get('location') ?? '')
    for (const place of places) assert.match(place, /\/c\/pay\/|\?working=1$/)
    await using person = await visit(browser)
    await person.page.goto(`${payment.checkout_url}?working=1`)
    await person.page.waitForURL('**/c/pay/**')
    const pages = [...new Set([...places, person.page.url()])].filter((place) => place.includes('/c/pay/'))
    const open = await Promise.all(pages.map(async (place) => (await fetch(place)).ok))
    assert.equal(open.filter(Boolean).length, 1)
  })

  describe('in the provider’s fields on our page', () => {
    const choose = (hosted_page: string) =>
      app.api('/v1/account', { settings: { checkout: { hosted_page } } }, 'merchant')
    before(() => choose('element'))
    after(() => choose('redirect'))

    const toFields = async (person: Visit, payment: Payment): Promise<void> => {
      await open(person, payment)
      await person.page.locator('form .button').click()
      await backAt(person.page, 'fields')
    }
    const payIn = async ({ page }: Visit, card: string): Promise<void> => {
      await page.frameLocator('#fields iframe').getByLabel(card).check()
      await page.locator('#pay').click()
    }

    test('with a declined card, then by way of the bank: told kindly, paid, receipt', async () => {
      const payment = await askForPayment(app)
      await using person = await visit(browser)
      const { page } = person
      await toFields(person, payment)
      await shoot(page, 'fields-1')
      await payIn(person, 'Insufficient funds')
      await page.getByRole('alert').getByText('insufficient funds').waitFor()
      await shoot(page, 'fields-2-declined')
      await payIn(person, '3-D Secure')
      await page.click('#approve')
      await backAt(page, 'paid')
      await page.getByText('Show the receipt').click()
      await page.getByText('Visa ···· 3220').waitFor()
      assert.deepEqual([...person.origins].sort(), [app.providerOrigin, app.url].sort())
      assert.deepEqual(person.complaints, [])
      assert.equal((await read(payment)).status, 'succeeded')
    })

    test('with a good card; the bank’s question that was left open is asked again', async () => {
      const payment = await askForPayment(app)
      await using person = await visit(browser)
      const { page } = person
      await toFields(person, payment)
      await payIn(person, '3-D Secure')
      await page.locator('#fail').waitFor()
      await until('the question to be known here', async () => (await read(payment)).status === 'requires_action')
      await page.goto(`${payment.checkout_url}?hand=1`)
      await page.getByRole('button', { name: 'Confirm it’s you' }).click()
      await page.click('#fail')
      await backAt(page, 'declined')
      await page.locator('form .button').click()
      await payIn(person, '5555 5555 5555 4444')
      await backAt(page, 'paid')
      assert.deepEqual(person.complaints, [])
    })

    test('without scripts, or without theirs: on the provider’s page', async () => {
      for (const javaScriptEnabled of [false, true]) {
        const payment = await askForPayment(app)
        await using person = await visit(browser, { javaScriptEnabled })
        const { page } = person
        await page.route('**/_sandbox/stripe.js', (route) => route.abort())
        await toFields(person, payment)
        if (javaScriptEnabled) await page.getByRole('alert').getByText('can’t be loaded').waitFor()
        await page.getByRole('button', { name: 'Pay on the provider’s page' }).click()
        await payWith(page, cards.good)
        await backAt(page, 'paid')
      }
    })

    test('looks right, and is for everybody', async () => {
      const payment = await askForPayment(app)
      await using person = await visit(browser, { bypassCSP: true })
      await toFields(person, payment)
      await person.page.locator('#pay').waitFor()
      for (const colorScheme of schemes) {
        await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await checkLayout(person.page, 'fields')
        await shoot(person.page, `fields-${colorScheme}`)
      }
      await checkAccessibility(person.page, 'fields')
    })
  })

  test('a link that was cancelled by the shop says so', async () => {
    const payment = await askForPayment(app)
    await app.api(`/v1/payment_intents/${payment.id}/cancel`, {})
    await using person = await visit(browser)
    await person.page.goto(payment.checkout_url)
    await backAt(person.page, 'canceled')
  })

  const read = (payment: Payment): Promise<Payment> => app.api(`/v1/payment_intents/${payment.id}`)

  const open = async ({ page }: Visit, payment: Payment): Promise<void> => {
    await page.goto(payment.checkout_url)
    await backAt(page, 'payable')
  }
  const toCardPage = async ({ page }: Visit): Promise<void> => {
    await page.locator('form .button').click()
    await page.locator('#card_number').waitFor()
  }
})

const payWith = async (page: Page, card: string): Promise<void> => {
  await page.fill('#card_number', card)
  await page.fill('#exp', '12 / 34')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'A Payer')
  await page.click('#pay')
}

const backAt = (page: Page, state: string): Promise<void> => page.locator(`main[data-state=${state}]`).waitFor()
