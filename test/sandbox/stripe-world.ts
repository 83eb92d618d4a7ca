import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import { type StripeSandbox, type StripeSandboxOptions, startStripeSandbox } from '../../src/sandbox/stripe/index.ts'
import { createTestDatabase } from './sandbox-database.ts'
import { loadSchemaCheck } from './stripe-schemas.ts'

export const KEY = 'sk_test_sandbox'
export const WEBHOOK_SECRET = 'whsec_sandbox'
/** In most tests nothing asynchronous may happen by itself: it is called for. */
const NEVER_MS = 3_600_000

export type Receiver = AsyncDisposable & {
  url: string
  events: Stripe.Event[]
  types(): string[]
  /** What the next deliveries are answered with; 200 when it runs out. */
  answers: number[]
}

export type World = AsyncDisposable & {
  sandbox: StripeSandbox
  stripe: Stripe
  receiver: Receiver
  databaseUrl: string
  control(method: string, path: string, body?: object): Promise<Record<string, unknown>>
  restart(options?: Partial<StripeSandboxOptions>): Promise<void>
  /** Drains, and gives what has arrived since the last call. */
  arrived(): Promise<Stripe.Event[]>
}

/** A simulator with its own database, the official client in front of it and a webhook receiver behind it. */
export async function createWorld(options: Partial<StripeSandboxOptions> = {}): Promise<World> {
  const database = await createTestDatabase()
  const receiver = await createReceiver()
  const start = (more: Partial<StripeSandboxOptions> = {}) =>
    startStripeSandbox({
      databaseUrl: database.url,
      port: 0,
      secretKey: KEY,
      webhook: { url: receiver.url, secret: WEBHOOK_SECRET },
      seed: 'test',
      asyncSettleMs: NEVER_MS,
      webhookRetryMs: [5, 5],
      log: (line) => {
        if ('error' in line && 'requestId' in line) console.error(line)
      },
      ...options,
      ...more,
    })
  const first = await start()
  const world: World = {
    sandbox: first,
    stripe: createClient(first.port),
    receiver,
    databaseUrl: database.url,
    async control(method, path, body) {
      const response = await fetch(`${world.sandbox.url}/_sandbox/${path}`, {
        method,
        headers: { authorization: `Bearer ${KEY}` },
        body: body ? JSON.stringify(body) : null,
      })
      return (await response.json()) as Record<string, unknown>
    },
    async restart(more) {
      await world.sandbox.close()
      world.sandbox = await start(more)
      world.stripe = createClient(world.sandbox.port)
    },
    async arrived() {
      await world.sandbox.drainWebhooks()
      return receiver.events.splice(0)
    },
    async [Symbol.asyncDispose]() {
      await world.sandbox.close()
      await receiver[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
  return world
}

const check = loadSchemaCheck()

/** The official client; every successful answer it gets is held against Stripe's description. */
export function createClient(port: number, key = KEY): Stripe {
  const checkedFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const body = await response.clone().text()
    const url = new URL(String(input))
    if (response.ok && check && !process.env.SKIP_SCHEMAS) {
      const complaint = check(init?.method ?? 'GET', url.pathname, JSON.parse(body))
      assert.equal(complaint, null, `${complaint}\n${body}`)
    }
    return response
  }
  return new Stripe(key, {
    host: '127.0.0.1',
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(checkedFetch),
  })
}

export async function createReceiver(): Promise<Receiver> {
  const events: Stripe.Event[] = []
  const answers: number[] = []
  const { webhooks } = new Stripe('sk_test_unused')
  const server = createServer(async (request, response) => {
    const status = answers.shift() ?? 200
    const body = await text(request)
    if (status === 200)
      events.push(webhooks.constructEvent(body, String(request.headers['stripe-signature']), WEBHOOK_SECRET))
    response.writeHead(status).end()
  })
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/webhooks`,
    events,
    answers,
    types: () => events.map(({ type }) => type),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((done) => void server.close(done))
    },
  }
}

export const RETURN_URL = 'https://shop.example/return'

/** Runs a call that must be refused, and gives the error. */
export async function refused(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'the call was accepted' })
}

export const pay = (more: Partial<Stripe.PaymentIntentCreateParams> = {}): Stripe.PaymentIntentCreateParams => ({
  amount: 4200,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  confirm: true,
  return_url: RETURN_URL,
  ...more,
})
