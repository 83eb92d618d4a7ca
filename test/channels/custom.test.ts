import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Card } from '#channels/card.ts'
import { CardRefusedError, type Connection, type RenderRequest } from '#channels/channel.ts'
import { createCustomChannel } from '#channels/custom/channel.ts'
import { systemClock } from '#kernel/clock.ts'
import { createOutbound } from '#platform/outbound.ts'
import { signatureHeaders } from '#platform/outbound-signature.ts'
import { type FakeCustom, startFakeCustom } from '../support/fake-custom.ts'
import type { FakeReply, FakeUpdate } from '../support/fake-server.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const outbound = createOutbound({ allowPrivate: true, timeoutMs: 2000 })
const channel = createCustomChannel({ outbound, clock: systemClock })
const connectionTo = (url: string, more: Record<string, unknown> = {}): Connection => ({
  merchantId: 'm',
  id: 'con_1',
  channel: 'custom',
  externalId: 'custom_1',
  name: 'Our chat',
  settings: { name: 'Our chat', url, ...more },
  secrets: { signing_secret: secret },
  livemode: true,
})
const render = (connection: Connection, card: Card, change: Partial<RenderRequest> = {}) =>
  channel.render(renderRequest(connection, { text: '', card }, { threadExternalId: 'chat_7', ...change }))

describe("a card in a merchant's own chat system", () => {
  const connection = connectionTo('https://chat.example/parley')

  test('is our own JSON, whole, with amounts in minor units', () => {
    const { payload } = render(connection, sampleReceipt())
    const { card, ...message } = payload as { card: Record<string, unknown> }
    assert.deepEqual(message, {
      type: 'message',
      id: 'msg_0001',
      thread: { external_id: 'chat_7' },
      locale: 'en',
      text: 'Order 1042. Please pay 60.80 EUR: https://pay.example/pay/tok_1',
    })
    assert.deepEqual(card.lines, [
      {
        name: 'Bouquet “Nanterre”',
        description: 'Twelve roses',
        quantity: 2,
        unit_amount: 2123,
        amount: 4246,
        amount_text: '42.46 EUR',
        image_url: 'https://shop.example/bouquet.jpg',
        reference: 'sku_1',
      },
      {
        name: 'Vase',
        description: null,
        quantity: 1,
        unit_amount: 1234,
        amount: 1234,
        amount_text: '12.34 EUR',
        image_url: null,
        reference: null,
      },
    ])
    assert.deepEqual(card.expires, { at: 1795370400, text: 'Valid until 18:00' })
  })

  for (const [code, amount] of Object.entries({ eur: 6080, jpy: 60, kwd: 60_800, brl: 6080 })) {
    test(`has ${code} as an integer`, () => {
      const { card } = render(connection, sampleCard('payment_request', code)).payload as { card: { amount: number } }
      assert.equal(card.amount, amount)
    })
  }

  test('is changed only where the system can', () => {
    assert.throws(() => render(connection, sampleReceipt(), { edits: 'msg_0' }), CardRefusedError)
    const able = connectionTo('https://chat.example/parley', { edits: true })
    assert.equal(render(able, sampleReceipt(), { edits: 'msg_0' }).payload.replaces, 'msg_0')
    assert.equal(channel.capabilities(able.settings).editMessage, true)
    assert.equal(channel.capabilities(connection.settings).editMessage, false)
    assert.throws(() => render(able, sampleReceipt(), { rung: 'template' }), CardRefusedError)
  })
})

describe('sending to it', () => {
  let fake: FakeCustom
  before(async () => {
    fake = await startFakeCustom({ secret })
  })
  after(() => fake[Symbol.asyncDispose]())
  const send = (key: string) => {
    const connection = connectionTo(fake.hook)
    return channel.send(connection, render(connection, sampleReceipt()), { key })
  }

  test('arrives, signed as the official library verifies; a repetition is shown once', async () => {
    assert.deepEqual(await send('key_1'), { outcome: 'sent', ref: 'msg_0001' })
    assert.deepEqual(await send('key_1'), { outcome: 'sent', ref: 'msg_0001' })
    assert.deepEqual(
      fake.shown.map(({ thread, card }) => [thread.external_id, card?.amount]),
      [['chat_7', 6080]],
    )
  })

  test('without an answer it is unknown', async () => {
    for (const fault of ['lost', 'cut', { status: 500 }, { status: 503 }] as const) {
      fake.faults.push(fault)
      assert.equal((await send('key_2')).outcome, 'unknown', JSON.stringify(fault))
    }
  })

  const errors: [FakeReply, string][] = [
    [{ status: 400 }, 'content_refused'],
    [{ status: 401 }, 'connection_broken'],
    [{ status: 404 }, 'recipient_unavailable'],
    [{ status: 410 }, 'recipient_unavailable'],
    [{ status: 422 }, 'content_refused'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:1/' } }, 'unknown'],
    [{ status: 418 }, 'unknown'],
  ]
  for (const [reply, reason] of errors) {
    test(`${typeof reply === 'string' ? reply : reply.status} is ${reason}, with advice`, async () => {
      fake.faults.push(reply)
      const answer = await send('key_3')
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
      assert.match(answer.outcome === 'refused' ? answer.failure.advice : '', /^[A-Z].{15,}\.$/)
    })
  }

  test('a 429 says how long to wait', async () => {
    fake.faults.push({ status: 429, headers: { 'retry-after': '7' } })
    const answer = await send('key_4')
    assert.deepEqual(answer.outcome === 'refused' && [answer.failure.reason, answer.retryAfterMs], [
      'rate_limited',
      7000,
    ])
  })

  test('is tried by a ping; with another secret, at a closed or a private address it fails', async () => {
    const good = await channel.test(connectionTo(fake.hook))
    assert.deepEqual(good.ok && [good.name, fake.pings], ['Our chat', 1])
    const secrets = { signing_secret: `whsec_${Buffer.alloc(24, 8).toString('base64')}` }
    const wrong = await channel.test({ ...connectionTo(fake.hook), secrets })
    assert.equal(!wrong.ok && wrong.failure.code, 'HTTP 401')
    const closed = await channel.test(connectionTo('http://127.0.0.1:1/'))
    assert.equal(!closed.ok && closed.failure.code, 'no_answer')
    const strict = createCustomChannel({ outbound: createOutbound({ allowPrivate: false }), clock: systemClock })
    for (const url of [fake.hook, 'https://169.254.169.254/', 'https://localhost/']) {
      const refused = await strict.test(connectionTo(url))
      assert.equal(!refused.ok && refused.failure.code, 'url', url)
    }
  })
})

describe('an update of it', () => {
  let fake: FakeCustom
  const now = new Date('2026-11-22T17:00:00Z')
  const connection = connectionTo('https://chat.example/parley')
  before(async () => {
    fake = await startFakeCustom({ secret, now: () => now })
  })
  after(() => fake[Symbol.asyncDispose]())
  const receive = ({ body, headers, query }: FakeUpdate, at = now) =>
    channel.receive({ body, headers, query, connection, now: at })
  const read = (update: FakeUpdate) => {
    const verdict = receive(update)
    assert.ok(verdict.ok)
    return verdict.updates
  }

  test('is a message, a tap, a touch', () => {
    const from = { threadId: 'chat_7', personId: '7', name: 'Ana' }
    const person = fake.person('7', 'Ana')
    assert.deepEqual(read(person.says('Ça va 💐')), [
      { kind: 'message', ref: 'upd_1', type: 'message', at: now, from, text: 'Ça va 💐', messageRef: 'upd_1' },
    ])
    const [tap] = read(person.taps('change:1042'))
    assert.equal(tap?.kind === 'message' && tap.postback, 'change:1042')
    const [touch] = read(person.comes({ source: 'ad', ad_id: '120', ref: 'spring' }))
    assert.deepEqual(touch?.kind === 'touch' && touch.touch, { source: 'ad', adId: '120', ref: 'spring' })
  })

  test('is what became of our messages, several at once', () => {
    const receipt = { type: 'receipt', id: 'r1', messages: ['msg_1', 'msg_2'], state: 'read' }
    const failed = { type: 'receipt', id: 'r2', messages: ['msg_3'], state: 'failed', reason: 'gone' }
    const updates = read(fake.update({ updates: [receipt, failed] }))
    assert.deepEqual(
      updates.map((one) => one.kind === 'receipt' && [one.ref, one.messageRefs, one.state, one.failure?.code]),
      [
        ['r1', ['msg_1', 'msg_2'], 'read', undefined],
        ['r2', ['msg_3'], 'failed', 'gone'],
      ],
    )
  })

  test('that is none of ours is refused', () => {
    const good = { type: 'message', id: '1', thread: { external_id: 'c' }, from: { external_id: 'p' }, text: 'a' }
    assert.equal(receive(fake.update(good)).ok, true)
    const { from, ...nobody } = good
    const bad = [
      [],
      {},
      { ...good, id: '' },
      { ...good, colour: 'red' },
      { ...good, type: 'x' },
      nobody,
      { updates: [] },
    ]
    for (const json of bad) assert.equal(receive(fake.update(json)).ok, false, JSON.stringify(json))
  })

  test('that is not signed, signed for another body, or five minutes old is refused', () => {
    const update = fake.person('7').says('x')
    assert.equal(receive({ ...update, headers: {} }).ok, false)
    assert.equal(receive({ ...update, body: Buffer.concat([update.body, Buffer.from(' ')]) }).ok, false)
    assert.equal(receive(update, new Date(now.getTime() + 300_000)).ok, true)
    assert.equal(receive(update, new Date(now.getTime() + 301_000)).ok, false)
  })

  test('cannot be made of a message that we signed', () => {
    const { body } = fake.person('7').says('x')
    const ours = signatureHeaders(secret, { id: 'msg_1', body: body.toString(), at: now })
    const standard = Buffer.from((ours['webhook-signature'] ?? '').slice(3), 'base64').toString('hex')
    const stripe = (ours['Stripe-Signature'] ?? '').split('v1=')[1] ?? ''
    for (const signature of [standard, stripe]) {
      assert.match(signature, /^[0-9a-f]{64}$/)
      const headers = { 'parley-request-timestamp': '1795366800', 'parley-signature': `v0=${signature}` }
      assert.equal(receive({ body, headers, query: {} }).ok, false)
    }
  })
})
