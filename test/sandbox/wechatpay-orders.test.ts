import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { authorize, createClient, createWorld, isSignedBy, open, order, sign, type World } from './wechatpay-world.ts'

const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const PAY = '/v3/pay/transactions'
let world: World
before(async () => {
  world = await createWorld({ exchangeRates: { 'HKD/CNY': 91_500_000, 'HKD/JPY': 1_950_000_000 } })
})
after(() => world[Symbol.asyncDispose]())

const query = (no: string) => `${PAY}/out-trade-no/${no}?mchid=${world.sandbox.credentials.mchid}`
const pay = (no: string, body: object = {}) => world.sandbox.control('POST', `orders/${no}/pay`, body)
const clientPay = async (body: object, kind = 'jsapi') => {
  const response = await fetch(`${world.sandbox.url}/_sandbox/${kind}`, { method: 'POST', body: JSON.stringify(body) })
  return (await response.json()) as { err_msg: string; err_desc?: string }
}
const paySignature = (appid: string, lastLine: string) => {
  const [timeStamp, nonceStr] = [String(Math.floor(Date.now() / 1000)), randomBytes(16).toString('hex')]
  const signature = sign(world.sandbox.credentials.privateKey, `${appid}\n${timeStamp}\n${nonceStr}\n${lastLine}\n`)
  return { timeStamp, nonceStr, signature }
}

test('each request must carry a fresh and true signature of exactly what is sent', async () => {
  const { credentials, url } = world.sandbox
  const target = query('none-such')
  const get = async (authorization: string) => {
    const response = await fetch(`${url}${target}`, { headers: { authorization } })
    const text = await response.text()
    assert.ok(isSignedBy(credentials, response.headers, text), 'a refusal is signed too')
    return `${response.status} ${JSON.parse(text).code}`
  }
  const now = Math.floor(Date.now() / 1000)
  assert.equal(await get(authorize(credentials, 'GET', target, '')), '404 ORDER_NOT_EXIST')
  const wrong = [
    '',
    'Bearer x',
    authorize(credentials, 'GET', target, '', now - 301),
    authorize(credentials, 'GET', target, '', now + 400),
    authorize(credentials, 'POST', target, ''),
    authorize(credentials, 'GET', target, '{}'),
    authorize(credentials, 'GET', target.split('?')[0] ?? '', ''),
    authorize({ ...credentials, serialNo: 'F00D' }, 'GET', target, ''),
    authorize({ ...credentials, mchid: '1999999999' }, 'GET', target, ''),
    authorize(credentials, 'GET', target, '').replace(/nonce_str="\w+"/, 'nonce_str=""'),
    authorize(credentials, 'GET', target, '').replace(/nonce_str="\w/, 'nonce_str="z'),
  ]
  for (const [index, authorization] of wrong.entries()) {
    assert.equal(await get(authorization), '401 SIGN_ERROR', `variant ${index}`)
  }
})

test('the four ways to order, each asked for twice, give one order each', async () => {
  const ways = [
    ['jsapi', { payer: { openid: OPENID } }, 'prepay_id', /^wx\d{14}[0-9a-f]{20}$/],
    ['app', {}, 'prepay_id', /^wx/],
    ['native', { attach: 'a=1' }, 'code_url', /^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/],
    ['h5', { scene_info: { payer_client_ip: '1.2.3.4', h5_info: { type: 'Wap' } } }, 'h5_url', /^http/],
  ] as const
  for (const [way, more, field, pattern] of ways) {
    const body = order(world, `four-${way}`, more)
    const [once, again] = await Promise.all([1, 2].map(() => world.client.ok('POST', `${PAY}/${way}`, body)))
    assert.match(String(once?.[field]), pattern)
    assert.deepEqual(again, once)
    const found = await world.client.ok('GET', query(`four-${way}`))
    assert.equal(found.trade_state, 'NOTPAY')
    assert.equal(found.transaction_id, undefined)
  }
  const { effects } = (await world.sandbox.control('GET', 'book')) as { effects: { subject: string; count: number }[] }
  assert.deepEqual(
    effects.filter(({ subject }) => subject.startsWith('four-')).map(({ count }) => count),
    [1, 1, 1, 1],
  )
})

test('what breaks a rule is refused, and named', async () => {
  const refused = (more: object, way = 'native') =>
    world.client.call('POST', `${PAY}/${way}`, order(world, 'refuse-1', more))
  const fields: [object, string, string?][] = [
    [{ out_trade_no: 'short' }, '/out_trade_no'],
    [{ out_trade_no: 'x'.repeat(33) }, '/out_trade_no'],
    [{ out_trade_no: 'with space' }, '/out_trade_no'],
    [{ description: 'x'.repeat(128) }, '/description'],
    [{ attach: 'x'.repeat(129) }, '/attach'],
    [{ notify_url: 'https://shop.example/notify?x=1' }, '/notify_url'],
    [{ notify_url: 'shop.example' }, '/notify_url'],
    [{ amount: { total: 0, currency: 'CNY' } }, '/amount/total'],
    [{ amount: { total: 1.5, currency: 'CNY' } }, '/amount/total'],
    [{ amount: { total: 1, currency: 'USD' } }, '/amount/currency'],
    [{ time_expire: 'tomorrow' }, '/time_expire'],
    [{ time_expire: '2020-01-01T00:00:00+08:00' }, '/time_expire'],
    [{ surprise: 1 }, '/surprise'],
    [{}, '/payer', 'jsapi'],
    [{ payer: { openid: 'x' } }, '/payer/openid', 'jsapi'],
    [{}, '/scene_info', 'h5'],
  ]
  for (const [more, field, way] of fields) {
    const { status, body, headers } = await refused(more, way)
    assert.deepEqual([status, body.code, (body.detail as { field: string }).field], [400, 'PARAM_ERROR', field])
    assert.match(headers.get('request-id') ?? '', /-268435461$/)
  }
  assert.equal((await refused({ appid: 'wx0000000000000000' })).body.code, 'APPID_MCHID_NOT_MATCH')
  assert.equal((await refused({ mchid: '1900000110' })).body.code, 'NO_AUTH')
})

test('other parameters under one number are refused; so is a paid or closed order', async () => {
  const body = order(world, 'again-1')
  await world.client.ok('POST', `${PAY}/native`, body)
  const other = { ...body, amount: { total: 1, currency: 'CNY' } }
  assert.equal(await world.client.refused('POST', `${PAY}/native`, other), '400 INVALID_REQUEST')
  assert.equal(await world.client.refused('POST', `${PAY}/app`, body), '400 INVALID_REQUEST')
  const close = () => world.client.call('POST', `${PAY}/out-trade-no/again-1/close`, { mchid: body.mchid })
  await pay('again-1')
  assert.equal(await world.client.refused('POST', `${PAY}/native`, body), '403 ORDER_PAID')
  assert.equal((await close()).body.code, 'ORDER_PAID')

  const second = order(world, 'again-2')
  await world.client.ok('POST', `${PAY}/native`, second)
  for (const _ of [1, 2]) {
    const { status, text } = await world.client.call('POST', `${PAY}/out-trade-no/again-2/close`, { mchid: body.mchid })
    assert.deepEqual([status, text], [204, ''])
  }
  assert.equal((await world.client.ok('GET', query('again-2'))).trade_state, 'CLOSED')
  assert.equal(await world.client.refused('POST', `${PAY}/native`, second), '400 ORDER_CLOSED')
  await assert.rejects(pay('again-2'), /ORDER_CLOSED/)
})

test('a page pays with a signature over its prepay_id, an app over the bare id, and nothing else will do', async () => {
  const { appid, mchid } = world.sandbox.credentials
  const place = async (no: string, way = 'jsapi') => {
    const more = way === 'jsapi' ? { payer: { openid: OPENID } } : {}
    return String((await world.client.ok('POST', `${PAY}/${way}`, order(world, no, more))).prepay_id)
  }
  const id = await place('client-1')
  await world.arrived()
  const signed = (lastLine: string, of = appid) => {
    const { signature: paySign, ...rest } = paySignature(of, lastLine)
    return { appId: appid, ...rest, package: `prepay_id=${id}`, signType: 'RSA', paySign }
  }
  const good = signed(`prepay_id=${id}`)
  assert.match((await clientPay(signed(id))).err_desc ?? '', /签名失败/)
  assert.match((await clientPay({ ...good, nonceStr: 'other' })).err_desc ?? '', /签名失败/)
  assert.match((await clientPay({ ...good, signType: 'MD5' })).err_desc ?? '', /signType/)
  assert.match((await clientPay({ ...good, openid: 'oSomebodyElse' })).err_desc ?? '', /openid/)
  assert.equal((await clientPay({ ...good, action: 'cancel' })).err_msg, 'get_brand_wcpay_request:cancel')
  assert.equal((await world.client.ok('GET', query('client-1'))).trade_state, 'NOTPAY')
  assert.equal((await clientPay({ ...good, action: 'fail' })).err_msg, 'get_brand_wcpay_request:fail')
  assert.equal((await world.client.ok('GET', query('client-1'))).trade_state, 'PAYERROR')
  const { appId: _, ...miniProgram } = good
  assert.equal((await clientPay(miniProgram)).err_msg, 'get_brand_wcpay_request:ok')
  assert.match((await clientPay(good)).err_desc ?? '', /已支付/)
  const paid = await world.client.ok('GET', query('client-1'))
  assert.deepEqual([paid.trade_state, paid.trade_type, paid.payer], ['SUCCESS', 'JSAPI', { openid: OPENID }])
  const [told] = await world.arrived()
  assert.deepEqual([told?.type, told?.path, told?.resource], ['TRANSACTION.SUCCESS', '/paid', paid])

  const appId = await place('client-2', 'app')
  const asApp = (lastLine: string) => {
    const { timeStamp: timestamp, nonceStr: noncestr, signature } = paySignature(appid, lastLine)
    return { appid, partnerid: mchid, prepayid: appId, package: 'Sign=WXPay', noncestr, timestamp, sign: signature }
  }
  assert.match((await clientPay(asApp(`prepay_id=${appId}`), 'app')).err_desc ?? '', /签名失败/)
  assert.equal((await clientPay(asApp(appId), 'app')).err_msg, 'get_brand_wcpay_request:ok')
  const byId = (await world.client.ok('GET', query('client-2'))).transaction_id
  assert.match(String(byId), /^4200\d{24}$/)
  const again = await world.client.ok('GET', `${PAY}/id/${byId}?mchid=${mchid}`)
  assert.equal(again.out_trade_no, 'client-2')
})

test('coupons: the payer pays less, and the merchant gets all but what it gave itself', async () => {
  await world.client.ok('POST', `${PAY}/native`, order(world, 'coupon-1', { amount: { total: 10_000 } }))
  await pay('coupon-1', { coupon: { wechatpay_contribute: 700, merchant_contribute: 300 } })
  const paid = await world.client.ok('GET', query('coupon-1'))
  assert.deepEqual(paid.amount, { total: 10_000, currency: 'CNY', payer_total: 9000, payer_currency: 'CNY' })
  const details = paid.promotion_detail as { type: string; amount: number; wechatpay_contribute: number }[]
  assert.deepEqual(
    details.map(({ type, amount, wechatpay_contribute: by }) => [type, amount, by]),
    [
      ['CASH', 700, 700],
      ['NOCASH', 300, 0],
    ],
  )
  const { orders } = (await world.sandbox.control('GET', 'book')) as { orders: Record<string, unknown>[] }
  const booked = orders.find(({ out_trade_no: no }) => no === 'coupon-1')
  // 0.60 % of 9700 is 58.2.
  assert.deepEqual([booked?.settlement, booked?.fee, booked?.payer_total], [9700, 58, 9000])
  assert.equal(await pay('coupon-1').catch((error: Error) => /ORDER_PAID/.test(error.message)), true)
})

test('a payer who is typing, and one whose bank refuses, may still pay', async () => {
  await world.client.ok('POST', `${PAY}/native`, order(world, 'slow-1'))
  assert.equal((await pay('slow-1', { result: 'USERPAYING' })).trade_state, 'USERPAYING')
  const body = { mchid: world.sandbox.credentials.mchid }
  assert.equal(await world.client.refused('POST', `${PAY}/out-trade-no/slow-1/close`, body), '403 TRADE_ERROR')
  assert.equal((await pay('slow-1', { result: 'PAYERROR' })).trade_state, 'PAYERROR')
  assert.equal((await pay('slow-1')).trade_state, 'SUCCESS')
})

test('abroad: other names, two currencies and a rate', async () => {
  const { mchid, appid } = world.sandbox.credentials
  const place = (no: string, way: string, trade: string, more: object = {}) =>
    world.client.ok('POST', `/v3/global/transactions/${way}`, {
      mchid,
      appid,
      sp_mchid: mchid,
      sub_mchid: mchid,
      sp_appid: appid,
      description: 'Tea',
      notify_url: `${world.receiver.url}/global`,
      out_trade_no: no,
      trade_type: trade,
      merchant_category_code: '5812',
      amount: { total: 5001, currency: 'HKD' },
      ...more,
    })
  const store = { name: 'Shop', address: 'Road 1' }
  assert.match(String((await place('globe-1', 'native', 'NATIVE')).code_url), /^weixin:/)
  assert.ok((await place('globe-2', 'jsapi', 'JSAPI', { payer: { openid: OPENID } })).prepay_id)
  assert.ok((await place('globe-3', 'app', 'APP')).prepay_id)
  assert.ok(
    (await place('globe-4', 'mweb', 'MWEB', { scene_info: { payer_client_ip: '1.2.3.4', store_info: store } }))
      .mweb_url,
  )
  await pay('globe-1')
  await pay('globe-2', { payer_currency: 'JPY' })
  const target = (rest: string) => `/v3/global/transactions/${rest}?mchid=${mchid}&sub_mchid=${mchid}&sp_mchid=${mchid}`
  const first = await world.client.ok('GET', target('out-trade-no/globe-1'))
  const rate = { type: 'SETTLEMENT_RATE', rate: 91_500_000 }
  // 50.01 × 0.915 = 45.75915
  assert.deepEqual(first.amount, {
    total: 5001,
    currency: 'HKD',
    payer_total: 4576,
    payer_currency: 'CNY',
    exchange_rate: rate,
  })
  assert.equal(first.transaction_id, undefined)
  const second = await world.client.ok('GET', target('out-trade-no/globe-2'))
  assert.equal((second.amount as { payer_total: number }).payer_total, 975)
  assert.equal((await world.client.ok('GET', target(`id/${first.id}`))).out_trade_no, 'globe-1')
  const told = await world.arrived()
  assert.deepEqual(told.find(({ resource }) => resource.id === first.id)?.resource, first)
  const body = { mchid, sub_mchid: mchid, sp_mchid: mchid }
  const path = '/v3/global/transactions'
  assert.equal((await world.client.call('POST', `${path}/out-trade-no/globe-3/close`, body)).status, 204)
  assert.equal(await world.client.refused('POST', `${path}/id/${first.id}/close`, body), '403 ORDER_PAID')
  assert.equal(await world.client.refused('GET', query('globe-1')), '404 ORDER_NOT_EXIST')
})

test('abroad: a merchant by itself, or behind an institution, but not neither', async () => {
  const { mchid, appid } = world.sandbox.credentials
  const path = '/v3/global/transactions'
  const place = (no: string, who: object) => ({
    ...who,
    description: 'Tea',
    attach: '',
    notify_url: `${world.receiver.url}/global`,
    out_trade_no: no,
    trade_type: 'NATIVE',
    merchant_category_code: '5812',
    amount: { total: 100, currency: 'HKD' },
  })
  const institution = { sp_mchid: mchid, sub_mchid: '1900000999' }
  const behind = place('behind-1', { ...institution, sp_appid: appid })
  await world.client.ok('POST', `${path}/native`, behind)
  await world.client.ok('POST', `${path}/native`, place('itself-1', { mchid, appid }))
  await pay('behind-1')
  const query = new URLSearchParams(institution)
  const found = await world.client.ok('GET', `${path}/out-trade-no/behind-1?${query}`)
  assert.deepEqual([found.sp_mchid, found.sub_mchid, found.trade_state], [mchid, '1900000999', 'SUCCESS'])
  const refused = (who: object) => world.client.refused('POST', `${path}/native`, place('nobody-1', who))
  assert.equal(await refused({ appid }), '400 PARAM_ERROR')
  assert.equal(await refused({ sp_mchid: mchid, sp_appid: appid }), '400 PARAM_ERROR')
  assert.equal(await refused({ mchid: '1900000999', appid }), '403 NO_AUTH')
  assert.equal(await refused({ mchid, appid: 'wx1' }), '400 APPID_MCHID_NOT_MATCH')
})

test('a prepay_id lives two hours, an order seven days or as long as was asked', async () => {
  const soon = new Date(Date.now() + 600_000).toISOString().replace('Z', '+00:00')
  await world.client.ok('POST', `${PAY}/native`, order(world, 'expire-1', { time_expire: soon }))
  const jsapi = order(world, 'expire-2', { payer: { openid: OPENID } })
  const { prepay_id: id } = await world.client.ok('POST', `${PAY}/jsapi`, jsapi)
  await world.advance(2 * 3_600_000)
  assert.equal((await world.client.ok('GET', query('expire-1'))).trade_state, 'CLOSED')
  const { prepay_id: next } = await world.client.ok('POST', `${PAY}/jsapi`, jsapi)
  assert.notEqual(next, id)
  await world.advance(7 * 86_400_000)
  assert.equal((await world.client.ok('GET', query('expire-2'))).trade_state, 'CLOSED')
})

test('the sheet on the payer’s phone, from a code and from an h5_url', async () => {
  const { code_url: code } = await world.client.ok(
    'POST',
    `${PAY}/native`,
    order(world, 'page-1', { description: '<Tea>' }),
  )
  const sheet = await fetch(`${world.sandbox.url}/_sandbox/scan?code_url=${encodeURIComponent(String(code))}`)
  const page = await sheet.text()
  assert.match(page, /¥ 12\.34/)
  assert.match(page, /&lt;Tea&gt;/)
  const press = (url: string, action: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ action }), redirect: 'manual' })
  assert.match(await (await press(sheet.url, 'fail')).text(), /role="alert"/)
  assert.match(await (await press(sheet.url, 'pay')).text(), /Paid: ¥ 12\.34/)
  assert.equal((await world.client.ok('GET', query('page-1'))).trade_state, 'SUCCESS')

  const scene = { scene_info: { payer_client_ip: '1.2.3.4', h5_info: { type: 'Wap' } } }
  const { h5_url: h5 } = await world.client.ok('POST', `${PAY}/h5`, order(world, 'page-2', scene))
  const url = `${h5}&redirect_url=${encodeURIComponent('https://shop.example/back')}`
  assert.equal((await press(url, 'cancel')).headers.get('location'), 'https://shop.example/back')
  await world.advance(5 * 60_000)
  assert.equal((await fetch(url)).status, 410)
  assert.equal((await press(url, 'pay')).status, 410)
  assert.equal((await world.client.ok('GET', query('page-2'))).trade_state, 'NOTPAY')
})

test('certificate mode, and both kinds of key while a merchant moves', async () => {
  await world.sandbox.control('POST', 'merchants', { mchid: '1900000200', appids: ['wx1'], mode: 'certificate' })
  await world.sandbox.control('POST', 'merchants', { mchid: '1900000300', appids: ['wx1'], mode: 'both', feeRate: 100 })
  const keys = world.sandbox.credentialsOf('1900000200')
  const client = createClient(world.sandbox.url, keys)
  const answer = await client.call('GET', '/v3/certificates')
  assert.equal(answer.headers.get('wechatpay-serial'), keys.platformSerialNo)
  const [certificate] = answer.body.data as { serial_no: string; encrypt_certificate: Record<string, string> }[]
  assert.equal(certificate?.serial_no, keys.platformSerialNo)
  assert.equal(open(certificate?.encrypt_certificate ?? {}, keys.apiV3Key), keys.platformCertificate)
  assert.equal(await world.client.refused('GET', '/v3/certificates'), '404 RESOURCE_NOT_EXISTS')

  const both = createClient(world.sandbox.url, world.sandbox.credentialsOf('1900000300'))
  const serials = [1, 2].map(async () =>
    (await both.call('GET', '/v3/global/certificates')).headers.get('wechatpay-serial'),
  )
  assert.deepEqual(new Set(await Promise.all(serials)), new Set([keys.platformSerialNo, keys.publicKeyId]))
  const named = await both.call('GET', '/v3/certificates', undefined, { 'wechatpay-serial': keys.publicKeyId })
  assert.equal(named.headers.get('wechatpay-serial'), keys.publicKeyId)
  // Merchants do not see each other's orders.
  assert.equal(await both.refused('GET', `${PAY}/out-trade-no/page-1?mchid=1900000300`), '404 ORDER_NOT_EXIST')
})

test('a page finds the bridge that WeChat would give it', async () => {
  const response = await fetch(`${world.sandbox.url}/_sandbox/jsbridge.js`)
  assert.match(response.headers.get('content-type') ?? '', /javascript/)
  const script = await response.text()
  assert.ok(script.includes(`"${world.sandbox.url}/_sandbox/jsapi"`))
  const { prepay_id: id } = await world.client.ok(
    'POST',
    `${PAY}/jsapi`,
    order(world, 'bridge-1', { payer: { openid: OPENID } }),
  )
  const { appid } = world.sandbox.credentials
  const { signature: paySign, ...rest } = paySignature(appid, `prepay_id=${id}`)
  const params = { appId: appid, ...rest, package: `prepay_id=${id}`, signType: 'RSA', paySign }
  const page = {
    weixinSandbox: { action: 'ok' },
    WeixinJSBridge: { invoke(_: string, __: object, ___: (r: object) => void) {} },
  }
  new Function('window', 'document', script)(page, { readyState: 'complete', dispatchEvent: () => true })
  const result = await new Promise((done) => page.WeixinJSBridge.invoke('getBrandWCPayRequest', params, done))
  assert.deepEqual(result, { err_msg: 'get_brand_wcpay_request:ok' })
})
