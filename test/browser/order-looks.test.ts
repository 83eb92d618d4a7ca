import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { AppError } from '#kernel/errors.ts'
import { type FakeOrder, fullCart } from '../pages/fake-checkouts.ts'
import { type Change, charge, createTestPages, intentId } from '../pages/payment-pages.ts'
import {
  checkAccessibility,
  checkLayout,
  languages,
  noChromium,
  openBrowser,
  schemes,
  shoot,
  type Visit,
  visit,
  widths,
} from './chromium.ts'

const address = { line1: '1 rue de la Paix', city: 'Paris', postal_code: '75002', country: 'FR' }
const filledCart = {
  ...fullCart,
  buyer: { name: 'Zoë Payer', email: 'zoe@example.com', phone: '+33 6 12 34 56 78' },
  shipping_address: address,
  shipping_option: 'bike',
  promotion_code: 'BLUME',
  tip: { ...fullCart.tip, amount: 400 },
}
const everyOrder: Record<string, Omit<FakeOrder, 'locale'>> = {
  asked: { cart: fullCart, intentId },
  filled: { cart: filledCart, intentId },
  items: { cart: { line_items: fullCart.line_items ?? [] }, intentId },
  free: { cart: { line_items: fullCart.line_items ?? [], promotion_code: 'GRATIS' } },
  placed: { cart: { line_items: fullCart.line_items ?? [], promotion_code: 'GRATIS' }, status: 'completed' },
  bought: { cart: filledCart, status: 'completed', intentId },
}
const amount = 6600n
const paid = { status: 'succeeded', amount, amount_captured: amount } as const

describe('an order in every state', { skip: noChromium }, () => {
  let server: Server
  let browser: Browser
  let person: Visit
  let url: string
  before(async () => {
    server = await serve()
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await openBrowser()
    person = await visit(browser, { bypassCSP: true })
  })
  after(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  for (const locale of languages) {
    const states: [string, string, (() => Promise<void>)?][] = [
      ...['asked', 'filled', 'items', 'free', 'placed'].map((name): [string, string] => [
        name,
        `/pay/${name}-${locale}`,
      ]),
      ['receipt', `/receipts/bought-${locale}`],
      ['problems', `/pay/asked-${locale}`, () => person.page.locator('.act .button').click()],
      ['refused', `/pay/items-${locale}`, () => person.page.locator('.act .button').click()],
      ['changed', `/pay/filled-${locale}?changed=1`],
    ]
    // What does not depend on the language is looked at once.
    const shown = states.filter(
      ([name]) => locale === 'en' || ['asked', 'filled', 'problems', 'receipt'].includes(name),
    )
    for (const [name, path, go] of shown)
      test(`${name} in ${locale}`, async () => {
        const { page, origins, complaints } = person
        await page.setViewportSize({ width: 360, height: 640 })
        await page.goto(url + path)
        await go?.()
        if (['problems', 'refused', 'changed'].includes(name)) {
          assert.equal(await page.evaluate(() => document.activeElement?.id), 'alert', 'the focus is on what to read')
        }
        await look(person, `order-${name}-${locale}`, locale === 'en')
        assert.deepEqual([...origins], [url])
        assert.deepEqual(complaints, [])
      })
  }

  test('the pay button is in reach on a small phone, and hides no field that has the focus', async () => {
    const { page } = person
    await page.setViewportSize({ width: 360, height: 640 })
    await page.goto(`${url}/pay/asked-en`)
    const button = await page.locator('.act .button').boundingBox()
    assert.ok(button && button.y + button.height <= 640)
    for (let presses = 0; presses < 14; presses += 1) {
      await page.keyboard.press('Tab')
      const [bottom, isInAct] = await page.evaluate(() => {
        const one = document.activeElement
        return [one?.getBoundingClientRect().bottom ?? 0, one?.closest('.act') !== null] as const
      })
      assert.ok(isInAct || bottom <= button.y, `${bottom} is under the button`)
    }
  })

  test('a receipt with everything on it prints on one page', async () => {
    await person.page.goto(`${url}/receipts/bought-en`)
    const pdf = (await person.page.pdf({ format: 'A4' })).toString('latin1')
    assert.equal([...pdf.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length, 1)
  })
})

/** A phone always; wider only where it tells something: the card in the middle is the same in all states. */
const look = async ({ page }: Visit, what: string, isTelling: boolean): Promise<void> => {
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of what.startsWith('order-filled') ? widths : [360]) {
      await page.setViewportSize({ width, height: 760 })
      await checkLayout(page, what)
      await shoot(page, `${what}-${width}-${colorScheme}`, true)
    }
    if (isTelling || colorScheme === 'light') await checkAccessibility(page, `${what} ${colorScheme}`)
  }
}

/** Each order in each language behind its own link. */
const serve = async (): Promise<Server> => {
  const pages: Record<string, Change> = {}
  const orders: Record<string, FakeOrder> = {}
  for (const [name, order] of Object.entries(everyOrder)) {
    for (const locale of languages) {
      const id = `019ad000-0000-7000-8000-${String(Object.keys(orders).length).padStart(12, '0')}`
      orders[id] = { ...order, locale }
      const state =
        order.status === 'completed' && order.intentId ? paid : order.intentId ? {} : { status: 'canceled' as const }
      const own = { amount, ...state, options: { checkout: id } }
      pages[`${name}-${locale}`] = {
        intent: own,
        charges: order.status === 'completed' ? [{ ...charge, amount }] : [],
        thread: { channel: 'telegram', locale, connection: { external_id: '1', name: '@bluete_bot' } },
      }
    }
  }
  const openPage = () => Promise.reject(new AppError('payment_vetoed', { message: 'Sold out until Friday.' }))
  const server = createTestPages({ pages, orders, openPage }).app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}
