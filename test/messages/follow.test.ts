import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { ChannelId } from '#channels/channel.ts'
import type { InboundReceipt } from '#channels/inbound.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { append, eventOf } from '../events/slice-world.ts'
import { createOutboxWorld, refused } from './outbox-world.ts'

const world = await createOutboxWorld()
const { messages, clock, calls, answers, templates, work, events } = world
const minute = 60_000
const hour = 60 * minute

beforeEach(() => {
  calls.length = 0
  answers.length = 0
  templates.clear()
})

const setUp = async (channel: ChannelId, locale: string | null = null) => {
  const merchant = await world.newMerchant()
  const connection = await world.connect(merchant, channel)
  const thread = await world.newThread(merchant, channel, { connection, locale, heardAt: clock.now() })
  const scope = { merchantId: merchant, livemode: false }
  const ask = async (intent: { public: string }) => {
    await messages.create(scope, newUuid(), thread.public, { from: 'bot', payment_intent: intent.public })
    await work()
  }
  const tell = async (type: string, id: string, object: object = {}) => {
    const event = { type, threadId: thread.id, objectId: id, object, createdAt: clock.now() }
    const isIntent = type.startsWith('payment_intent')
    await append(world.db, [eventOf(merchant, { ...event, paymentIntentId: isIntent ? id : null })])
    await events.drainOutbox()
    await work()
  }
  const kinds = async () => (await world.readMessages(merchant)).map(({ kind, state }) => `${kind} ${state}`)
  return { merchant, connection, thread, scope, ask, tell, kinds }
}

const paid = (id: string) => ({
  id: showId('paymentIntent', id),
  amount_received: 4200,
  currency: 'eur',
  description: 'Bouquet',
})

describe('reminders', () => {
  test('come once, an hour before the time is over', async () => {
    const { merchant, thread, ask, kinds } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id, 6 * hour)
    await ask(intent)
    await ask(intent)
    clock.advance(4 * hour)
    await work()
    assert.equal(calls.length, 2)
    clock.advance(hour + minute)
    await Promise.all([work(), work()])
    assert.deepEqual(await kinds(), ['payment_request sent', 'payment_request sent', 'reminder sent'])
    assert.match(calls.at(-1)?.text ?? '', /^A reminder: €42\.00 is still open\. Please pay by /)
    assert.equal(calls.at(-1)?.buttons, 1)
  })

  test('stop when it is paid, canceled or over, also at the last moment', async () => {
    for (const status of ['succeeded', 'canceled'] as const) {
      const { merchant, thread, ask, kinds } = await setUp('line')
      const intent = await world.newIntent(merchant, thread.id, 6 * hour)
      await ask(intent)
      await world.setIntent(merchant, intent.id, status)
      clock.advance(5 * hour + minute)
      await work()
      assert.deepEqual(await kinds(), ['payment_request sent'])
      const late = await world.newIntent(merchant, thread.id, 6 * hour)
      await ask(late)
      clock.advance(5 * hour + minute)
      answers.push(refused('temporary'))
      await work()
      assert.deepEqual((await kinds()).at(-1), 'reminder queued')
      await world.setIntent(merchant, late.id, status)
      clock.advance(minute)
      await work()
      assert.deepEqual((await kinds()).at(-1), 'reminder canceled')
    }
    const { merchant, thread, ask, kinds } = await setUp('line')
    const intent = await world.newIntent(merchant, thread.id, 6 * hour)
    await ask(intent)
    clock.advance(7 * hour)
    await work()
    assert.deepEqual(await kinds(), ['payment_request sent'])
  })

  test('follow the merchant: earlier, or never; short requests are not reminded of', async () => {
    const { merchant, thread, ask, kinds } = await setUp('line')
    await world.setSettings(merchant, { reminder_before_minutes: 0 })
    await ask(await world.newIntent(merchant, thread.id, 6 * hour))
    await world.setSettings(merchant, { reminder_before_minutes: 120 })
    await ask(await world.newIntent(merchant, thread.id, 6 * hour))
    await ask(await world.newIntent(merchant, thread.id, 2 * hour))
    clock.advance(4 * hour + minute)
    await work()
    assert.equal((await kinds()).filter((one) => one.startsWith('reminder')).length, 1)
    clock.advance(90 * minute)
    await work()
    assert.equal((await kinds()).filter((one) => one.startsWith('reminder')).length, 1)
  })

  test('wait out the quiet hours; receipts do not', async () => {
    const { merchant, thread, ask, tell, kinds } = await setUp('line')
    const at = clock.now()
    const time = (ms: number) => new Date(at.getTime() + ms).toISOString().slice(11, 16)
    await world.setSettings(merchant, { quiet_hours: { from: time(4 * hour), to: time(6 * hour), time_zone: 'UTC' } })
    await ask(await world.newIntent(merchant, thread.id, 7 * hour - 30 * minute))
    clock.advance(5 * hour + 31 * minute)
    await work()
    assert.deepEqual(await kinds(), ['payment_request sent', 'reminder queued'])
    const other = await world.newIntent(merchant, thread.id)
    await tell('payment_intent.succeeded', other.id, paid(other.id))
    assert.deepEqual(await kinds(), ['payment_request sent', 'reminder queued', 'receipt sent'])
    clock.advance(30 * minute)
    await work()
    assert.deepEqual((await kinds())[1], 'reminder sent')
  })
})

describe('what has been sent', () => {
  test('loses its button when it is paid, where the platform can change it', async () => {
    const { merchant, thread, ask, tell } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id)
    await ask(intent)
    assert.deepEqual([calls[0]?.buttons, calls[0]?.edits], [1, undefined])
    await world.setIntent(merchant, intent.id, 'succeeded')
    await tell('payment_intent.succeeded', intent.id, paid(intent.id))
    await tell('payment_intent.succeeded', intent.id, paid(intent.id))
    const edit = calls.find(({ edits }) => edits !== undefined)
    assert.deepEqual([edit?.edits, edit?.buttons, edit?.text], ['telegram-1', 0, '€42.00 has been paid. Thank you!'])
    assert.equal(calls.filter(({ type }) => type === 'receipt').length, 1)
    const [row] = await world.readMessages(merchant)
    assert.deepEqual([row?.state, row?.revision, row?.sent_revision], ['sent', 2, 2])
  })

  test('changes at once, without the sweep', async () => {
    const { merchant, thread, ask } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id)
    await ask(intent)
    const [{ id } = { id: '' }] = await world.readMessages(merchant)
    await world.setIntent(merchant, intent.id, 'succeeded')
    const event = { threadId: thread.id, objectId: intent.id, paymentIntentId: intent.id, object: paid(intent.id) }
    await append(world.db, [eventOf(merchant, { type: 'payment_intent.succeeded', ...event, createdAt: clock.now() })])
    await events.drainOutbox()
    assert.ok(world.queue.take('message.send').some((woken) => woken.id === id))
    await messages.send(merchant, id)
    assert.equal(calls.at(-1)?.edits, 'telegram-1')
    await work()
  })

  test('stays where the platform cannot, and where the change is refused', async () => {
    for (const channel of ['line', 'telegram'] as const) {
      calls.length = 0
      const { merchant, thread, ask, tell, kinds } = await setUp(channel)
      const intent = await world.newIntent(merchant, thread.id)
      await ask(intent)
      await world.setIntent(merchant, intent.id, 'canceled')
      if (channel === 'telegram') answers.push(refused('not_editable'))
      await tell('payment_intent.canceled', intent.id)
      clock.advance(hour)
      await work()
      assert.deepEqual(await kinds(), ['payment_request sent'])
      assert.equal(calls.length, 1)
    }
  })

  test('is not sent any more when it was paid before its turn', async () => {
    const { merchant, thread, scope, kinds } = await setUp('telegram')
    const intent = await world.newIntent(merchant, thread.id)
    await messages.create(scope, newUuid(), thread.public, { from: 'bot', payment_intent: intent.public })
    await world.setIntent(merchant, intent.id, 'succeeded')
    await work()
    assert.deepEqual(await kinds(), ['payment_request canceled'])
    assert.equal(calls.length, 0)
  })
})

describe('receipts of platforms', () => {
  const receipt = (state: InboundReceipt['state'], refs: string[], failure?: InboundReceipt['failure']) => ({
    kind: 'receipt' as const,
    messageRefs: refs,
    state,
    ...(failure ? { failure } : {}),
  })

  test('bring a message forward, never back', async () => {
    const { merchant, connection, thread, scope } = await setUp('whatsapp')
    await messages.create(scope, newUuid(), thread.public, { from: 'bot', text: 'Hello' })
    await work()
    const ref = `whatsapp-${calls.length}`
    const state = async () => (await world.readMessages(merchant))[0]?.state
    const steps = [
      ['delivered', 'delivered'],
      ['sent', 'delivered'],
      ['read', 'read'],
      ['failed', 'read'],
      ['delivered', 'read'],
    ] as const
    for (const [told, want] of steps) {
      assert.equal(await messages.applyReceipt(merchant, connection, receipt(told, [ref])), true)
      assert.equal(await state(), want)
    }
    assert.equal(await messages.applyReceipt(merchant, connection, receipt('read', ['nobody'])), false)
    const other = await world.connect(merchant, 'line')
    assert.equal(await messages.applyReceipt(merchant, other, receipt('read', [ref])), false)
  })

  test('up to a moment bring all before it', async () => {
    const { merchant, connection, thread, scope, kinds } = await setUp('messenger')
    const post = (text: string) => messages.create(scope, newUuid(), thread.public, { from: 'bot', text })
    await post('one')
    await work()
    const upTo = clock.now()
    clock.advance(1000)
    await post('two')
    await work()
    const messageRefs = { threadId: thread.external, upTo }
    await messages.applyReceipt(merchant, connection, { kind: 'receipt', state: 'read', messageRefs })
    assert.deepEqual(await kinds(), ['text read', 'text sent'])
  })

  test('of a failure lead down the ladder, or to the end of it', async () => {
    const { merchant, connection, thread, ask, kinds } = await setUp('whatsapp')
    templates.add('payment_request')
    await ask(await world.newIntent(merchant, thread.id))
    const closed = { reason: 'window_closed' as const, code: '131047', advice: 'Use a template.' }
    await messages.applyReceipt(merchant, connection, receipt('failed', ['whatsapp-1'], closed))
    await work()
    assert.deepEqual(
      calls.map(({ rung }) => rung),
      ['window', 'template'],
    )
    assert.deepEqual(await kinds(), ['payment_request sent'])
    await messages.applyReceipt(merchant, connection, receipt('failed', ['whatsapp-2'], closed))
    await work()
    assert.deepEqual(await kinds(), ['payment_request undeliverable'])
  })

  test('that come before our own record are asked for again', async () => {
    const { merchant, connection, thread, scope } = await setUp('whatsapp')
    await messages.create(scope, newUuid(), thread.public, { from: 'bot', text: 'Hello' })
    const [{ id } = { id: '' }] = await world.readMessages(merchant)
    answers.push('accept and hang')
    void messages.send(merchant, id)
    while (answers.length > 0) await new Promise(setImmediate)
    await assert.rejects(messages.applyReceipt(merchant, connection, receipt('read', ['whatsapp-1'])), /recorded/)
  })
})

describe('what people write', () => {
  test('is kept once and told with what the bot needs', async () => {
    const { merchant, thread } = await setUp('telegram')
    const participantId = newUuid()
    const update = {
      kind: 'message' as const,
      from: { threadId: thread.external, personId: 'p' },
      text: 'I want it',
      postback: 'buy:1',
      messageRef: 'tg-1',
      touch: { source: 'ad' as const, adId: '<b>120', url: 'javascript:alert(1)', title: 'Spring\u202e <3' },
    }
    const hear = () =>
      inTransaction(world.db, merchant, async (tx) => {
        const row = await tx.selectFrom('threads').selectAll().executeTakeFirstOrThrow()
        return messages.addInbound(tx, { thread: row, participantId, update, at: clock.now(), livemode: false })
      })
    assert.deepEqual([await hear(), await hear()], [true, false])
    const { data } = await events.listEvents(merchant, { limit: 10, type: 'thread.message.received' })
    const object = data[0]?.data.object as Record<string, unknown>
    assert.equal(data.length, 1)
    const at = Math.floor(clock.now().getTime() / 1000)
    const touch = { source: 'ad', ad_id: 'b120', ref: null, ctwa_clid: null, url: null, title: 'Spring 3', at }
    assert.deepEqual(
      [object.text, object.from, object.postback, object.touch, object.direction],
      ['I want it', showId('participant', participantId), 'buy:1', touch, 'in'],
    )
  })
})
