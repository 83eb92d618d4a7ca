import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Role } from '#platform/api-keys.ts'
import { startEverything } from '../../src/app-dev.ts'
import { parseEnvironment } from '../../src/config.ts'
import { createTestDatabase } from '../support/database.ts'

export interface TestApp extends AsyncDisposable {
  url: string
  /** The simulator's address, where the card page is. */
  providerOrigin: string
  /** The simulated WeChat Pay. */
  wechatpayUrl: string
  /** An account that is connected to the platform at the simulator. */
  seller: string
  /** Calls the API as the demo shop's back end, or with another key of the shop's. */
  api<T>(path: string, params?: object, role?: Role): Promise<T>
}

export interface Payment {
  id: string
  status: string
  checkout_url: string
}

/** What `npm start` starts, on free ports and with a database of its own. */
export const startApp = async (more: Record<string, string> = {}): Promise<TestApp> => {
  const stack = new AsyncDisposableStack()
  try {
    const database = stack.use(await createTestDatabase())
    const dir = await mkdtemp(join(tmpdir(), 'parley-browser-'))
    stack.defer(() => rm(dir, { recursive: true, force: true }))
    const env = { PORT: '0', SANDBOX_PORT: '0', DATABASE_URL: database.url, LOG_LEVEL: 'error', ...more }
    const everything = await startEverything(parseEnvironment(env), { dir })
    stack.defer(everything.close)
    const providerOrigin = /sandbox at (\S+)/.exec(everything.summary)?.[1] ?? ''
    assert.notEqual(providerOrigin, '')
    const demo = JSON.parse(await readFile(join(dir, 'demo.json'), 'utf8'))
    return {
      url: everything.url,
      providerOrigin,
      wechatpayUrl: demo.wechatpay_sandbox.url,
      seller: demo.sandbox.seller,
      api: (path, params, role = 'service') => call(everything.url, everything.demo.keys[role], path, params),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const call = async <T>(url: string, key: string, path: string, params: object | undefined): Promise<T> => {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(params ? { method: 'POST', body: JSON.stringify(params) } : {}),
  })
  const body = (await response.json()) as T
  assert.equal(response.status, 200, JSON.stringify(body))
  return body
}

/** A payment for a bouquet, asked for in a chat. */
export const askForPayment = (app: TestApp, change: object = {}): Promise<Payment> =>
  app.api('/v1/payment_intents', {
    amount: 4200,
    currency: 'eur',
    thread: { channel: 'telegram', external_id: `chat-${performance.now()}`, locale: 'en' },
    description: 'Bouquet “Nanterre”',
    amount_details: {
      line_items: [{ product_name: 'Bouquet “Nanterre”', quantity: 1, unit_cost: 3900 }],
      shipping: { amount: 300 },
    },
    expires_in: 86_000,
    ...change,
  })
