import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import { AppError } from '#kernel/errors.ts'
import { parseId } from '#kernel/ids.ts'
import type { Database } from '#platform/database.ts'
import { createUpdateInbox } from '#webhooks/channel-inbox-service.ts'
import { createWorld, type World } from '../support/world.ts'
import { createFakePlatform, sign, write } from './fake-channel.ts'

const secret = 'the app secret of the fake platform'
const at = new Date('2026-11-20T10:00:00Z')
const from = { threadId: 'chat-1', personId: 'ann', name: 'Ann', locale: 'fr' }
const text = (ref: string, more: object = {}) => ({
  kind: 'message',
  ref,
  type: 'message',
  at,
  from,
  text: `Hello ${ref}`,
  messageRef: `m-${ref}`,
  ...more,
})

describe('what chat platforms send', () => {
  let world: World
  let path: string
  let connectionId: string
  const platform = createFakePlatform()
  before(async () => {
    world = await createWorld({ overrides: { channels: platform.channels } })
    ;({ path, id: connectionId } = await connect('700:token'))
  })
  after(() => world[Symbol.asyncDispose]())

  const connect = async (token: string, shop = world.shop, channel = 'telegram') => {
    const { body } = await world
      .request('merchant', shop)
      .post('/v1/connections')
      .send({ channel, secrets: { token, app_secret: secret } })
      .expect(200)
    return { path: body.webhook_url as string, id: body.id as string, uuid: parseId('connection', body.id) ?? '' }
  }
  const send = (url: string, body: string, signature = sign(secret, body), headers: object = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'x-signature': signature, ...headers } })
  const tell = async (url: string, ...updates: object[]) => {
    const answer = await send(url, write(updates))
    assert.equal(answer.status, 200)
    return answer
  }
  const countUpdates = async (): Promise<number> => {
    const { rows } = await sql<{ n: bigint }>`select count(*) as n from channel_updates`.execute(
      world.app.db.maintenance,
    )
    return Number(rows[0]?.n)
  }
  const updates = async (query = '') => {
    const { body } = await world.request('merchant').get(`/v1/channel_updates?limit=100${query}`).expect(200)
    return body.data as { id: string; platform_id: string; state: string; reason: string | null; kind: string }[]
  }
  const update = async (ref: string) => (await updates()).find((one) => one.platform_id === ref)
  const thread = async (external_id: string, channel = 'telegram') => {
    const { body } = await world.request('merchant').get('/v1/threads').query({ channel, external_id })
    return body.data[0]
  }

  test('is acknowledged in the platform’s words, kept, and becomes a thread with its person', async () => {
    const answer = await tell(path, text('a1'))
    assert.equal(await answer.text(), 'EVENT_RECEIVED')
    assert.match(answer.headers.get('content-type') ?? '', /text\/plain/)
    await world.settle()
    assert.equal((await update('a1'))?.state, 'processed')
    const made = await thread('chat-1')
    assert.equal(made.connection, connectionId)
    assert.equal(made.locale, 'fr')
    assert.deepEqual(
      made.participants.map((one: { external_id: string; name: string; role: string }) => [
        one.external_id,
        one.name,
        one.role,
      ]),
      [['ann', 'Ann', 'payer']],
    )
  })

  test('the handshake is answered with the challenge, or with 403', async () => {
    const good = await fetch(`${path}?hub.verify=${encodeURIComponent(secret)}&hub.challenge=1158201444`)
    assert.deepEqual([good.status, await good.text()], [200, '1158201444'])
    assert.equal((await fetch(`${path}?hub.verify=x&hub.challenge=1`)).status, 403)
  })

  describe('refused, and nothing of it kept', () => {
    const body = write([text('forged')])
    const flipped = Buffer.from(sign(secret, body))
    flipped[0] = (flipped[0] ?? 0) ^ 1
    const cases: [string, () => Promise<Response>, number][] = [
      ['no signature', () => send(path, body, ''), 400],
      ['one flipped bit', () => send(path, body, flipped.toString('latin1')), 400],
      ['signed with another secret', () => send(path, body, sign('another', body)), 400],
      ['the body changed after it was signed', () => send(path, `${body} `, sign(secret, body)), 400],
      ['no body', () => fetch(path, { method: 'POST' }), 400],
      ['a body above 1 MiB', () => send(path, `"${'x'.repeat(1024 * 1024)}"`), 413],
      ['a compressed body', () => send(path, body, undefined, { 'content-encoding': 'gzip' }), 400],
      ['another channel in the path', () => send(path.replace('telegram', 'line'), body), 404],
      ['an unknown channel', () => send(path.replace('telegram', 'fax'), body), 404],
      ['the veto channel', () => send(path.replace('telegram', 'veto'), body), 404],
      [
        'an unknown connection',
        () =>
          send(
            path.replace(/.$/, (letter) => (letter === 'x' ? 'y' : 'x')),
            body,
          ),
        404,
      ],
      ['a broken id', () => send(path.replace('con_', 'thr_'), body), 404],
    ]
    for (const [name, ask, status] of cases) {
      test(name, async () => {
        const before = await countUpdates()
        assert.equal((await ask()).status, status)
        assert.equal(await countUpdates(), before)
      })
    }
    test('and counted', async () => {
      const metrics = await (await fetch(`${world.url}/metrics`)).text()
      assert.match(metrics, /parley_provider_webhooks_refused_total\{provider="telegram"\} [1-9]/)
    })
  })

  test('a batch is one row per update; what is unknown waits for a person, what is of no interest is kept', async () => {
    await tell(
      path,
      text('b1'),
      { kind: 'ignored', ref: 'b2', type: 'typing', at },
      { kind: 'unknown', ref: 'b3', type: 'new_in_2027', at },
      text('b1'),
    )
    await world.settle()
    assert.deepEqual(await Promise.all(['b1', 'b2', 'b3'].map(async (ref) => (await update(ref))?.state)), [
      'processed',
      'ignored',
      'parked',
    ])
    const parked = (await updates('&state=parked'))[0]
    const { body } = await world.request('merchant').get(`/v1/channel_updates/${parked?.id}`).expect(200)
    assert.equal(body.content.kind, 'unknown')
    const again = await world.request('merchant').post(`/v1/channel_updates/${parked?.id}/retry`).expect(200)
    assert.equal(again.body.state, 'received')
    await world.settle()
    assert.equal((await update('b3'))?.state, 'parked')
    const processed = await update('b1')
    await world.request('merchant').post(`/v1/channel_updates/${processed?.id}/retry`).expect(400)
  })

  test('text that a database cannot hold, times nobody can mean and long refs are kept all the same', async () => {
    await tell(
      path,
      text('c1', { text: 'nul \u0000 and half \ud83d a smile', from: { ...from, threadId: 'chat-c' } }),
      text('c2', { at: new Date('9999-01-01T00:00:00Z'), from: { ...from, threadId: 'chat-c' } }),
      text('x'.repeat(300)),
    )
    await world.settle()
    assert.equal((await update('c1'))?.state, 'processed')
    const { rows } = await sql<{ last: Date }>`
      select last_inbound_at as last from threads where external_id = 'chat-c'`.execute(world.app.db.maintenance)
    assert.ok(rows[0] && rows[0].last <= world.clock.now())
    assert.ok((await updates()).some((one) => /^sha256:[0-9a-f]{64}$/.test(one.platform_id)))
  })

  test('a batch of thousands is kept whole', async () => {
    const { path: busy, id } = await connect('730:token')
    const all = Array.from({ length: 12_000 }, (_, n) => ({ kind: 'ignored', ref: `w${n}`, type: 't', at }))
    await tell(busy, ...all)
    const { rows } = await sql<{ n: bigint }>`select count(*) as n from channel_updates
      where connection_id = ${parseId('connection', id)}`.execute(world.app.db.maintenance)
    assert.equal(rows[0]?.n, 12_000n)
    const { body } = await world.request('merchant').get(`/v1/channel_updates?limit=1&connection=${id}`).expect(200)
    assert.deepEqual([body.data[0].connection, body.has_more], [id, true])
  })

  test('what cannot wait any more is refused at once, with a time to come back', async () => {
    const stuck = { ...world.app.db, pool: { connect: () => new Promise(() => undefined) } } as unknown as Database
    const { keep } = createUpdateInbox({ db: stuck, clock: world.clock, metrics: world.app.metrics })
    const arrival = { merchantId: world.shop.uuid } as Parameters<typeof keep>[0]
    const refused: unknown[] = []
    for (let n = 0; n < 10_001; n++) keep(arrival).catch((error: unknown) => refused.push(error))
    await setImmediate()
    assert.equal(refused.length, 1)
    assert.ok(refused[0] instanceof AppError)
    assert.deepEqual([refused[0].status, refused[0].details.retryAfter], [503, 5])
  })

  test('a question before a charge is answered inside the request and kept; nobody asks for it again', async () => {
    const question = { kind: 'pre_checkout', type: 'pre_checkout_query', at, from, payload: 'pi_x', currency: 'eur' }
    await tell(path, { ...question, ref: 'q1', queryRef: 'query-1', amount: 4200n })
    const kept = await update('q1')
    assert.equal(kept?.state, 'processed')
    assert.notEqual(kept?.reason, null)
  })

  test('the first and the last touch stay on the thread, clean, and payments keep them as they were', async () => {
    const person = { threadId: 'chat-t', personId: 'tom' }
    const touch = (day: number, adId: string, more: object = {}) => ({
      kind: 'touch',
      ref: `t${day}`,
      type: 'referral',
      at: new Date(Date.UTC(2026, 10, day)),
      from: person,
      touch: { source: 'ad', adId, ...more },
    })
    await tell(path, touch(12, 'ad-2'), touch(10, 'ad-1', { ref: 'spring<script>_1=', url: 'javascript:alert(1)' }))
    await world.settle()
    const before = await thread('chat-t')
    assert.equal(before.attribution.first_touch.ad_id, 'ad-1')
    assert.equal(before.attribution.first_touch.ref, 'springscript_1=')
    assert.equal(before.attribution.first_touch.url, null)
    assert.equal(before.attribution.last_touch.ad_id, 'ad-2')
    await tell(path, touch(14, 'ad-3'), touch(11, 'ad-x'))
    await world.settle()
    const { first_touch, last_touch } = (await thread('chat-t')).attribution
    assert.deepEqual([first_touch.ad_id, last_touch.ad_id], ['ad-1', 'ad-3'])
  })

  test('a group that became another one keeps its thread, by both its ids', async () => {
    const group = (threadId: string, ref: string) => text(ref, { from: { ...from, threadId, threadTitle: 'Dinner' } })
    await tell(path, group('-1', 'g1'))
    await world.settle()
    const before = await thread('-1')
    await tell(path, { kind: 'move', ref: 'g2', type: 'migrate', at, fromThreadId: '-1', toThreadId: '-1001' })
    await world.settle()
    await tell(path, group('-1', 'g3'), group('-1001', 'g4'))
    await world.settle()
    assert.equal((await thread('-1001')).id, before.id)
    const { body } = await world
      .request('bot')
      .post('/v1/threads')
      .send({ channel: 'telegram', external_id: '-1' })
      .expect(200)
    assert.equal(body.id, before.id)
    assert.equal(body.external_id, '-1001')
  })

  test('when the new group is heard of before the move, the old id leads to it, whichever came twice', async () => {
    const move = { kind: 'move', ref: 'h2', type: 'migrate', at, fromThreadId: '-2', toThreadId: '-1002' }
    const group = (threadId: string, ref: string) => text(ref, { from: { ...from, threadId } })
    await tell(path, group('-1002', 'h3'), group('-1002', 'h4'))
    await world.settle()
    await tell(path, move, move)
    await world.settle()
    await tell(path, group('-2', 'h1'), { ...move, ref: 'h2-again' })
    await world.settle()
    const made = await thread('-1002')
    assert.equal(await thread('-2'), undefined)
    const { body } = await world.request('bot').post('/v1/threads').send({ channel: 'telegram', external_id: '-2' })
    assert.equal(body.id, made.id)
    const { rows } = await sql<{ n: bigint }>`
      select count(*) as n from messages where thread_id = ${parseId('thread', made.id)}`.execute(
      world.app.db.maintenance,
    )
    assert.equal(rows[0]?.n, 3n)
  })

  test('a thread that the merchant made first is found; two bots keep two threads', async () => {
    const make = (body: object) =>
      world
        .request('bot')
        .post('/v1/threads')
        .send({ channel: 'telegram', ...body })
    const early = (await make({ external_id: 'chat-e', locale: 'de' }).expect(200)).body
    assert.equal(early.connection, null)
    await tell(path, text('e1', { from: { ...from, threadId: 'chat-e' } }))
    await world.settle()
    const now = await thread('chat-e')
    assert.deepEqual([now.id, now.connection, now.locale], [early.id, connectionId, 'de'])
    const second = await connect('701:token')
    await tell(second.path, text('e1', { from: { ...from, threadId: 'chat-e' } }))
    await world.settle()
    const other = (await make({ external_id: 'chat-e', connection: second.id }).expect(200)).body
    assert.notEqual(other.id, early.id)
    assert.equal(other.connection, second.id)
    const wrong = await make({ external_id: 'chat-e', connection: 'con_01jd2q8k5xf0srd3q7m9w1c4ze' })
    assert.deepEqual([wrong.status, wrong.body.error.param], [404, 'connection'])
    const line = await connect('702:token', world.shop, 'line')
    assert.equal((await make({ external_id: 'chat-f', connection: line.id })).status, 400)
  })

  test('a notice that is fatal breaks the connection; others are only kept', async () => {
    const { path: fragile, id } = await connect('710:token')
    const notice = { kind: 'notice', type: 'account', at, code: 'page_restricted', message: 'Ask Meta for a review.' }
    await tell(fragile, { ...notice, ref: 'n1' })
    await world.settle()
    const status = async () => (await world.request('merchant').get(`/v1/connections/${id}`)).body
    assert.equal((await status()).status, 'active')
    await tell(fragile, { ...notice, ref: 'n2', isFatal: true })
    await world.settle()
    assert.deepEqual(
      [(await status()).status, (await status()).failure],
      ['broken', { reason: 'connection_broken', code: 'page_restricted', advice: 'Ask Meta for a review.' }],
    )
    await tell(fragile, text('n3', { from: { ...from, threadId: 'chat-n' } }))
    await world.settle()
    assert.notEqual(await thread('chat-n'), undefined)
  })

  test('a disabled connection takes nothing but news of money; a question is answered no', async () => {
    const { path: closed, id } = await connect('720:token')
    await world.request('merchant').post(`/v1/connections/${id}`).send({ status: 'disabled' }).expect(200)
    const question = { kind: 'pre_checkout', type: 'q', at, from, payload: 'pi_x', currency: 'eur', amount: 1n }
    await tell(closed, text('d1', { from: { ...from, threadId: 'chat-d' } }), {
      ...question,
      ref: 'd2',
      queryRef: 'qd',
    })
    await world.settle()
    assert.equal((await update('d1'))?.state, 'ignored')
    assert.equal(await thread('chat-d'), undefined)
    assert.deepEqual(platform.answers.at(-1), {
      query: 'qd',
      answer: { ok: false, message: 'This shop does not take payments here at the moment.' },
    })
    await world.request('merchant').delete(`/v1/connections/${id}`).expect(200)
    assert.equal((await send(closed, write([text('d3')]))).status, 404)
  })

  test('what is sent to one merchant’s connection never touches another merchant', async () => {
    const other = await world.openShop('Elsewhere')
    const theirs = await connect('700:token', other)
    const list = async () => (await world.request('merchant', other).get('/v1/channel_updates')).body.data
    await tell(path, text('o1', { from: { ...from, threadId: 'chat-o' } }))
    await world.settle()
    assert.deepEqual(await list(), [])
    assert.deepEqual((await world.request('merchant', other).get('/v1/threads')).body.data, [])
    await tell(theirs.path, text('o1', { from: { ...from, threadId: 'chat-o' } }))
    await world.settle()
    const [only] = await list()
    assert.equal(only.connection, theirs.id)
    assert.equal((await world.request('merchant').get(`/v1/channel_updates/${only.id}`)).status, 404)
    assert.equal((await world.request('merchant').post(`/v1/channel_updates/${only.id}/retry`)).status, 404)
    assert.equal((await world.request('finance').get('/v1/channel_updates')).status, 403)
  })
})
