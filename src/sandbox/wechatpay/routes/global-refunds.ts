import { z } from 'zod'
import { createRefund, refundsOf } from '../flows/refund.ts'
import { globalRefundReceipt, globalRefundView } from '../flows/refund-view.ts'
import { ApiError } from '../http/api-error.ts'
import { fen, notifyUrl, outNumber, outTradeNo, text } from '../http/params.ts'
import { type Route, reply, route } from '../http/route.ts'
import { fingerprintOf } from './fingerprint.ts'
import { checkParties } from './global-orders.ts'
import { globalMerchantQuery } from './order-bodies.ts'
import { findRefund, lockRefundOrder, withoutOrder } from './refunds.ts'

const BASE = '/v3/global/refunds'

const createBody = z.strictObject({
  mchid: text(32).optional(),
  appid: text(32).optional(),
  sp_mchid: text(32).optional(),
  sub_mchid: text(32).optional(),
  sp_appid: text(32).optional(),
  sub_appid: text(32).optional(),
  transaction_id: text(32).optional(),
  out_trade_no: outTradeNo().optional(),
  out_refund_no: outNumber(64),
  reason: text(80).optional(),
  amount: z.strictObject({ refund: fen(), total: fen(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  notify_url: notifyUrl().optional(),
})
const listQuery = globalMerchantQuery.extend({
  transaction_id: text(32).optional(),
  out_trade_no: outTradeNo().optional(),
  offset: z.coerce.number().int().min(0),
  count: z.coerce.number().int().min(1).max(50),
})

export const globalRefundRoutes: Route[] = [
  route('POST', BASE, { body: createBody }, async ({ work, merchant, body }) => {
    checkParties(merchant, body)
    const order = await lockRefundOrder(work, merchant.mchid, body)
    const { doc } = await createRefund(work, order, {
      outRefundNo: body.out_refund_no,
      amount: body.amount.refund,
      total: body.amount.total,
      currency: body.amount.currency,
      notifyUrl: body.notify_url ?? null,
      fundsAccount: null,
      fingerprint: fingerprintOf(withoutOrder(body)),
    })
    return reply(globalRefundReceipt(doc))
  }),
  route('GET', BASE, { query: listQuery }, async ({ work, merchant, query }) => {
    checkParties(merchant, query)
    const { id, doc } = await lockRefundOrder(work, merchant.mchid, query)
    if (!doc.paid) throw new ApiError('RESOURCE_NOT_EXISTS', '退款单不存在')
    const all = await refundsOf(work, id)
    const data = all.slice(query.offset, query.offset + query.count).map(globalRefundView)
    return reply({
      id: doc.paid.transactionId,
      mchid: doc.echo.mchid,
      sp_mchid: doc.echo.sp_mchid,
      sub_mchid: doc.echo.sub_mchid,
      out_trade_no: doc.outTradeNo,
      amount: {
        total: doc.total,
        currency: doc.currency,
        payer_total: doc.paid.payerTotal,
        payer_currency: doc.paid.payerCurrency,
      },
      data,
      total_num: all.length,
      current_total_num: data.length,
    })
  }),
  route('GET', `${BASE}/out-refund-no/:no`, { query: globalMerchantQuery }, async ({ work, merchant, query, path }) => {
    checkParties(merchant, query)
    return reply(globalRefundView((await findRefund(work, merchant.mchid, path.no ?? '')).doc))
  }),
  route('GET', `${BASE}/id/:id`, { query: globalMerchantQuery }, async ({ work, merchant, query, path }) => {
    checkParties(merchant, query)
    const row = await work.findByWxid('refund', path.id ?? '')
    if (row?.mchid !== merchant.mchid) throw new ApiError('RESOURCE_NOT_EXISTS', '退款单不存在')
    return reply(globalRefundView(row.doc))
  }),
]
