import type { FundFlowLine, StatementLine } from '#providers/statements.ts'
import { currencyFromWire, UnmappedError } from './amounts.ts'
import { billTime } from './times.ts'

/**
 * WeChat Pay's bills: UTF-8 with a byte order mark, CRLF, every value after a backtick, amounts in decimal yuan; a
 * heading and rows, then a heading and one row that sums them up. Source: pay.weixin.qq.com/doc/v3/merchant/4013071227.
 * A file that does not add up to its own last row throws `UnmappedError`: part of a bill is none.
 */
export const readTradeBill = (text: string): StatementLine[] => {
  const { rows, summary } = readTable(text, '交易时间')
  requireTotal(summary, '总交易单数', BigInt(rows.length) * unit)
  for (const [total, column] of Object.entries(tradeTotals)) {
    requireTotal(summary, total, sum(rows.map((row) => decimal(row, column))))
  }
  return rows.map(tradeLine)
}

const tradeTotals = {
  应结订单总金额: '应结订单金额',
  退款总金额: '退款金额',
  充值券退款总金额: '充值券退款金额',
  手续费总金额: '手续费',
  订单总金额: '订单金额',
  申请退款总金额: '申请退款金额',
} as const

/** REVOKED is an order by payment code that was taken back whole. */
const tradeKinds = { SUCCESS: 'payment', REFUND: 'refund', REVOKED: 'refund' } as const

const tradeLine = (row: Row): StatementLine => {
  const state = cell(row, '交易状态')
  const kind = Object.hasOwn(tradeKinds, state) ? tradeKinds[state as keyof typeof tradeKinds] : undefined
  if (kind === undefined) throw new UnmappedError('交易状态', state)
  const chargeRef = cell(row, '微信订单号')
  const common = {
    kind,
    paymentRef: cell(row, '商户订单号'),
    chargeRef,
    fee: fen(row, '手续费'),
    currency: currencyFromWire(cell(row, '货币种类'), '货币种类'),
    at: billTime(cell(row, '交易时间'), '交易时间'),
  }
  if (kind === 'payment')
    return { ...common, balanceRef: chargeRef, amount: fen(row, '订单金额'), settled: fen(row, '应结订单金额') }
  return {
    ...common,
    refundRef: cell(row, '商户退款单号'),
    balanceRef: cell(row, '微信退款单号'),
    amount: fen(row, '申请退款金额'),
    settled: fen(row, '退款金额'),
  }
}

/** The fund flow: what moved the account, line by line, with the balance that each left behind. */
export const readFundFlowBill = (text: string): FundFlowLine[] => {
  const { rows, summary } = readTable(text, '记账时间')
  const incoming = rows.filter((row) => cell(row, '收支类型') === '收入')
  const outgoing = rows.filter((row) => cell(row, '收支类型') === '支出')
  if (incoming.length + outgoing.length !== rows.length) throw new UnmappedError('收支类型', 'neither in nor out')
  const moved = (some: readonly Row[]) => sum(some.map((row) => decimal(row, '收支金额(元)')))
  requireTotal(summary, '资金流水总笔数', BigInt(rows.length) * unit)
  requireTotal(summary, '收入笔数', BigInt(incoming.length) * unit)
  requireTotal(summary, '收入金额', moved(incoming))
  requireTotal(summary, '支出笔数', BigInt(outgoing.length) * unit)
  requireTotal(summary, '支出金额', moved(outgoing))
  return rows.map((row) => {
    const amount = fen(row, '收支金额(元)')
    return {
      ref: cell(row, '资金流水单号'),
      businessRef: cell(row, '微信支付业务单号'),
      type: `${cell(row, '业务名称')} ${cell(row, '业务类型')}`.trim(),
      amount: cell(row, '收支类型') === '收入' ? amount : -amount,
      balance: fen(row, '账户结余(元)'),
      currency: currencyFromWire('CNY', 'currency'),
      note: cell(row, '备注'),
      at: billTime(cell(row, '记账时间'), '记账时间'),
    }
  })
}

type Row = ReadonlyMap<string, string>

const readTable = (text: string, firstColumn: string): { rows: Row[]; summary: Row } => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  while (lines.at(-1) === '') lines.pop()
  const [heading = '', ...rest] = lines
  const columns = heading.split(',').map((name) => name.replace(/^`/, ''))
  if (columns[0] !== firstColumn) throw new UnmappedError('a bill that begins with', columns[0])
  const [sums, totals] = [rest.at(-2) ?? '', rest.at(-1) ?? '']
  const names = sums.split(',').map((name) => name.replace(/^`/, ''))
  return { rows: rest.slice(0, -2).map((line) => readRow(columns, line)), summary: readRow(names, totals) }
}

/** Split at the backticks and not at commas: a name of goods may have commas of its own. */
const readRow = (columns: readonly string[], line: string): Row => {
  const values = line.startsWith('`') ? line.slice(1).split(',`') : []
  if (values.length !== columns.length)
    throw new UnmappedError(`a line of ${values.length} values under ${columns.length} columns:`, line)
  return new Map(columns.map((name, index) => [name, (values[index] ?? '').trim()]))
}

const cell = (row: Row, column: string): string => {
  const value = row.get(column)
  if (value === undefined) throw new UnmappedError('a bill without the column', column)
  return value
}

/** Amounts are kept in hundred-thousandths, for fees are printed with five decimals. */
const unit = 100_000n
const perFen = 1000n

const decimal = (row: Row, column: string): bigint => {
  const value = cell(row, column)
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,5}))?$/.exec(value)
  if (!match) throw new UnmappedError(column, value)
  const [, sign, whole = '', part = ''] = match
  const amount = BigInt(whole) * unit + BigInt(part.padEnd(5, '0'))
  return sign === '-' ? -amount : amount
}

const fen = (row: Row, column: string): bigint => {
  const amount = decimal(row, column)
  if (amount % perFen !== 0n) throw new UnmappedError(`a fraction of one fen as ${column}`, cell(row, column))
  return amount / perFen
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n)

const requireTotal = (summary: Row, name: string, expected: bigint): void => {
  if (decimal(summary, name) !== expected)
    throw new UnmappedError(`a bill that does not add up to its ${name}`, cell(summary, name))
}
