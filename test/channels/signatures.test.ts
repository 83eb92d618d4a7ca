import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isSignedV0 } from '#channels/custom/signature.ts'
import { isSignedByLine } from '#channels/line/channel.ts'
import { answerMetaHandshake, isSignedByMeta } from '#channels/meta-signature.ts'
import { decrypt, signatureOf } from '#channels/wechat/envelope.ts'
import { escapeNonAscii } from '../support/fake-messenger.ts'

describe('published signatures', () => {
  // github.com/Secreto31126/whatsapp-api-js @1ef1b00, test/index.test.js
  const metaText =
    "Let's pretend this body is equal to the message object and can handle unicode characters like みどりいろ and J'ai mangé des pâtes"
  const metaHeader = 'sha256=0363007aabdf1ab579f35936651a460fb5fa1aaf40df98b1264446b72cc96688'

  // github.com/line/line-bot-sdk-nodejs @3c0a10c, test/middleware.spec.ts
  const lineEvent = {
    message: {
      id: 'test_event_message_id',
      text: 'this is test message.😄😅😢😞😄😅😢😞',
      quoteToken: 'test_quote_token',
      type: 'text',
    },
    replyToken: 'test_reply_token',
    source: { groupId: 'test_group_id', type: 'group' },
    webhookEventId: 'test_webhook_event_id',
    deliveryContext: { isRedelivery: false },
    timestamp: 0,
    mode: 'active',
    type: 'message',
  }
  const lineDestination = 'Uaaaabbbbccccddddeeeeffff'
  const lineHeader = 'eRdWYcVCzZV3MVZ3M9/rHJCl/a3oSbsRb04cLovpVwM='

  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  const slackBody =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
    '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
    '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d' +
    '10d2c447fce8b6703c'
  const slackHeader = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'
  const slack = (body: Uint8Array, signature: string | undefined, seconds = 1531420618) =>
    isSignedV0(
      body,
      { timestamp: '1531420618', signature },
      '8f742231b10e8888abcd99yyyzzz85a5',
      new Date(seconds * 1000),
    )

  const vectors: [string, string, string, (body: Uint8Array, header: string | undefined) => boolean][] = [
    [
      'Meta, escaped',
      escapeNonAscii(metaText),
      metaHeader,
      (body, header) => isSignedByMeta(body, header, 'YOUR_APP_SECRET'),
    ],
    [
      'LINE, short',
      '{"hello":"world"}',
      't7Hn4ZDHqs6e+wdvI5TyQIvzie0DmMUmuXEBqyyE/tM=',
      (body, header) => isSignedByLine(body, header, 'test_secret'),
    ],
    [
      'LINE, emoji',
      JSON.stringify({ events: [lineEvent], destination: lineDestination }),
      lineHeader,
      (body, header) => isSignedByLine(body, header, 'test_channel_secret'),
    ],
    ['Slack', slackBody, slackHeader, slack],
  ]
  for (const [name, text, header, verify] of vectors) {
    test(`${name}: passes, and fails with any flipped bit`, () => {
      const body = Buffer.from(text)
      assert.equal(verify(body, header), true)
      for (const at of [0, Math.floor(body.length / 2), body.length - 1]) {
        for (let bit = 0; bit < 8; bit += 1) {
          const flipped = Buffer.from(body)
          flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
          assert.equal(verify(flipped, header), false, `bit ${bit} of byte ${at}`)
        }
      }
      const wrong = `${header.slice(0, -2)}${header.at(-2) === 'A' ? 'B' : 'A'}${header.at(-1)}`
      for (const bad of [wrong, undefined, '', header.slice(0, -1), `${header} `, 'sha256=', 'ü'.repeat(44)]) {
        assert.equal(verify(body, bad), false, `header ${bad}`)
      }
    })
  }

  test('Meta signs the escaped bytes: the same text as UTF-8, or parsed and written again, fails', () => {
    assert.equal(isSignedByMeta(Buffer.from(metaText), metaHeader, 'YOUR_APP_SECRET'), false)
  })

  test('LINE signs the order of the keys', () => {
    const body = Buffer.from(JSON.stringify({ destination: lineDestination, events: [lineEvent] }))
    assert.equal(isSignedByLine(body, lineHeader, 'test_channel_secret'), false)
  })

  test('Slack’s scheme takes five minutes, not a second more, in both directions', () => {
    const body = Buffer.from(slackBody)
    for (const [offset, expected] of [
      [300, true],
      [-300, true],
      [301, false],
      [-301, false],
    ] as const) {
      assert.equal(slack(body, slackHeader, 1531420618 + offset), expected, `${offset} s`)
    }
    const signed = { timestamp: 'NaN', signature: slackHeader }
    assert.equal(isSignedV0(body, signed, 'secret', new Date(0)), false)
  })

  test('no secret, no signature', () => {
    assert.equal(isSignedByMeta(Buffer.from('a'), metaHeader, ''), false)
    assert.equal(isSignedByLine(Buffer.from('a'), lineHeader, ''), false)
    assert.equal(isSignedV0(Buffer.from('a'), { timestamp: '1', signature: 'v0=' }, '', new Date(1000)), false)
  })
})

describe('published encryption of WeChat', () => {
  const key = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
  // WXBizMsgCryptTest.java of WeChat's own sample code.
  const sealed = 'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=='
  // Sample.py of the same.
  const signedSealed =
    'hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5G' +
    'IItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMe' +
    'zR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl' +
    '9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE='

  test('decrypts, and not for another app, key or text', () => {
    assert.equal(decrypt(sealed, key, 'wxb11529c136998cb6'), '我是中文abcd123')
    assert.equal(decrypt(sealed, key, 'wxb11529c136998cb7'), undefined)
    assert.equal(decrypt(sealed, key.replace('a', 'b'), 'wxb11529c136998cb6'), undefined)
    assert.equal(decrypt(sealed.slice(0, -4), key, 'wxb11529c136998cb6'), undefined)
    assert.equal(decrypt('', key, 'wxb11529c136998cb6'), undefined)
    assert.equal(decrypt(sealed, '', 'wxb11529c136998cb6'), undefined)
    const flipped = Buffer.from(sealed, 'base64')
    flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1)
    assert.equal(decrypt(flipped.toString('base64'), key, 'wxb11529c136998cb6'), undefined)
  })

  test('msg_signature fits the encrypted text', () => {
    const parts = ['spamtest', '1409735669', '1320562132', signedSealed]
    assert.equal(signatureOf(parts), '5d197aaffba7e9b25a30732f161a50dee96bd5fa')
    assert.match(decrypt(signedSealed, key, 'wx2c2769f8efd9abc2') ?? '', /<Content><!\[CDATA\[abcdteT\]\]><\/Content>/)
  })
})

describe("Meta's question whether an address is ours", () => {
  const question = { 'hub.mode': 'subscribe', 'hub.verify_token': 'my-token-1', 'hub.challenge': '1158201444' }

  test('is answered with the challenge', () => {
    assert.deepEqual(answerMetaHandshake(question, 'my-token-1'), { status: 200, body: '1158201444' })
  })

  const bad: [string, Record<string, string | undefined>, string][] = [
    ['another token', question, 'my-token-2'],
    ['no token of ours', { ...question, 'hub.verify_token': '' }, ''],
    ['no token', { ...question, 'hub.verify_token': undefined }, 'my-token-1'],
    ['another mode', { ...question, 'hub.mode': 'unsubscribe' }, 'my-token-1'],
    ['markup', { ...question, 'hub.challenge': '<script>1</script>' }, 'my-token-1'],
    ['no challenge', { ...question, 'hub.challenge': undefined }, 'my-token-1'],
  ]
  for (const [name, query, token] of bad) {
    test(`is not answered: ${name}`, () => assert.equal(answerMetaHandshake(query, token), undefined))
  }
})
