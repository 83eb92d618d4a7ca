import type { StatementLine } from '#providers/statements.ts'
import { currencyFromWire, UnmappedError } from './amounts.ts'
import { cell, decimal, minor, type Row, readTable, unit } from './bill-table.ts'
import { billTime } from './times.ts'

/**
 * The trade bill at home. A file that does not add up to its own last row throws `UnmappedError`: part of a bill is none.
 * Source: pay.weixin.qq.com/doc/v3/merchant/4013071227.
 */
export const readTradeBill = (text: string): StatementLine[] => {
  const { rows, summary } = readTable(text, '交易时间')
  if (!summary) throw new UnmappedError('a bill without its last row,', '总交易单数')
  requireTotal(summary, '总交易单数', BigInt(rows.length) * unit)
  for (const [total, column] of Object.entries(totals)) {
    requireTotal(
      summary,
      total,
      rows.reduce((sum, row) => sum + decimal(row, column), 0n),
    )
  }
  return rows.map(tradeLine)
}

const totals = {
  应结订单总金额: '应结订单金额',
  退款总金额: '退款金额',
  充值券退款总金额: '充值券退款金额',
  手续费总金额: '手续费',
  订单总金额: '订单金额',
  申请退款总金额: '申请退款金额',
} as const

const requireTotal = (summary: Row, name: string, expected: bigint): void => {
  if (decimal(summary, name) !== expected)
    throw new UnmappedError(`a bill that does not add up to its ${name}`, cell(summary, name))
}

const tradeLine = (row: Row): StatementLine => {
  const currency = currencyFromWire(cell(row, '货币种类'), '货币种类')
  const amounts = (amount: string, settled: string) => ({
    amount: minor(row, amount, currency),
    settled: minor(row, settled, currency),
  })
  const common = { fee: minor(row, '手续费', currency), currency, settlementCurrency: currency }
  return kindOf(row) === 'payment'
    ? { ...paymentOf(row), ...common, ...amounts('订单金额', '应结订单金额') }
    : { ...refundOf(row), ...common, ...amounts('申请退款金额', '退款金额') }
}

/**
 * The bill abroad, which has no last row: that its bytes are WeChat's is all that holds it together. Prices and what
 * reaches the merchant each have their currency; the fee is read in the latter. Source:
 * pay.weixin.qq.com/doc/global/v3/zh/4012354484 (the columns; what the fee is in is not said there).
 */
export const readGlobalBill = (text: string): StatementLine[] => {
  const { rows, summary } = readTable(text, '交易时间')
  if (summary) requireTotal(summary, '总交易单数', BigInt(rows.length) * unit)
  return rows.map(globalLine)
}

const globalLine = (row: Row): StatementLine => {
  const currency = currencyOf(row, '标价币种')
  const isPayment = kindOf(row) === 'payment'
  const settlementCurrency = currencyOf(row, isPayment ? '结算币种' : '退款结算币种')
  const common = { fee: minor(row, '手续费', settlementCurrency), currency, settlementCurrency }
  return isPayment
    ? {
        ...paymentOf(row),
        ...common,
        amount: minor(row, '订单金额(标价币种)', currency),
        settled: minor(row, '应结订单金额', settlementCurrency),
      }
    : {
        ...refundOf(row),
        ...common,
        amount: minor(row, '申请退款金额', currency),
        settled: minor(row, '退款应结订单金额', settlementCurrency),
      }
}

/** Abroad nothing goes without saying, least of all that it is yuan. */
const currencyOf = (row: Row, column: string) => currencyFromWire(cell(row, column), column)

/** REVOKED is an order by payment code that was taken back whole. */
const tradeKinds = { SUCCESS: 'payment', REFUND: 'refund', REVOKED: 'refund' } as const

const kindOf = (row: Row): StatementLine['kind'] => {
  const state = cell(row, '交易状态')
  if (!Object.hasOwn(tradeKinds, state)) throw new UnmappedError('交易状态', state)
  return tradeKinds[state as keyof typeof tradeKinds]
}

const tradeOf = (row: Row) => ({
  paymentRef: cell(row, '商户订单号'),
  chargeRef: cell(row, '微信订单号'),
  at: billTime(cell(row, '交易时间'), '交易时间'),
})

const paymentOf = (row: Row) => ({
  ...tradeOf(row),
  kind: 'payment' as const,
  balanceRef: cell(row, '微信订单号'),
})

const refundOf = (row: Row) => ({
  ...tradeOf(row),
  kind: 'refund' as const,
  refundRef: cell(row, '商户退款单号'),
  balanceRef: cell(row, '微信退款单号'),
})
