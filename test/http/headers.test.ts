import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readError, sendRaw } from '../support/raw-http.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false, config: { rateLimitPerSecond: 5 } })
})
after(() => world[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}, key = world.shop.keys.service) =>
  sendRaw(world.url, { path, headers: { authorization: `Bearer ${key}`, ...headers } })

test('every answer carries these headers and no others', async () => {
  const answer = await get('/v1/payment_intents', {}, world.shop.keys.bot)
  const {
    date,
    'content-length': _,
    connection: __,
    'keep-alive': ___,
    'request-id': requestId,
    ...rest
  } = answer.headers
  assert.match(String(requestId), /^req_[0-9a-z]{26}$/)
  assert.ok(date)
  assert.deepEqual(rest, {
    'cache-control': 'no-store',
    'content-type': 'application/json; charset=utf-8',
    'referrer-policy': 'no-referrer',
    'strict-transport-security': 'max-age=31536000',
    'x-content-type-options': 'nosniff',
  })
})

test('request ids differ, and errors have one too', async () => {
  const ids = [await get('/v1/nothing'), await get('/v1/threads/x'), await get('/healthz')].map(
    (answer) => answer.headers['request-id'],
  )
  assert.equal(new Set(ids).size, 3)
})

test('Stripe-Version is echoed as it came, within reason', async () => {
  const key = world.shop.keys.merchant
  for (const version of ['2026-10-28.endive', 'x'])
    assert.equal((await get('/v1/threads', { 'stripe-version': version }, key)).headers['stripe-version'], version)
  const long = await get('/v1/threads', { 'stripe-version': 'x'.repeat(65) }, key)
  assert.deepEqual([long.status, long.headers['stripe-version']], [200, undefined])
})

test('a key that asks too often is told when to come back, and others are not held up', async () => {
  world.clock.advance(10_000)
  const key = world.shop.keys.finance
  const answers = await Promise.all(Array.from({ length: 12 }, () => get('/v1/events', {}, key)))
  const refused = answers.filter((answer) => answer.status === 429)
  assert.ok(refused.length >= 3, `${refused.length} of 12 were refused`)
  for (const answer of refused) {
    assert.equal(readError(answer).code, 'rate_limit')
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/)
  }
  assert.equal((await get('/v1/events', {}, world.shop.keys.platform)).status, 200)
  world.clock.advance(Number(refused[0]?.headers['retry-after']) * 1000)
  assert.equal((await get('/v1/events', {}, key)).status, 200)
})

test('liveness, readiness and metrics need no key', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics'])
    assert.equal((await sendRaw(world.url, { path })).status, 200, path)
  const ready = JSON.parse((await sendRaw(world.url, { path: '/readyz' })).text)
  assert.equal(ready.status, 'ready')
})
