import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '#channels/channel.ts'
import { createWechatChannel } from '#channels/wechat/channel.ts'
import { readXml, textAt } from '#channels/wechat/xml.ts'
import type { FakeUpdate } from '../support/fake-server.ts'
import { type FakeWechat, startFakeWechat } from '../support/fake-wechat.ts'

const now = new Date('2026-11-22T17:00:00Z')
const account = { appId: 'wx2c2769f8efd9abc2', appSecret: 's', token: 'spamtest', now: () => now }
const encodingAesKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
const plain: Connection = {
  merchantId: 'm',
  id: 'c',
  channel: 'wechat',
  externalId: account.appId,
  name: 'Fleurs',
  settings: { app_id: account.appId, kind: 'official_account' },
  secrets: { app_secret: 's', token: account.token },
  livemode: true,
}
const safe: Connection = {
  ...plain,
  settings: { ...plain.settings, security: 'safe' },
  secrets: { ...plain.secrets, encoding_aes_key: encodingAesKey },
}
const channel = createWechatChannel({ clock: { now: () => now } })
const receive = (update: FakeUpdate, connection = plain, at = now) =>
  channel.receive({ ...update, connection, now: at })

describe('an update of WeChat', () => {
  let fake: FakeWechat
  let sealed: FakeWechat
  before(async () => {
    fake = await startFakeWechat(account)
    sealed = await startFakeWechat({ ...account, encodingAesKey })
  })
  after(async () => {
    await fake[Symbol.asyncDispose]()
    await sealed[Symbol.asyncDispose]()
  })
  const from = { threadId: 'oAna', personId: 'oAna' }
  const read = (update: FakeUpdate, connection = plain) => {
    const verdict = receive(update, connection)
    assert.ok(verdict.ok, verdict.ok ? '' : verdict.reason)
    return verdict.updates
  }

  for (const [name, connection] of Object.entries({ plain, safe })) {
    const platform = () => (name === 'safe' ? sealed : fake)

    test(`is a message (${name})`, () => {
      const [update] = read(platform().person('oAna').says('你好 ]]> & <b> 💐'.replace(']]>', '')), connection)
      assert.deepEqual(update?.kind === 'message' && [update.from, update.text, update.at, update.ref], [
        from,
        '你好  & <b> 💐',
        now,
        update?.ref,
      ])
      assert.match(update?.ref ?? '', /^\d{18,}$/)
    })

    test(`is a menu key, a code that was scanned, a follower (${name})`, () => {
      const [click] = read(platform().person('oAna').clicks('ORDER'), connection)
      assert.deepEqual(click?.kind === 'message' && [click.text, click.postback], ['', 'ORDER'])
      const touches = [
        platform().person('oAna').scans('table_7'),
        platform().person('oAna').follows('table_8'),
        platform().person('oAna').follows(),
      ].flatMap((update) => read(update, connection).map((one) => one.kind === 'touch' && one.touch))
      assert.deepEqual(touches, [
        { source: 'qr', ref: 'table_7' },
        { source: 'qr', ref: 'table_8' },
        { source: 'other' },
      ])
    })
  }

  test('says what became of a template message, by its whole id', () => {
    const event = (Status: string) =>
      read(
        fake.update({
          FromUserName: 'oAna',
          CreateTime: 1795366800,
          MsgType: 'event',
          Event: 'TEMPLATESENDJOBFINISH',
          MsgID: '2906466797283803137',
          Status,
        }),
      )[0]
    const good = event('success')
    assert.deepEqual(good?.kind === 'receipt' && [good.state, good.messageRefs], ['delivered', ['2906466797283803137']])
    const bad = event('failed:user block')
    assert.equal(bad?.kind === 'receipt' && bad.failure?.reason, 'recipient_unavailable')
  })

  describe('a consent to single messages', () => {
    const told = (event: 'popup' | 'change', answers: [string, string][], connection = plain) =>
      (connection === safe ? sealed : fake).person('oAna').answers(event, answers)
    const cases: [name: string, 'popup' | 'change', [string, string][], accepted: string[], withdrawn: string[]][] = [
      ['given', 'popup', [['S1', 'accept']], ['S1'], []],
      [
        'given to two of three',
        'popup',
        [
          ['S1', 'accept'],
          ['S2', 'reject'],
          ['S3', 'accept'],
        ],
        ['S1', 'S3'],
        [],
      ],
      // What was agreed to before stays: only this time the answer was no.
      ['not given', 'popup', [['S1', 'reject']], [], []],
      [
        'not possible',
        'popup',
        [
          ['S1', 'ban'],
          ['', 'accept'],
        ],
        [],
        [],
      ],
      [
        'said twice',
        'popup',
        [
          ['S1', 'accept'],
          ['S1', 'accept'],
        ],
        ['S1'],
        [],
      ],
      ['about nothing', 'popup', [], [], []],
      ['withdrawn', 'change', [['S1', 'reject']], [], ['S1']],
      // WeChat tells of no other change; and a setting is no message.
      ['set to yes', 'change', [['S1', 'accept']], [], []],
    ]
    for (const [name, event, answers, accepted, withdrawn] of cases)
      test(name, () => {
        for (const connection of [plain, safe]) {
          const [update] = read(told(event, answers, connection), connection)
          assert.ok(update?.kind === 'consent')
          assert.deepEqual([update.from, update.accepted, update.withdrawn], [from, accepted, withdrawn])
        }
      })

    test('of one second are two, and of one telling is one', () => {
      const ref = (answers: [string, string][]) => read(told('popup', answers))[0]?.ref
      assert.equal(ref([['S1', 'accept']]), ref([['S1', 'accept']]))
      assert.notEqual(ref([['S1', 'accept']]), ref([['S2', 'accept']]))
      assert.notEqual(ref([['S1', 'accept']]), ref([['S1', 'reject']]))
    })
  })

  test('who leaves the account cannot be reached', () => {
    const [update] = read(
      fake.update({ FromUserName: 'oAna', CreateTime: 1795366800, MsgType: 'event', Event: 'unsubscribe' }),
    )
    assert.deepEqual(update?.kind === 'unreachable' && update.threadId, 'oAna')
  })

  test('of no interest is ignored, of no name unknown', () => {
    const kinds = [
      { MsgType: 'event', Event: 'VIEW' },
      { MsgType: 'event', Event: 'hologram' },
      { MsgType: 'hologram' },
    ].flatMap((fields) => read(fake.update({ FromUserName: 'oAna', CreateTime: 1795366800, ...fields })))
    assert.deepEqual(
      kinds.map(({ kind }) => kind),
      ['ignored', 'unknown', 'unknown'],
    )
  })

  test('that is not signed, or five minutes old, is refused', () => {
    const update = fake.person('oAna').says('x')
    const bad = [
      { ...update, query: {} },
      { ...update, query: { ...update.query, signature: 'a'.repeat(40) } },
      { ...update, query: { ...update.query, nonce: '1' } },
      { ...update, query: { ...update.query, timestamp: 'NaN' } },
    ]
    for (const one of bad) assert.equal(receive(one).ok, false)
    assert.equal(receive(update, plain, new Date(now.getTime() + 300_000)).ok, true)
    assert.equal(receive(update, plain, new Date(now.getTime() + 301_000)).ok, false)
    assert.equal(receive(update, plain, new Date(now.getTime() - 301_000)).ok, false)
  })

  test('in the safe mode is taken only as a whole', () => {
    const update = sealed.person('oAna').says('x')
    const other = sealed.person('oAna').says('y')
    const bad = [
      { ...update, body: other.body },
      { ...update, query: { ...update.query, msg_signature: undefined } },
      { ...update, body: fake.person('oAna').says('x').body },
    ]
    for (const one of bad) assert.equal(channel.receive({ ...one, connection: safe, now }).ok, false)
    assert.equal(receive(update, { ...safe, secrets: plain.secrets }).ok, false)
    assert.equal(receive(update, plain).ok, false, 'sealed, but set to plain')
  })

  test('the question whether an address is ours is answered with its word', () => {
    const ask = (query: Record<string, string>) => channel.handshake?.({ headers: {}, query, connection: plain, now })
    assert.deepEqual(ask(fake.question()), { status: 200, body: '6051397' })
    assert.equal(ask({ ...fake.question(), signature: 'x' }), undefined)
    assert.equal(ask({ ...fake.question(), echostr: '<script>' }), undefined)
  })

  test('is acknowledged in the word that WeChat wants', () =>
    assert.deepEqual(channel.acknowledgement, { contentType: 'text/plain', body: 'success' }))
})

describe('the reader of XML', () => {
  test('reads text, CDATA, nesting, lists and the five entities', () => {
    const root = readXml(
      '<xml>\n<A><![CDATA[a<b&c]]></A><B>&lt;&amp;&gt;&quot;&apos;</B><C><D>1</D><D>2</D></C><E></E></xml>\n',
    )
    assert.ok(root)
    assert.equal(textAt(root, 'A'), 'a<b&c')
    assert.equal(textAt(root, 'B'), '<&>"\'')
    assert.deepEqual(
      root.children
        .get('C')?.[0]
        ?.children.get('D')
        ?.map(({ text }) => text),
      ['1', '2'],
    )
    assert.equal(textAt(root, 'C', 'D'), '1')
    assert.equal(textAt(root, '__proto__'), '')
  })

  const hostile: [string, string][] = [
    ['an entity of a file', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><A>&e;</A></xml>'],
    ['a document type', '<!DOCTYPE xml><xml><A>1</A></xml>'],
    ['entities that multiply', '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><xml>&b;</xml>'],
    ['an unknown entity', '<xml><A>&nbsp;</A></xml>'],
    ['a number for a letter', '<xml><A>&#60;</A></xml>'],
    ['a bare ampersand', '<xml><A>a & b</A></xml>'],
    ['a processing instruction', '<?xml-stylesheet href="http://evil.example/"?><xml></xml>'],
    ['a comment', '<xml><!-- a --><A>1</A></xml>'],
    ['an attribute', '<xml a="1"><A>1</A></xml>'],
    ['two documents', '<xml><A>1</A></xml><xml><A>2</A></xml>'],
    ['text behind the document', '<xml><A>1</A></xml>tail'],
    ['an element that is not closed', '<xml><A>1</xml>'],
    ['crossed elements', '<xml><A><B>1</A></B></xml>'],
    ['CDATA that is not closed', '<xml><A><![CDATA[1</A></xml>'],
    ['too deep', `${'<a>'.repeat(9)}${'</a>'.repeat(9)}`],
    ['too many', `<xml>${'<a></a>'.repeat(600)}</xml>`],
    ['too long', `<xml><A>${'x'.repeat(300_000)}</A></xml>`],
    ['nothing', ''],
    ['JSON', '{"a":1}'],
  ]
  for (const [name, text] of hostile) test(`refuses ${name}`, () => assert.equal(readXml(text), undefined))

  test('never throws', () => {
    const part = fc.constantFrom('<xml>', '</xml>', '<a>', '</a>', '<![CDATA[', ']]>', '&lt;', '&', '<!', 'x', '<')
    fc.assert(fc.property(fc.array(part, { maxLength: 40 }), (parts) => void readXml(parts.join(''))))
  })
})
