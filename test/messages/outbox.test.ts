import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { ChannelId } from '#channels/channel.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { createMessageService } from '#messages/service.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { createOutboxWorld, lost, refused } from './outbox-world.ts'

const world = await createOutboxWorld()
const { messages, clock, calls, answers, templates, work } = world
const minute = 60_000
const hour = 60 * minute

beforeEach(() => {
  calls.length = 0
  answers.length = 0
  templates.clear()
})

const setUp = async (
  channel: ChannelId,
  { heardAt = clock.now() as Date | null, settings = {}, consents = {} as Record<string, number> } = {},
) => {
  const merchant = await world.newMerchant()
  const connection = await world.connect(merchant, channel, settings)
  const thread = await world.newThread(merchant, channel, { connection, heardAt, consents })
  const scope = { merchantId: merchant, livemode: false }
  const post = (input: { text?: string; payment_intent?: string }) =>
    messages.create(scope, newUuid(), thread.public, { from: 'bot', ...input })
  const states = async () => (await world.readMessages(merchant)).map(({ text, state }) => [text, state])
  const told = async (type: string) =>
    (await world.events.listEvents(merchant, { limit: 100, type })).data.map(
      ({ data }) => data.object as { state: string; failure: { reason: string } | null },
    )
  return { merchant, connection, thread, post, states, told, scope }
}

describe('a message goes out', () => {
  test('over the connection of its thread, and its state is told', async () => {
    const { merchant, thread, post, told } = await setUp('telegram')
    const { state } = await post({ text: 'Hello' })
    assert.equal(state, 'queued')
    await work()
    assert.deepEqual(
      calls.map(({ text, thread: to, rung }) => [text, to, rung]),
      [['Hello', thread.external, 'window']],
    )
    const [row] = await world.readMessages(merchant)
    assert.deepEqual(
      [row?.state, row?.platform_ref, row?.route, row?.next_attempt_at, row?.sending_since],
      ['sent', 'telegram-1', 'window', null, null],
    )
    assert.match(JSON.stringify(row?.rendered), /"text":"Hello"/)
    assert.deepEqual(
      (await told('thread.message.updated')).map(({ state: one }) => one),
      ['sent'],
    )
  })

  test('not at all where nothing carries its channel, and at once in the web chat', async () => {
    const merchant = await world.newMerchant()
    const bare = await world.newThread(merchant, 'telegram')
    const web = await world.newThread(merchant, 'webchat')
    const scope = { merchantId: merchant, livemode: false }
    for (const thread of [bare, web])
      await messages.create(scope, newUuid(), thread.public, { text: 'Hi', from: 'bot' })
    await work()
    assert.deepEqual(
      (await world.readMessages(merchant)).map(({ state, next_attempt_at }) => [state, next_attempt_at]),
      [
        ['queued', null],
        ['delivered', null],
      ],
    )
    assert.equal(calls.length, 0)
  })

  test('once, however many jobs run for it at once', async () => {
    const { merchant, post } = await setUp('telegram')
    const { id } = await post({ text: 'Hello' })
    const [row] = await world.readMessages(merchant)
    assert.equal(showId('message', row?.id ?? ''), id)
    await Promise.all(Array.from({ length: 16 }, () => messages.send(merchant, row?.id ?? '')))
    assert.equal(calls.length, 1)
  })

  test('in the order in which it was written, also behind one that has to wait', async () => {
    const { post, states } = await setUp('telegram')
    for (const text of ['one', 'two', 'three']) await post({ text })
    answers.push(refused('temporary'))
    await work()
    assert.deepEqual(await states(), [
      ['one', 'queued'],
      ['two', 'queued'],
      ['three', 'queued'],
    ])
    clock.advance(3000)
    await work()
    assert.deepEqual(
      calls.map(({ text }) => text),
      ['one', 'two', 'three'],
    )
  })

  test('no faster than the connection may', async () => {
    const { merchant, post, connection } = await setUp('telegram', { settings: { rate: 0.1 } })
    await post({ text: 'one' })
    await post({ text: 'two' })
    await work()
    assert.equal(calls.length, 1)
    const row = (await world.readMessages(merchant))[1]
    const waitMs = (row?.next_attempt_at?.getTime() ?? 0) - clock.now().getTime()
    assert.ok(waitMs > 9000 && waitMs <= 10_000, String(waitMs))
    clock.advance(10_000)
    await work()
    assert.equal(calls.length, 2)
    await world.connections.postpone(merchant, connection, new Date(clock.now().getTime() + hour))
    await post({ text: 'three' })
    clock.advance(59 * minute)
    await work()
    assert.equal(calls.length, 2)
    clock.advance(2 * minute)
    await work()
    assert.equal(calls.length, 3)
  })

  test('in the bot’s words; those of a card are said as things stand when it goes', async () => {
    const { merchant, thread, post } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id)
    await post({ payment_intent: intent.public, text: 'Yours for €42.00' })
    const [own] = await world.readMessages(merchant)
    await post({ payment_intent: intent.public })
    await inTransaction(world.db, merchant, (tx) =>
      tx.updateTable('payment_intents').set({ amount: 5000n }).where('id', '=', intent.id).execute(),
    )
    await work()
    assert.deepEqual(
      calls.map(({ text }) => text),
      ['Yours for €42.00', 'Please pay €50.00.'],
    )
    assert.equal(own?.has_own_words, true)
  })

  test('with what a platform needs to take the money, written down beside it', async () => {
    const { merchant, thread, post } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id)
    world.offers.length = 0
    const { id } = await post({ payment_intent: intent.public })
    await work()
    assert.deepEqual(world.offers, [{ reference: id, amount: 4200n }])
  })
})

describe('never twice', () => {
  const dying = (db: Database, at: number, when: 'before' | 'after'): Database => {
    let count = 0
    const transaction = () => {
      const real = db.app.transaction()
      return {
        execute: async (work: never) => {
          count++
          if (count !== at) return real.execute(work)
          if (when === 'after') await real.execute(work)
          throw new Error('the process died')
        },
      }
    }
    return {
      ...db,
      app: new Proxy(db.app, {
        get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
      }),
    }
  }
  /** remind, look up, claim, record. */
  const deaths = [1, 2, 3, 4].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })))

  for (const { at, when } of deaths) {
    test(`a process that dies ${when} its transaction ${at}`, async () => {
      for (const channel of ['telegram', 'line'] as const) {
        calls.length = 0
        const { merchant, post, states } = await setUp(channel)
        await post({ text: 'Hello' })
        const [{ id } = { id: '' }] = await world.readMessages(merchant)
        const mortal = createMessageService({ ...world.deps, db: dying(world.db, at, when) })
        await assert.rejects(mortal.send(merchant, id), /died/)
        await work()
        clock.advance(2 * minute)
        await work()
        const [[, state] = []] = await states()
        const isLost = (at === 3 && when === 'after') || (at === 4 && when === 'before')
        assert.equal(state, isLost && channel === 'telegram' ? 'unconfirmed' : 'sent')
        assert.equal(calls.length, at === 3 && when === 'after' && channel === 'telegram' ? 0 : 1)
      }
    })
  }

  for (const answer of ['hang', 'accept and hang'] as const) {
    test(`a process that dies while the platform works (${answer})`, async () => {
      for (const channel of ['telegram', 'line'] as const) {
        calls.length = 0
        const { merchant, post, states, told } = await setUp(channel)
        await post({ text: 'Hello' })
        const [{ id } = { id: '' }] = await world.readMessages(merchant)
        answers.push(answer)
        void messages.send(merchant, id)
        while (answers.length > 0) await new Promise(setImmediate)
        await work()
        assert.deepEqual(await states(), [['Hello', 'queued']])
        clock.advance(2 * minute)
        await work()
        const isTold = channel === 'telegram'
        assert.deepEqual(await states(), [['Hello', isTold ? 'unconfirmed' : 'sent']])
        assert.equal(calls.length, isTold && answer === 'hang' ? 0 : 1)
        assert.deepEqual(
          (await told('thread.message.updated')).map(({ state }) => state),
          [isTold ? 'unconfirmed' : 'sent'],
        )
      }
    })
  }

  test('a lost answer is repeated with its key where the platform forgets repeats, and nowhere else', async () => {
    const forgets = await setUp('line')
    answers.push(lost, lost)
    await forgets.post({ text: 'Hello' })
    await work()
    assert.deepEqual(await forgets.states(), [['Hello', 'queued']])
    for (const _ of [1, 2]) {
      clock.advance(15_000)
      await work()
    }
    assert.deepEqual(await forgets.states(), [['Hello', 'sent']])
    assert.equal(calls.length, 1)
    const repeats = await setUp('telegram')
    answers.push(lost)
    await repeats.post({ text: 'Hello' })
    await repeats.post({ text: 'Next' })
    await work()
    clock.advance(hour)
    await work()
    assert.deepEqual(await repeats.states(), [
      ['Hello', 'unconfirmed'],
      ['Next', 'sent'],
    ])
    assert.equal(calls.filter(({ text }) => text === 'Hello').length, 2)
  })

  test('after half a day a key may be forgotten: then nothing is repeated', async () => {
    const { post, states } = await setUp('line')
    answers.push(lost)
    await post({ text: 'Hello' })
    await work()
    clock.advance(13 * hour)
    await work()
    assert.deepEqual(await states(), [['Hello', 'unconfirmed']])
  })
})

describe('the ladder', () => {
  const day = 24 * hour
  const ago = (ms: number) => new Date(clock.now().getTime() - ms)

  const rows: [
    name: string,
    channel: ChannelId,
    heard: number | null,
    template: boolean,
    own: boolean,
    answers: (typeof lost)[],
    want: [channel: string, rung: string][],
    state: string,
  ][] = [
    ['in the window', 'messenger', hour, true, true, [], [['messenger', 'window']], 'sent'],
    ['after the window: utility', 'messenger', day, true, true, [], [['messenger', 'utility']], 'sent'],
    ['after the window: template', 'whatsapp', day, true, true, [], [['whatsapp', 'template']], 'sent'],
    ['no template: own channel', 'whatsapp', day, false, true, [], [['custom', 'window']], 'sent'],
    ['no template, no channel', 'whatsapp', day, false, false, [], [], 'undeliverable'],
    ['no consent: own channel', 'wechat', 3 * day, true, true, [], [['custom', 'window']], 'sent'],
    [
      'unknown window, refused, template',
      'whatsapp',
      null,
      true,
      true,
      [refused('window_closed')],
      [['whatsapp', 'template']],
      'sent',
    ],
    [
      'all refused, own channel',
      'whatsapp',
      null,
      true,
      true,
      [refused('window_closed'), refused('window_closed')],
      [['custom', 'window']],
      'sent',
    ],
    [
      'all refused',
      'whatsapp',
      null,
      true,
      false,
      [refused('window_closed'), refused('window_closed')],
      [],
      'undeliverable',
    ],
    ['own channel refuses too', 'whatsapp', day, false, true, [refused('window_closed')], [], 'undeliverable'],
    ['the person is gone', 'messenger', hour, true, true, [refused('recipient_unavailable')], [], 'undeliverable'],
  ]
  for (const [name, channel, heard, hasTemplate, hasOwn, script, want, state] of rows) {
    test(name, async () => {
      const { merchant, thread, post, told } = await setUp(channel, { heardAt: heard === null ? null : ago(heard) })
      if (hasOwn) await world.connect(merchant, 'custom')
      if (hasTemplate) templates.add('payment_request')
      const intent = await world.newIntent(merchant, thread.id)
      answers.push(...script)
      await post({ payment_intent: intent.public })
      await work()
      assert.deepEqual(
        calls.map((call) => [call.channel, call.rung]),
        want,
      )
      const [row] = await world.readMessages(merchant)
      assert.deepEqual([row?.state, row?.next_attempt_at], [state, null])
      assert.equal((await told('thread.message.undeliverable')).length, state === 'undeliverable' ? 1 : 0)
      assert.equal(row?.failure === null, state === 'sent')
    })
  }

  const consents: [
    name: string,
    left: number,
    own: boolean,
    answers: (typeof lost)[],
    want: string[],
    left: number,
    state: string,
  ][] = [
    ['one uses it up', 1, false, [], ['wechat consent'], 0, 'sent'],
    ['more are left', 3, false, [], ['wechat consent'], 2, 'sent'],
    ['none is not tried', 0, false, [], [], 0, 'undeliverable'],
    ['none, own channel', 0, true, [], ['custom window'], 0, 'sent'],
    ['trouble gives it back and takes it again', 1, false, [refused('temporary')], ['wechat consent'], 0, 'sent'],
    ['nobody there gives it back', 2, false, [refused('recipient_unavailable')], [], 2, 'undeliverable'],
    ['the platform knows of none', 2, true, [refused('window_closed')], ['custom window'], 0, 'sent'],
    ['a lost answer may have used it', 2, false, [lost], ['wechat consent'], 1, 'unconfirmed'],
  ]
  for (const [name, given, hasOwn, script, want, left, state] of consents)
    test(`consents: ${name}`, async () => {
      const { merchant, thread, post } = await setUp('wechat', {
        heardAt: ago(3 * day),
        consents: given === 0 ? {} : { tmpl_payment_request: given },
      })
      if (hasOwn) await world.connect(merchant, 'custom')
      templates.add('payment_request')
      const intent = await world.newIntent(merchant, thread.id)
      answers.push(...script)
      await post({ payment_intent: intent.public })
      await work()
      clock.advance(minute)
      await work()
      assert.deepEqual(
        calls.map((call) => `${call.channel} ${call.rung}`),
        want,
      )
      const [row] = await world.readMessages(merchant)
      assert.deepEqual([row?.state, row?.next_attempt_at], [state, null])
      assert.equal((await world.readConsents(merchant)).tmpl_payment_request ?? 0, left)
    })

  test('consents: as many messages as the person agreed to, however many there are', async () => {
    const { merchant, thread, post } = await setUp('wechat', {
      heardAt: ago(3 * day),
      consents: { tmpl_payment_request: 2 },
    })
    templates.add('payment_request')
    const intent = await world.newIntent(merchant, thread.id)
    for (const _ of [1, 2, 3, 4]) await post({ payment_intent: intent.public })
    await Promise.all([work(), work(), work()])
    clock.advance(minute)
    await work()
    assert.equal(calls.length, 2)
    const states = (await world.readMessages(merchant)).map(({ state }) => state)
    assert.deepEqual(states, ['sent', 'sent', 'undeliverable', 'undeliverable'])
    assert.deepEqual(await world.readConsents(merchant), { tmpl_payment_request: 0 })
    const [, , third] = await world.readMessages(merchant)
    assert.match(JSON.stringify(third?.failure), /agreed to no message by tmpl_payment_request/)
  })

  test('consents: in the window none is used', async () => {
    const { merchant, thread, post } = await setUp('wechat', { consents: { tmpl_payment_request: 1 } })
    await post({ payment_intent: (await world.newIntent(merchant, thread.id)).public })
    await work()
    assert.deepEqual([calls[0]?.rung, await world.readConsents(merchant)], ['window', { tmpl_payment_request: 1 }])
  })

  test('who blocked the account gets nothing until they write again', async () => {
    const { merchant, thread, post, told } = await setUp('telegram')
    await world.connect(merchant, 'custom')
    await world.setThread(merchant, thread.id, { unreachable_since: clock.now() })
    await post({ text: 'one' })
    await work()
    assert.equal(calls.length, 0)
    const failures = (await told('thread.message.undeliverable')).map(({ failure }) => failure?.reason)
    assert.deepEqual(failures, ['recipient_unavailable'])
    await world.setThread(merchant, thread.id, { reachable_at: new Date(clock.now().getTime() + 1000) })
    await post({ text: 'two' })
    await work()
    assert.deepEqual(
      calls.map(({ text }) => text),
      ['two'],
    )
  })

  test('too fast: the connection pauses as long as the platform says', async () => {
    const { post, states } = await setUp('telegram')
    answers.push(refused('rate_limited', { retryAfterMs: 30_000 }))
    await post({ text: 'one' })
    await work()
    clock.advance(25_000)
    await work()
    assert.equal(calls.length, 0)
    clock.advance(6000)
    await work()
    assert.deepEqual(await states(), [['one', 'sent']])
  })

  test('trouble is tried again for a day and a half, then told', async () => {
    const { post, states } = await setUp('telegram')
    for (let i = 0; i < 20; i++) answers.push(refused('temporary'))
    await post({ text: 'one' })
    let tries = 0
    for (let hours = 0; hours < 60; hours++) {
      await work()
      clock.advance(hour)
    }
    tries = 20 - answers.length
    assert.deepEqual(await states(), [['one', 'undeliverable']])
    assert.equal(tries, 10)
  })

  test('a broken connection holds its messages for a day, and sends them when it is repaired', async () => {
    const broken = await setUp('telegram')
    answers.push(refused('connection_broken'))
    await broken.post({ text: 'one' })
    await broken.post({ text: 'two' })
    await work()
    assert.equal(calls.length, 0)
    assert.equal((await broken.told('connection.broken')).length, 1)
    await inTransaction(world.db, broken.merchant, (tx) =>
      tx.updateTable('connections').set({ status: 'active' }).where('id', '=', broken.connection).execute(),
    )
    clock.advance(2 * minute)
    await work()
    assert.deepEqual(
      calls.map(({ text }) => text),
      ['one', 'two'],
    )
    answers.push(refused('connection_broken'))
    await broken.post({ text: 'three' })
    await work()
    clock.advance(25 * hour)
    await work()
    assert.deepEqual((await broken.states()).at(-1), ['three', 'undeliverable'])
    assert.equal((await broken.told('thread.message.undeliverable'))[0]?.failure?.reason, 'connection_broken')
  })

  test('a chat that has moved is followed', async () => {
    const { thread, post, states } = await setUp('telegram')
    answers.push(refused('content_refused' as never, { movedTo: `moved-${thread.id}` }))
    await post({ text: 'one' })
    await work()
    assert.deepEqual(
      calls.map(({ thread: to }) => to),
      [`moved-${thread.id}`],
    )
    assert.deepEqual(await states(), [['one', 'sent']])
  })
})

describe('what a platform would refuse', () => {
  test('is refused when it is posted, with the limit, and not stored', async () => {
    const { merchant, scope, thread, post } = await setUp('telegram')
    const isRefusal = (error: Error & { code?: string }) =>
      error.code === 'message_content_refused' && /text: 100 characters/.test(error.message)
    await assert.rejects(post({ text: 'x'.repeat(101) }), isRefusal)
    const preview = messages.preview(scope, newUuid(), thread.public, { from: 'bot', text: 'x'.repeat(101) }, {})
    await assert.rejects(preview, isRefusal)
    assert.deepEqual(await world.readMessages(merchant), [])
  })
})
