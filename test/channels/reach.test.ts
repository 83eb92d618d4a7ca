import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseId } from '#kernel/ids.ts'
import { createLogger } from '#platform/logger.ts'
import { isUnreachable } from '#threads/reach.ts'
import { processUpdate } from '#webhooks/channel-process-service.ts'
import { createWorld, type World } from '../support/world.ts'
import { createFakePlatform, sign, write } from './fake-channel.ts'

const secret = 'the app secret of the fake platform'
const minute = (n: number) => new Date(Date.UTC(2026, 10, 20, 10, n))

describe('who can be reached', () => {
  const cases: [name: string, since: Date | null, at: Date | null, isGone: boolean][] = [
    ['never heard of', null, null, false],
    ['wrote', null, minute(1), false],
    ['blocked', minute(1), null, true],
    ['wrote, then blocked', minute(2), minute(1), true],
    ['blocked, then wrote', minute(1), minute(2), false],
    // The platform will say which it was.
    ['both in one second', minute(1), minute(1), false],
  ]
  for (const [name, since, at, isGone] of cases)
    test(name, () => assert.equal(isUnreachable({ unreachable_since: since, reachable_at: at }), isGone))
})

describe('what a platform tells of its people', () => {
  let world: World
  before(async () => {
    world = await createWorld({ overrides: { channels: createFakePlatform().channels } })
  })
  after(() => world[Symbol.asyncDispose]())

  let accounts = 0
  const connect = async () => {
    accounts += 1
    const { body } = await world
      .request('merchant')
      .post('/v1/connections')
      .send({ channel: 'wechat', secrets: { token: `${accounts}:t`, app_secret: secret } })
      .expect(200)
    return { url: body.webhook_url as string, id: parseId('connection', body.id) ?? '' }
  }
  const tell = async (url: string, ...updates: object[]) => {
    const body = write(updates)
    const answer = await fetch(url, { method: 'POST', body, headers: { 'x-signature': sign(secret, body) } })
    assert.equal(answer.status, 200)
    await world.settle()
  }
  const threadOf = (connection: string) =>
    world.app.db.maintenance
      .selectFrom('threads')
      .selectAll()
      .where('connection_id', '=', connection)
      .executeTakeFirstOrThrow()

  const from = { threadId: 'ana', personId: 'ana' }
  const message = (n: number) => {
    const ref = `m${n}`
    return { kind: 'message', ref, type: 'message', at: minute(n), from, text: 'x', messageRef: ref }
  }
  const reach = (n: number, kind: 'reachable' | 'unreachable') => ({
    kind,
    ref: `${kind}${n}`,
    type: 'x',
    at: minute(n),
    threadId: 'ana',
  })
  const consent = (n: number, accepted: string[], withdrawn: string[] = []) => {
    const ref = `c${n}`
    return { kind: 'consent', ref, type: 'popup', at: minute(n), from, accepted, withdrawn }
  }

  const stories: [name: string, story: object[], isGone: boolean][] = [
    ['blocks', [reach(2, 'unreachable')], true],
    ['blocks and lets in again', [reach(2, 'unreachable'), reach(3, 'reachable')], false],
    ['blocks and writes', [reach(2, 'unreachable'), message(3)], false],
    ['blocks, writes, blocks', [reach(2, 'unreachable'), message(3), reach(4, 'unreachable')], true],
    [
      'blocks and comes by a link',
      [
        reach(2, 'unreachable'),
        { kind: 'touch', ref: 't', type: 'follow', at: minute(3), from, touch: { source: 'other' } },
      ],
      false,
    ],
  ]
  for (const [name, story, isGone] of stories)
    test(`who ${name}, heard in any order`, async () => {
      const rows = []
      for (const updates of [story, story.toReversed(), [...story, ...story]]) {
        const { url, id } = await connect()
        await tell(url, message(1))
        for (const update of updates) await tell(url, update)
        const thread = await threadOf(id)
        assert.equal(isUnreachable(thread), isGone)
        rows.push([thread.unreachable_since, thread.reachable_at])
      }
      assert.deepEqual(rows[1], rows[0])
      assert.deepEqual(rows[2], rows[0])
    })

  test('of somebody who was never here nothing is kept', async () => {
    const { url, id } = await connect()
    await tell(url, reach(1, 'unreachable'), reach(2, 'reachable'))
    await assert.rejects(threadOf(id))
  })

  test('consents are counted by template, each update once; a withdrawal ends them', async () => {
    const { url, id } = await connect()
    await tell(url, consent(1, ['A', 'B']), consent(2, ['A']), consent(1, ['A', 'B']))
    await tell(url, consent(2, ['A']))
    assert.deepEqual((await threadOf(id)).consents, { A: 2, B: 1 })
    await tell(url, consent(3, [], ['A', 'C']))
    assert.deepEqual((await threadOf(id)).consents, { A: 0, B: 1, C: 0 })
    await tell(url, consent(4, ['A']))
    assert.deepEqual((await threadOf(id)).consents, { A: 1, B: 1, C: 0 })
    // To say yes is not to write: no window opens.
    assert.equal((await threadOf(id)).last_inbound_at, null)
  })

  test('a consent that two workers work off at once is counted once', async () => {
    const { url, id } = await connect()
    await tell(url, message(1))
    await world.stopWork()
    await tell(url, consent(2, ['A'])).catch(() => undefined)
    const row = await world.app.db.maintenance
      .selectFrom('channel_updates')
      .selectAll()
      .where('connection_id', '=', id)
      .where('ref', '=', 'c2')
      .executeTakeFirstOrThrow()
    const { services, db, queue } = world.app
    const deps = {
      db,
      queue,
      clock: world.clock,
      logger: createLogger('silent'),
      connections: services.connections,
      messages: services.messages,
      native: services.native,
      inbox: { claim: async () => row, end: async () => undefined },
    }
    await Promise.all([1, 2, 3].map(() => processUpdate(deps, row.merchant_id, row.id)))
    assert.deepEqual((await threadOf(id)).consents, { A: 1 })
    await world.startWork()
    await world.settle()
    assert.deepEqual((await threadOf(id)).consents, { A: 1 })
  })
})
