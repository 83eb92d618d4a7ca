import { ApiError } from '../http/api-error.ts'
import { shareOf, yuan } from '../rules/amounts.ts'
import type { Order, Paid, Refund, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { move, takeFrom } from './funds.ts'
import { notificationView } from './refund-view.ts'

export type RefundRequest = {
  outRefundNo: string
  amount: number
  total: number
  currency: string
  notifyUrl: string | null
  fundsAccount: string | null
  fingerprint: string
}

const REFUNDS_MAX = 50
const YEAR_MS = 365 * 86_400_000

/**
 * Takes the money from the merchant at once and gives it to the payer later. The order must be locked.
 * @throws INVALID_REQUEST, NOT_ENOUGH; the same number again gives the same refund.
 */
export async function createRefund(work: Work, row: Row<'order'>, request: RefundRequest): Promise<Row<'refund'>> {
  const id = `${row.mchid}:${request.outRefundNo}`
  await work.lock(`refund:${id}`)
  const known = await work.find('refund', id)
  if (known) {
    if (known.doc.fingerprint === request.fingerprint && known.doc.order === row.id) return known
    throw new ApiError('INVALID_REQUEST', '退款请求参数与首次请求不一致，请核实后重新发起')
  }
  const before = await refundsOf(work, row.id)
  const paid = checkRefundable(work, row.doc, request, before)
  const doc = refundOf(work, row, paid, request, before)
  const amount = doc.feeRefund - doc.settlementRefund
  const memo = `退款总金额${yuan(doc.settlementRefund)}元;含手续费${yuan(doc.feeRefund)}元`
  const flow = { businessNo: doc.refundId, name: '退款', type: '退款', amount, memo, voucher: request.outRefundNo }
  await takeFrom(work, row.mchid, flow)
  row.doc.state = 'REFUND'
  work.changed(row)
  work.effect(row.mchid, request.outRefundNo, 'refund.created')
  work.schedule('refund.settle', id, work.nowMs + work.sandbox.settings.refundSettleMs)
  return work.put('refund', id, row.mchid, doc, { wxid: doc.refundId, parent: row.id })
}

/** Every refund of an order that took money and has not given it back. */
export async function refundsOf(work: Work, orderId: string): Promise<Refund[]> {
  const rows = await work.query<{ doc: Refund }>(
    `select doc from sandbox_wechatpay.object where kind = 'refund' and parent = $1 order by seq`,
    [orderId],
  )
  return rows.map(({ doc }) => doc).filter(({ status }) => status !== 'CLOSED')
}

function checkRefundable(work: Work, doc: Order, request: RefundRequest, before: Refund[]): Paid {
  const { paid } = doc
  const refuse = (message: string): never => {
    throw new ApiError('INVALID_REQUEST', message)
  }
  if (!paid) return refuse('订单未支付，不能退款')
  if (request.total !== doc.total) return refuse('订单金额不一致')
  if (request.currency !== doc.currency) return refuse('退款币种与订单不一致')
  if (work.nowMs - paid.atMs > YEAR_MS) return refuse('订单已超过可退款的最大期限')
  if (before.length >= REFUNDS_MAX) return refuse('退款次数超过限制')
  if (sumOf(before, 'amount') + request.amount > doc.total) return refuse('申请退款金额大于订单可退金额')
  return paid
}

function refundOf(work: Work, row: Row<'order'>, paid: Paid, request: RefundRequest, before: Refund[]): Refund {
  const { doc } = row
  const refunded = sumOf(before, 'amount') + request.amount
  const share = (part: number, taken: number) => shareOf(part, doc.total, refunded, taken)
  const coupons = paid.coupons.map((coupon) => {
    const taken = before.flatMap((refund) => refund.coupons).filter(({ id }) => id === coupon.id)
    return {
      ...coupon,
      refund: share(
        coupon.amount,
        taken.reduce((sum, { refund }) => sum + refund, 0),
      ),
    }
  })
  return {
    isGlobal: doc.isGlobal,
    refundId: work.id('refund'),
    outRefundNo: request.outRefundNo,
    order: row.id,
    outTradeNo: doc.outTradeNo,
    transactionId: paid.transactionId,
    fingerprint: request.fingerprint,
    notifyUrl: request.notifyUrl,
    fundsAccount: request.fundsAccount ?? 'AVAILABLE',
    channel: 'ORIGINAL',
    account: '支付用户的零钱',
    amount: request.amount,
    total: doc.total,
    currency: doc.currency,
    payerTotal: paid.payerTotal,
    payerRefund: share(paid.payerTotal, sumOf(before, 'payerRefund')),
    payerCurrency: paid.payerCurrency,
    rate: paid.rate,
    settlementRefund: share(paid.settlement, sumOf(before, 'settlementRefund')),
    settlementTotal: paid.settlement,
    cashCouponRefund: coupons.reduce((sum, { type, refund }) => sum + (type === 'CASH' ? refund : 0), 0),
    feeRefund: share(paid.fee, sumOf(before, 'feeRefund')),
    coupons,
    createdMs: work.nowMs,
    successMs: null,
    status: 'PROCESSING',
  }
}

/** The settle delay is over: the payer has the money, unless somebody planned it otherwise. */
export async function settleRefund(work: Work, id: string): Promise<void> {
  const row = await lockRefund(work, id)
  if (row?.doc.status !== 'PROCESSING') return
  finishRefund(work, row, work.sandbox.faults.forRefund(row.doc.outRefundNo) ?? 'SUCCESS')
}

/** Ends a refund, and tells the merchant. CLOSED gives the money back to the merchant. */
export function finishRefund(work: Work, row: Row<'refund'>, status: 'SUCCESS' | 'CLOSED' | 'ABNORMAL'): void {
  const { doc } = row
  const isOpen = doc.status === 'PROCESSING' || (doc.status === 'ABNORMAL' && status !== 'ABNORMAL')
  if (!isOpen) throw new ApiError('INVALID_REQUEST', `退款单状态为${doc.status}`)
  doc.status = status
  if (status === 'SUCCESS') doc.successMs = work.nowMs
  if (status === 'CLOSED') {
    const amount = doc.settlementRefund - doc.feeRefund
    const flow = { businessNo: doc.refundId, name: '退款', type: '退款关闭', amount, memo: '退款关闭，资金退回' }
    move(work, row.mchid, { ...flow, voucher: doc.outRefundNo })
  }
  work.changed(row)
  work.effect(row.mchid, doc.outRefundNo, `refund.${status.toLowerCase()}`)
  const news = { mchid: row.mchid, subject: doc.outRefundNo, url: doc.notifyUrl, resource: notificationView(row) }
  work.notify({ ...news, type: `REFUND.${status}` })
}

/** The merchant says where an abnormal refund shall go instead. */
export function redirectRefund(work: Work, row: Row<'refund'>, type: 'USER_BANK_CARD' | 'MERCHANT_BANK_CARD'): void {
  if (row.doc.status !== 'ABNORMAL') throw new ApiError('INVALID_REQUEST', '退款单状态不是退款异常，不能发起异常退款')
  row.doc.status = 'PROCESSING'
  row.doc.channel = 'OTHER_BANKCARD'
  row.doc.account = type === 'USER_BANK_CARD' ? '招商银行借记卡0403' : '结算银行账户'
  work.changed(row)
  work.effect(row.mchid, row.doc.outRefundNo, 'refund.redirected')
  work.schedule('refund.settle', row.id, work.nowMs + work.sandbox.settings.refundSettleMs)
}

export async function lockRefund(work: Work, id: string): Promise<Row<'refund'> | undefined> {
  const found = await work.find('refund', id)
  if (!found) return undefined
  await work.lock(found.doc.order)
  return work.find('refund', id)
}

type Sum = 'amount' | 'payerRefund' | 'settlementRefund' | 'feeRefund'
const sumOf = (refunds: Refund[], field: Sum) => refunds.reduce((sum, refund) => sum + refund[field], 0)
