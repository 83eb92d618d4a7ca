import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { charge, createTestPages, everyState } from '../pages/payment-pages.ts'
import {
  checkAccessibility,
  checkLayout,
  languages,
  noChromium,
  openBrowser,
  schemes,
  shoot,
  visit,
  widths,
} from './chromium.ts'

describe('checkout and receipt in every state', { skip: noChromium }, () => {
  let server: Server
  let browser: Browser
  let url = ''
  before(async () => {
    const pages = Object.fromEntries(
      languages.flatMap((locale) =>
        Object.entries(everyState).map(([state, change]) => [
          `${state}-${locale}`,
          { ...change, thread: { channel: 'whatsapp', locale } },
        ]),
      ),
    )
    const yellow = { merchant: { name: 'Zitrone', settings: { accent: '#ffe600' } }, charges: [charge] }
    server = createTestPages({ pages: { ...pages, yellow } }).app.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await openBrowser()
  })
  after(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  const paths = languages.flatMap((locale) => [
    ...Object.keys(everyState).map((state) => `/pay/${state}-${locale}`),
    `/receipts/refunded-${locale}`,
  ])
  for (const path of [...paths, '/pay/unknown', '/pay/yellow']) {
    test(path, async () => {
      await using person = await visit(browser, { bypassCSP: true })
      const { page, origins, complaints } = person
      await page.goto(url + path)
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        for (const width of widths) {
          await page.setViewportSize({ width, height: 760 })
          const what = `${path.slice(1).replaceAll('/', '-')}-${width}-${colorScheme}`
          await checkLayout(page, what)
          await shoot(page, what)
        }
        // Colours do not depend on the language: the dark ones are checked in one.
        if (colorScheme === 'light' || path.endsWith('-en')) await checkAccessibility(page, `${path} ${colorScheme}`)
      }
      assert.deepEqual([...origins], [url])
      assert.deepEqual(complaints, [])
    })
  }

  test('the button is in reach on a small phone', async () => {
    await using person = await visit(browser, { viewport: { width: 360, height: 640 } })
    for (const locale of languages) {
      for (const state of ['payable', 'declined']) {
        await person.page.goto(`${url}/pay/${state}-${locale}`)
        const box = await person.page.locator('form .button').boundingBox()
        assert.ok(box && box.y + box.height <= 640, `${state} ${locale}`)
      }
    }
  })

  test('a receipt prints on one page', async () => {
    await using person = await visit(browser)
    await person.page.goto(`${url}/receipts/refunded-en`)
    const pdf = (await person.page.pdf({ format: 'A4' })).toString('latin1')
    assert.equal([...pdf.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length, 1)
  })
})
