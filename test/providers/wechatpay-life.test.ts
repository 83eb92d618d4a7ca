import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import type { Currency } from '#kernel/currencies.ts'
import { parseId } from '#kernel/ids.ts'
import type { PaymentDeps } from '#payments/apply-service.ts'
import { bookStatedFee } from '#payments/stated-fee-service.ts'
import { createStatements } from '#payments/statement-service.ts'
import { inTransaction } from '#platform/database.ts'
import type { PaySurface } from '#providers/handover.ts'
import type { Statement } from '#providers/statements.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayClient } from '#providers/wechatpay/client.ts'
import { createWechatpayProvider, wechatpayCapabilities } from '#providers/wechatpay/index.ts'
import { registerComplaints } from '#providers/wechatpay/registration.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { MerchantCredentials, WechatpaySandbox } from '#sandbox/wechatpay/options.ts'
import { createWorld, type World } from '../support/world.ts'

const home = '1900000109'
const old = '1900000110'
const abroad = '1900000111'

const overseas = { region: 'global', merchant_category_code: '5812' } as const

const accountOf = (keys: MerchantCredentials) =>
  readAccount(
    { mchid: keys.mchid, appid: keys.appid, ...(keys.mchid === abroad ? overseas : {}) },
    {
      private_key: keys.privateKey,
      serial_no: keys.serialNo,
      api_v3_key: keys.apiV3Key,
      public_key: keys.publicKey,
      public_key_id: keys.publicKeyId,
    },
  )

/** A whole Parley whose shop has three accounts at a simulated WeChat Pay: the newest kind, an old one, one overseas. */
describe('a shop with WeChat Pay', () => {
  let world: World
  let wechat: WechatpaySandbox
  const connections = new Map<string, string>()

  before(async () => {
    const late: { world?: World } = {}
    // The simulator needs its address to be told before the world starts, and the world's clock before it exists.
    const now = () => (late.world?.clock.now() ?? new Date()).getTime()
    const database = await import('../contracts/database.ts').then(({ openDatabase }) => openDatabase())
    wechat = await startWechatpaySandbox({
      databaseUrl: database.url,
      port: 0,
      seed: 'life',
      now,
      refundSettleMs: 60_000,
      probeRate: 1,
      exchangeRates: { 'HKD/CNY': 91_000_000 },
      payerCurrency: 'CNY',
      merchants: [
        { mchid: home, appids: ['wx8888888888888888'], openingBalance: 100_000, feeRate: 60 },
        { mchid: old, appids: ['wx8888888888888888'], mode: 'certificate' },
        { mchid: abroad, appids: ['wx9999999999999999'], openingBalance: 100_000, feeRate: 200 },
      ],
    })
    world = await createWorld({ config: { wechatpay: { apiBase: wechat.url } } })
    late.world = world
    closeDatabase = database.close
  })
  let closeDatabase: () => Promise<void>
  after(async () => {
    await world[Symbol.asyncDispose]()
    await wechat.close()
    await closeDatabase()
  })

  const connect = async (mchid: string, settings: object = {}, over: object = {}) => {
    const keys: MerchantCredentials = wechat.credentialsOf(mchid)
    const publicKey = keys.mode === 'certificate' ? {} : { public_key: keys.publicKey, public_key_id: keys.publicKeyId }
    const secrets = { private_key: keys.privateKey, serial_no: keys.serialNo, api_v3_key: keys.apiV3Key, ...publicKey }
    return world
      .request('merchant')
      .post('/v1/connections')
      .send({
        channel: 'wechatpay',
        settings: { mchid, appid: keys.appid, ...settings },
        secrets: { ...secrets, ...over },
      })
  }
  const settle = async () => {
    await wechat.drainWebhooks()
    await world.settle()
  }
  const route = (mchid: string) =>
    world
      .request('merchant')
      .post('/v1/routing')
      .send({
        rules: [{ name: 'all', when: {}, use: [{ provider: 'wechatpay', connection: connections.get(mchid) }] }],
      })
      .expect(200)
  const create = async (amount: number, currency = 'cny', more: object = {}) => {
    const answer = await world
      .request()
      .post('/v1/payment_intents')
      .send({ amount, currency, ...more })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer.body.id as string
  }
  const rowOf = async (id: string) =>
    world.app.db.maintenance
      .selectFrom('payment_intents')
      .selectAll()
      .where('id', '=', parseId('paymentIntent', id) ?? '')
      .executeTakeFirstOrThrow()
  const open = async (id: string, surface?: PaySurface) => {
    const links = {
      title: 'Tea',
      returnUrl: 'https://shop.example/back',
      cancelUrl: 'https://shop.example/no',
      surface,
    }
    await world.app.services.payments.openPage(await rowOf(id), links)
    const { page_ref, page_handover } = await rowOf(id)
    return { ref: page_ref ?? '', handover: page_handover as { kind: string; code?: string; params?: object } | null }
  }
  const lines = async (mchid: string) => {
    const account = accountOf(wechat.credentialsOf(mchid))
    const provider = createWechatpayProvider({
      account,
      notifyUrl: '',
      livemode: false,
      apiBase: wechat.url,
      clock: world.clock,
    })
    // The payments of this test may lie on both sides of China's midnight.
    const hours = [36, 36.2].map((ago) => new Date(world.clock.now().getTime() + (8 - ago) * 3_600_000))
    const days = new Set(hours.map((at) => at.toISOString().slice(0, 10)))
    const found = await Promise.all([...days].map((day) => provider.statements?.trades({ day })))
    return found.flatMap((one) => (one?.outcome === 'ok' && one.value.kind === 'lines' ? one.value.lines : []))
  }
  const pay = (ref: string, how: object = {}) => wechat.control('POST', `orders/${ref}/pay`, how)
  const intent = async (id: string) =>
    (await world.request().get(`/v1/payment_intents/${id}?expand[]=latest_charge`)).body
  const balances = async (): Promise<Record<string, number>> => {
    const { rows } = await sql<{ code: string; currency: string; total: string }>`
      select a.code, a.currency, sum(e.amount)::text as total from ledger_entries e
      join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id group by 1, 2`.execute(
      world.app.db.maintenance,
    )
    return Object.fromEntries(rows.map((row) => [`${row.code} ${row.currency}`, Number(row.total)]))
  }
  const book = () =>
    wechat.control('GET', 'book') as Promise<{
      merchants: { mchid: string; balance: number }[]
      refunds: { out_refund_no: string; status: string }[]
      effects: { count: number }[]
      orders: { out_trade_no: string; fee: number }[]
      probes: { sent: number; answered_wrongly: number }
    }>

  test('connects its accounts, and is told what is wrong with wrong keys', async () => {
    const stranger = wechat.credentialsOf(old)
    for (const [over, advice] of [
      [{ private_key: stranger.privateKey }, /private_key/],
      [{ public_key: stranger.publicKey.replace('MIIB', 'MIIC') }, /public_key/],
      [{ api_v3_key: 'short' }, /api_v3_key/],
    ] as const) {
      const refused = await connect(home, {}, over)
      assert.equal(refused.status, 400, JSON.stringify(over))
      assert.match(refused.body.error.message + refused.body.error.param, advice)
    }
    for (const [mchid, settings] of [
      [home, {}],
      [old, {}],
      [abroad, overseas],
    ] as const) {
      const { status, body } = await connect(mchid, settings)
      assert.equal(status, 200, JSON.stringify(body))
      assert.equal(body.external_id, mchid)
      assert.match(body.webhook_url, /\/webhooks\/providers\/wechatpay\/con_/)
      connections.set(mchid, body.id)
    }
  })

  test('is paid by a code with a coupon, gives back in three parts, and reads its fees the next morning', async () => {
    await route(home)
    const id = await create(1234, 'cny', { amount_details: { tax: { total_tax_amount: 205 } } })
    const { ref, handover } = await open(id)
    assert.deepEqual([handover?.kind, /^weixin:\/\/wxpay\//.test(handover?.code ?? '')], ['qr', true])
    await pay(ref, { coupon: { wechatpay_contribute: 50, merchant_contribute: 100 } })
    await settle()
    const paid = await intent(id)
    assert.deepEqual([paid.status, paid.amount_received], ['succeeded', 1234])
    const { type, wechat_pay: details } = paid.latest_charge.payment_method_details
    assert.deepEqual([type, details.payer_amount, details.payer_currency], ['wechat_pay', 1084, 'cny'])
    // 1.00 off 12.34, 2.05 of it tax: the tax falls by 0.17.
    const sold = { '1110 cny': 1134, '2310 cny': -188, '4010 cny': -1029, '4090 cny': 83 }
    assert.deepEqual(await balances(), sold)

    for (const amount of [400, 400, 434]) {
      await world.request().post('/v1/refunds').send({ payment_intent: id, amount }).expect(200)
      await settle()
    }
    assert.equal((await rowOf(id)).amount_refunded, 0n)
    world.clock.advance(61_000)
    await settle()
    const { data } = (await world.request().get(`/v1/refunds?payment_intent=${id}`)).body
    assert.deepEqual(data.map((refund: { status: string; amount: number }) => [refund.status, refund.amount]).sort(), [
      ['succeeded', 400],
      ['succeeded', 400],
      ['succeeded', 434],
    ])
    assert.equal((await rowOf(id)).amount_refunded, 1234n)
    assert.deepEqual(await balances(), { '1110 cny': 0, '2310 cny': 0, '4010 cny': -1029, '4090 cny': 1029 })

    const other = await create(100_000)
    await pay((await open(other)).ref)
    await settle()
    world.clock.advance(36 * 3_600_000)
    // A worker that died after the first line of the bill.
    const { payments } = world.app.services
    const told = await lines(home)
    const one = told.find((line) => line.paymentRef === ref && line.fee > 0n) ?? assert.fail('no fee')
    const deps = { db: world.app.db, clock: world.clock }
    const row = await rowOf(id)
    assert.equal(await bookStatedFee(deps, row.merchant_id, row.id, one), true)
    assert.equal(await bookStatedFee(deps, row.merchant_id, row.id, one), false)
    await payments.statements.sweep()
    await settle()
    const truth = await book()
    const net = (truth.merchants.find(({ mchid }) => mchid === home)?.balance ?? 0) - 100_000
    const books = await balances()
    assert.equal(books['1110 cny'], net)
    assert.equal(
      books['5010 cny'],
      truth.orders.reduce((sum, order) => sum + order.fee, 0),
    )
    assert.ok((books['5010 cny'] ?? 0) > 0)
    assert.match((await intent(other)).latest_charge.balance_transaction, /^\d+$/)
    assert.ok(truth.effects.every(({ count }) => count === 1))
  })

  test('reads a statement again without booking anything twice', async () => {
    const before = await balances()
    const db = world.app.db.maintenance
    const owner = await import('pg').then(({ default: pg }) => new pg.Client({ connectionString: world.databaseUrl }))
    await owner.connect()
    const { rows } = await owner.query('select count(*)::int as n from provider_statements where state = $1', ['read'])
    assert.ok(rows[0].n >= 1)
    await owner.query(
      "update provider_statements set state = 'due', read_at = null, fees = 0, next_attempt_at = now() - interval '1 day'",
    )
    await owner.end()
    const found = await db.selectFrom('provider_statements').select(['merchant_id', 'id']).execute()
    const { statements } = world.app.services.payments
    await Promise.all(found.flatMap(({ merchant_id, id }) => [1, 2].map(() => statements.read(merchant_id, id))))
    assert.deepEqual(await balances(), before)
  })

  test('is paid inside WeChat by one person, through the old account with certificates', async () => {
    await route(old)
    const id = await create(880)
    const { handover } = await open(id, { kind: 'wechat', openid: 'oUpF8uMuAJO' })
    assert.equal(handover?.kind, 'bridge')
    const answer = await fetch(`${wechat.url}/_sandbox/jsapi`, {
      method: 'POST',
      body: JSON.stringify({ ...handover?.params, openid: 'oUpF8uMuAJO' }),
    })
    assert.equal(answer.status, 200, await answer.text())
    await settle()
    assert.equal((await intent(id)).status, 'succeeded')
  })

  test('takes a tourist abroad, and shows what the tourist paid', async () => {
    await route(abroad)
    const id = await create(10_000, 'hkd')
    await pay((await open(id)).ref, { mchid: abroad })
    await settle()
    const { status, latest_charge: charge } = await intent(id)
    assert.equal(status, 'succeeded')
    const { payer_amount, payer_currency, payer_exchange_rate: rate } = charge.payment_method_details.wechat_pay
    assert.deepEqual([payer_amount, payer_currency, rate.value], [9100, 'cny', '91000000'])
    assert.equal((await balances())['1110 hkd'], 10_000)
    await world.request().post('/v1/refunds').send({ payment_intent: id, amount: 2500 }).expect(200)
    await settle()
    world.clock.advance(61_000)
    await settle()
    assert.equal((await rowOf(id)).amount_refunded, 2500n)
    assert.equal((await balances())['1110 hkd'], 7500)
    world.clock.advance(36 * 3_600_000)
    const { statements } = world.app.services.payments
    const [first = assert.fail('no line')] = await lines(abroad)
    // A worker died after the first line, and the bill does not come at once.
    const row = await rowOf(id)
    assert.equal(await bookStatedFee({ db: world.app.db, clock: world.clock }, row.merchant_id, row.id, first), true)
    const fault = { count: 1, match: { method: 'GET', path: '/v3/global/statements' } }
    for (const name of ['error_500', 'lost_answer']) await wechat.control('POST', 'faults', { fault: name, ...fault })
    const due = async () => {
      const { rows } = await sql<{
        n: number
      }>`select count(*)::int as n from provider_statements where state = 'due'`.execute(world.app.db.maintenance)
      return rows[0]?.n
    }
    for (let round = 0; round === 0 || (await due()) !== 0; round++) {
      assert.ok(round < 20, 'the bills are not read')
      world.clock.advance(3_600_000)
      await statements.sweep()
      await settle()
    }
    const { merchants } = await book()
    const net = (merchants.find(({ mchid }) => mchid === abroad)?.balance ?? 0) - 100_000
    const books = await balances()
    assert.deepEqual([books['5010 hkd'], books['1110 hkd'], net], [150, 7350, 7350])
    assert.match((await intent(id)).latest_charge.balance_transaction, /^\d+$/)
  })

  test('does not believe that a day is empty on which it was paid, nor a bill that says something else', async () => {
    const { db, clock } = { db: world.app.db, clock: world.clock }
    const before = await balances()
    const { rows } = await sql<{ merchant_id: string; id: string }>`
      select merchant_id, id from provider_statements where state = 'read' and fees > 0 limit 1`.execute(db.maintenance)
    const [{ merchant_id: merchantId, id } = assert.fail('no statement')] = rows
    const again = sql`update provider_statements set state = 'due', read_at = null, next_attempt_at = ${clock.now()} where id = ${id}`
    const read = async (value: Statement) => {
      await inTransaction(db, merchantId, (tx) => again.execute(tx))
      const provider = {
        capabilities: wechatpayCapabilities,
        statements: { trades: async () => ({ outcome: 'ok', value }) },
      }
      const logger = { warn: () => {}, error: () => {} }
      const deps = { db, clock, logger, queue: { wake: () => {} }, providers: { open: async () => provider } }
      await createStatements(deps as unknown as PaymentDeps).read(merchantId, id)
      return db.maintenance.selectFrom('provider_statements').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    }
    const none = await read({ kind: 'none' })
    assert.deepEqual([none.state, none.reason], ['due', 'there is none, though payments were taken that day'])
    assert.ok(none.next_attempt_at > clock.now())
    const charge = await db.maintenance.selectFrom('charges').selectAll().where('amount', '=', 880n).executeTakeFirst()
    const line = {
      kind: 'payment',
      paymentRef: '',
      chargeRef: charge?.provider_ref ?? '',
      balanceRef: 'x',
      at: clock.now(),
    } as const
    const cny = 'cny' as Currency
    const lines = [{ ...line, amount: 881n, settled: 881n, fee: 5n, currency: cny, settlementCurrency: cny }]
    const other = await read({ kind: 'lines', lines })
    assert.deepEqual([other.state, other.lines, other.fees], ['read', 1, 0])
    assert.match(other.reason ?? '', /is 881 cny there, of a charge of 880 cny/)
    assert.deepEqual(await balances(), before)
  })

  test('makes nothing twice when an answer is lost', async () => {
    await route(home)
    const fault = (name: string) =>
      wechat.control('POST', 'faults', { fault: name, count: 1, match: { method: 'POST' } })
    for (const how of ['lost_answer', 'error_after', 'bad_signature']) {
      const id = await create(500)
      await fault(how)
      const { ref } = await open(id)
      await pay(ref)
      await settle()
      assert.equal((await intent(id)).status, 'succeeded', how)
      await fault(how)
      await world.request().post('/v1/refunds').send({ payment_intent: id, amount: 200 }).expect(200)
      await settle()
      world.clock.advance(120_000)
      await settle()
      await settle()
      assert.equal((await rowOf(id)).amount_refunded, 200n, how)
    }
    assert.ok((await book()).effects.every(({ count }) => count === 1))
  })

  test('keeps a refund that a bank would not take until somebody sees to it, and tells when money is missing', async () => {
    const id = await create(700)
    await pay((await open(id)).ref)
    await settle()
    const refund = (await world.request().post('/v1/refunds').send({ payment_intent: id, amount: 300 })).body.id
    await settle()
    const { provider_id: number } = (await world.request().get(`/v1/refunds/${refund}`)).body
    await wechat.control('POST', `refunds/${number}/abnormal`)
    await settle()
    const { status, failure_reason } = (await world.request().get(`/v1/refunds/${refund}`)).body
    assert.deepEqual([status, failure_reason], ['requires_action', 'account_unusable'])
    assert.equal((await rowOf(id)).amount_refund_pending, 300n)
    await wechat.control('POST', `refunds/${number}/succeed`)
    await settle()
    assert.equal((await rowOf(id)).amount_refunded, 300n)

    const { merchants } = await book()
    const { balance } = merchants.find(({ mchid }) => mchid === home) ?? { balance: 0 }
    await wechat.control('POST', `merchants/${home}/withdraw`, { amount: balance })
    const poor = (await world.request().post('/v1/refunds').send({ payment_intent: id, amount: 100 })).body.id
    await settle()
    const failed = (await world.request().get(`/v1/refunds/${poor}`)).body
    assert.deepEqual([failed.status, failed.failure_reason], ['failed', 'insufficient_funds'])
  })

  test('is told of complaints without anybody’s help, and takes no address from another software', async () => {
    const account = accountOf(wechat.credentialsOf(home))
    const client = createWechatpayClient({ account, clock: world.clock, apiBase: wechat.url })
    const path = '/v3/merchant-service/complaint-notifications'
    const told = async () => {
      const reply = await client.send({ method: 'GET', path })
      return reply.kind === 'done' ? reply.body.url : undefined
    }
    const url = `${world.url}/webhooks/providers/wechatpay/${connections.get(home)}`
    assert.equal(await told(), url)
    const moved = 'https://pay.example.com/webhooks/providers/wechatpay/con_01jd2q8k5xf0srd3q7m9w1c4ze'
    for (const fault of ['lost_answer', 'error_after']) {
      await wechat.control('POST', 'faults', { fault, count: 1, match: { method: 'PUT', path } })
      assert.equal(await registerComplaints(client, fault === 'lost_answer' ? moved : url), undefined)
    }
    assert.equal(await told(), url)
    await wechat.control('POST', 'faults', { fault: 'error_500', count: 1, match: { method: 'PUT', path } })
    assert.match((await registerComplaints(client, moved))?.advice ?? '', /Test this connection again/)

    const test = async () =>
      (await world.request('merchant').post(`/v1/connections/${connections.get(home)}/test`)).body
    await client.send({ method: 'PUT', path, body: { url: 'https://desk.example/complaints' } })
    const { status, failure } = await test()
    assert.deepEqual([status, failure.reason], ['active', 'temporary'])
    assert.match(failure.advice, /They are told to https:\/\/desk\.example\/complaints/)
    assert.equal(await told(), 'https://desk.example/complaints')
    await client.send({ method: 'PUT', path, body: { url: moved } })
    assert.equal((await test()).failure, null)
    assert.equal(await told(), url)
  })

  test('hears of a complaint, answers it with a picture, and says when it is settled', async () => {
    const id = await create(900)
    const { ref } = await open(id)
    await pay(ref)
    await settle()
    await wechat.control('POST', 'complaints', {
      out_trade_no: ref,
      problem_type: 'REFUND',
      detail: 'The tea was cold',
    })
    await settle()
    const disputes = async () => (await world.request('merchant').get(`/v1/disputes?payment_intent=${id}`)).body.data
    const [dispute] = await disputes()
    assert.deepEqual([dispute?.status, dispute?.amount, dispute?.reason], ['warning_needs_response', 900, 'refund'])
    const upload = (bytes: Buffer, name: string) =>
      world
        .request('merchant')
        .post('/v1/files')
        .field('purpose', 'dispute_evidence')
        .field('dispute', dispute.id)
        .attach('file', bytes, name)
    const refused = await upload(Buffer.from('%PDF-1.7'), 'receipt.pdf')
    assert.match(refused.body.error.message, /images only/)
    const file = await upload(Buffer.from('89504e470d0a1a0a00', 'hex'), 'tea.png')
    assert.equal(file.status, 200, JSON.stringify(file.body))
    const change = world.request('merchant').post(`/v1/disputes/${dispute.id}`)
    const evidence = { uncategorized_text: 'We send another one.', receipt: file.body.id }
    const answered = await change.send({ evidence, submit: true })
    assert.equal(answered.status, 200, JSON.stringify(answered.body))
    await settle()
    const [open_] = await disputes()
    assert.deepEqual([open_.status, open_.evidence_details.submission_count], ['warning_under_review', 1])
    const closed = await world.request('merchant').post(`/v1/disputes/${dispute.id}/close`)
    assert.equal(closed.status, 200, JSON.stringify(closed.body))
    await settle()
    assert.equal((await disputes())[0].status, 'warning_closed')
    assert.equal((await balances())['1150 cny'], undefined)
  })

  test('refuses what WeChat has not said, as WeChat wants it refused, and keeps nothing of it', async () => {
    const { probes } = await book()
    assert.ok(probes.sent > 0)
    assert.equal(probes.answered_wrongly, 0)
    const count = async () => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from provider_events`.execute(
        world.app.db.maintenance,
      )
      return rows[0]?.n
    }
    const before = await count()
    const answer = await fetch(`${world.url}/webhooks/providers/wechatpay/${connections.get(home)}`, {
      method: 'POST',
      headers: {
        'wechatpay-timestamp': String(Math.floor(world.clock.now().getTime() / 1000)),
        'wechatpay-nonce': 'n',
        'wechatpay-serial': wechat.credentialsOf(home).publicKeyId,
        'wechatpay-signature': Buffer.alloc(256, 7).toString('base64'),
      },
      body: '{}',
    })
    const body = (await answer.json()) as { code: string; message: string }
    assert.deepEqual([answer.status >= 400, body.code], [true, 'FAIL'])
    assert.equal(await count(), before)
  })
})
