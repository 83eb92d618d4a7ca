import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await createWorld()
})
after(() => world[Symbol.asyncDispose]())

const post = async (path: string, body: object, status = 200) =>
  (await world.request('bot').post(path).send(body).expect(status)).body
const get = async (path: string, query: object = {}, status = 200) =>
  (await world.request('bot').get(path).query(query).expect(status)).body
let count = 0
const place = () => ({ channel: 'telegram', external_id: `chat-${++count}` })

describe('create or find', () => {
  test('channel and external id name one thread, and what is sent is brought up to date', async () => {
    const where = place()
    const made = await post('/v1/threads', { ...where, locale: 'fr', title: 'Fleurs' })
    assert.match(made.id, /^thr_/)
    assert.deepEqual(
      { ...made, id: '', created: 0 },
      {
        id: '',
        object: 'thread',
        ...where,
        connection: null,
        locale: 'fr',
        title: 'Fleurs',
        metadata: {},
        participants: [],
        attribution: null,
        created: 0,
      },
    )
    const found = await post('/v1/threads', { ...where, title: 'Blumen', metadata: { a: '1' } })
    assert.deepEqual([found.id, found.title, found.locale, found.metadata], [made.id, 'Blumen', 'fr', { a: '1' }])
    assert.deepEqual(await get(`/v1/threads/${made.id}`), found)
  })

  test('the same external id on another channel, or of another merchant, is another thread', async () => {
    const where = place()
    const first = await post('/v1/threads', where)
    assert.notEqual((await post('/v1/threads', { ...where, channel: 'line' })).id, first.id)
    const other = await world
      .request('bot', await world.openShop())
      .post('/v1/threads')
      .send(where)
      .expect(200)
    assert.notEqual(other.body.id, first.id)
  })

  test('32 at once make one thread, with everybody in it', async () => {
    const where = place()
    const threads = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        post('/v1/threads', {
          ...where,
          participants: [{ external_id: `p${index % 8}` }],
          metadata: { [`k${index}`]: 'v' },
        }),
      ),
    )
    assert.equal(new Set(threads.map((thread) => thread.id)).size, 1)
    const thread = await get(`/v1/threads/${threads[0].id}`)
    assert.equal(thread.participants.length, 8)
    assert.equal(Object.keys(thread.metadata).length, 32, 'no update is lost')
    assert.equal((await get('/v1/threads', where)).data.length, 1)
    const created = (await get(`/v1/threads/${thread.id}/timeline`)).data.filter(
      ({ type }: { type: string }) => type === 'thread.created',
    )
    assert.equal(created.length, 1)
  })
})

test('participants are known by their external id; role, name and language follow what is sent', async () => {
  const thread = await post('/v1/threads', {
    ...place(),
    participants: [
      { external_id: '1', name: 'Léa' },
      { external_id: 'bot', role: 'agent' },
    ],
  })
  assert.deepEqual(
    thread.participants.map(({ external_id, role, name }: Record<string, string>) => [external_id, role, name]),
    [
      ['1', 'payer', 'Léa'],
      ['bot', 'agent', null],
    ],
  )
  const updated = await post(`/v1/threads/${thread.id}`, {
    participants: [{ external_id: '1', role: 'organizer', locale: 'pt-BR' }],
  })
  const [first] = updated.participants
  assert.deepEqual(
    [first.id, first.role, first.name, first.locale],
    [thread.participants[0].id, 'organizer', 'Léa', 'pt-BR'],
  )
  assert.equal(updated.participants.length, 2)
  const crowd = Array.from({ length: 51 }, (_, index) => ({ external_id: String(index) }))
  assert.equal((await post(`/v1/threads/${thread.id}`, { participants: crowd }, 400)).error.param, 'participants')
})

test('metadata is merged, unset by empty text and emptied as a whole', async () => {
  const thread = await post('/v1/threads', { ...place(), metadata: { a: '1', b: '2' } })
  assert.deepEqual((await post(`/v1/threads/${thread.id}`, { metadata: { a: '', c: '3' } })).metadata, {
    b: '2',
    c: '3',
  })
  assert.deepEqual((await post(`/v1/threads/${thread.id}`, { title: 'x' })).metadata, { b: '2', c: '3' })
  assert.deepEqual((await post(`/v1/threads/${thread.id}`, { metadata: '' })).metadata, {})
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, 'v']))
  assert.equal((await post(`/v1/threads/${thread.id}`, { metadata: many }, 400)).error.param, 'metadata')
})

test('metadata never grows past 50 keys, in however many updates', async () => {
  const keys = (from: number) => Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${from + index}`, 'v']))
  const thread = await post('/v1/threads', { ...place(), metadata: keys(0) })
  const { error } = await post(`/v1/threads/${thread.id}`, { metadata: keys(40) }, 400)
  assert.equal(error.param, 'metadata')
  assert.equal(Object.keys((await get(`/v1/threads/${thread.id}`)).metadata).length, 40)
})

for (const [field, value] of [
  ['locale', 'no language!'],
  ['locale', 'x'.repeat(40)],
  ['channel', 'Telegram'],
  ['external_id', ''],
  ['title', 't'.repeat(201)],
] as const)
  test(`refuses ${field} '${value.slice(0, 20)}'`, async () => {
    assert.equal((await post('/v1/threads', { ...place(), [field]: value }, 400)).error.param, field)
  })

test('lists newest first, by channel, with paging in both directions', async () => {
  const shop = await world.openShop()
  const bot = world.request('bot', shop)
  const made: string[] = []
  for (let index = 0; index < 5; index++) {
    const { body } = await bot
      .post('/v1/threads')
      .send({ channel: index % 2 ? 'line' : 'wechat', external_id: String(index) })
    made.unshift(body.id)
  }
  const read = async (query: object) => {
    const { body } = await bot.get('/v1/threads').query(query).expect(200)
    return [body.data.map(({ id }: { id: string }) => id), body.has_more]
  }
  assert.deepEqual(await read({}), [made, false])
  assert.deepEqual(await read({ limit: 2 }), [made.slice(0, 2), true])
  assert.deepEqual(await read({ limit: 2, starting_after: made[1] }), [made.slice(2, 4), true])
  assert.deepEqual(await read({ limit: 2, ending_before: made[3] }), [made.slice(1, 3), true])
  assert.deepEqual(await read({ channel: 'line' }), [[made[1], made[3]], false])
  assert.deepEqual(await read({ external_id: '4' }), [[made[0]], false])
})

describe('payments in a thread', () => {
  test('found or created by object, with who is asked to pay', async () => {
    const where = place()
    const intent = await post('/v1/payment_intents', {
      amount: 100,
      currency: 'eur',
      thread: { ...where, locale: 'es', participants: [{ external_id: '2' }] },
      participant: { external_id: '1', name: 'Léa' },
    })
    const thread = await get(`/v1/threads/${intent.thread}`)
    assert.deepEqual([thread.external_id, thread.locale, thread.participants.length], [where.external_id, 'es', 2])
    const payer = thread.participants.find(({ name }: { name: string }) => name === 'Léa')
    assert.equal(intent.participant, payer.id)
    const byId = await post('/v1/payment_intents', {
      amount: 100,
      currency: 'eur',
      thread: thread.id,
      participant: payer.id,
    })
    assert.deepEqual([byId.thread, byId.participant], [thread.id, payer.id])
    const expanded = await get(`/v1/payment_intents/${byId.id}`, { 'expand[]': 'thread' })
    assert.equal(expanded.thread.external_id, where.external_id)
    assert.equal((await get('/v1/payment_intents', { thread: thread.id })).data.length, 2)
  })

  test('a participant of another thread is missing', async () => {
    const [here, there] = [
      await post('/v1/threads', { ...place(), participants: [{ external_id: '1' }] }),
      await post('/v1/threads', place()),
    ]
    const body = { amount: 100, currency: 'eur', thread: there.id, participant: here.participants[0].id }
    assert.equal((await post('/v1/payment_intents', body, 404)).error.param, 'participant')
  })

  test('the timeline tells everything in order, and pages from where one stopped', async () => {
    const thread = await post('/v1/threads', place())
    await post(`/v1/threads/${thread.id}/messages`, { text: 'A bouquet?' })
    const intent = await post('/v1/payment_intents', { amount: 4200, currency: 'eur', thread: thread.id })
    await post(`/v1/threads/${thread.id}/messages`, { payment_intent: intent.id })
    await post(`/v1/payment_intents/${intent.id}/confirm`, { payment_method: 'pm_card_visa' })
    await world.settle()
    await world.request('service').post('/v1/refunds').send({ payment_intent: intent.id, amount: 200 }).expect(200)
    await world.settle()
    const { data: whole } = await get(`/v1/threads/${thread.id}/timeline`)
    const types: string[] = whole.map(({ type }: { type: string }) => type)
    const story = [
      'thread.created',
      'thread.message.created',
      'payment_intent.created',
      'payment_intent.succeeded',
      'refund.created',
      'charge.refunded',
    ]
    const places = story.map((type) => types.indexOf(type))
    assert.ok(
      places.every((at, index) => at >= 0 && at > (places[index - 1] ?? -1)),
      types.join(', '),
    )
    const times = whole.map(({ created }: { created: number }) => created)
    assert.deepEqual(times, times.toSorted())
    const paged: string[] = []
    for (let after: string | undefined; ; after = paged.at(-1)) {
      const page = await get(`/v1/threads/${thread.id}/timeline`, {
        limit: 2,
        ...(after ? { starting_after: after } : {}),
      })
      paged.push(...page.data.map(({ id }: { id: string }) => id))
      if (!page.has_more) break
    }
    assert.deepEqual(
      paged,
      whole.map(({ id }: { id: string }) => id),
    )
    await get(`/v1/threads/${thread.id}/timeline`, { starting_after: 'thr_x' }, 404)
  })
})
