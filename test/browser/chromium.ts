import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const executablePath = [process.env.CHROMIUM_PATH, '/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(
  (path) => path && existsSync(path),
)

/** For node:test's `skip`. */
export const noChromium = executablePath === undefined ? 'needs Chromium (CHROMIUM_PATH)' : false

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

export interface Visit extends AsyncDisposable {
  page: Page
  /** Every origin that was asked for anything. */
  origins: Set<string>
  /** What the browser complained about: scripts that broke, what the policy forbade. */
  complaints: string[]
}

/** A person with a fresh profile. */
export const visit = async (browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> => {
  const context = await browser.newContext({
    viewport: { width: 360, height: 640 },
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const origins = new Set<string>()
  const complaints: string[] = []
  page.on('request', (request) => origins.add(new URL(request.url()).origin))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // A page that is answered with 402 or 404 is told of as an error too; those are asserted where they matter.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text())
  })
  return { page, origins, complaints, [Symbol.asyncDispose]: () => context.close() }
}

const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url))

/** A picture for a person to look at, in test/artifacts/; only with SCREENSHOTS=1, for hundreds of them take a minute. */
export const shoot = async (page: Page, name: string, fullPage = false): Promise<void> => {
  if (process.env.SCREENSHOTS !== '1') return
  mkdirSync(artifacts, { recursive: true })
  await page.screenshot({ path: `${artifacts}${name}.png`, fullPage })
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary?: string }[]
}

/** Needs a context with `bypassCSP`, since the page's own policy lets no script in. */
export const checkAccessibility = async (page: Page, what: string): Promise<void> => {
  // Half a megabyte is read again only after the page has been loaded again.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  const findings = await page.evaluate<Finding[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  )
  const serious = findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n  ')}`,
    )
  assert.deepEqual(serious, [], what)
}

/** No sideways scrolling, and nothing to tap that is smaller than a fingertip. */
export const checkLayout = async (page: Page, what: string): Promise<void> => {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  assert.ok(overflow <= 0, `${what}: ${overflow} px too wide`)
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, .button, summary, input, select, .row a, .langs a, .reply')]
      .filter((element) => element.checkVisibility())
      // What is tapped of a radio button or a box is the label around it.
      .map((element) => element.closest('.choice, .keep') ?? element)
      .map((element) => ({ height: element.getBoundingClientRect().height, html: element.outerHTML.slice(0, 80) }))
      .filter(({ height }) => height < 43.5),
  )
  assert.deepEqual(small, [], what)
}

/** What every page is looked at in. */
export const widths = [360, 768, 1280]
export const schemes = ['light', 'dark'] as const
export const languages = ['en', 'zh-Hans', 'ar']
