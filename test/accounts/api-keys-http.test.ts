import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { newUuid, parseId } from '#kernel/ids.ts'
import { createAuthenticator, merchantOfKey, newApiKey, roles } from '#platform/api-keys.ts'
import type { Database } from '#platform/database.ts'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld({ work: false })
})
after(() => world[Symbol.asyncDispose]())

const send = (key: string, path = '/v1/threads', init: RequestInit = {}) =>
  fetch(world.url + path, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } })

const createKey = async (role: string) => {
  const { body } = await world.request('merchant').post('/v1/api_keys').send({ role, name: 'till' }).expect(200)
  return body as {
    id: string
    secret: string
    role: string
    hint: string
    livemode: boolean
    expires_at: number | null
  }
}

describe('API keys over HTTP', () => {
  test('a new key works at once, and its secret is shown once', async () => {
    const made = await createKey('bot')
    assert.match(made.secret, /^par_test_bot_[0-9A-Za-z]{55}$/)
    assert.equal(made.hint, `${made.secret.slice(0, 12)}…${made.secret.slice(-4)}`)
    assert.equal((await send(made.secret)).status, 200)
    const { body } = await world.request('merchant').get('/v1/api_keys?limit=100').expect(200)
    const [listed] = body.data.filter(({ id }: { id: string }) => id === made.id)
    assert.equal(listed.name, 'till')
    assert.ok(!JSON.stringify(body).includes(made.secret))
  })

  test('the list has every role and pages by id', async () => {
    const shop = await world.openShop('Paged')
    const first = await world.request('merchant', shop).get('/v1/api_keys?limit=2').expect(200)
    assert.equal(first.body.has_more, true)
    const last = first.body.data.at(-1).id
    const rest = await world.request('merchant', shop).get(`/v1/api_keys?limit=100&starting_after=${last}`).expect(200)
    assert.equal(rest.body.has_more, false)
    const found = [...first.body.data, ...rest.body.data].map(({ role }: { role: string }) => role)
    assert.deepEqual(found.toSorted(), roles.toSorted())
  })

  test('a revoked key is refused within a second', async () => {
    const { id, secret } = await createKey('service')
    assert.equal((await send(secret)).status, 200)
    const { body } = await world.request('merchant').post(`/v1/api_keys/${id}/revoke`).expect(200)
    assert.ok(body.expires_at <= Math.ceil(world.clock.now().getTime() / 1000))
    world.clock.advance(1001)
    const answer = await send(secret)
    assert.equal(answer.status, 401)
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'api_key_expired')
  })

  test('a rolled key has a successor of the same role and ends after its overlap', async () => {
    const old = await createKey('finance')
    const { body } = await world
      .request('merchant')
      .post(`/v1/api_keys/${old.id}/roll`)
      .send({ expires_in: 60 })
      .expect(200)
    assert.equal(body.role, 'finance')
    assert.notEqual(body.id, old.id)
    assert.equal((await send(body.secret)).status, 200)
    world.clock.advance(58_000)
    assert.equal((await send(old.secret)).status, 200)
    world.clock.advance(3000)
    assert.equal((await send(old.secret)).status, 401)
    assert.equal((await send(body.secret)).status, 200)
  })

  test('the same Idempotency-Key makes one key', async () => {
    const init = {
      method: 'POST',
      body: 'role=bot&name=once',
      headers: { 'idempotency-key': newUuid(), 'content-type': 'application/x-www-form-urlencoded' },
    }
    const [one, two] = [
      await send(world.shop.keys.merchant, '/v1/api_keys', init),
      await send(world.shop.keys.merchant, '/v1/api_keys', init),
    ]
    assert.equal(two.headers.get('idempotent-replayed'), 'true')
    assert.equal(await one.text(), await two.text())
  })

  test('only merchant and platform keys may manage keys', async () => {
    for (const role of ['service', 'bot', 'finance'] as const) {
      await world.request(role).get('/v1/api_keys').expect(403)
      const { body } = await world.request(role).post('/v1/api_keys').send({ role: 'bot' }).expect(403)
      assert.equal(body.error.code, 'permission_denied')
    }
  })

  test('only a platform key may make a platform key, and it may do so for another merchant', async () => {
    const { body } = await world.request('merchant').post('/v1/api_keys').send({ role: 'platform' }).expect(403)
    assert.equal(body.error.param, 'role')
    const other = await world.openShop('Other')
    const made = await world
      .request('platform')
      .post('/v1/api_keys')
      .set('Stripe-Account', other.id)
      .send({ role: 'platform' })
      .expect(200)
    assert.equal(merchantOfKey(made.body.secret), other.uuid)
  })

  test('only a platform key may replace or revoke a platform key', async () => {
    const { body } = await world.request('merchant').get('/v1/api_keys?limit=100').expect(200)
    const { id } = body.data.find(({ role }: { role: string }) => role === 'platform')
    await world.request('merchant').post(`/v1/api_keys/${id}/roll`).expect(404)
    await world.request('merchant').post(`/v1/api_keys/${id}/revoke`).expect(404)
    const rolled = await world.request('platform').post(`/v1/api_keys/${id}/roll`).send({ expires_in: 600 }).expect(200)
    assert.equal(rolled.body.role, 'platform')
  })

  test('a live key is refused where the provider is in test mode', async () => {
    const merchantId = parseId('merchant', world.shop.id) ?? ''
    const scope = { merchantId, livemode: true }
    const { secret = '' } = await world.app.services.accounts.createKey(scope, newUuid(), { role: 'service', name: '' })
    const answer = await send(secret)
    assert.equal(answer.status, 401)
    const { error } = (await answer.json()) as { error: { code: string; message: string } }
    assert.equal(error.code, 'api_key_invalid')
    assert.match(error.message, /live key.*test mode/)
  })

  test('a merchant neither sees nor ends the keys of another', async () => {
    const { id } = await createKey('bot')
    const other = await world.openShop('Stranger')
    const { body } = await world.request('merchant', other).get('/v1/api_keys?limit=100').expect(200)
    assert.ok(!JSON.stringify(body).includes(id))
    await world.request('merchant', other).post(`/v1/api_keys/${id}/revoke`).expect(404)
    await world.request('merchant', other).get('/v1/api_keys').set('Stripe-Account', world.shop.id).expect(403)
  })

  test('what cannot be is refused by name', async () => {
    const { body } = await world.request('merchant').post('/v1/api_keys').send({ role: 'root' }).expect(400)
    assert.equal(body.error.param, 'role')
    const missing = await world.request('merchant').post('/v1/api_keys').send({}).expect(400)
    assert.equal(missing.body.error.param, 'role')
    await world.request('merchant').post('/v1/api_keys/key_nonsense/revoke').expect(404)
    const long = { expires_in: 604_801 }
    const { id } = await createKey('bot')
    await world.request('merchant').post(`/v1/api_keys/${id}/roll`).send(long).expect(400)
  })
})

describe('a key that cannot be one of ours', () => {
  const untouched = new Proxy({} as Database, {
    get: () => assert.fail('the database was asked'),
  })
  const authenticate = createAuthenticator(untouched, () => new Date(), false)

  test('never reaches the database', async () => {
    const key = newApiKey(newUuid(), 'service', false)
    const wrong = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A')
    for (const guess of [wrong, key.replace('par_test', 'par_live'), 'sk_test_123', '']) {
      await assert.rejects(authenticate(guess), { code: 'api_key_invalid' })
    }
  })

  test('while a well-formed one does', async () => {
    await assert.rejects(authenticate(newApiKey(newUuid(), 'service', false)), /the database was asked/)
  })
})
