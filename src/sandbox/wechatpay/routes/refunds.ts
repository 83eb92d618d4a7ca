import { z } from 'zod'
import { findOrder, findTransaction, lockOrder } from '../flows/order.ts'
import { createRefund, lockRefund, redirectRefund } from '../flows/refund.ts'
import { refundView } from '../flows/refund-view.ts'
import { ApiError } from '../http/api-error.ts'
import { fen, notifyUrl, outNumber, outTradeNo, text } from '../http/params.ts'
import { type Route, reply, route } from '../http/route.ts'
import type { Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'
import { fingerprintOf } from './fingerprint.ts'

const BASE = '/v3/refund/domestic/refunds'

const goods = z.strictObject({
  merchant_goods_id: text(32),
  wechatpay_goods_id: text(32).optional(),
  goods_name: text(256).optional(),
  unit_price: z.int().min(0),
  refund_amount: z.int().min(0),
  refund_quantity: z.int().min(1),
})
const createBody = z.strictObject({
  transaction_id: text(32).optional(),
  out_trade_no: outTradeNo().optional(),
  out_refund_no: outNumber(64),
  reason: text(80).optional(),
  notify_url: notifyUrl().optional(),
  funds_account: z.enum(['AVAILABLE', 'UNSETTLED']).optional(),
  amount: z.strictObject({
    refund: fen(),
    total: fen(),
    currency: z.literal('CNY'),
    from: z.array(z.strictObject({ account: z.enum(['AVAILABLE', 'UNAVAILABLE']), amount: fen() })).optional(),
  }),
  goods_detail: z.array(goods).optional(),
})
const abnormalBody = z.strictObject({
  out_refund_no: outNumber(64),
  type: z.enum(['USER_BANK_CARD', 'MERCHANT_BANK_CARD']),
  bank_type: text(16).optional(),
  bank_account: text(1024).optional(),
  real_name: text(1024).optional(),
})

export const refundRoutes: Route[] = [
  route('POST', BASE, { body: createBody }, async ({ work, merchant, body }) => {
    const order = await lockRefundOrder(work, merchant.mchid, body)
    const { doc } = await createRefund(work, order, {
      outRefundNo: body.out_refund_no,
      amount: body.amount.refund,
      total: body.amount.total,
      currency: body.amount.currency,
      notifyUrl: body.notify_url ?? null,
      fundsAccount: body.funds_account ?? null,
      fingerprint: fingerprintOf(withoutOrder(body)),
    })
    return reply(refundView(doc))
  }),
  route('GET', `${BASE}/:no`, {}, async ({ work, merchant, path }) => {
    return reply(refundView((await findRefund(work, merchant.mchid, path.no ?? '')).doc))
  }),
  route('POST', `${BASE}/:id/apply-abnormal-refund`, { body: abnormalBody }, async ({ work, merchant, body, path }) => {
    const row = await lockRefund(work, `${merchant.mchid}:${body.out_refund_no}`)
    if (row?.doc.refundId !== path.id || !row) throw missing()
    const needsCard = body.type === 'USER_BANK_CARD' && !(body.bank_type && body.bank_account && body.real_name)
    if (needsCard) throw new ApiError('PARAM_ERROR', '退款到用户银行卡时bank_type、bank_account、real_name必填')
    redirectRefund(work, row, body.type)
    return reply(refundView(row.doc))
  }),
]

/** The order may be named in either way, and in another way when the same refund is asked for again. */
export function withoutOrder({
  transaction_id: _a,
  out_trade_no: _b,
  ...rest
}: {
  transaction_id?: string | undefined
  out_trade_no?: string | undefined
}): object {
  return rest
}

export async function lockRefundOrder(
  work: Work,
  mchid: string,
  named: { transaction_id?: string | undefined; out_trade_no?: string | undefined },
): Promise<Row<'order'>> {
  const { transaction_id: id, out_trade_no: no } = named
  if (id === undefined && no === undefined)
    throw new ApiError('PARAM_ERROR', 'transaction_id和out_trade_no不能同时为空')
  const found = id === undefined ? await findOrder(work, mchid, no ?? '') : await findTransaction(work, mchid, id)
  if (no !== undefined && found.doc.outTradeNo !== no) throw new ApiError('INVALID_REQUEST', '订单号不一致')
  return lockOrder(work, mchid, found.doc.outTradeNo)
}

export async function findRefund(work: Work, mchid: string, outRefundNo: string): Promise<Row<'refund'>> {
  const row = await work.find('refund', `${mchid}:${outRefundNo}`)
  if (!row) throw missing()
  return row
}

const missing = () => new ApiError('RESOURCE_NOT_EXISTS', '退款单不存在')
