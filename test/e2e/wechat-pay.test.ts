import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type { PaymentProvider } from '#providers/provider.ts'
import type { StatementLine } from '#providers/statements.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayProvider } from '#providers/wechatpay/index.ts'
import { chinaTime } from '#providers/wechatpay/times.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { WechatpaySandbox } from '#sandbox/wechatpay/options.ts'
import { openDatabase } from '../contracts/database.ts'
import { deliver } from '../support/fake-server.ts'
import { type FakeWechat, startFakeWechat } from '../support/fake-wechat.ts'
import { until } from '../support/until.ts'
import { createWorld, type World } from '../support/world.ts'

const home = '1900000109'
const abroad = '1900000111'
const appid = 'wx2c2769f8efd9abc2'
const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
const feeRate = 60

const agents = {
  wechat:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50',
  miniProgram: 'Mozilla/5.0 (Linux; Android 15) Mobile MicroMessenger/8.0.50 miniProgram/wx2c2769f8efd9abc2',
  phone: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
  browser: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
}
type Agent = keyof typeof agents

interface Order {
  out_trade_no: string
  state: string
}

/** A shop in WeChat with accounts at WeChat Pay at home and abroad; its customer, by what a phone and a browser send. */
describe('a payer in a WeChat thread', () => {
  const stack = new AsyncDisposableStack()
  let world: World
  let wechat: WechatpaySandbox
  let chat: FakeWechat
  let thread: string
  let began: Date

  before(async () => {
    const late: { world?: World } = {}
    const database = await openDatabase()
    stack.defer(database.close)
    wechat = stack.use(
      await startWechatpaySandbox({
        databaseUrl: database.url,
        port: 0,
        seed: 'e2e',
        now: () => (late.world?.clock.now() ?? new Date()).getTime(),
        refundSettleMs: 60_000,
        exchangeRates: { 'HKD/CNY': 91_000_000 },
        merchants: [
          { mchid: home, appids: [appid], openingBalance: 100_000, feeRate },
          { mchid: abroad, appids: [appid], openingBalance: 100_000, feeRate },
        ],
      }),
    )
    chat = stack.use(await startFakeWechat({ appId: appid, appSecret: 's', token: 'spamtest' }))
    const channels = { wechat: chat.url }
    world = stack.use(
      await createWorld({ config: { channels, wechatpay: { apiBase: wechat.url }, trustedProxies: 1 } }),
    )
    late.world = world
    began = world.clock.now()
    const secrets = { app_secret: 's', token: 'spamtest' }
    const connection = await post('/v1/connections', {
      channel: 'wechat',
      settings: { app_id: appid, kind: 'official_account' },
      secrets,
    })
    await connect(home, { h5: true })
    await connect(abroad, { region: 'global', merchant_category_code: '5812' })
    const stripe = { name: 'cards', when: { currencies: ['eur'] }, use: [{ provider: 'stripe' }] }
    await post('/v1/routing', { rules: [stripe] })
    await deliver(connection.webhook_url, chat.person(openid).says('Tea, please'))
    const threads = () => get('/v1/threads?channel=wechat')
    await until('the thread', async () => (await threads()).data.length === 1)
    thread = (await threads()).data[0].id
  })
  after(() => stack.disposeAsync())

  const post = async (path: string, body: object, status = 200) => {
    const answer = await world.request('merchant').post(path).send(body)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    return answer.body
  }
  const get = async (path: string) => {
    const answer = await world.request('merchant').get(path)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body
  }
  const secretsOf = (mchid: string) => {
    const { privateKey, serialNo, apiV3Key, publicKey, publicKeyId } = wechat.credentialsOf(mchid)
    return {
      private_key: privateKey,
      serial_no: serialNo,
      api_v3_key: apiV3Key,
      public_key: publicKey,
      public_key_id: publicKeyId,
    }
  }
  const connect = (mchid: string, settings: object) =>
    post('/v1/connections', {
      channel: 'wechatpay',
      settings: { mchid, appid, ...settings },
      secrets: secretsOf(mchid),
    })
  const ask = (amount: number, currency = 'cny', more: object = {}) =>
    post('/v1/payment_intents', { amount, currency, thread, description: 'Tea', ...more })
  const read = (intent: { id: string }) => get(`/v1/payment_intents/${intent.id}?expand[]=latest_charge`)
  const settle = async () => {
    await wechat.drainWebhooks()
    await world.settle()
  }
  const ordersOf = async (state?: string): Promise<Order[]> => {
    const { orders } = (await wechat.control('GET', 'book')) as { orders: Order[] }
    return orders.filter((order) => state === undefined || order.state === state)
  }

  const look = async (url: string, agent: Agent, more: RequestInit = {}) => {
    const headers = { 'user-agent': agents[agent], 'x-forwarded-for': '203.0.114.7' }
    const answer = await fetch(url, { redirect: 'manual', ...more, headers })
    const text = await answer.text()
    const to = answer.headers.get('location')
    return {
      status: answer.status,
      state: /data-state="(\w+)"/.exec(text)?.[1],
      to: to === null ? undefined : new URL(to, world.url).href,
      text,
    }
  }
  /** Taps the button of the page, and follows. */
  const tap = async (intent: { checkout_url: string }, agent: Agent, fields: Record<string, string> = {}) => {
    const tapped = await look(intent.checkout_url, agent, { method: 'POST', body: new URLSearchParams(fields) })
    assert.equal(tapped.status, 303, tapped.text)
    assert.equal(tapped.to, `${intent.checkout_url}?hand=1`)
    return look(`${intent.checkout_url}?hand=1`, agent)
  }
  const paramsIn = (text: string): Record<string, string> => {
    const [, escaped = ''] = /data-params="([^"]*)"/.exec(text) ?? []
    return JSON.parse(escaped.replaceAll('&quot;', '"'))
  }
  /** What WeChat does with the parameters on the phone of somebody. */
  const bridge = async (params: object, more: object): Promise<string> => {
    const body = JSON.stringify({ ...params, ...more })
    const answer = await fetch(`${wechat.url}/_sandbox/jsapi`, { method: 'POST', body })
    return ((await answer.json()) as { err_msg: string }).err_msg
  }
  const refundInThree = async (intent: { id: string }, parts: readonly number[]) => {
    for (const amount of parts) await post('/v1/refunds', { payment_intent: intent.id, amount })
    await settle()
    world.clock.advance(61_000)
    await settle()
    const { data } = await get(`/v1/refunds?payment_intent=${intent.id}`)
    assert.deepEqual(
      data.map(({ status, amount }: { status: string; amount: number }) => `${status} ${amount}`).sort(),
      parts.map((amount) => `succeeded ${amount}`).sort(),
    )
  }
  const balance = async (code: string, currency: string): Promise<bigint> => {
    const { rows } = await sql<{ total: string }>`
      select coalesce(sum(e.amount), 0)::text as total from ledger_entries e
      join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
      where a.code = ${code} and a.currency = ${currency}`.execute(world.app.db.maintenance)
    return BigInt(rows[0]?.total ?? 0)
  }

  test('pays by JSAPI in the page; what the bridge says is not believed before WeChat says so', async () => {
    const intent = await ask(1234)
    const first = await look(intent.checkout_url, 'wechat')
    assert.deepEqual([first.state, first.text.includes('You pay with <bdi>WeChat</bdi>.')], ['payable', true])
    const page = await tap(intent, 'wechat')
    assert.equal(page.state, 'inApp', page.text)
    const params = paramsIn(page.text)
    assert.deepEqual(Object.keys(params).sort(), ['appId', 'nonceStr', 'package', 'paySign', 'signType', 'timeStamp'])
    assert.deepEqual((await read(intent)).next_action, { type: 'wechat_pay_bridge', wechat_pay_bridge: params })

    assert.equal((await look(`${intent.checkout_url}?hand=2&by=ok`, 'wechat')).state, 'processing')
    const canceled = await look(`${intent.checkout_url}?hand=2&by=cancel`, 'wechat')
    assert.deepEqual([canceled.state, canceled.text.includes('You cancelled. Nothing was charged.')], ['inApp', true])
    assert.equal((await read(intent)).status, 'requires_payment_method')

    assert.equal(await bridge(params, { openid: 'oSomebodyElse' }), 'get_brand_wcpay_request:fail')
    // The notification is lost: the page's own question is enough.
    await wechat.control('POST', 'faults', { fault: 'notify_drop', count: 1 })
    assert.equal(await bridge(params, { openid }), 'get_brand_wcpay_request:ok')
    const paid = await look(`${intent.checkout_url}?hand=2&by=ok`, 'wechat')
    assert.deepEqual([paid.status, paid.to], [303, intent.checkout_url.replace('/pay/', '/receipts/')])
    await settle()
    const { status, amount_received, next_action } = await read(intent)
    assert.deepEqual([status, amount_received, next_action], ['succeeded', 1234, null])
    await refundInThree(intent, [400, 400, 434])
    const receipt = await look(paid.to ?? '', 'wechat')
    assert.match(receipt.text, /WeChat Pay/)
    assert.equal(receipt.text.match(/<li><span>Refunded/g)?.length, 3)
  })

  test('pays by a code elsewhere; each page is closed before another opens, and a paid one is never lost', async () => {
    const intent = await ask(880)
    assert.equal((await tap(intent, 'wechat')).state, 'inApp')
    const scan = await tap(intent, 'browser')
    assert.equal(scan.state, 'scan')
    assert.match(scan.text, /<svg class="code" role="img" aria-label="QR code to pay CN¥8.80 with WeChat"/)
    assert.match(scan.text, /<noscript><meta http-equiv="refresh" content="3;url=\/pay\/[\w-]+\?hand=2">/)
    assert.deepEqual([(await ordersOf('NOTPAY')).length, (await ordersOf('CLOSED')).length], [1, 1])
    // The same again: one order, one code.
    assert.equal((await tap(intent, 'browser')).text.includes('class="code"'), true)
    assert.equal((await ordersOf('NOTPAY')).length, 1)

    const { type, wechat_pay_display_qr_code: code } = (await read(intent)).next_action
    assert.equal(type, 'wechat_pay_display_qr_code')
    for (const [url, kind] of [
      [code.image_url_svg, 'image/svg+xml'],
      [code.image_url_png, 'image/png'],
    ])
      assert.match((await fetch(url)).headers.get('content-type') ?? '', new RegExp(kind.replace('+', '\\+')))

    // Too old: a new one is one tap away. Whoever then opens the page in WeChat finds the other closed.
    world.clock.advance(2 * 3_600_000 + 1000)
    assert.equal((await look(`${intent.checkout_url}?hand=2`, 'browser')).state, 'lapsed')
    assert.equal((await tap(intent, 'browser', { again: 'same' })).state, 'scan')
    assert.equal((await tap(intent, 'wechat')).state, 'inApp')
    assert.equal((await tap(intent, 'wechat', { again: 'code' })).state, 'scan')
    const [open, ...others] = await ordersOf('NOTPAY')
    assert.ok(open && others.length === 0)

    // Scanned and paid, and nobody has told us yet, when somebody taps in WeChat: the payment is found, not made again.
    await wechat.control('POST', 'faults', { fault: 'notify_drop', count: 1 })
    await wechat.control('POST', `orders/${open.out_trade_no}/pay`, {})
    const late = await look(intent.checkout_url, 'wechat', { method: 'POST' })
    assert.deepEqual([late.status, late.to], [303, intent.checkout_url])
    assert.equal((await look(intent.checkout_url, 'wechat')).state, 'paid')
    const turned = await look(`${intent.checkout_url}?hand=7`, 'browser')
    assert.equal(turned.to, intent.checkout_url.replace('/pay/', '/receipts/'))
    assert.equal((await ordersOf('SUCCESS')).length + (await ordersOf('REFUND')).length, 2)
    await refundInThree(intent, [300, 300, 280])
  })

  test('pays from the browser of a phone by opening WeChat, where WeChat has agreed to that', async () => {
    const intent = await ask(990)
    const page = await tap(intent, 'phone')
    assert.equal(page.state, 'openApp', page.text)
    // WeChat wants to know the site, and learns no more than that.
    const [, link = ''] = /<a class="button" href="([^"]+)" referrerpolicy="origin">/.exec(page.text) ?? []
    assert.match(link, /redirect_url=http/)
    assert.equal((await look(intent.checkout_url, 'phone')).state, 'payable')
    assert.equal((await tap(intent, 'miniProgram')).state, 'scan')
    const scan = await tap(intent, 'phone', { again: 'code' })
    assert.match(scan.text, /takes no saved pictures/)
    const [order] = await ordersOf('NOTPAY')
    await wechat.control('POST', `orders/${order?.out_trade_no}/pay`, {})
    await settle()
    assert.equal((await read(intent)).status, 'succeeded')
  })

  test('who is a tourist reads on the receipt what it was in their own money', async () => {
    const intent = await ask(10_000, 'hkd')
    assert.equal((await tap(intent, 'browser')).state, 'scan')
    const [order] = await ordersOf('NOTPAY')
    await wechat.control('POST', `orders/${order?.out_trade_no}/pay`, { mchid: abroad, payer_currency: 'CNY' })
    await settle()
    const { latest_charge } = await read(intent)
    assert.equal(latest_charge.payment_method_details.wechat_pay.payer_amount, 9100)
    await refundInThree(intent, [4000, 4000, 500])
    const receipt = await look(intent.checkout_url.replace('/pay/', '/receipts/'), 'browser')
    assert.match(receipt.text, /<p class="amount"><bdi>HK\$100\.00<\/bdi>/)
    assert.match(receipt.text, /<dt>You paid<\/dt><dd><bdi>CN¥91\.00<\/bdi>/)
  })

  test('through a front end of the shop: a mini program, a code, and a page of Stripe', async () => {
    const intent = await ask(550)
    const handover = (id: string, body: object, status = 200) =>
      post(`/v1/payment_intents/${id}/handover`, body, status)
    // The thread's person, as nobody else is named.
    const mine = await handover(intent.id, { surface: 'wechat' })
    const other = await handover(intent.id, { surface: 'wechat', openid: 'oAnotherPerson' })
    const again = await handover(intent.id, { surface: 'wechat', openid: 'oAnotherPerson' })
    assert.notDeepEqual(mine.next_action, other.next_action)
    assert.deepEqual(again.next_action, other.next_action)
    assert.equal(other.status, 'requires_payment_method')
    const params = other.next_action.wechat_pay_bridge
    assert.equal(await bridge(params, { openid: 'oAnotherPerson' }), 'get_brand_wcpay_request:ok')
    await settle()
    assert.equal((await read(intent)).status, 'succeeded')
    const refused = await handover(intent.id, {}, 400)
    assert.equal(refused.error.code, 'payment_intent_unexpected_state')

    const card = await ask(4200, 'eur', { return_url: 'https://shop.example/back' })
    const { next_action } = await handover(card.id, { return_url: 'https://app.example/done' })
    assert.deepEqual(
      [next_action.type, next_action.redirect_to_url.url.startsWith(world.sandbox.url)],
      ['redirect_to_url', true],
    )
    const bad = await handover(card.id, { surface: 'fridge' }, 400)
    assert.equal(bad.error.param, 'surface')
  })

  test('the books agree with the bill of WeChat Pay to the unit', async () => {
    // In China, where the days of bills begin at their own midnight, this may have been two of them.
    const days = new Set([began, world.clock.now()].map((at) => chinaTime(at).slice(0, 10)))
    world.clock.advance(36 * 3_600_000)
    // The worker sweeps on its own, too, and may have planned a day a moment later than this sweep looks for it.
    await until('the bills to be read', async () => {
      await world.app.services.payments.statements.sweep()
      await settle()
      const { rows } = await sql<{ state: string }>`select state from provider_statements`.execute(
        world.app.db.maintenance,
      )
      return rows.length > 0 && rows.every(({ state }) => state !== 'due')
    })
    const refunds: number[] = []
    for (const [mchid, currency, settings] of [
      [home, 'cny', {}],
      [abroad, 'hkd', { region: 'global', merchant_category_code: '5812' }],
    ] as const) {
      const account = readAccount({ mchid, appid, ...settings }, secretsOf(mchid))
      const notifyUrl = `${world.url}/webhooks/providers/wechatpay`
      const at = { account, notifyUrl, livemode: false, apiBase: wechat.url, clock: world.clock }
      const lines = await linesOf(createWechatpayProvider(at), days)
      const sum = (of: (line: StatementLine) => bigint) => lines.reduce((total, line) => total + of(line), 0n)
      const isRefund = ({ kind }: StatementLine) => kind === 'refund'
      const settled = sum((line) => (isRefund(line) ? -line.settled : line.settled))
      const fees = sum(({ fee }) => fee)
      assert.ok(fees > 0n)
      assert.equal(await balance('1110', currency), settled - fees)
      assert.equal(await balance('5010', currency), fees)
      refunds.push(lines.filter(isRefund).length)
    }
    assert.deepEqual(refunds, [6, 3])

    const { merchants } = (await wechat.control('GET', 'book')) as { merchants: { mchid: string; balance: number }[] }
    const left = (mchid: string) => BigInt(merchants.find((one) => one.mchid === mchid)?.balance ?? 0) - 100_000n
    assert.deepEqual([left(home), left(abroad)], [await balance('1110', 'cny'), await balance('1110', 'hkd')])
    // 100.00 less 85.00; 0.60 was taken of it, and 0.51 came back.
    assert.equal(left(abroad), 1491n)
    await world.trialBalanceIsZero()
  })
})

const linesOf = async ({ statements }: PaymentProvider, days: Iterable<string>): Promise<StatementLine[]> => {
  const lines: StatementLine[] = []
  for (const day of days) {
    const bill = await statements?.trades({ day })
    assert.ok(bill?.outcome === 'ok' && bill.value.kind !== 'not_ready', `no bill of ${day}`)
    if (bill.value.kind === 'lines') lines.push(...bill.value.lines)
  }
  return lines
}
