import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Connection } from '#channels/channel.ts'
import type { Inbound } from '#channels/inbound.ts'
import { createMessengerChannel } from '#channels/messenger/channel.ts'
import { type FakeMessenger, startFakeMessenger } from '../support/fake-messenger.ts'
import type { FakeUpdate } from '../support/fake-server.ts'

const now = new Date('2026-11-22T17:00:00Z')
const connection: Connection = {
  merchantId: 'm',
  id: 'c',
  channel: 'messenger',
  externalId: '108',
  name: 'Fleurs',
  settings: { page_id: '108' },
  secrets: { page_access_token: 'EAAB-1', app_secret: 'app-secret-1', verify_token: 'verify-me' },
  livemode: true,
}
const channel = createMessengerChannel({})
const receive = ({ body, headers, query }: FakeUpdate) => channel.receive({ body, headers, query, connection, now })
const read = (update: FakeUpdate): readonly Inbound[] => {
  const verdict = receive(update)
  assert.ok(verdict.ok, 'accepted')
  return verdict.updates
}

describe('an update of Messenger', () => {
  let fake: FakeMessenger
  before(async () => {
    fake = await startFakeMessenger({ pageId: '108', token: 't', appSecret: 'app-secret-1', now: () => now })
  })
  after(() => fake[Symbol.asyncDispose]())
  const from = { threadId: '77', personId: '77' }
  const raw = (content: object) => fake.update({ sender: { id: '77' }, timestamp: now.getTime(), ...content })

  test('is a message, with emoji and accents', () => {
    const [update] = read(fake.person('77').says('Ça va 💐?'))
    assert.deepEqual(update, {
      kind: 'message',
      ref: 'mid.1',
      type: 'messages',
      at: now,
      from,
      text: 'Ça va 💐?',
      messageRef: 'mid.1',
    })
  })

  test('is a tap on a button, or on a quick reply', () => {
    const [tap] = read(fake.person('77').taps('change:1042', 'Change'))
    assert.deepEqual(tap?.kind === 'message' && [tap.text, tap.postback], ['Change', 'change:1042'])
    const [pick] = read(fake.person('77').picks('split', 'Split'))
    assert.deepEqual(pick?.kind === 'message' && [pick.text, pick.postback], ['Split', 'split'])
  })

  test('is a touch by an advertisement, with all that it says', () => {
    const [update] = read(
      fake.person('77').comes({
        ref: 'spring_sale',
        source: 'ADS',
        ad_id: '120',
        referer_uri: 'https://fb.example/',
        ads_context_data: { ad_title: 'Roses' },
      }),
    )
    assert.deepEqual(update?.kind === 'touch' && [update.from, update.touch], [
      from,
      { source: 'ad', adId: '120', ref: 'spring_sale', url: 'https://fb.example/', title: 'Roses' },
    ])
  })

  test('may carry the touch in a message or a postback', () => {
    const referral = { ref: 'r1', source: 'SHORTLINK' }
    const touches = [
      raw({ message: { mid: 'a', text: 'hi', referral } }),
      raw({ postback: { mid: 'b', payload: 'START', referral } }),
    ].flatMap((update) => read(update).map((one) => one.kind === 'message' && one.touch))
    assert.deepEqual(touches, [
      { source: 'link', ref: 'r1' },
      { source: 'link', ref: 'r1' },
    ])
  })

  test('keeps of what strangers chose only so much, and never NUL', () => {
    const [update] = read(
      fake.person('77').comes({ source: '__proto__', ref: `a\u0000${'x'.repeat(5000)}`, ad_id: { not: 'text' } }),
    )
    assert.ok(update?.kind === 'touch')
    assert.deepEqual(Object.keys(update.touch), ['source', 'ref'])
    assert.equal(update.touch.source, 'other')
    assert.equal(update.touch.ref?.length, 500)
    assert.doesNotMatch(JSON.stringify(update), /\\u0000/)
    const [long] = read(fake.person('77').says('y'.repeat(9000)))
    assert.equal(long?.kind === 'message' && long.text.length, 4096)
  })

  test('says what was delivered and read, up to a moment', () => {
    const at = now.getTime() - 5000
    const refs = [raw({ delivery: { mids: ['m_1'], watermark: at } }), raw({ read: { watermark: at } })].flatMap(read)
    assert.deepEqual(
      refs.map((one) => one.kind === 'receipt' && [one.state, one.messageRefs]),
      [
        ['delivered', { threadId: '77', upTo: new Date(at) }],
        ['read', { threadId: '77', upTo: new Date(at) }],
      ],
    )
  })

  test('comes in batches, each with a name of its own that stays', () => {
    const event = (content: object) => ({ sender: { id: '77' }, timestamp: 1, ...content })
    const batch = fake.update(
      event({ message: { mid: 'a', text: '1' } }),
      event({ message: { mid: 'b', text: '2' } }),
      event({ postback: { payload: 'p' } }),
      event({ referral: { ref: 'x', source: 'ADS' } }),
      event({ optin: { type: 'x' } }),
    )
    const refs = read(batch).map(({ ref }) => ref)
    assert.equal(new Set(refs).size, 5)
    assert.deepEqual(
      read(batch).map(({ ref }) => ref),
      refs,
    )
    for (const ref of refs) assert.ok(ref.length > 0 && ref.length <= 255)
  })

  const others: [string, object, string][] = [
    ['an echo of our own message', { message: { mid: 'a', is_echo: true, text: 'x' } }, 'ignored'],
    ['an opt-in', { optin: {} }, 'ignored'],
    ['a reaction', { reaction: {} }, 'ignored'],
    ['an edited message', { message_edit: {} }, 'ignored'],
    ['something new', { hologram: {} }, 'unknown'],
    ['a message without a name', { message: { text: 'x' } }, 'unknown'],
    ['no sender', { sender: 7, message: { mid: 'a' } }, 'unknown'],
  ]
  for (const [name, content, kind] of others) {
    test(`${name} is ${kind}`, () => {
      assert.deepEqual(
        read(raw(content)).map((one) => one.kind),
        [kind],
      )
    })
  }

  test('of another page of the same app is none of ours', () => {
    const other = { ...connection, externalId: '109' }
    const update = fake.person('77').says('hello')
    const verdict = channel.receive({ ...update, connection: other, now })
    assert.deepEqual(verdict.ok && verdict.updates.map(({ kind, type }) => [kind, type]), [['ignored', 'other_page']])
  })

  test('that is not signed, or signed for another body, is refused', () => {
    const update = fake.person('77').says('Ça va?')
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(update.body.toString())))
    const bad = [
      { ...update, headers: {} },
      { ...update, body: Buffer.concat([update.body, Buffer.from(' ')]) },
      { ...update, body: rewritten },
    ]
    for (const one of bad) assert.equal(receive(one).ok, false)
  })

  test('an address is ours when the verify token fits', () => {
    const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'verify-me', 'hub.challenge': '42' }
    assert.deepEqual(channel.handshake?.({ headers: {}, query, connection, now }), { status: 200, body: '42' })
    const wrong = { ...query, 'hub.verify_token': 'x' }
    assert.equal(channel.handshake?.({ headers: {}, query: wrong, connection, now }), undefined)
  })
})
