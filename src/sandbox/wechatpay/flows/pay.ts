import { createHash } from 'node:crypto'
import { ApiError } from '../http/api-error.ts'
import { exchange, feeOf, ONE, yuan } from '../rules/amounts.ts'
import type { Coupon, Order, Paid, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { move } from './funds.ts'
import { transactionView } from './order-view.ts'

export type Payment = {
  openid?: string | undefined
  coupon?: { wechatpay_contribute?: number; merchant_contribute?: number } | undefined
  payerCurrency?: string | undefined
  bankType?: string | undefined
}

/** The payer pays: money moves, the merchant is told. The order must be locked. */
export function payOrder(work: Work, row: Row<'order'>, payment: Payment): Row<'order'> {
  const { doc } = row
  checkPayable(work, doc)
  const openid = payment.openid ?? doc.openid ?? defaultOpenid(doc)
  if (doc.openid !== null && openid !== doc.openid)
    throw new ApiError('INVALID_REQUEST', '支付者与下单时的openid不一致')
  const merchant = work.sandbox.merchants.find(row.mchid)
  if (!merchant) throw new ApiError('MCH_NOT_EXISTS', '商户号不存在')
  const paid = paymentOf(work, doc, { ...payment, openid }, merchant.feeRate)
  doc.paid = paid
  doc.state = 'SUCCESS'
  row.wxid = paid.transactionId
  work.changed(row)
  work.effect(row.mchid, doc.outTradeNo, 'order.paid')
  move(work, row.mchid, {
    businessNo: paid.transactionId,
    name: '交易',
    type: '交易',
    amount: paid.settlement,
    memo: `订单总金额${yuan(doc.total)}元`,
    voucher: doc.outTradeNo,
  })
  if (paid.fee > 0) {
    const memo = `结算金额${yuan(paid.settlement)}元;手续费率${yuan(paid.feeRate)}%`
    const fee = { businessNo: paid.transactionId, name: '交易', type: '扣除交易手续费', amount: -paid.fee, memo }
    move(work, row.mchid, { ...fee, voucher: doc.outTradeNo })
  }
  tellPaid(work, row)
  return row
}

export function tellPaid(work: Work, { mchid, doc }: Row<'order'>): void {
  const news = { mchid, type: 'TRANSACTION.SUCCESS', subject: doc.outTradeNo, url: doc.notifyUrl } as const
  work.notify({ ...news, resource: transactionView(doc) })
}

/** The bank said no, or the payer is typing his password. The order stays payable. */
export function holdUp(work: Work, row: Row<'order'>, state: 'USERPAYING' | 'PAYERROR' | 'NOTPAY'): Row<'order'> {
  checkPayable(work, row.doc)
  row.doc.state = state
  work.changed(row)
  work.effect(row.mchid, row.doc.outTradeNo, `order.${state.toLowerCase()}`)
  return row
}

export function checkPayable(work: Work, doc: Order): void {
  if (doc.paid) throw new ApiError('ORDER_PAID', '该订单已支付')
  if (doc.state === 'CLOSED' || doc.expiresMs <= work.nowMs) throw new ApiError('ORDER_CLOSED', '该订单已关闭')
}

function paymentOf(work: Work, doc: Order, payment: Payment & { openid: string }, feeRate: number): Paid {
  const coupons = couponsOf(work, doc, payment)
  const discount = coupons.reduce((sum, { amount }) => sum + amount, 0)
  const { rate, payerCurrency } = rateFor(work, doc, payment)
  const withheld = coupons.reduce((sum, { type, amount }) => sum + (type === 'NOCASH' ? amount : 0), 0)
  const settlement = doc.total - withheld
  return {
    transactionId: work.id('transaction'),
    atMs: work.nowMs,
    openid: payment.openid,
    bankType: payment.bankType ?? 'OTHERS',
    payerTotal: exchange(doc.total - discount, doc.currency, payerCurrency, rate),
    payerCurrency,
    rate,
    coupons,
    settlement,
    fee: feeOf(settlement, feeRate),
    feeRate,
  }
}

function rateFor(work: Work, doc: Order, payment: Payment): { rate: number; payerCurrency: string } {
  const { exchangeRates, payerCurrency: usual } = work.sandbox.settings
  const payerCurrency = doc.isGlobal ? (payment.payerCurrency ?? usual) : doc.currency
  const isSame = payerCurrency === doc.currency
  return { payerCurrency, rate: isSame ? ONE : (exchangeRates[`${doc.currency}/${payerCurrency}`] ?? ONE) }
}

function couponsOf(work: Work, doc: Order, { coupon }: Payment): Coupon[] {
  const wanted = [
    ['CASH', coupon?.wechatpay_contribute ?? 0],
    ['NOCASH', coupon?.merchant_contribute ?? 0],
  ] as const
  const coupons = wanted.flatMap(([type, amount]) => (amount > 0 ? [{ id: work.id('coupon'), type, amount }] : []))
  const sum = coupons.reduce((total, { amount }) => total + amount, 0)
  if (sum >= doc.total) throw new ApiError('PARAM_ERROR', '优惠金额必须小于订单金额')
  return coupons
}

/** Somebody who scans a code is a person of whom this app knows one and the same openid. */
export function defaultOpenid({ appid }: Pick<Order, 'appid'>): string {
  return `o${createHash('sha256').update(`openid:${appid}`).digest('base64url').slice(0, 27)}`
}
