import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
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
import { startApp, type TestApp } from './start-app.ts'

describe('demo and docs', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
  })
  after(async () => {
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
  })

  for (const locale of languages) {
    test(`demo in ${locale}`, async () => {
      await using person = await visit(browser, { bypassCSP: true, locale: locale === 'zh-Hans' ? 'zh-CN' : locale })
      const { page } = person
      await page.goto(`${app.url}/demo`)
      await page.locator('.reply').first().click()
      await page.locator('.bouquet').first().click()
      await page.locator('.payment_request').waitFor()
      await page.locator('.line.event').first().waitFor({ state: 'attached' })
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        for (const width of widths) {
          await page.setViewportSize({ width, height: 760 })
          const what = `${locale}-${width}-${colorScheme}`
          await checkLayout(page, what)
          await shoot(page, `demo-${what}`)
          if (width !== 768 && (locale === 'en' || colorScheme === 'light')) await checkAccessibility(page, what)
          if (width >= 900) continue
          await page.locator('.chat .switch').click()
          await checkLayout(page, what)
          await shoot(page, `demo-panel-${what}`)
          if (width === 360) await checkAccessibility(page, what)
          await page.locator('.side .switch').click()
        }
      }
      assert.deepEqual([...person.origins], [app.url])
      assert.deepEqual(person.complaints, [])
    })
  }

  for (const path of ['/docs', '/docs/threads', '/docs/errors', '/docs/errors/card_declined']) {
    test(path, async () => {
      await using person = await visit(browser, { bypassCSP: true })
      const { page } = person
      await page.goto(app.url + path)
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        for (const width of widths) {
          await page.setViewportSize({ width, height: 760 })
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          assert.ok(overflow <= 0, `${path} is ${overflow} px too wide`)
          await shoot(page, `${path.slice(1).replaceAll('/', '-')}-${width}-${colorScheme}`)
        }
        await checkAccessibility(page, `${path} ${colorScheme}`)
      }
      assert.deepEqual([...person.origins], [app.url])
    })
  }
})
