import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { parseId } from '#kernel/ids.ts'
import { createFakePlatform, type FakePlatform } from '../channels/fake-channel.ts'
import { createWorld, type World } from '../support/world.ts'

const secrets = { token: '4711:a-secret-that-is-long-Xy7w', app_secret: 'short' }
const account = { channel: 'telegram', settings: { greeting: 'Hi' }, secrets }

describe('connections', () => {
  let world: World
  let platform: FakePlatform
  before(async () => {
    platform = createFakePlatform()
    world = await createWorld({ work: false, overrides: { channels: platform.channels } })
  })
  after(() => world[Symbol.asyncDispose]())

  const post = (path: string, body: object, shop = world.shop) => world.request('merchant', shop).post(path).send(body)
  const connect = async (token: string, shop = world.shop) => {
    const answer = await post('/v1/connections', { ...account, secrets: { ...secrets, token } }, shop)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const uuidOf = (id: string): string => parseId('connection', id) ?? ''
  const eventsOf = async (id: string) => {
    const { rows } = await sql<{ type: string }>`select type from events where object_id = ${uuidOf(id)}`.execute(
      world.app.db.maintenance,
    )
    return rows.map((row) => row.type)
  }

  test('what the platform confirms is kept, its secrets sealed and never shown', async () => {
    const made = await connect('4711:a-secret-that-is-long-Xy7w')
    assert.equal(made.external_id, '4711')
    assert.equal(made.name, '@bot_4711')
    assert.equal(made.status, 'active')
    assert.deepEqual(made.settings, { greeting: 'Hi' })
    assert.deepEqual(made.secrets, { token: '…Xy7w', app_secret: '…' })
    assert.equal(made.webhook_url, `${world.url}/webhooks/channels/telegram/${made.id}`)
    assert.equal(made.capabilities.window.hours, null)
    const row = await world.app.db.maintenance
      .selectFrom('connections')
      .selectAll()
      .where('id', '=', uuidOf(made.id))
      .executeTakeFirstOrThrow()
    assert.ok(!row.secrets.includes('a-secret-that-is-long'))
    const opened = await world.app.services.connections.open(world.shop.uuid, row.id)
    assert.deepEqual(opened?.secrets, secrets)
    for (const path of ['/v1/connections', `/v1/connections/${made.id}`]) {
      const { text } = await world.request('merchant').get(path).expect(200)
      assert.ok(!text.includes('a-secret-that-is-long') && text.includes('…Xy7w'))
    }
  })

  test('a repeated request makes one connection; the same account twice is refused', async () => {
    const body = { ...account, secrets: { ...secrets, token: '50:one-two-three-four' } }
    const send = () => world.request('merchant').post('/v1/connections').set('Idempotency-Key', 'con-50').send(body)
    const [first, second] = [await send().expect(200), await send().expect(200)]
    assert.equal(second.text, first.text)
    const again = await post('/v1/connections', body)
    assert.equal(again.status, 400)
    assert.equal(again.body.error.code, 'resource_already_exists')
  })

  test('what the platform refuses is not kept, with its reason, code and advice', async () => {
    platform.failure = { reason: 'connection_broken', code: '401', advice: 'Make a new token.' }
    const answer = await post('/v1/connections', { ...account, secrets: { ...secrets, token: '60:x' } })
    platform.failure = { reason: 'temporary', code: '502', advice: 'Try again.' }
    const later = await post('/v1/connections', { ...account, secrets: { ...secrets, token: '60:x' } })
    platform.failure = undefined
    assert.equal(answer.status, 400)
    assert.equal(answer.body.error.code, 'connection_refused')
    assert.match(answer.body.error.message, /connection_broken, 401.*Make a new token/)
    assert.equal(later.status, 502)
    const { body } = await world.request('merchant').get('/v1/connections?channel=telegram&limit=100')
    assert.ok(!body.data.some((one: { external_id: string }) => one.external_id === '60'))
  })

  test('wrong fields are named before the platform is asked', async () => {
    const tested = platform.tested.length
    const cases: [object, string, string][] = [
      [{ secrets: { app_secret: 's' } }, 'parameter_missing', 'secrets[token]'],
      [{ secrets: { ...secrets, tokken: 'x' } }, 'parameter_unknown', 'secrets[tokken]'],
      [{ settings: { greeting: 'x'.repeat(21) } }, 'parameter_invalid_string', 'settings[greeting]'],
      [{ channel: 'fax' }, 'parameter_invalid_string', 'channel'],
    ]
    for (const [change, code, param] of cases) {
      const { status, body } = await post('/v1/connections', { ...account, ...change })
      assert.deepEqual([status, body.error.code, body.error.param], [400, code, param])
    }
    assert.equal(platform.tested.length, tested)
  })

  test('an update is tested with what is there already; another account is refused', async () => {
    const { id } = await connect('70:first-token-of-it')
    const changed = await post(`/v1/connections/${id}`, { secrets: { token: '70:second-token-ABCD' } }).expect(200)
    assert.deepEqual(changed.body.secrets, { token: '…ABCD', app_secret: '…' })
    assert.deepEqual(platform.tested.at(-1), {
      settings: { greeting: 'Hi' },
      secrets: { token: '70:second-token-ABCD', app_secret: 'short' },
    })
    const form = await world.request('merchant').post(`/v1/connections/${id}`).send('settings[quiet]=true').expect(200)
    assert.equal(form.body.capabilities.veto, true)
    const other = await post(`/v1/connections/${id}`, { secrets: { token: '71:another-account' } })
    assert.equal(other.body.error.code, 'connection_refused')
    const gone = await post(`/v1/connections/${id}`, { settings: { greeting: null } }).expect(200)
    assert.deepEqual(gone.body.settings, { quiet: true })
  })

  test('a connection that the platform withdraws is broken, told once, and heals by new credentials', async () => {
    const { id } = await connect('80:token-token-token')
    const { connections } = world.app.services
    const failure = { reason: 'connection_broken' as const, code: '190', advice: 'Log in again.' }
    await connections.markBroken(world.shop.uuid, uuidOf(id), failure)
    await connections.markBroken(world.shop.uuid, uuidOf(id), failure)
    const { body } = await world.request('merchant').get(`/v1/connections/${id}`)
    assert.equal(body.status, 'broken')
    assert.deepEqual(body.failure, failure)
    assert.deepEqual(await eventsOf(id), ['connection.broken'])
    assert.equal(await connections.open(world.shop.uuid, uuidOf(id)), undefined)
    assert.equal((await connections.openByPath('telegram', id))?.status, 'broken')
    const healed = await post(`/v1/connections/${id}/test`, {}).expect(200)
    assert.deepEqual([healed.body.status, healed.body.failure], ['active', null])
    platform.failure = failure
    assert.equal((await post(`/v1/connections/${id}/test`, {}).expect(200)).body.status, 'broken')
    platform.failure = { reason: 'temporary', code: '', advice: 'Wait.' }
    assert.equal((await post(`/v1/connections/${id}/test`, {}).expect(200)).body.failure.reason, 'temporary')
    platform.failure = undefined
    assert.equal(
      (await post(`/v1/connections/${id}`, { secrets: { token: '80:a-new-token-at-last' } })).body.status,
      'active',
    )
  })

  test('the thread’s own connection speaks, else the only active one of its channel', async () => {
    const shop = await world.openShop('Threads')
    const { connections } = world.app.services
    const find = async (channel: string, connection_id: string | null = null) =>
      (await connections.openForThread(shop.uuid, { channel, connection_id }))?.externalId
    assert.equal(await find('telegram'), undefined)
    const a = await connect('1:aaaaaaaaaaaaaaaa', shop)
    assert.equal(await find('telegram'), '1')
    assert.equal(await find('line'), undefined)
    assert.equal(await find('slack'), undefined)
    const b = await connect('2:bbbbbbbbbbbbbbbb', shop)
    assert.equal(await find('telegram'), undefined)
    assert.equal(await find('telegram', uuidOf(b.id)), '2')
    await post(`/v1/connections/${a.id}`, { status: 'disabled' }, shop).expect(200)
    assert.equal(await find('telegram'), '2')
    assert.equal(await find('telegram', uuidOf(a.id)), undefined)
  })

  test('a deleted one loses its secrets, and comes back as the same one', async () => {
    const first = await connect('90:token-token-token')
    await world.request('merchant').delete(`/v1/connections/${first.id}`).expect(200)
    await world.request('merchant').get(`/v1/connections/${first.id}`).expect(404)
    assert.equal(await world.app.services.connections.openByPath('telegram', first.id), undefined)
    const { rows } = await sql<{ secrets: Buffer; secret_hints: object }>`
      select secrets, secret_hints from connections where id = ${uuidOf(first.id)}`.execute(world.app.db.maintenance)
    assert.deepEqual(rows[0]?.secret_hints, {})
    assert.ok((rows[0]?.secrets.length ?? 0) < 100)
    assert.equal((await connect('90:token-token-tokem')).id, first.id)
  })

  test('no merchant reads, tests, changes or deletes another’s; roles that may not, may not', async () => {
    const { id } = await connect('95:token-token-token')
    const thief = await world.openShop('Thief')
    for (const call of [
      world.request('merchant', thief).get(`/v1/connections/${id}`),
      post(`/v1/connections/${id}`, { status: 'disabled' }, thief),
      post(`/v1/connections/${id}/test`, {}, thief),
      world.request('merchant', thief).delete(`/v1/connections/${id}`),
    ])
      assert.equal((await call).status, 404)
    assert.equal((await world.request('merchant', thief).get('/v1/connections')).body.data.length, 0)
    for (const role of ['bot', 'finance'] as const)
      assert.equal((await world.request(role).get(`/v1/connections/${id}`)).status, 403)
    for (const role of ['service', 'platform'] as const)
      assert.equal((await world.request(role).get(`/v1/connections/${id}`)).status, 200)
  })

  test('a veto endpoint gets a signing secret of ours, shown once', async () => {
    const shop = await world.openShop('Veto')
    const body = { channel: 'veto', settings: { url: `${world.url}/veto` } }
    const send = () => world.request('merchant', shop).post('/v1/connections').set('Idempotency-Key', 'v').send(body)
    const made = (await send().expect(200)).body
    assert.match(made.signing_secret, /^whsec_/)
    assert.deepEqual(made.settings, { url: `${world.url}/veto`, default: 'allow' })
    assert.equal(made.webhook_url, null)
    assert.equal((await send()).body.signing_secret, made.signing_secret)
    const { body: read } = await world.request('merchant', shop).get(`/v1/connections/${made.id}`)
    assert.equal(read.signing_secret, undefined)
    await post(`/v1/connections/${made.id}`, { settings: { default: 'refuse' } }, shop).expect(200)
    const veto = await world.app.services.connections.findVeto(shop.uuid)
    assert.equal(veto?.settings.default, 'refuse')
    assert.equal(veto?.secrets.signing_secret, made.signing_secret)
    assert.equal(await world.app.services.connections.findVeto(world.shop.uuid), undefined)
    const bad = await post('/v1/connections', { channel: 'veto', settings: { url: 'ftp://x.example' } })
    assert.deepEqual([bad.status, bad.body.error.code], [400, 'url_invalid'])
    const second = await post('/v1/connections', { ...body, settings: { url: `${world.url}/b` } }, shop)
    assert.equal(second.body.error.code, 'resource_already_exists')
  })

  test('a pause only grows', async () => {
    const { id } = await connect('97:token-token-token')
    const { connections } = world.app.services
    const [sooner, later] = [new Date('2026-12-01T00:00:00Z'), new Date('2026-12-02T00:00:00Z')]
    await connections.postpone(world.shop.uuid, uuidOf(id), later)
    await connections.postpone(world.shop.uuid, uuidOf(id), sooner)
    assert.deepEqual((await connections.open(world.shop.uuid, uuidOf(id)))?.sendAfter, later)
  })
})
