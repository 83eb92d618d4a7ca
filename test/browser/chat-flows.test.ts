import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Browser, ConsoleMessage, FrameLocator, Page } from 'playwright-core'
import { checkAccessibility, noChromium, openBrowser, schemes, shoot, visit } from './chromium.ts'
import { askForPayment, startApp, type TestApp } from './start-app.ts'

interface Chat {
  thread: string
  token: string
  url: string
}

describe('the web chat', { skip: noChromium }, () => {
  let app: TestApp
  let browser: Browser
  let sites: Record<'allowed' | 'foreign', Server>
  let token = ''
  const originOf = (site: Server): string => `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  before(async () => {
    ;[app, browser] = await Promise.all([startApp(), openBrowser()])
    sites = { allowed: await serveSite(), foreign: await serveSite() }
    const allowed_origins = [originOf(sites.allowed)]
    await app.api('/v1/connections', { channel: 'webchat', settings: { allowed_origins } })
  })
  after(async () => {
    for (const site of Object.values(sites ?? {})) {
      site.closeAllConnections()
      site.close()
    }
    await browser?.close()
    await app?.[Symbol.asyncDispose]()
  })

  /** Somebody's own page, with one script tag of ours. */
  const serveSite = async (): Promise<Server> => {
    const site = createServer((_request, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<!doctype html><html lang="en"><title>Shop</title><main><h1>Our shop</h1></main><script src="${app.url}/chat/widget.js" data-token="${token}" data-label="Chat with us" defer></script>`,
        ),
    )
    await once(site.listen(0, '127.0.0.1'), 'listening')
    return site
  }
  const openChat = async (locale = 'en'): Promise<Chat> => {
    const participants = [{ external_id: 'visitor', role: 'payer', name: 'Zoë' }]
    const place = { channel: 'webchat', external_id: `chat-${performance.now()}`, locale, participants }
    const { id } = await app.api<{ id: string }>('/v1/threads', place)
    const chat = await app.api<Chat>(`/v1/threads/${id}/chat_token`, {})
    token = chat.token
    return chat
  }
  const bot = (chat: Chat, message: object): Promise<unknown> => app.api(`/v1/threads/${chat.thread}/messages`, message)

  test('on a shop’s own page: talk, pay in a window of its own, and read the receipt', async () => {
    const chat = await openChat()
    await bot(chat, { text: 'Hello! What may it be?' })
    await using person = await visit(browser, { bypassCSP: true, viewport: { width: 768, height: 800 } })
    const { page } = person
    await page.goto(originOf(sites.allowed))
    assert.deepEqual([...person.origins].sort(), [app.url, originOf(sites.allowed)].sort())
    await page.getByRole('button', { name: 'Chat with us' }).click()
    const frame = page.frameLocator('#parley-frame')
    await frame.getByText('Hello! What may it be?').waitFor()
    await say(frame, 'Flowers <b>please</b>')
    await frame.locator('.item.me', { hasText: 'Flowers <b>please</b>' }).waitFor()
    const payment = await askForPayment(app, { thread: chat.thread })
    await bot(chat, { payment_intent: payment.id, text: 'Here you are:' })
    const opened = page.waitForEvent('popup')
    await frame.locator('.card .button').click()
    const window = await opened
    await pay(window)
    await frame.locator('.payment_request .badge.good').waitFor()
    await frame.locator('.item.receipt').waitFor()
    await shoot(page, 'chat-widget')
    await checkAccessibility(page, 'the site and its chat')
    assert.deepEqual([...person.origins].sort(), [app.url, originOf(sites.allowed)].sort())
    await frame.locator('#text').press('Escape')
    await page.locator('#parley-frame').waitFor({ state: 'hidden' })
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'parley-chat')
    assert.deepEqual(person.complaints, [])
  })

  test('a site that the shop has not named shows nothing', async () => {
    const chat = await openChat()
    await bot(chat, { text: 'Not for everybody' })
    await using person = await visit(browser)
    await person.page.goto(originOf(sites.foreign))
    const isRefusal = (message: ConsoleMessage) => message.text().includes('frame-ancestors')
    const refused = person.page.waitForEvent('console', { predicate: isRefusal })
    await person.page.getByRole('button', { name: 'Chat with us' }).click()
    await refused
    assert.equal(await person.page.frameLocator('#parley-frame').getByText('Not for everybody').count(), 0)
  })

  test('two tabs show the same, and a cut line is found again', async () => {
    const chat = await openChat()
    await using person = await visit(browser)
    const { page } = person
    const second = await page.context().newPage()
    await Promise.all([page.goto(chat.url), second.goto(chat.url)])
    await say(page, 'one')
    await second.locator('.item.me', { hasText: 'one' }).waitFor()
    await page.context().setOffline(true)
    await say(page, 'lost')
    await page.locator('#not-sent').waitFor()
    assert.equal(await page.inputValue('#text'), 'lost', 'what was not sent stays')
    await page.context().setOffline(false)
    await page.locator('#text').press('Enter')
    await page.locator('.item.me', { hasText: 'lost' }).waitFor()
    assert.equal(await page.locator('.item').count(), 2)
  })

  test('works without a script', async () => {
    const chat = await openChat()
    await using person = await visit(browser, { javaScriptEnabled: false })
    await person.page.goto(chat.url)
    await say(person.page, 'hello')
    await person.page.locator('.item.me', { hasText: 'hello' }).waitFor()
  })

  for (const locale of ['ar', 'zh-Hans'])
    test(`looks right in ${locale}`, async () => {
      const chat = await openChat(locale)
      const made: { id: string } = await app.api('/v1/checkouts', {
        currency: 'eur',
        thread: chat.thread,
        line_items: [{ name: 'Bouquet “Nanterre”', quantity: 2, unit_amount: 3900 }],
        tip: { amount: 300, suggested: [300] },
      })
      await bot(chat, { checkout: made.id })
      await using person = await visit(browser, { bypassCSP: true })
      const { page } = person
      await page.goto(chat.url)
      await say(page, '👍')
      await page.locator('.item.me').waitFor()
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await shoot(page, `chat-${locale}-360-${colorScheme}`)
        await checkAccessibility(page, `${locale} ${colorScheme}`)
      }
      assert.deepEqual([...person.origins], [app.url])
      assert.deepEqual(person.complaints, [])
    })

  test('the demo and an order are painted soon', async (t) => {
    const made: { checkout_url: string } = await app.api('/v1/checkouts', {
      currency: 'eur',
      line_items: [{ name: 'Rose', quantity: 1, unit_amount: 4200 }],
    })
    for (const url of [`${app.url}/demo`, made.checkout_url]) {
      await using person = await visit(browser)
      await person.page.goto(url)
      const paintedMs = await person.page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            const read = (list: PerformanceObserverEntryList) => resolve(list.getEntries().at(-1)?.startTime ?? 0)
            new PerformanceObserver(read).observe({ type: 'largest-contentful-paint', buffered: true })
          }),
      )
      assert.ok(paintedMs > 0)
      t.diagnostic(`largest contentful paint of ${new URL(url).pathname.slice(0, 6)}: ${Math.round(paintedMs)} ms`)
    }
  })
})

const say = async (place: Page | FrameLocator, text: string): Promise<void> => {
  await place.locator('#text').fill(text)
  await place.locator('#text').press('Enter')
}

const pay = async (page: Page): Promise<void> => {
  await page.locator('.act .button').click()
  await page.fill('#card_number', '4242 4242 4242 4242')
  await page.fill('#exp', '12 / 34')
  await page.fill('#cvc', '123')
  await page.fill('#name', 'A Payer')
  await page.click('#pay')
  await page.locator('main[data-state=paid]').waitFor()
}
