import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { createEventService, type EventServiceOptions } from '#events/service.ts'
import type { Clock } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import { type Role, roles } from '#platform/api-keys.ts'
import { createSecrets } from '#platform/crypto.ts'
import { type Database, inTransaction, openDatabase } from '#platform/database.ts'
import { createHttpApp } from '#platform/http.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { appendEvents, type NewEvent } from '#platform/outbox.ts'
import type { JobName, JobPayload } from '#platform/queue.ts'
import type { Route } from '#platform/route.ts'
import { createTestDatabase as cloneTemplate } from '../support/database.ts'

/** A migrated database of the file's own, dropped when its tests are done. */
export const createTestDatabase = async (): Promise<Database> => {
  const database = await cloneTemplate()
  const db = openDatabase({ url: database.url, poolMax: 8, onError: () => undefined })
  after(async () => {
    await db.close()
    await database[Symbol.asyncDispose]()
  })
  return db
}

export const newMerchant = async (db: Database): Promise<string> => {
  const merchant_id = newUuid()
  await inTransaction(db, merchant_id, (tx) =>
    tx
      .insertInto('merchants')
      .values({ merchant_id, name: 'Noodle Bar', settings: '{}', created_at: new Date() })
      .execute(),
  )
  return merchant_id
}

export interface MovableClock extends Clock {
  advance(ms: number): void
}

/** Starts at the real time, because the public verifiers compare with that, and moves only when told. */
export const movableClock = (): MovableClock => {
  let at = Date.now()
  return {
    now: () => new Date(at),
    advance: (ms) => {
      at += ms
    },
  }
}

/** Keeps wake-ups for the test to look at. */
export const recordingQueue = () => {
  const wakes: { name: JobName; payload: JobPayload }[] = []
  return {
    wakes,
    wake: (name: JobName, payload: JobPayload) => void wakes.push({ name, payload }),
    take: (name: JobName): JobPayload[] => {
      const taken = wakes.filter((one) => one.name === name).map((one) => one.payload)
      wakes.splice(0, wakes.length, ...wakes.filter((one) => one.name !== name))
      return taken
    },
  }
}

export const testSecrets = createSecrets('a secret of at least thirty-two characters')
export const silentLogger = createLogger('silent')

export const createEventWorld = (db: Database, overrides: Partial<EventServiceOptions> = {}) => {
  const clock = movableClock()
  const queue = recordingQueue()
  const base = {
    db,
    clock,
    queue,
    secrets: testSecrets,
    logger: silentLogger,
    metrics: createMetrics(),
    allowPrivate: true,
  }
  const service = createEventService({ ...base, subscribers: [], ...overrides })
  return { service, clock, queue }
}

export const eventOf = (merchantId: string, event: Partial<NewEvent> = {}): NewEvent => ({
  merchantId,
  type: 'payment_intent.created',
  objectId: newUuid(),
  threadId: null,
  paymentIntentId: null,
  object: { id: 'pi_1', object: 'payment_intent', amount: 4200, currency: 'eur', note: '花 ünï \u2028' },
  livemode: false,
  createdAt: new Date(),
  ...event,
})

export const append = (db: Database, events: readonly NewEvent[]): Promise<void> =>
  inTransaction(
    db,
    events.map((event) => event.merchantId),
    (tx) => appendEvents(tx, events),
  )

/** The routes behind real HTTP; the key is `<role>.<merchant>`. */
export const serveRoutes = async (db: Database, routes: readonly Route[]) => {
  const app = createHttpApp({
    db,
    clock: { now: () => new Date() },
    logger: silentLogger,
    metrics: createMetrics(),
    shedder: { isOverloaded: () => false, close: () => undefined },
    routes,
    authenticate: async (key) => {
      const [role = '', merchantId = ''] = key.split('.')
      if (!isRole(role)) throw new Error(`no role ${role}`)
      return { role, merchantId, apiKeyId: newUuid(), livemode: false }
    },
    rateLimit: () => 0,
    publicUrl: 'http://localhost',
    secrets: createSecrets('test-secret-test-secret-test-secret'),
    mount: () => undefined,
  })
  const server = createServer(app).listen(0, '127.0.0.1')
  server.keepAliveTimeout = 0 // a slow machine pauses for longer, and then a request meets a closing connection
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const call = async (
    key: string,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, text, json: JSON.parse(text), headers: response.headers }
  }
  return { port, call }
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text)
