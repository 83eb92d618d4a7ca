import { major, yuan } from '../rules/amounts.ts'
import { chinaText } from '../rules/times.ts'
import type { Order, Paid, Refund } from '../store/documents.ts'
import { billText } from './bill-text.ts'
import { REFUND_STATES, type Trade } from './trade-bill.ts'

/**
 * The bill of the overseas product: each amount with its currency, in whole units of it, and no row of sums.
 * Columns: pay.weixin.qq.com/doc/global/v3/zh/4012354484. Null when there is nothing to write.
 */
export function globalBill(trades: Trade[]): string | null {
  const rows = trades.flatMap(({ order, refund, atMs }) =>
    order.paid ? [[...partiesOf(order, order.paid, refund, atMs), ...amountsOf(order, order.paid, refund)]] : [],
  )
  return rows.length === 0 ? null : billText([...PARTIES, ...AMOUNTS], rows)
}

const PARTIES =
  '交易时间,公众账号ID,商户号,子商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行'.split(',')
const AMOUNTS = (
  '充值券币种,充值券金额,优惠券币种,优惠券金额,微信退款单号,商户退款单号,退款类型,退款状态,商品名称,商户数据包,手续费,费率,' +
  '标价币种,订单金额(标价币种),用户支付币种,用户支付金额,结算币种,应结订单金额,支付汇率,退款汇率,' +
  '申请退款金额,用户退款币种,用户退款金额,退款结算币种,退款应结订单金额,充值券退款金额,优惠券退款金额'
).split(',')

function partiesOf(order: Order, paid: Paid, refund: Refund | null, atMs: number): string[] {
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
  ]
}

/** A merchant is settled in the currency of its prices here. The fee is in that, negative where it comes back. */
function amountsOf(order: Order, paid: Paid, refund: Refund | null): string[] {
  const { currency } = order
  const price = (amount: number) => major(amount, currency)
  const payer = (amount: number) => major(amount, paid.payerCurrency)
  const coupons = (type: 'CASH' | 'NOCASH') =>
    paid.coupons.reduce((sum, coupon) => sum + (coupon.type === type ? coupon.amount : 0), 0)
  const returned = (type: 'CASH' | 'NOCASH') =>
    (refund?.coupons ?? []).reduce((sum, coupon) => sum + (coupon.type === type ? coupon.refund : 0), 0)
  const ofPayment = (amount: number) => (refund ? 0 : amount)
  return [
    currency,
    price(ofPayment(coupons('CASH'))),
    currency,
    price(ofPayment(coupons('NOCASH'))),
    refund?.refundId ?? '0',
    refund?.outRefundNo ?? '0',
    refund?.channel ?? '',
    refund ? REFUND_STATES[refund.status] : '',
    order.description,
    order.attach ?? '',
    `${price(refund ? -refund.feeRefund : paid.fee)}000`,
    `${yuan(paid.feeRate)}%`,
    currency,
    price(ofPayment(order.total)),
    paid.payerCurrency,
    payer(ofPayment(paid.payerTotal)),
    currency,
    price(ofPayment(paid.settlement)),
    String(paid.rate),
    refund ? String(refund.rate) : '',
    price(refund?.amount ?? 0),
    refund ? refund.payerCurrency : '',
    payer(refund?.payerRefund ?? 0),
    refund ? currency : '',
    price(refund?.settlementRefund ?? 0),
    price(returned('CASH')),
    price(returned('NOCASH')),
  ]
}
