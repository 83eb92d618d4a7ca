import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Card } from '#channels/card.ts'
import { CardRefusedError, type Connection, type RenderRequest } from '#channels/channel.ts'
import { createLineChannel } from '#channels/line/channel.ts'
import { wildCards } from '../support/arbitrary-cards.ts'
import { complainOf, type FakeLine, type LineMessage, lineError, startFakeLine } from '../support/fake-line.ts'
import type { FakeReply, FakeUpdate } from '../support/fake-server.ts'
import { createLineValidator, noLineSpec } from '../support/line-schema.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'

const now = new Date('2026-11-22T17:00:00Z')
const connection: Connection = {
  merchantId: 'm',
  id: 'c',
  channel: 'line',
  externalId: 'U0000000000000000000000000000b0t0',
  name: 'Fleurs',
  settings: {},
  secrets: { channel_access_token: 'line-token', channel_secret: 'line-secret' },
  livemode: true,
}
const channel = createLineChannel({})
const render = (card: Card, change: Partial<RenderRequest> = {}) =>
  channel.render(renderRequest(connection, { text: '', card }, { threadExternalId: 'Uana', ...change }))
const messageOf = (card: Card): LineMessage =>
  (render(card).payload as { messages: LineMessage[] }).messages[0] as LineMessage

describe('a card in LINE', () => {
  test('is a bubble whose alternative text has amount and status', () => {
    const { payload, warnings } = render(sampleCard('payment_request'))
    assert.deepEqual(warnings, [])
    const message = (payload as { messages: LineMessage[] }).messages[0]
    assert.equal(message?.type, 'flex')
    assert.equal(message?.altText, 'Order 1042 · Please pay 60.80 EUR. · Valid until 18:00 · Bouquet “Nanterre”, Vase')
    assert.deepEqual(message?.contents?.footer, {
      type: 'box',
      layout: 'vertical',
      spacing: 'sm',
      contents: [
        {
          type: 'button',
          style: 'primary',
          color: '#1a5c3a',
          action: { type: 'uri', label: 'Pay now', uri: 'https://pay.example/pay/tok_1' },
        },
        {
          type: 'button',
          style: 'secondary',
          action: { type: 'postback', label: 'Change', data: 'change:1042', displayText: 'Change' },
        },
      ],
    })
  })

  test('says the amount even where the sentence does not', () => {
    assert.match(
      messageOf(sampleReceipt('jpy', { sentence: 'Thank you.' })).altText ?? '',
      /^Order 1042 · 60 JPY · Thank/,
    )
  })

  for (const [code, amount] of Object.entries({ eur: '60.80', jpy: '60', kwd: '60.800', brl: '60.80' })) {
    test(`shows ${code} as the thread writes it`, () => {
      assert.match(
        JSON.stringify(messageOf(sampleCard('checkout_summary', code))),
        new RegExp(`"${amount} ${code}"`, 'i'),
      )
    })
  }

  test('writes from right to left where the language does', () => {
    assert.equal(messageOf(sampleCard('reminder', 'eur', { direction: 'rtl' })).contents?.direction, 'rtl')
  })

  test('gives white letters no light ground', () => {
    const colours = ['#ffee88', '#777777', '#0b5394', 'red', '#fff']
    const used = colours.map((accent) => {
      const card = sampleCard('reminder', 'eur', { merchant: { name: 'F', accent } })
      return JSON.stringify(messageOf(card)).includes(`"color":"${accent}"`)
    })
    assert.deepEqual(used, [false, false, true, false, false])
  })

  test('postbacks beyond four buttons become quick replies; data beyond 300 is refused', () => {
    const buttons = ['a', 'b', 'c', 'd', 'e'].map((label) => ({ kind: 'postback', label, payload: label }) as const)
    const message = messageOf(sampleCard('payment_request', 'eur', { buttons }))
    assert.deepEqual(
      message.quickReply?.items.map(({ action }) => action.data),
      ['e'],
    )
    const long = [{ kind: 'postback', label: 'a', payload: 'x'.repeat(301) } as const]
    assert.throws(() => render(sampleCard('reminder', 'eur', { buttons: long })), CardRefusedError)
  })

  test('is never edited, and goes out in one way only', () => {
    assert.throws(() => render(sampleReceipt(), { edits: '1' }), CardRefusedError)
    assert.throws(() => render(sampleReceipt(), { rung: 'template' }), CardRefusedError)
  })

  const anyPush = wildCards.map((card) => {
    const buttons = card.buttons.filter((button) => button.kind === 'postback' || button.url.length <= 1000)
    return channel.render(renderRequest(connection, { text: '', card: { ...card, buttons } })).payload
  })

  test('whatever the card: within every limit', () => {
    fc.assert(
      fc.property(anyPush, ({ messages }) => assert.deepEqual((messages as LineMessage[]).flatMap(complainOf), [])),
      { numRuns: 60 },
    )
  })

  test('whatever the card: as LINE’s own document describes it', { skip: noLineSpec }, () => {
    const validate = createLineValidator('PushMessageRequest')
    const text = { to: 'U1', messages: [{ type: 'text', text: 'a' }] }
    assert.deepEqual(validate(text), [])
    const wrong: [object, RegExp][] = [
      [{ ...text, messages: [] }, /fewer than 1/],
      [{ ...text, messages: [{ type: 'text' }] }, /required property 'text'/],
      [{ ...text, messages: [{ type: 'text', text: 'a', colour: 'red' }] }, /unevaluated/],
      [{ ...text, messages: [{ type: 'hologram' }] }, /allowed values/],
      [
        { ...text, messages: [{ type: 'flex', altText: 'a', contents: { type: 'bubble', size: 'huge' } }] },
        /allowed values/,
      ],
    ]
    for (const [body, complaint] of wrong) assert.match(validate(body).join(), complaint, JSON.stringify(body))
    const text1 = channel.render(renderRequest(connection, { text: 'Hello' })).payload
    assert.deepEqual(validate(text1), [])
    fc.assert(
      fc.property(anyPush, (payload) => assert.deepEqual(validate(payload), [])),
      { numRuns: 40 },
    )
  })
})

describe('sending to LINE', () => {
  let fake: FakeLine
  let live: ReturnType<typeof createLineChannel>
  before(async () => {
    fake = await startFakeLine({ token: 'line-token', secret: 'line-secret', now: () => now })
    live = createLineChannel({ apiBase: fake.url })
  })
  after(() => fake[Symbol.asyncDispose]())
  const send = (key: string) => live.send(connection, render(sampleReceipt()), { key })

  test('arrives; the same key again sends nothing and is as good as sent', async () => {
    const key = '0193567a-0000-7000-8000-000000000001'
    const first = await send(key)
    assert.deepEqual(first, { outcome: 'sent', ref: fake.sent.at(-1)?.id })
    const count = fake.sent.length
    assert.deepEqual(await send(key), first)
    assert.equal(fake.sent.length, count)
  })

  test('a key of ours that is no UUID becomes always the same one', async () => {
    const before = fake.sent.length
    const answers = [await send('msg_01jd'), await send('msg_01jd'), await send('msg_01je')]
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['sent', 'sent', 'sent'],
    )
    assert.equal(fake.sent.length, before + 2)
  })

  test('an answer that was lost is made up for by the key', async () => {
    fake.faults.push('lost')
    const before = fake.sent.length
    assert.equal((await send('msg_lost')).outcome, 'unknown')
    assert.equal((await send('msg_lost')).outcome, 'sent')
    assert.equal(fake.sent.length, before + 1)
  })

  const errors: [FakeReply, string][] = [
    [
      lineError(400, "The property, 'to', in the request body is invalid (line: -, column: -)"),
      'recipient_unavailable',
    ],
    [lineError(400, 'Failed to send messages'), 'recipient_unavailable'],
    [lineError(400, 'A message (messages[0]) in the request body is invalid'), 'content_refused'],
    [{ status: 400, text: '' }, 'content_refused'],
    [lineError(401, 'Authentication failed'), 'connection_broken'],
    [lineError(403, 'Your plan'), 'connection_broken'],
    [lineError(429, 'The API rate limit has been exceeded. Try again later.'), 'rate_limited'],
    [lineError(429, 'You have reached your monthly limit.'), 'connection_broken'],
  ]
  for (const [index, [reply, reason]] of errors.entries()) {
    test(`error ${index + 1} is ${reason}, with advice`, async () => {
      fake.faults.push(reply)
      const answer = await send(`msg_error_${index}`)
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
      assert.match(answer.outcome === 'refused' ? answer.failure.advice : '', /^[A-Z].{15,}\.$/)
    })
  }

  test('a 500 may have been sent', async () => {
    fake.faults.push({ status: 500, json: { message: 'Internal Server Error' } })
    assert.equal((await send('msg_500')).outcome, 'unknown')
  })

  test('the credentials are tried', async () => {
    const good = await live.test(connection)
    assert.deepEqual(good, { ok: true, externalId: connection.externalId, name: 'Fleurs de Nanterre @fleurs' })
    const bad = await live.test({ ...connection, secrets: { channel_access_token: 'x', channel_secret: 'y' } })
    assert.equal(!bad.ok && bad.failure.reason, 'connection_broken')
  })
})

describe('an update of LINE', () => {
  let fake: FakeLine
  before(async () => {
    fake = await startFakeLine({ token: 'line-token', secret: 'line-secret', now: () => now })
  })
  after(() => fake[Symbol.asyncDispose]())
  const read = ({ body, headers, query }: FakeUpdate) => {
    const verdict = channel.receive({ body, headers, query, connection, now })
    assert.ok(verdict.ok)
    return verdict.updates
  }

  test('is a message of a person, or of somebody in a group', () => {
    const [alone] = read(fake.person('Uana').says('こんにちは 💐'))
    assert.deepEqual(alone?.kind === 'message' && [alone.from, alone.text, alone.at], [
      { threadId: 'Uana', personId: 'Uana' },
      'こんにちは 💐',
      now,
    ])
    const [inGroup] = read(fake.person({ type: 'group', groupId: 'C1', userId: 'Ubo' }).says('hi'))
    assert.deepEqual(inGroup?.kind === 'message' && inGroup.from, { threadId: 'C1', personId: 'Ubo' })
    const [inRoom] = read(fake.person({ type: 'room', roomId: 'R1' }).says('hi'))
    assert.deepEqual(inRoom?.kind === 'message' && inRoom.from, { threadId: 'R1', personId: 'R1' })
  })

  test('is a tap, or somebody who follows', () => {
    const [tap] = read(fake.person('Uana').taps('change:1042'))
    assert.deepEqual(tap?.kind === 'message' && [tap.text, tap.postback], ['', 'change:1042'])
    const [follow] = read(fake.person('Uana').follows())
    assert.deepEqual(follow?.kind === 'touch' && follow.touch, { source: 'other' })
  })

  test('keeps its name when it is delivered again', () => {
    const event = { type: 'message', webhookEventId: '01A', source: { userId: 'U1' }, message: { id: '5', text: 'a' } }
    const again = { ...event, deliveryContext: { isRedelivery: true } }
    assert.deepEqual(
      read(fake.update(event, again)).map(({ ref }) => ref),
      ['01A', '01A'],
    )
  })

  test('without events is LINE trying the connection', () => assert.deepEqual(read(fake.update()), []))

  test('of no interest is ignored, of no name unknown', () => {
    const source = { type: 'user', userId: 'U1' }
    const events = [
      { type: 'memberLeft', source },
      { type: 'message', mode: 'standby', source, message: { id: '1', text: 'x' } },
      { type: 'hologram', source },
      { type: 'message', source: 'nobody', message: {} },
    ]
    assert.deepEqual(
      read(fake.update(...events)).map(({ kind }) => kind),
      ['ignored', 'ignored', 'unknown', 'unknown'],
    )
  })

  test('who blocks the account, or a group that sends it away, cannot be reached', () => {
    const events = [
      { type: 'unfollow', source: { type: 'user', userId: 'U1' } },
      { type: 'leave', source: { type: 'group', groupId: 'C1' } },
      { type: 'leave', source: { type: 'room', roomId: 'R1' } },
    ]
    assert.deepEqual(
      read(fake.update(...events)).map((update) => [update.kind, update.kind === 'unreachable' && update.threadId]),
      [
        ['unreachable', 'U1'],
        ['unreachable', 'C1'],
        ['unreachable', 'R1'],
      ],
    )
  })

  test('that is not signed is refused', () => {
    const { body, headers, query } = fake.person('Uana').says('x')
    assert.equal(channel.receive({ body, headers: {}, query, connection, now }).ok, false)
    const other = Buffer.concat([body, Buffer.from('\n')])
    assert.equal(channel.receive({ body: other, headers, query, connection, now }).ok, false)
  })
})
