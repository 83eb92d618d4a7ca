import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readGlobalBill, readTradeBill } from '#providers/wechatpay/bill.ts'
import { noSpec, readSample } from '../sandbox/wechatpay-spec.ts'

const columns =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,' +
  '代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
const sums = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'

const ticked = (values: readonly string[]): string => values.map((value) => `\`${value}`).join(',')
const yuan = (fen: number): string =>
  `${fen < 0 ? '-' : ''}${Math.floor(Math.abs(fen) / 100)}.${String(Math.abs(fen) % 100).padStart(2, '0')}`
const row = (over: Record<string, string>): string =>
  ticked(
    columns.split(',').map(
      (name) =>
        ({
          交易时间: '2026-11-22 00:00:01',
          微信订单号: '42',
          商户订单号: 'op_1',
          交易状态: 'SUCCESS',
          货币种类: 'CNY',
          应结订单金额: '0.00',
          微信退款单号: '0',
          商户退款单号: '0',
          退款金额: '0.00',
          充值券退款金额: '0.00',
          手续费: '0.00000',
          订单金额: '0.00',
          申请退款金额: '0.00',
          ...over,
        })[name] ?? '',
    ),
  )
const file = (rows: readonly string[], totals: readonly string[]): string =>
  `\uFEFF${[columns, ...rows, sums, ticked(totals)].join('\r\n')}\r\n`

describe('the trade bill', () => {
  test('that WeChat Pay published adds up to its own last row', { skip: noSpec }, () => {
    const lines = readTradeBill(readSample('bill.ALL.csv'))
    const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
    const of = (kind: string) => lines.filter((line) => line.kind === kind)
    assert.equal(lines.length, 45)
    assert.equal(sum(of('payment').map((line) => line.settled)), 47n)
    assert.equal(sum(of('refund').map((line) => line.amount)), 14n)
    assert.equal(sum(lines.map((line) => line.fee)), 8n)
    assert.deepEqual(lines[0], {
      kind: 'refund',
      paymentRef: 'autotest_20190216081946_82335',
      chargeRef: '4200000263201902167700134212',
      refundRef: 'REF4200000263201902167700963919',
      balanceRef: '50000709672019011908420787722',
      amount: 1n,
      settled: 1n,
      fee: 0n,
      currency: 'cny',
      settlementCurrency: 'cny',
      at: new Date('2019-02-18T21:01:46Z'),
    })
  })

  test('that WeChat Pay published is refused with one digit changed', { skip: noSpec }, () => {
    const text = readSample('bill.ALL.csv')
    const changed = text.replace('`0.03,`0.00,`0,`0', '`0.04,`0.00,`0,`0')
    assert.notEqual(changed, text)
    assert.throws(() => readTradeBill(changed), /does not add up/)
    const cut = text.split('\r\n').toSpliced(5, 1).join('\r\n')
    assert.throws(() => readTradeBill(cut), /does not add up to its 总交易单数/)
  })

  test('has names of goods with commas, and fees that come back', () => {
    const paid = row({ 应结订单金额: '12.34', 订单金额: '13.34', 手续费: '0.07000', 商品名称: 'Tea, green, 2' })
    const back = {
      交易状态: 'REFUND',
      微信退款单号: '50',
      商户退款单号: 'op_2',
      退款金额: '5.00',
      申请退款金额: '5.40',
      手续费: '-0.03000',
    }
    const [payment, refund] = readTradeBill(
      file([paid, row(back)], ['2.0', '12.34', '5.00', '0.0', '0.04', '13.34', '5.40']),
    )
    assert.deepEqual([payment?.amount, payment?.settled, payment?.fee, payment?.balanceRef], [1334n, 1234n, 7n, '42'])
    assert.deepEqual([refund?.amount, refund?.settled, refund?.fee, refund?.balanceRef], [540n, 500n, -3n, '50'])
    assert.deepEqual([refund?.kind, refund?.refundRef], ['refund', 'op_2'])
  })

  test('is refused with any one of its totals off by a unit', () => {
    const rows = [row({ 应结订单金额: '1.00', 订单金额: '1.00', 手续费: '0.01000' })]
    const right = ['1.0', '1.00', '0.00', '0.0', '0.01', '1.00', '0.00']
    assert.equal(readTradeBill(file(rows, right)).length, 1)
    for (const [index, name] of sums.split(',').entries())
      assert.throws(() => readTradeBill(file(rows, right.with(index, '0.02'))), { message: new RegExp(name) })
  })

  for (const [what, over, totals] of [
    ['a state nobody knows', { 交易状态: 'TELEPORTED' }, '0.00'],
    ['a part of a fen', { 手续费: '0.00100' }, '0.00100'],
    ['an amount that is none', { 手续费: '1e3' }, '0'],
    ['a time that is none', { 交易时间: 'yesterday' }, '0.00'],
    ['an unknown currency', { 货币种类: 'ZZZ' }, '0.00'],
  ] as const)
    test(`is not read with ${what}`, () => {
      assert.throws(() => readTradeBill(file([row(over)], ['1', '0', '0', '0', totals, '0', '0'])), /WeChat Pay sent/)
    })

  test('of any amounts says what was put in, and nothing when a total is off by one', () => {
    const fee = fc.integer({ min: -1_000, max: 100_000 })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9_000_000_000 }), fee), { maxLength: 8 }), (paid) => {
        const rows = paid.map(([amount, cost]) =>
          row({ 订单金额: yuan(amount), 应结订单金额: yuan(amount), 手续费: yuan(cost) }),
        )
        const total = paid.reduce((all, [amount]) => all + amount, 0)
        const cost = paid.reduce((all, [, one]) => all + one, 0)
        const totals = (off: number) => [
          `${paid.length}.0`,
          yuan(total),
          '0.00',
          '0.0',
          yuan(cost),
          yuan(total + off),
          '0',
        ]
        assert.deepEqual(
          readTradeBill(file(rows, totals(0))).map((line) => [line.amount, line.fee]),
          paid.map(([amount, one]) => [BigInt(amount), BigInt(one)]),
        )
        assert.throws(() => readTradeBill(file(rows, totals(1))), /does not add up/)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the bill abroad', () => {
  const columns =
    '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,充值券币种,充值券金额,' +
    '优惠券币种,优惠券金额,微信退款单号,商户退款单号,退款类型,退款状态,商品名称,商户数据包,手续费,费率,标价币种,订单金额(标价币种),' +
    '用户支付币种,用户支付金额,结算币种,应结订单金额,支付汇率,退款汇率,申请退款金额,用户退款币种,用户退款金额,退款结算币种,' +
    '退款应结订单金额,充值券退款金额,优惠券退款金额'
  const row = (over: Record<string, string>): string => {
    const usual: Record<string, string> = {
      交易时间: '2026-11-22 23:59:59',
      微信订单号: '42',
      商户订单号: 'op_1',
      交易状态: 'SUCCESS',
      商品名称: 'Tea, green',
      微信退款单号: '0',
      商户退款单号: '0',
      手续费: '0.60000',
      标价币种: 'HKD',
      '订单金额(标价币种)': '100.00',
      结算币种: 'HKD',
      应结订单金额: '99.00',
    }
    return ticked(columns.split(',').map((name) => over[name] ?? usual[name] ?? ''))
  }
  const refund = {
    交易状态: 'REFUND',
    微信退款单号: '50',
    商户退款单号: 'op_2',
    手续费: '-0.15000',
    '订单金额(标价币种)': '0.00',
    结算币种: '',
    应结订单金额: '0.00',
    申请退款金额: '25.00',
    退款结算币种: 'HKD',
    退款应结订单金额: '24.75',
  }
  const file = (...rows: string[]): string => `\uFEFF${[columns, ...rows].join('\r\n')}\r\n`
  const common = { paymentRef: 'op_1', chargeRef: '42', at: new Date('2026-11-22T15:59:59Z') }

  test('tells price and settlement each in its currency, and has no last row', () => {
    const hkd = { currency: 'hkd', settlementCurrency: 'hkd' }
    assert.deepEqual(readGlobalBill(file(row({}), row(refund))), [
      { ...common, ...hkd, kind: 'payment', balanceRef: '42', amount: 10_000n, settled: 9900n, fee: 60n },
      {
        ...common,
        ...hkd,
        kind: 'refund',
        refundRef: 'op_2',
        balanceRef: '50',
        amount: 2500n,
        settled: 2475n,
        fee: -15n,
      },
    ])
    const php = { 标价币种: 'PHP', 结算币种: 'USD', 应结订单金额: '1.75', 手续费: '0.01000' }
    const [other] = readGlobalBill(file(row(php)))
    assert.deepEqual(
      [other?.amount, other?.currency, other?.settled, other?.fee, other?.settlementCurrency],
      [10_000n, 'php', 175n, 1n, 'usd'],
    )
  })

  test('counts yen in yen', () => {
    const yen = {
      标价币种: 'JPY',
      结算币种: 'JPY',
      '订单金额(标价币种)': '5000',
      应结订单金额: '5000.00',
      手续费: '30.00000',
    }
    const [line] = readGlobalBill(file(row(yen)))
    assert.deepEqual([line?.amount, line?.settled, line?.fee], [5000n, 5000n, 30n])
    assert.throws(() => readGlobalBill(file(row({ ...yen, 手续费: '0.30000' }))), /a fraction of the smallest unit/)
  })

  test('is believed about its number of rows where it tells that, and refused where anything is not known', () => {
    const end = (count: string) => ['总交易单数,总额', ticked([count, '1'])].join('\r\n')
    assert.equal(readGlobalBill(`${file(row({}))}${end('1')}`).length, 1)
    assert.throws(() => readGlobalBill(`${file(row({}))}${end('2')}`), /does not add up to its 总交易单数/)
    for (const [over, message] of [
      [{ 结算币种: '' }, /WeChat Pay sent 结算币种/],
      [{ 标价币种: 'ZZZ' }, /WeChat Pay sent 标价币种/],
      [{ 交易状态: 'TELEPORTED' }, /WeChat Pay sent 交易状态/],
      [{ 手续费: '' }, /WeChat Pay sent 手续费/],
    ] as const)
      assert.throws(() => readGlobalBill(file(row(over))), message)
    assert.throws(() => readGlobalBill(file(row({}).slice(0, -2))), /WeChat Pay sent a line of 37 values/)
  })
})
