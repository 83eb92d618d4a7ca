import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import type { Shop } from '../support/shop.ts'
import { createWorld, type World } from '../support/world.ts'
import { createFakePlatform, sign, write } from './fake-channel.ts'

const secret = 'the app secret of the fake platform'
const minute = (n: number) => new Date(Date.UTC(2026, 10, 20, 10, n))
const sender = (threadId: string, personId: string) => ({
  threadId,
  personId,
  name: personId.toUpperCase(),
  locale: 'en',
  threadTitle: `Chat ${threadId}`,
})
const message = (n: number, threadId: string, personId: string, touch?: object) => ({
  kind: 'message',
  ref: `m${n}`,
  type: 'message',
  at: minute(n),
  from: sender(threadId, personId),
  text: `text ${n}`,
  messageRef: `ref-${n}`,
  ...(touch ? { touch } : {}),
})
const touch = (n: number, threadId: string, personId: string, adId: string) => ({
  kind: 'touch',
  ref: `t${n}`,
  type: 'referral',
  at: minute(n),
  from: sender(threadId, personId),
  touch: { source: 'ad', adId },
})

/** Everything that happened to one bot in a while: two chats, three people, two ads of the same minute. */
const story: object[] = [
  touch(1, 'a', 'ann', 'ad-1'),
  message(2, 'a', 'ann'),
  message(3, 'b', 'bob', { source: 'link', ref: 'spring' }),
  message(4, 'b', 'cy'),
  touch(5, 'b', 'bob', 'ad-2'),
  { ...touch(5, 'b', 'bob', 'ad-3'), ref: 't5b' },
  message(6, 'a', 'ann', { source: 'qr', ref: 'table-7' }),
  { kind: 'ignored', ref: 'i1', type: 'typing', at: minute(7) },
  { kind: 'unknown', ref: 'u1', type: 'new_in_2027', at: minute(8) },
  { kind: 'notice', ref: 'n1', type: 'account', at: minute(9), code: 'review', message: 'A template was refused.' },
  { kind: 'receipt', ref: 'r1', type: 'read', at: minute(10), messageRefs: ['nobody'], state: 'read' },
]

describe('updates of a platform', () => {
  let world: World
  before(async () => {
    world = await createWorld({ overrides: { channels: createFakePlatform().channels } })
  })
  after(() => world[Symbol.asyncDispose]())

  const connect = async (shop: Shop) => {
    const { body } = await world
      .request('merchant', shop)
      .post('/v1/connections')
      .send({ channel: 'line', secrets: { token: '1:t', app_secret: secret } })
      .expect(200)
    return body.webhook_url as string
  }
  const send = async (url: string, updates: readonly object[]): Promise<void> => {
    const body = write(updates)
    const answer = await fetch(url, { method: 'POST', body, headers: { 'x-signature': sign(secret, body) } })
    assert.equal(answer.status, 200)
  }
  /** All that a merchant has of it, without our own ids and clock. */
  const rowsOf = async (shop: Shop) => {
    const read = async <T = object>(text: string) => {
      const { rows } = await sql.raw<T>(text.replaceAll('$m', `'${shop.uuid}'`)).execute(world.app.db.maintenance)
      return rows
    }
    return {
      threads: await read<
        Record<'first_touch' | 'last_touch', Record<string, string | null>>
      >(`select external_id, locale, title, last_inbound_at, first_touch, last_touch from threads
        where merchant_id = $m order by 1`),
      people: await read(`select t.external_id as thread, p.external_id, p.role, p.name, p.locale from participants p
        join threads t on t.merchant_id = p.merchant_id and t.id = p.thread_id where p.merchant_id = $m order by 1, 2`),
      messages: await read(`select t.external_id as thread, m.direction, m.text, m.platform_ref, m.state, m.created_at
        from messages m join threads t on t.merchant_id = m.merchant_id and t.id = m.thread_id
        where m.merchant_id = $m order by 3`),
      events: await read(`select type, count(*) as count from events where merchant_id = $m group by 1 order by 1`),
      updates: await read<{ state: string }>(
        `select ref, type, state, reason, occurred_at from channel_updates where merchant_id = $m order by 1`,
      ),
    }
  }

  test('give the same rows in any order, in any batches, any number of times', async () => {
    const straight = await world.openShop('Straight')
    await send(await connect(straight), story)
    await world.settle()
    const expected = await rowsOf(straight)
    assert.deepEqual(
      expected.threads.map(({ first_touch, last_touch }) => [
        first_touch.ad_id,
        first_touch.ref,
        last_touch.ad_id,
        last_touch.ref,
      ]),
      [
        ['ad-1', null, null, 'table-7'],
        [null, 'spring', 'ad-3', null],
      ],
    )
    // Each update once at least, up to three times, shuffled and cut into batches that are sent at once.
    const deliveries = fc
      .tuple(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: story.length, maxLength: story.length }),
        fc.integer({ min: 1, max: 6 }),
      )
      .chain(([times, size]) => {
        const all = story.flatMap((one, index) => Array.from({ length: times[index] ?? 1 }, () => one))
        return fc
          .shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
          .map((shuffled) =>
            Array.from({ length: Math.ceil(all.length / size) }, (_, n) => shuffled.slice(n * size, (n + 1) * size)),
          )
      })
    await fc.assert(
      fc.asyncProperty(deliveries, async (batches) => {
        const shop = await world.openShop('Shuffled')
        const url = await connect(shop)
        await Promise.all(batches.map((batch) => send(url, batch)))
        await world.settle()
        assert.deepEqual(await rowsOf(shop), expected)
      }),
      { numRuns: 8 },
    )
  })

  test('a job that runs twice, or again after it was over, changes nothing', async () => {
    const shop = await world.openShop('Twice')
    await send(await connect(shop), story)
    await world.settle()
    const before = await rowsOf(shop)
    const { rows } = await sql<{ id: string }>`
      select id from channel_updates where merchant_id = ${shop.uuid}`.execute(world.app.db.maintenance)
    const { channelInbox } = world.app.services
    await Promise.all([...rows, ...rows].map(({ id }) => channelInbox.process(shop.uuid, id)))
    await world.settle()
    assert.deepEqual(await rowsOf(shop), before)
  })

  test('what every wake-up was lost for, the sweep finds; a worker that died gives it back', async () => {
    const shop = await world.openShop('Lost')
    const url = await connect(shop)
    await world.stopWork()
    await send(url, [message(2, 'a', 'ann')])
    // Taken by a worker that then died: not before its lease is over.
    await world.app.db.app.transaction().execute(async (tx) => {
      await sql`select set_config('parley.merchants', ${shop.uuid}, true)`.execute(tx)
      await sql`update channel_updates set attempts = 1, next_attempt_at = ${new Date(world.clock.now().getTime() + 30_000)}
        where merchant_id = ${shop.uuid}`.execute(tx)
    })
    await world.startWork()
    await world.settle()
    const state = async () => (await rowsOf(shop)).updates.map((one) => one.state)
    assert.deepEqual(await state(), ['received'])
    world.clock.advance(30_001)
    await world.settle()
    assert.deepEqual(await state(), ['processed'])
  })
})
