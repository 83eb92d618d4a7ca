import assert from 'node:assert/strict'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { createCertificate } from '../../src/sandbox/wechatpay/crypto/certificate.ts'
import { makeKeyPair } from '../../src/sandbox/wechatpay/crypto/platform-keys.ts'
import { exchange, feeOf, shareOf, summaryNumber, yuan } from '../../src/sandbox/wechatpay/rules/amounts.ts'
import { noSpec, readSample } from './wechatpay-spec.ts'
import { authorize, createWorld, isSignedBy, order, type World } from './wechatpay-world.ts'

const DAY = 86_400_000
let world: World
/** Ten in the morning in China, so that a day's events stay in that day. */
const start = Date.parse('2026-03-01T10:00:00+08:00')
let real = Date.now()
before(async () => {
  world = await createWorld({ refundSettleMs: 1000 })
  real = Date.now()
  // The clock only goes forward: to ten o'clock of the next day in China, from wherever it is.
  const inDay = (real - start) % DAY
  await world.advance(inDay < 0 ? -inDay : DAY - inDay)
})
after(() => world[Symbol.asyncDispose]())

type Bill = { columns: string[]; rows: Record<string, string>[]; sums: Record<string, string> }

const readBill = (text: string): Bill => {
  assert.ok(text.startsWith('\uFEFF') && text.endsWith('\r\n'))
  const lines = text.slice(1, -2).split('\r\n')
  const named = (columns: string[], line = '') => {
    const values = line.slice(1).split(',`')
    assert.ok(line.startsWith('`') && values.length === columns.length, line)
    return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']))
  }
  const columns = lines[0]?.split(',') ?? []
  const sumColumns = lines.at(-2)?.split(',') ?? []
  return {
    columns,
    rows: lines.slice(1, -2).map((line) => named(columns, line)),
    sums: named(sumColumns, lines.at(-1)),
  }
}
const fenOf = (text = '') => Math.round(Number(text) * 100)
const sum = (rows: Record<string, string>[], column: string) =>
  rows.reduce((total, row) => total + fenOf(row[column]), 0)
const SUMS = {
  应结订单总金额: '应结订单金额',
  退款总金额: '退款金额',
  充值券退款总金额: '充值券退款金额',
  手续费总金额: '手续费',
  订单总金额: '订单金额',
  申请退款总金额: '申请退款金额',
}
const checkSums = ({ rows, sums }: Bill) => {
  assert.equal(sums.总交易单数, `${rows.length}.0`)
  for (const [total, column] of Object.entries(SUMS)) assert.equal(fenOf(sums[total]), sum(rows, column), total)
}
const download = async (target: string) => {
  const { download_url: url, ...rest } = await world.client.ok('GET', target)
  const { pathname, search } = new URL(String(url))
  const file = `${pathname}${search}`
  const headers = { authorization: authorize(world.sandbox.credentials, 'GET', file, '') }
  const response = await fetch(String(url), { headers })
  assert.equal(response.headers.get('wechatpay-signature'), null, 'a file is not signed')
  const bytes = Buffer.from(await response.arrayBuffer())
  const content = search.includes('tartype=gzip') ? gunzipSync(bytes) : bytes
  assert.deepEqual(rest, { hash_type: 'SHA1', hash_value: createHash('sha1').update(content).digest('hex') })
  assert.equal((await fetch(String(url))).status, 401, 'the download asks who wants it')
  return readBill(content.toString('utf8'))
}
const pay = async (no: string, total: number, body: object = {}, more: object = {}) => {
  const wanted = order(world, no, { amount: { total, currency: 'CNY' }, ...more })
  await world.client.ok('POST', '/v3/pay/transactions/native', wanted)
  await world.sandbox.control('POST', `orders/${no}/pay`, body)
}
const refund = (no: string, amount: number, total: number) =>
  world.client.ok('POST', '/v3/refund/domestic/refunds', {
    out_trade_no: no,
    out_refund_no: `${no}-r`,
    amount: { refund: amount, total, currency: 'CNY' },
  })

test('the published sample obeys the rules we write by', { skip: noSpec }, () => {
  const sample = readBill(readSample('bill.ALL.csv'))
  checkSums(sample)
  assert.equal(sample.rows.length, 45)
  for (const row of sample.rows.filter((found) => found.交易状态 === 'SUCCESS')) {
    const rate = fenOf(row.费率?.replace('%', ''))
    assert.equal(feeOf(fenOf(row.应结订单金额), rate), fenOf(row.手续费), JSON.stringify(row))
  }
})

test('a day has a bill at ten the next morning: trades, money, packed or not, and the same ever after', async () => {
  const { now_ms: now } = await world.sandbox.control('POST', 'advance', { ms: 0 })
  const date = new Date(Number(now) + 8 * 3_600_000).toISOString().slice(0, 10)
  const target = `/v3/bill/tradebill?bill_date=${date}`
  await pay('bill-001', 1234, {}, { description: 'Tea, `green`,\r\nlarge', attach: 'a,b' })
  await pay('bill-002', 10_000, { coupon: { wechatpay_contribute: 700, merchant_contribute: 300 } })
  await pay('bill-003', 83)
  await refund('bill-001', 1000, 1234)
  await refund('bill-002', 5000, 10_000)
  await world.advance(2000)
  assert.equal(await world.client.refused('GET', target), '400 STATEMENT_CREATING')
  await world.advance(DAY - 10_000)
  assert.equal(await world.client.refused('GET', target), '400 STATEMENT_CREATING')
  await world.advance(10_000)

  const bill = await download(target)
  checkSums(bill)
  if (!noSpec) assert.deepEqual(bill.columns, readBill(readSample('bill.ALL.csv')).columns)
  const of = (no: string, state: string) => bill.rows.find((row) => row.商户订单号 === no && row.交易状态 === state)
  const [tea, coupon, back] = [of('bill-001', 'SUCCESS'), of('bill-002', 'SUCCESS'), of('bill-002', 'REFUND')]
  assert.equal(tea?.商品名称, 'Tea,  green ,  large')
  assert.deepEqual([tea?.订单金额, tea?.手续费, tea?.费率, tea?.商户数据包], ['12.34', '0.07000', '0.60%', 'a,b'])
  assert.deepEqual([coupon?.应结订单金额, coupon?.代金券金额, coupon?.手续费], ['97.00', '7.00', '0.58000'])
  assert.deepEqual(
    [back?.退款金额, back?.充值券退款金额, back?.申请退款金额, back?.手续费],
    ['48.50', '3.50', '50.00', '-0.29000'],
  )
  assert.equal(of('bill-003', 'SUCCESS')?.手续费, '0.00000')
  assert.deepEqual(await download(`${target}&tar_type=GZIP`), bill)
  assert.equal((await download(`${target}&bill_type=REFUND`)).rows.length, 2)
  assert.equal((await download(`${target}&bill_type=SUCCESS`)).rows.length, 3)

  const flow = await download(`/v3/bill/fundflowbill?bill_date=${date}&account_type=BASIC`)
  const signed = (row: Record<string, string>) => fenOf(row['收支金额(元)']) * (row.收支类型 === '支出' ? -1 : 1)
  const moved = flow.rows.reduce((total, row) => total + signed(row), 0)
  assert.equal(fenOf(flow.rows.at(-1)?.['账户结余(元)']), 10_000_000 + moved)
  const earned = sum(bill.rows, '应结订单金额') - sum(bill.rows, '退款金额') - sum(bill.rows, '手续费')
  assert.equal(moved, earned, 'the two bills agree')
  assert.deepEqual([flow.sums.收入笔数, flow.sums.支出笔数], ['3.0', '4.0'])
  assert.equal(fenOf(flow.sums.收入金额) - fenOf(flow.sums.支出金额), moved)
  const other = `/v3/bill/fundflowbill?bill_date=${date}&account_type=FEES`
  assert.equal(await world.client.refused('GET', other), '400 NO_STATEMENT_EXIST')

  await world.advance(DAY)
  const next = new Date(Number(now) + DAY + 8 * 3_600_000).toISOString().slice(0, 10)
  assert.equal(await world.client.refused('GET', `/v3/bill/tradebill?bill_date=${next}`), '400 NO_STATEMENT_EXIST')
  assert.equal(await world.client.refused('GET', '/v3/bill/tradebill?bill_date=2020-02-30'), '400 PARAM_ERROR')
  assert.equal(await world.client.refused('GET', '/v3/bill/tradebill?bill_date=2020-02-20'), '400 INVALID_REQUEST')
  assert.deepEqual(await download(target), bill)
})

test('abroad the file comes at once, and its hash is signed', async () => {
  const { mchid, appid } = world.sandbox.credentials
  const parties = { mchid, appid, sp_mchid: mchid, sub_mchid: mchid, sp_appid: appid }
  const { now_ms: now } = await world.sandbox.control('POST', 'advance', { ms: 0 })
  await world.client.ok('POST', '/v3/global/transactions/native', {
    ...parties,
    description: 'Tea',
    notify_url: `${world.receiver.url}/g`,
    out_trade_no: 'globe-1',
    trade_type: 'NATIVE',
    merchant_category_code: '5812',
    amount: { total: 5000, currency: 'HKD' },
  })
  await world.sandbox.control('POST', 'orders/globe-1/pay')
  await world.client.ok('POST', '/v3/global/refunds', {
    ...parties,
    out_trade_no: 'globe-1',
    out_refund_no: 'globe-1-r',
    amount: { refund: 2000, total: 5000, currency: 'HKD' },
  })
  await world.advance(DAY)
  const date = new Date(Number(now) + 8 * 3_600_000).toISOString().slice(0, 10)
  const { text, headers } = await world.client.call(
    'GET',
    `/v3/global/statements?date=${date.replaceAll('-', '')}&mchid=${mchid}`,
  )
  // fetch takes the BOM away.
  const content = text.startsWith('\uFEFF') ? text : `\uFEFF${text}`
  const sha1 = createHash('sha1').update(content).digest('hex')
  assert.equal(headers.get('wechatpay-statement-sha1'), sha1)
  assert.ok(isSignedBy(world.sandbox.credentials, headers, `{"sha1":"${sha1}"}`))
  const [heading = '', ...rows] = content.slice(1, -2).split('\r\n')
  const columns = heading.split(',')
  assert.equal(columns.length, 38)
  const read = rows.map((row) => {
    const values = row.slice(1).split(',`')
    assert.equal(values.length, columns.length, row)
    return (name: string) => values[columns.indexOf(name)]
  })
  const names = ['商户订单号', '交易状态', '标价币种', '订单金额(标价币种)', '结算币种', '应结订单金额', '手续费']
  assert.deepEqual(
    read.map((cell) => names.map(cell)),
    [
      ['globe-1', 'SUCCESS', 'HKD', '50.00', 'HKD', '50.00', '0.30000'],
      ['globe-1', 'REFUND', 'HKD', '0.00', 'HKD', '0.00', '-0.12000'],
    ],
  )
  assert.equal(read[1]?.('申请退款金额'), '20.00')
  const dashed = `/v3/global/statements?date=${date}&mchid=${mchid}`
  assert.equal(await world.client.refused('GET', dashed), '400 PARAM_ERROR')
  const before = new Date(Number(now) - DAY + 8 * 3_600_000).toISOString().slice(0, 10).replaceAll('-', '')
  const empty = `/v3/global/statements?date=${before}&mchid=${mchid}`
  assert.equal(await world.client.refused('GET', empty), '400 NO_STATEMENT_EXIST')
})

test('amounts: fees half up, shares that add up, rates and currencies without a minor unit', () => {
  assert.deepEqual([feeOf(83, 60), feeOf(84, 60), feeOf(1, 60), feeOf(250, 60)], [0, 1, 0, 2])
  for (const [part, total] of [
    [889, 1000],
    [1, 7],
    [0, 9],
  ] as const) {
    let taken = 0
    for (let refunded = 1; refunded <= total; refunded++) taken += shareOf(part, total, refunded, taken)
    assert.equal(taken, part)
  }
  assert.equal(exchange(5001, 'HKD', 'CNY', 91_500_000), 4576)
  assert.equal(exchange(1000, 'HKD', 'JPY', 1_950_000_000), 195)
  assert.equal(exchange(195, 'JPY', 'CNY', 4_700_000), 917)
  assert.deepEqual(
    [yuan(5), yuan(-29), yuan(1234), summaryNumber(0), summaryNumber(47), summaryNumber(1200)],
    ['0.05', '-0.29', '12.34', '0.0', '0.47', '12.0'],
  )
})

test('the platform certificate is one that others can read', async () => {
  const { privateKey, publicKey } = await makeKeyPair()
  for (const serialNo of ['0A1B', 'FF00FF', '5F1C72E2AA']) {
    const validFromMs = Date.parse('2026-01-02T03:04:05Z')
    const of = {
      privateKey: createPrivateKey(privateKey),
      serialNo,
      commonName: 'Test',
      validFromMs,
      validToMs: validFromMs + DAY,
    }
    const certificate = new X509Certificate(createCertificate(of))
    assert.ok(certificate.verify(certificate.publicKey))
    assert.equal(certificate.publicKey.export({ type: 'spki', format: 'pem' }), publicKey)
    assert.equal(BigInt(`0x${certificate.serialNumber}`), BigInt(`0x${serialNo}`))
    assert.equal(certificate.validFromDate.getTime(), validFromMs)
    assert.match(certificate.subject, /CN=Test/)
    assert.equal(certificate.ca, false)
  }
})
