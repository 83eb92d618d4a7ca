import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readFundFlowBill, readTradeBill } from '#providers/wechatpay/bill.ts'
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

test('the fund flow bill is read with its signs, and refused when it does not add up', () => {
  const heading =
    '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号'
  const end = '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额'
  const lines = [
    ticked(['2026-11-22 00:00:01', '42', '900', '交易', '交易', '收入', '12.34', '112.34', 'system', '', 'op_1']),
    ticked([
      '2026-11-22 00:00:02',
      '42',
      '901',
      '交易',
      '扣除交易手续费',
      '支出',
      '0.07',
      '112.27',
      'system',
      'a, b',
      'op_1',
    ]),
  ]
  const text = (out: string) => [heading, ...lines, end, ticked(['2', '1', '12.34', '1', out])].join('\r\n')
  assert.deepEqual(
    readFundFlowBill(text('0.07')).map((line) => [line.ref, line.amount, line.balance, line.note]),
    [
      ['900', 1234n, 11234n, ''],
      ['901', -7n, 11227n, 'a, b'],
    ],
  )
  assert.throws(() => readFundFlowBill(text('0.08')), /does not add up to its 支出金额/)
})
