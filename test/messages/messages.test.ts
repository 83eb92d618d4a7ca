import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createConnectionService } from '#connections/service.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { messageRoutes } from '#messages/routes.ts'
import { createMessageService } from '#messages/service.ts'
import { createMessageSubscriber } from '#messages/subscriber-service.ts'
import { inTransaction } from '#platform/database.ts'
import { createKeyRing } from '#platform/key-ring.ts'
import { createLogger } from '#platform/logger.ts'
import { createOutbound } from '#platform/outbound.ts'
import { createChannels } from '../../src/app-channels.ts'
import {
  append,
  createEventWorld,
  createTestDatabase,
  eventOf,
  newMerchant,
  serveRoutes,
} from '../events/slice-world.ts'
import { adapters } from '../support/adapters.ts'

const db = await createTestDatabase()
const checkoutUrl = (merchantId: string, intentId: string) => `https://pay.example/pay/${merchantId}.${intentId}`
const channels = createChannels({})
const subscriber = createMessageSubscriber({
  clock: { now: () => clock.now() },
  queue: { wake: (name, payload) => queue.wake(name, payload) },
  channels,
  checkoutUrl,
})
const { service: events, clock, queue } = createEventWorld(db, { subscribers: [subscriber] })
const connections = createConnectionService({
  db,
  clock,
  channels,
  adapters,
  logger: createLogger('silent'),
  queue,
  keys: createKeyRing({ keys: [], secret: 'a secret of at least thirty-two characters' }),
  outbound: createOutbound({ allowPrivate: true }),
  publicUrl: 'https://pay.example',
})
const messages = createMessageService({ db, clock, queue, checkoutUrl, channels, connections })
const { call } = await serveRoutes(db, messageRoutes(messages))
const at = new Date('2026-11-22T10:00:00Z')

const newThread = async (merchant: string, channel = 'webchat', locale: string | null = null) => {
  const [id, participant] = [newUuid(), newUuid()]
  await inTransaction(db, merchant, async (tx) => {
    const times = { created_at: at, updated_at: at }
    await tx
      .insertInto('threads')
      .values({ merchant_id: merchant, id, channel, external_id: id, locale, title: null, metadata: '{}', ...times })
      .execute()
    await tx
      .insertInto('participants')
      .values({
        merchant_id: merchant,
        id: participant,
        thread_id: id,
        external_id: 'p',
        role: 'payer',
        name: null,
        locale: null,
        created_at: at,
      })
      .execute()
  })
  return { id, path: `/v1/threads/${showId('thread', id)}/messages`, participant: showId('participant', participant) }
}

type Status = 'requires_payment_method' | 'succeeded' | 'canceled'

const newIntent = async (merchant: string, threadId: string | null, status: Status = 'requires_payment_method') => {
  const id = newUuid()
  const none = {
    participant_id: null,
    customer_id: null,
    payment_method: null,
    return_url: null,
    next_action: null,
    last_payment_error: null,
    latest_charge_id: null,
    cancellation_reason: null,
    canceled_at: null,
    provider_ref: null,
    page_ref: null,
    page_url: null,
    page_expires_at: null,
    conflict: null,
  }
  await inTransaction(db, merchant, (tx) =>
    tx
      .insertInto('payment_intents')
      .values({
        ...none,
        merchant_id: merchant,
        id,
        thread_id: threadId,
        status,
        capture_method: 'automatic',
        amount: 4200n,
        currency: 'eur',
        description: 'Bouquet',
        metadata: '{}',
        options: '{}',
        expires_at: at,
        provider: 'stripe',
        livemode: false,
        created_at: at,
        updated_at: at,
      })
      .execute(),
  )
  return { id, public: showId('paymentIntent', id) }
}

const setUp = async (channel?: string, locale?: string) => {
  const merchant = await newMerchant(db)
  const thread = await newThread(merchant, channel, locale)
  return { merchant, key: `bot.${merchant}`, thread }
}

describe('messages', () => {
  test('a text is stored, listed newest first and told as an event', async () => {
    const { key, merchant, thread } = await setUp()
    const first = await call(key, 'POST', thread.path, { text: 'Hello 花', metadata: { step: '1' } })
    assert.equal(first.status, 200)
    const { id, created, ...rest } = first.json
    assert.match(id, /^msg_/)
    assert.equal(created, Math.floor(clock.now().getTime() / 1000))
    assert.deepEqual(rest, {
      object: 'thread.message',
      thread: showId('thread', thread.id),
      direction: 'out',
      from: 'bot',
      kind: 'text',
      text: 'Hello 花',
      card: null,
      state: 'delivered',
      route: null,
      failure: null,
      payment_intent: null,
      checkout: null,
      bill: null,
      metadata: { step: '1' },
    })
    const second = await call(key, 'POST', thread.path, { text: 'Hi', from: thread.participant })
    assert.deepEqual([second.json.direction, second.json.from], ['in', thread.participant])
    const list = (await call(key, 'GET', thread.path)).json
    assert.deepEqual(list.data, [second.json, first.json])
    assert.deepEqual((await call(key, 'GET', `${thread.path}?limit=1`)).json.has_more, true)
    assert.deepEqual((await call(key, 'GET', `${thread.path}?ending_before=${id}`)).json.data, [second.json])
    const { data } = await events.listEvents(merchant, { limit: 10, type: 'thread.message.created' })
    assert.deepEqual(
      data.map((event) => event.data.object),
      [second.json, first.json],
    )
    assert.ok(queue.take('outbox.drain').length >= 2)
  })

  test('a card asks to pay, in words of the thread, and follows the payment', async () => {
    const { key, merchant, thread } = await setUp('webchat', 'fr')
    const intent = await newIntent(merchant, thread.id)
    const { json } = await call(key, 'POST', thread.path, { payment_intent: intent.public })
    assert.equal(json.kind, 'payment_request')
    assert.match(json.text, /^Merci de régler 42,00/)
    assert.deepEqual(json.card, {
      type: 'payment_request',
      title: 'Bouquet',
      amount: 4200,
      currency: 'eur',
      status: 'requires_payment_method',
      checkout_url: checkoutUrl(merchant, intent.id),
      expires_at: at.getTime() / 1000,
    })
    await inTransaction(db, merchant, (tx) =>
      tx.updateTable('payment_intents').set({ status: 'canceled' }).where('id', '=', intent.id).execute(),
    )
    const [listed] = (await call(key, 'GET', thread.path)).json.data
    assert.equal(listed.card.status, 'canceled')
    const worded = await newIntent(merchant, thread.id)
    assert.equal(
      (await call(key, 'POST', thread.path, { payment_intent: worded.public, text: 'Voilà' })).json.text,
      'Voilà',
    )
  })

  test('a message of a channel that nothing carries yet is queued', async () => {
    const { key, thread } = await setUp('telegram')
    assert.equal((await call(key, 'POST', thread.path, { text: 'Hello' })).json.state, 'queued')
    assert.equal(
      (await call(key, 'POST', thread.path, { text: 'Hi', from: thread.participant })).json.state,
      'delivered',
    )
  })

  test('refuse what does not fit', async () => {
    const { key, merchant, thread } = await setUp()
    const elsewhere = await newThread(merchant)
    const other = await setUp()
    const intents = {
      open: await newIntent(merchant, thread.id),
      elsewhere: await newIntent(merchant, elsewhere.id),
      paid: await newIntent(merchant, thread.id, 'succeeded'),
      foreign: await newIntent(other.merchant, other.thread.id),
    }
    const cases: [body: object, status: number, code: string, param: string][] = [
      [{}, 400, 'parameter_missing', 'text'],
      [{ text: '' }, 400, 'parameter_invalid_empty', 'text'],
      [{ text: 'a\u0000' }, 400, 'invalid_characters', 'text'],
      [{ text: 'x', color: 'red' }, 400, 'parameter_unknown', 'color'],
      [{ payment_intent: intents.open.public, from: thread.participant }, 400, 'parameters_exclusive', 'from'],
      [{ payment_intent: intents.elsewhere.public }, 400, 'payment_intent_invalid_parameter', 'payment_intent'],
      [{ payment_intent: intents.paid.public }, 400, 'payment_intent_unexpected_state', 'payment_intent'],
      [{ payment_intent: intents.foreign.public }, 404, 'resource_missing', 'payment_intent'],
      [{ payment_intent: 'pi_nonsense' }, 404, 'resource_missing', 'payment_intent'],
      [{ text: 'x', from: elsewhere.participant }, 404, 'resource_missing', 'from'],
    ]
    for (const [body, status, code, param] of cases) {
      const answer = await call(key, 'POST', thread.path, body)
      assert.deepEqual([answer.status, answer.json.error.code, answer.json.error.param], [status, code, param])
    }
    assert.equal((await call(other.key, 'GET', thread.path)).status, 404)
    assert.equal((await call(other.key, 'POST', thread.path, { text: 'x' })).status, 404)
    assert.equal((await call(`finance.${merchant}`, 'GET', thread.path)).status, 403)
    assert.deepEqual((await call(key, 'GET', thread.path)).json.data, [])
  })

  test('are made once per Idempotency-Key, also when a request is taken over', async () => {
    const { key, merchant, thread } = await setUp()
    const headers = { 'idempotency-key': 'k' }
    const first = await call(key, 'POST', thread.path, { text: 'Hello' }, headers)
    assert.equal((await call(key, 'POST', thread.path, { text: 'Hello' }, headers)).text, first.text)
    const scope = { merchantId: merchant, livemode: false }
    const [id, threadId] = [newUuid(), showId('thread', thread.id)]
    const input = { text: 'Again', from: 'bot' } as const
    const made = await messages.create(scope, id, threadId, input)
    clock.advance(5000)
    assert.deepEqual(await messages.create(scope, id, threadId, input), made)
    assert.equal((await call(key, 'GET', thread.path)).json.data.length, 2)
  })
})

describe('what follows from events', () => {
  const paid = (merchant: string, threadId: string | null, intentId: string) =>
    eventOf(merchant, {
      type: 'payment_intent.succeeded',
      threadId,
      paymentIntentId: intentId,
      object: {
        id: showId('paymentIntent', intentId),
        amount: 5000,
        amount_received: 4200,
        currency: 'eur',
        description: 'Bouquet',
      },
    })
  const refunded = (merchant: string, threadId: string, refundId: string, type: string, status: string) =>
    eventOf(merchant, {
      type,
      threadId,
      object: { id: showId('refund', refundId), amount: 1050, currency: 'eur', status },
    })

  test('a payment brings one receipt, however often it is told', async () => {
    const { key, merchant, thread } = await setUp('webchat', 'es')
    const intentId = newUuid()
    await append(db, [paid(merchant, thread.id, intentId), paid(merchant, thread.id, intentId)])
    const second = createEventWorld(db, { subscribers: [subscriber] })
    await Promise.all([events.drainOutbox(), second.service.drainOutbox()])
    await append(db, [paid(merchant, thread.id, intentId)])
    await events.drainOutbox()
    const { data } = (await call(key, 'GET', thread.path)).json
    assert.equal(data.length, 1)
    assert.equal(data[0].kind, 'receipt')
    assert.match(data[0].text, /^42,00.€ pagados/)
    assert.deepEqual(data[0].card, { type: 'receipt', title: 'Bouquet', amount: 4200, currency: 'eur' })
    assert.equal(data[0].payment_intent, showId('paymentIntent', intentId))
    const told = await events.listEvents(merchant, { limit: 10, type: 'thread.message.created' })
    assert.deepEqual(
      told.data.map((event) => event.data.object),
      data,
    )
  })

  test('the same receipt from two processes at once is one receipt', async () => {
    const { merchant, thread, key } = await setUp()
    const intentId = newUuid()
    await append(db, [paid(merchant, thread.id, intentId)])
    const { id } = (await events.listEvents(merchant, { limit: 1 })).data[0] ?? { id: '' }
    const tell = () =>
      inTransaction(db, merchant, async (tx) => {
        const uuid = parseId('event', id) ?? ''
        const event = await tx.selectFrom('events').selectAll().where('id', '=', uuid).executeTakeFirstOrThrow()
        await subscriber(tx, event, () => undefined)
      })
    await Promise.all([tell(), tell(), tell(), tell()])
    assert.equal((await call(key, 'GET', thread.path)).json.data.length, 1)
    await events.drainOutbox()
  })

  test('a refund is told when it succeeded and when it failed, each once', async () => {
    const { key, merchant, thread } = await setUp()
    const refundId = newUuid()
    await append(db, [
      refunded(merchant, thread.id, refundId, 'refund.created', 'pending'),
      refunded(merchant, thread.id, refundId, 'refund.updated', 'succeeded'),
      refunded(merchant, thread.id, refundId, 'refund.created', 'succeeded'),
    ])
    await events.drainOutbox()
    await append(db, [
      refunded(merchant, thread.id, refundId, 'refund.updated', 'failed'),
      refunded(merchant, thread.id, refundId, 'refund.failed', 'failed'),
    ])
    await events.drainOutbox()
    const { data } = (await call(key, 'GET', thread.path)).json
    assert.deepEqual(
      data.map((one: { kind: string; text: string }) => [one.kind, one.text]),
      [
        ['refund_notice', 'The refund of €10.50 did not go through. Please contact the shop.'],
        ['refund_notice', '€10.50 refunded.'],
      ],
    )
    assert.equal(data[1].card.refund, showId('refund', refundId))
  })

  test('a payment without a thread brings none', async () => {
    const { key, merchant, thread } = await setUp()
    await append(db, [paid(merchant, null, newUuid())])
    await events.drainOutbox()
    assert.deepEqual((await call(key, 'GET', thread.path)).json.data, [])
  })
})
