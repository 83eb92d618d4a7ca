import { chinaTime } from '../rules/times.ts'
import type { Coupon, Order } from '../store/documents.ts'

const DESCRIPTIONS = {
  SUCCESS: '支付成功',
  REFUND: '转入退款',
  NOTPAY: '订单未支付',
  CLOSED: '订单已关闭',
  USERPAYING: '用户支付中，等待支付',
  PAYERROR: '支付失败(其他原因，如银行返回失败)',
} as const

/** An order as a query answers it and a notification tells it. A payment in a foreign currency looks different. */
export function transactionView(doc: Order): object {
  return doc.isGlobal ? globalView(doc) : domesticView(doc)
}

function domesticView(doc: Order): object {
  const { paid } = doc
  return {
    appid: doc.appid,
    mchid: doc.mchid,
    out_trade_no: doc.outTradeNo,
    ...(paid && { transaction_id: paid.transactionId, trade_type: doc.tradeType }),
    ...stateOf(doc),
    ...(paid && { bank_type: paid.bankType }),
    ...(doc.attach !== null && { attach: doc.attach }),
    ...(paid && { success_time: chinaTime(paid.atMs), payer: { openid: paid.openid } }),
    amount: {
      total: doc.total,
      currency: doc.currency,
      ...(paid && { payer_total: paid.payerTotal, payer_currency: paid.payerCurrency }),
    },
    ...(doc.deviceId !== null && { scene_info: { device_id: doc.deviceId } }),
    ...(paid && paid.coupons.length > 0 && { promotion_detail: paid.coupons.map(promotion(doc.currency)) }),
  }
}

function globalView(doc: Order): object {
  const { paid } = doc
  return {
    ...doc.echo,
    out_trade_no: doc.outTradeNo,
    ...(paid && { id: paid.transactionId, trade_type: doc.tradeType }),
    ...stateOf(doc),
    ...(paid && { bank_type: paid.bankType }),
    ...(doc.attach !== null && { attach: doc.attach }),
    ...(paid && { success_time: chinaTime(paid.atMs), payer: payerOf(doc, paid.openid) }),
    amount: {
      total: doc.total,
      currency: doc.currency,
      ...(paid && {
        payer_total: paid.payerTotal,
        payer_currency: paid.payerCurrency,
        exchange_rate: { type: 'SETTLEMENT_RATE', rate: paid.rate },
      }),
    },
    ...(paid && paid.coupons.length > 0 && { promotion_detail: paid.coupons.map(globalPromotion(doc.currency)) }),
  }
}

function payerOf({ echo }: Order, openid: string): object {
  return echo.sp_appid === echo.appid ? { openid, sp_openid: openid } : { openid }
}

const stateOf = ({ state }: Order) => ({ trade_state: state, trade_state_desc: DESCRIPTIONS[state] })

const promotion = (currency: string) => (coupon: Coupon) => ({
  coupon_id: coupon.id,
  name: coupon.type === 'CASH' ? '微信支付立减' : '商家立减',
  scope: 'GLOBAL',
  type: coupon.type,
  amount: coupon.amount,
  stock_id: coupon.id.slice(0, 6),
  wechatpay_contribute: coupon.type === 'CASH' ? coupon.amount : 0,
  merchant_contribute: coupon.type === 'NOCASH' ? coupon.amount : 0,
  other_contribute: 0,
  currency,
})

const globalPromotion = (currency: string) => (coupon: Coupon) => ({
  promotion_id: coupon.id,
  scope: 'GLOBAL',
  type: coupon.type === 'CASH' ? 'COUPON' : 'DISCOUNT',
  amount: coupon.amount,
  currency,
  wxpay_contribute_amount: coupon.type === 'CASH' ? coupon.amount : 0,
  merchant_contribute_amount: coupon.type === 'NOCASH' ? coupon.amount : 0,
})
