import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { Card } from '#channels/card.ts'
import { CardRefusedError, type Connection, type RenderRequest } from '#channels/channel.ts'
import { createWechatChannel } from '#channels/wechat/channel.ts'
import { wildCards } from '../support/arbitrary-cards.ts'
import { movableClock } from '../support/clock.ts'
import type { FakeReply } from '../support/fake-server.ts'
import { type FakeWechat, startFakeWechat, wechatError } from '../support/fake-wechat.ts'
import { renderRequest, sampleCard, sampleReceipt } from '../support/sample-cards.ts'
import { complainOfCall, type WechatBody } from '../support/wechat-limits.ts'

const clock = movableClock()
const account = { appId: 'wx2c2769f8efd9abc2', appSecret: 'wechat-secret', token: 'spamtest' }
const templates = { receipt: { id: 'T1', data: { first: 'title', keyword1: 'amount', remark: 'link' } } }
const subscribeTemplates = {
  receipt: {
    id: 'S1',
    page: 'pages/order',
    data: { thing1: 'sentence', amount2: 'amount', character_string3: 'reference' },
  },
}
const official: Connection = {
  merchantId: 'm',
  id: 'c',
  channel: 'wechat',
  externalId: account.appId,
  name: 'Fleurs',
  settings: { app_id: account.appId, kind: 'official_account', templates },
  secrets: { app_secret: account.appSecret, token: account.token },
  livemode: true,
}
const mini: Connection = {
  ...official,
  settings: { app_id: account.appId, kind: 'mini_program', subscribe_templates: subscribeTemplates },
}
const channel = createWechatChannel({ clock })
const render = (connection: Connection, card: Card, change: Partial<RenderRequest> = {}) =>
  channel.render(renderRequest(connection, { text: '', card }, { threadExternalId: 'oAna', ...change }))

describe('a card in WeChat', () => {
  test('of an official account is one link with picture, title and bill', () => {
    const { method, payload, warnings } = render(official, sampleCard('payment_request'))
    assert.equal(method, 'POST /cgi-bin/message/custom/send')
    assert.deepEqual(warnings, ['buttons: 1, 1 left out'])
    const { news, ...rest } = payload as WechatBody
    assert.deepEqual(rest, { touser: 'oAna', msgtype: 'news' })
    assert.equal(news?.articles?.length, 1)
    const { description, ...article } = news?.articles?.[0] ?? {}
    assert.deepEqual(article, {
      title: 'Order 1042',
      url: 'https://pay.example/pay/tok_1',
      picurl: 'https://shop.example/bouquet.jpg',
    })
    assert.match(description ?? '', /^Please pay 60\.80 EUR\.\n2 × Bouquet/)
  })

  test('of a mini program is a link card; without a link it is text', () => {
    const { link } = render(mini, sampleCard('payment_request')).payload as WechatBody
    assert.equal(link?.url, 'https://pay.example/pay/tok_1')
    assert.equal(link?.thumb_url, 'https://shop.example/bouquet.jpg')
    const { text } = render(mini, sampleCard('refund_notice', 'eur', { buttons: [] })).payload as WechatBody
    assert.match(text?.content ?? '', /^Order 1042\. Please pay/)
  })

  test('after the window is a template that WeChat takes once', () => {
    const { method, payload } = render(official, sampleReceipt(), { rung: 'template' })
    assert.equal(method, 'POST /cgi-bin/message/template/send')
    assert.deepEqual(payload, {
      touser: 'oAna',
      template_id: 'T1',
      url: 'https://pay.example/pay/tok_1',
      client_msg_id: 'msg_0001',
      data: {
        first: { value: 'Order 1042' },
        keyword1: { value: '60.80 EUR' },
        remark: { value: 'https://pay.example/pay/tok_1' },
      },
    })
  })

  const amounts: [string, string][] = [
    ['cny', '60.80元'],
    ['eur', '€60.80'],
    ['jpy', '¥60'],
    ['kwd', 'KWD60.800'],
    ['brl', 'R$60.80'],
  ]
  for (const [code, amount] of amounts) {
    test(`by consent of the person has ${code} as WeChat writes it`, () => {
      const sentence = 'A sentence that is far too long for a thing'
      const { payload, warnings, consent } = render(mini, sampleReceipt(code, { sentence }), {
        rung: 'consent',
        locale: 'zh-Hans',
      })
      assert.deepEqual(payload, {
        touser: 'oAna',
        template_id: 'S1',
        page: 'pages/order',
        data: {
          thing1: { value: 'A sentence that is…' },
          amount2: { value: amount },
          character_string3: { value: 'msg_0001' },
        },
        miniprogram_state: 'formal',
        lang: 'zh_CN',
      })
      assert.deepEqual(warnings, ['thing1: 20 characters, shortened'])
      assert.equal(consent, 'S1')
    })
  }

  test('is refused where a shortened blank would say something else', () => {
    const long = sampleReceipt('cny', { reference: 'x'.repeat(33) })
    assert.throws(() => render(mini, long, { rung: 'consent' }), /character_string3: at most 32/)
    const rich = sampleReceipt('cny', { amount: 12_345_678_901n })
    assert.throws(() => render(mini, rich, { rung: 'consent' }), /at most 10 digits/)
  })

  test('has no way that its kind of account has not', () => {
    assert.throws(() => render(official, sampleReceipt(), { rung: 'consent' }), CardRefusedError)
    assert.throws(() => render(mini, sampleReceipt(), { rung: 'template' }), CardRefusedError)
    assert.throws(
      () => render(official, sampleCard('reminder'), { rung: 'template' }),
      /no approved template for reminder/,
    )
    assert.throws(() => render(official, sampleReceipt(), { edits: '1' }), CardRefusedError)
    assert.deepEqual(channel.capabilities(official.settings).window, { hours: 48, afterWindow: 'template' })
    assert.deepEqual(channel.capabilities(mini.settings).window, { hours: 48, afterWindow: 'consent' })
    const bare = { app_id: account.appId, kind: 'official_account' }
    assert.equal(channel.capabilities(bare).window.afterWindow, 'none')
  })

  test('whatever it is: within every limit', () => {
    fc.assert(
      fc.property(wildCards, fc.constantFrom(official, mini), (card, connection) => {
        const buttons = card.buttons.filter((button) => button.kind === 'postback' || button.url.length <= 1024)
        const { payload } = render(connection, { ...card, buttons })
        assert.equal(complainOfCall('custom', payload as WechatBody), undefined)
      }),
      { numRuns: 60 },
    )
  })
})

describe('sending to WeChat', () => {
  let fake: FakeWechat
  let live: ReturnType<typeof createWechatChannel>
  before(async () => {
    fake = await startFakeWechat({ ...account, templates: ['T1', 'S1'], now: () => clock.now() })
    live = createWechatChannel({ apiBase: fake.url, clock })
  })
  after(() => fake[Symbol.asyncDispose]())
  const send = (connection: Connection, card: Card, change: Partial<RenderRequest> = {}) =>
    live.send(connection, render(connection, card, change), { key: 'k' })
  const card = sampleCard('payment_request')

  test('asks for one token, however many send at once, and keeps it until shortly before its end', async () => {
    fake.person('oAna').says('hi')
    const answers = await Promise.all([send(official, card), send(official, card), send(official, card)])
    assert.deepEqual(answers, Array(3).fill({ outcome: 'sent', ref: undefined }))
    assert.equal(fake.tokenCalls, 1)
    clock.advance(6800_000)
    await send(official, card)
    assert.equal(fake.tokenCalls, 1)
    clock.advance(200_000)
    await send(official, card)
    assert.equal(fake.tokenCalls, 2)
  })

  test('takes a new token where the old one is spent, and tries once more', async () => {
    fake.person('oAna').says('hi')
    fake.spendToken()
    const before = fake.sent.length
    assert.equal((await send(official, card)).outcome, 'sent')
    assert.equal(fake.sent.length, before + 1)
  })

  test('a template message has an id of 19 digits, and is not sent twice', async () => {
    const first = await send(official, sampleReceipt(), { rung: 'template' })
    assert.match(first.outcome === 'sent' ? (first.ref ?? '') : '', /^\d{19}$/)
    const before = fake.sent.length
    assert.deepEqual(await send(official, sampleReceipt(), { rung: 'template' }), first)
    assert.equal(fake.sent.length, before)
  })

  test('a consent is good for one message', async () => {
    fake.person('oAna').consents('S1')
    assert.equal((await send(mini, sampleReceipt('cny'), { rung: 'consent' })).outcome, 'sent')
    const second = await send(mini, sampleReceipt('cny'), { rung: 'consent' })
    assert.equal(second.outcome === 'refused' && second.failure.reason, 'window_closed')
  })

  test('after five messages, or 48 hours, the person must write again', async () => {
    fake.person('oBo').says('hi')
    const answers = []
    for (let count = 0; count < 6; count += 1) answers.push(await send(official, card, { threadExternalId: 'oBo' }))
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['sent', 'sent', 'sent', 'sent', 'sent', 'refused'],
    )
    fake.person('oBo').says('again')
    clock.advance(48 * 3_600_000)
    const late = await send(official, card, { threadExternalId: 'oBo' })
    assert.deepEqual(late.outcome === 'refused' && [late.failure.reason, late.failure.code], ['window_closed', '45015'])
  })

  const errors: [FakeReply, string][] = [
    [wechatError(-1, 'system error'), 'temporary'],
    [wechatError(45009, 'reach max api daily quota limit'), 'rate_limited'],
    [wechatError(48001, 'api unauthorized'), 'connection_broken'],
    [wechatError(43004, 'require subscribe'), 'recipient_unavailable'],
    [wechatError(40003, 'invalid openid'), 'recipient_unavailable'],
    [wechatError(45002, 'too long'), 'content_refused'],
    [wechatError(47003, 'argument invalid'), 'content_refused'],
    [wechatError(987_654, 'new'), 'unknown'],
  ]
  for (const [index, [reply, reason]] of errors.entries()) {
    test(`error ${index + 1} is ${reason}, with advice`, async () => {
      fake.faults.push(reply)
      const answer = await send(official, card)
      assert.equal(answer.outcome === 'refused' && answer.failure.reason, reason)
      assert.match(answer.outcome === 'refused' ? answer.failure.advice : '', /^[A-Z].{15,}\.$/)
    })
  }

  test('what may have been sent is unknown', async () => {
    fake.person('oAna').says('hi')
    for (const fault of ['cut', 'lost', { status: 502, text: '' }] as const) {
      fake.faults.push(fault)
      assert.equal((await send(official, card)).outcome, 'unknown', JSON.stringify(fault))
    }
  })

  test('the credentials are tried; a wrong secret breaks the connection and is asked for anew', async () => {
    assert.deepEqual(await live.test(official), { ok: true, externalId: account.appId, name: account.appId })
    const wrong = { ...official, secrets: { ...official.secrets, app_secret: 'x' } }
    for (const attempt of [1, 2]) {
      const before = fake.tokenCalls
      const answer = await live.test(wrong)
      assert.equal(!answer.ok && answer.failure.reason, 'connection_broken')
      assert.equal(fake.tokenCalls, before + 1, `attempt ${attempt}`)
    }
    const safe = await live.test({ ...official, settings: { ...official.settings, security: 'safe' } })
    assert.equal(!safe.ok && safe.failure.code, 'encoding_aes_key')
  })
})
