import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create } from 'qrcode'
import { asksProvider, handStateOf, nextLook, turnOf } from '#pages/checkout/hand-over.ts'
import { surfaceOf } from '#pages/checkout/surface.ts'
import { qrDrawing, qrLook } from '#pages/web/qr-drawing.ts'
import { handoverAction, isFor } from '#payments/handover.ts'
import type { Handover } from '#providers/handover.ts'
import { chooseWay, handoversOf } from '#providers/wechatpay/requests.ts'
import { now, paymentPage } from './payment-pages.ts'

const wechat = 'Mozilla/5.0 (iPhone) Mobile/15E148 MicroMessenger/8.0.50'
const android = 'Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36'

describe('where a page is open', () => {
  for (const [name, agent, ip, surface] of [
    ['inside WeChat', wechat, '203.0.114.7', { kind: 'wechat' }],
    ['in a mini program, whose pages have no bridge', `${wechat} miniProgram/wx1`, '203.0.114.7', { kind: 'phone' }],
    ['on a phone', android, '203.0.114.7', { kind: 'phone', ip: '203.0.114.7' }],
    [
      'on a phone, by an address that is written as IPv6',
      android,
      '::ffff:203.0.114.7',
      { kind: 'phone', ip: '203.0.114.7' },
    ],
    ['on a phone behind a proxy that nobody told us of', android, '10.0.0.1', { kind: 'phone' }],
    [
      'on a tablet',
      'Mozilla/5.0 (Linux; Android 15; Tab) Chrome/140.0 Safari/537.36',
      '203.0.114.7',
      { kind: 'browser' },
    ],
    ['on a desk', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0', '203.0.114.7', { kind: 'browser' }],
    ['nowhere that we know', '', undefined, { kind: 'browser' }],
  ] as const)
    test(name, () => assert.deepEqual(surfaceOf(agent, ip), surface))
})

describe('the way that fits', () => {
  const account = { kind: 'official_account', h5: true, appid: 'wx1' } as Parameters<typeof handoversOf>[0]
  for (const [surface, over, way] of [
    [{ kind: 'wechat', openid: 'o1' }, {}, 'jsapi'],
    [{ kind: 'wechat', openid: 'o1' }, { kind: 'mini_program' }, 'jsapi'],
    [{ kind: 'wechat', openid: 'o1' }, { kind: 'app' }, 'native'],
    [{ kind: 'wechat' }, {}, 'native'],
    [{ kind: 'phone', ip: '203.0.114.7' }, {}, 'h5'],
    [{ kind: 'phone', ip: '203.0.114.7' }, { h5: false }, 'native'],
    [{ kind: 'phone' }, {}, 'native'],
    [{ kind: 'app' }, { kind: 'app' }, 'app'],
    [{ kind: 'app' }, {}, 'native'],
    [{ kind: 'browser' }, {}, 'native'],
    [undefined, { kind: 'app' }, 'native'],
  ] as const)
    test(`${JSON.stringify(surface)} ${JSON.stringify(over)}: ${way}`, () =>
      assert.equal(chooseWay({ ...account, ...over }, surface), way))

  test('a page that is open serves whoever wants the same, and a bridge its payer alone', () => {
    const rules = handoversOf(account)
    const open = (page_handover: Handover | null) => ({ page_handover: page_handover && { ...page_handover } })
    const bridge = open({ kind: 'bridge', params: {}, payer: 'o1' })
    assert.equal(isFor(bridge, rules.wanted({ kind: 'wechat', openid: 'o1' })), true)
    assert.equal(isFor(bridge, rules.wanted({ kind: 'wechat', openid: 'o2' })), false)
    assert.equal(isFor(bridge, rules.wanted({ kind: 'browser' })), false)
    assert.equal(isFor(open({ kind: 'qr', code: 'c' }), rules.wanted({ kind: 'phone' })), true)
    assert.equal(isFor(open({ kind: 'link' }), rules.wanted({ kind: 'browser' })), false)
    assert.equal(isFor(open(null), undefined), true)
    assert.equal(isFor(open(null), rules.wanted(undefined)), false)
  })
})

describe('a page on which somebody is handed over', () => {
  const handovers: Record<string, Handover> = {
    qr: { kind: 'qr', code: 'weixin://wxpay/bizpayurl?pr=1' },
    bridge: { kind: 'bridge', params: { paySign: 's' }, payer: 'o1' },
    app: {
      kind: 'app',
      params: { appid: 'a', noncestr: 'n', partnerid: 'p', prepayid: 'i', package: 'k', sign: 's', timestamp: '1' },
    },
    link: { kind: 'link' },
  }
  const opened = (kind: string, more: object = {}) => {
    const intent = { page_ref: 'op_1', page_url: 'https://wx.example/', page_handover: { ...handovers[kind] }, ...more }
    return paymentPage({ intent: { ...intent, page_expires_at: new Date(now.getTime() + 1000), ...more } })
  }
  const later = new Date(now.getTime() + 1000)
  for (const [kind, surface, at, state] of [
    ['qr', 'browser', now, 'scan'],
    ['qr', 'wechat', now, 'scan'],
    ['qr', 'browser', later, 'lapsed'],
    ['bridge', 'wechat', now, 'inApp'],
    ['bridge', 'wechat', later, undefined],
    ['bridge', 'browser', now, undefined],
    ['link', 'phone', now, 'openApp'],
    ['link', 'browser', now, undefined],
    ['app', 'phone', now, undefined],
  ] as const)
    test(`${kind} in ${surface}${at === later ? ', too late' : ''}: ${state}`, () =>
      assert.equal(handStateOf({ page: opened(kind), surface: { kind: surface }, now: at }), state))

  test('asks the provider now and then, and when the bridge has spoken', () => {
    const asks = (query: string) => asksProvider(turnOf(new URLSearchParams(query)))
    assert.deepEqual(['', 'hand=1', 'hand=3', 'hand=2&by=ok', 'hand=2&by=magic', 'hand=1e3', 'by=ok'].map(asks), [
      false,
      false,
      true,
      true,
      false,
      false,
      false,
    ])
    assert.deepEqual(nextLook({ turn: 1, by: undefined }), { seconds: 3, turn: 2 })
    assert.equal(nextLook({ turn: 999, by: undefined }), undefined)
  })

  test('says in the API how to hand over, while it is to be paid', () => {
    const action = (kind: string, more: object = {}) =>
      handoverAction(opened(kind, more).intent, 'https://pay.example/pay/t')
    assert.deepEqual(action('qr')?.wechat_pay_display_qr_code, {
      data: 'weixin://wxpay/bizpayurl?pr=1',
      hosted_instructions_url: 'https://pay.example/pay/t?hand=1',
      image_url_svg: 'https://pay.example/pay/t/code.svg',
      image_url_png: 'https://pay.example/pay/t/code.png',
    })
    assert.deepEqual(action('bridge'), { type: 'wechat_pay_bridge', wechat_pay_bridge: { paySign: 's' } })
    assert.deepEqual(action('link'), {
      type: 'redirect_to_url',
      redirect_to_url: { url: 'https://wx.example/', return_url: null },
    })
    assert.deepEqual(action('app')?.wechat_pay_redirect_to_android_app, {
      app_id: 'a',
      nonce_str: 'n',
      package: 'k',
      partner_id: 'p',
      prepay_id: 'i',
      sign: 's',
      timestamp: '1',
    })
    for (const over of [{ status: 'succeeded' }, { page_ref: null }, { page_handover: null }])
      assert.equal(action('qr', over), null)
  })
})

test('the drawing of a code has every module of it, and its quiet zone', () => {
  for (const text of ['weixin://wxpay/bizpayurl?pr=NwY5Mz9', 'https://pay.example/pay/'.padEnd(200, 'x')]) {
    const { markup } = qrDrawing(text, 'a <code>')
    assert.match(markup, /aria-label="a &lt;code&gt;"/)
    const { size, data } = create(text, qrLook).modules
    const drawn = new Set<string>()
    for (const [, x, y, width] of markup.matchAll(/M(\d+) (\d+)h(\d+)v1H\1z/g))
      for (let at = 0; at < Number(width); at++)
        drawn.add(`${Number(x) + at - qrLook.margin},${Number(y) - qrLook.margin}`)
    const wanted = new Set<string>()
    for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) if (data[y * size + x]) wanted.add(`${x},${y}`)
    assert.deepEqual(drawn, wanted)
  }
})
