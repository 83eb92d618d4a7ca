import { summaryNumber, yuan } from '../rules/amounts.ts'
import { chinaText } from '../rules/times.ts'
import type { Order, Paid, Refund } from '../store/documents.ts'
import { billText } from './bill-text.ts'

export type BillType = 'ALL' | 'SUCCESS' | 'REFUND'
export type Trade = { atMs: number; order: Order; refund: Refund | null }

const COLUMNS =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注'
const SUMS = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额'
export const REFUND_STATES = {
  SUCCESS: 'SUCCESS',
  PROCESSING: 'PROCESSING',
  ABNORMAL: 'CHANGE',
  CLOSED: 'FAIL',
} as const

/** The amounts of one row, minor units. The fee of a refund is negative: it goes back to the merchant. */
type Amounts = {
  settlement: number
  coupon: number
  refund: number
  couponRefund: number
  fee: number
  total: number
  asked: number
}

/** Null when there is nothing to write. */
export function tradeBill(trades: Trade[], type: BillType): string | null {
  const wanted = trades.filter(({ refund }) => type === 'ALL' || (type === 'REFUND') === (refund !== null))
  const rows = wanted.flatMap(({ order, refund, atMs }) => {
    const amounts = order.paid && amountsOf(order, order.paid, refund)
    return amounts && order.paid ? [{ amounts, values: rowOf(order, order.paid, refund, atMs, amounts) }] : []
  })
  if (rows.length === 0) return null
  const sum = (field: keyof Amounts) => summaryNumber(rows.reduce((total, { amounts }) => total + amounts[field], 0))
  return billText(
    COLUMNS.split(','),
    rows.map(({ values }) => values),
    SUMS.split(','),
    [`${rows.length}.0`, sum('settlement'), sum('refund'), sum('couponRefund'), sum('fee'), sum('total'), sum('asked')],
  )
}

function amountsOf(order: Order, paid: Paid, refund: Refund | null): Amounts {
  const cash = paid.coupons.reduce((sum, { type, amount }) => sum + (type === 'CASH' ? amount : 0), 0)
  const none = { settlement: 0, coupon: 0, refund: 0, couponRefund: 0, total: 0, asked: 0 }
  if (!refund) return { ...none, settlement: paid.settlement, coupon: cash, fee: paid.fee, total: order.total }
  return {
    ...none,
    refund: refund.settlementRefund,
    couponRefund: refund.cashCouponRefund,
    fee: -refund.feeRefund,
    asked: refund.amount,
  }
}

function rowOf(order: Order, paid: Paid, refund: Refund | null, atMs: number, amounts: Amounts): string[] {
  const { echo } = order
  const isThroughInstitution = echo.sp_mchid !== undefined && echo.sp_mchid !== echo.sub_mchid
  return [
    chinaText(atMs),
    order.appid,
    order.mchid,
    isThroughInstitution ? (echo.sub_mchid ?? '0') : '0',
    order.deviceId ?? '',
    paid.transactionId,
    order.outTradeNo,
    paid.openid,
    order.tradeType,
    refund ? 'REFUND' : 'SUCCESS',
    paid.bankType,
    order.currency,
    yuan(amounts.settlement),
    yuan(amounts.coupon),
    refund?.refundId ?? '0',
    refund?.outRefundNo ?? '0',
    yuan(amounts.refund),
    yuan(amounts.couponRefund),
    refund?.channel ?? '',
    refund ? REFUND_STATES[refund.status] : '',
    order.description,
    order.attach ?? '',
    `${yuan(amounts.fee)}000`,
    `${yuan(paid.feeRate)}%`,
    yuan(amounts.total),
    yuan(amounts.asked),
    '',
  ]
}
