import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { charge, createTestPages, everyState } from '../pages/payment-pages.ts'
import { checkAccessibility, checkLayout, openBrowser, schemes, shoot, type Visit, visit, widths } from './chromium.ts'

export interface Gallery extends AsyncDisposable {
  url: string
  browser: Browser
  /** Looks at one page in every width and scheme; axe in those named. */
  look(path: string, axeSchemes: readonly string[]): Promise<void>
}

/** The pages in one language, a path for each state. */
export const pathsIn = (locale: string): string[] => [
  ...Object.keys(everyState).map((state) => `/pay/${state}-${locale}`),
  `/receipts/refunded-${locale}`,
]

export const openGallery = async (locales: readonly string[], states = everyState): Promise<Gallery> => {
  const pages = locales.flatMap((locale) =>
    Object.entries(states).map(([state, change]) => [
      `${state}-${locale}`,
      { ...change, thread: { channel: 'whatsapp', locale } },
    ]),
  )
  const yellow = { merchant: { name: 'Zitrone', settings: { accent: '#ffe600' } }, charges: [charge] }
  const server = createTestPages({ pages: { ...Object.fromEntries(pages), yellow } }).app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await openBrowser()
  const person = await visit(browser, { bypassCSP: true })
  return {
    url,
    browser,
    look: (path, axeSchemes) => look(person, url, path, axeSchemes),
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      await close(server)
    },
  }
}

const look = async (
  { page, origins, complaints }: Visit,
  url: string,
  path: string,
  axeSchemes: readonly string[],
): Promise<void> => {
  await page.goto(url + path)
  for (const colorScheme of schemes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of widths) {
      await page.setViewportSize({ width, height: 760 })
      const what = `${path.slice(1).replaceAll('/', '-')}-${width}-${colorScheme}`
      await checkLayout(page, what)
      await shoot(page, what)
    }
    if (axeSchemes.includes(colorScheme)) await checkAccessibility(page, `${path} ${colorScheme}`)
  }
  assert.deepEqual([...origins], [url])
  assert.deepEqual(complaints, [])
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
