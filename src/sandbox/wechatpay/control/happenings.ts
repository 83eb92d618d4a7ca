import { z } from 'zod'
import { act, type ComplaintAction, createComplaint, lockComplaint } from '../flows/complaint.ts'
import { balanceOf, move, takeFrom } from '../flows/funds.ts'
import { lockOrder } from '../flows/order.ts'
import { transactionView } from '../flows/order-view.ts'
import { holdUp, payOrder, tellPaid } from '../flows/pay.ts'
import { finishRefund, lockRefund } from '../flows/refund.ts'
import { refundView } from '../flows/refund-view.ts'
import { finishTransfer, transferId, transferView } from '../flows/transfer.ts'
import { ApiError } from '../http/api-error.ts'
import { fen, readParams, text } from '../http/params.ts'
import type { Complaint } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

/** What people and banks do, on demand. `ids` are the parts of the path. */
export type Happening = (work: Work, mchid: string, body: unknown, ids: string[]) => Promise<object>

const payBody = z.strictObject({
  mchid: z.string().optional(),
  openid: z.string().optional(),
  coupon: z
    .strictObject({ wechatpay_contribute: z.int().min(0).optional(), merchant_contribute: z.int().min(0).optional() })
    .optional(),
  payer_currency: z.string().optional(),
  bank_type: z.string().optional(),
  result: z.enum(['SUCCESS', 'USERPAYING', 'PAYERROR', 'NOTPAY']).default('SUCCESS'),
})

export const payHappening: Happening = async (work, mchid, body, [outTradeNo = '']) => {
  const given = readParams(payBody, body, 'body')
  const row = await lockOrder(work, mchid, outTradeNo)
  if (given.result !== 'SUCCESS') return transactionView(holdUp(work, row, given.result).doc)
  const { openid, payer_currency: payerCurrency, bank_type: bankType } = given
  const { wechatpay_contribute = 0, merchant_contribute = 0 } = given.coupon ?? {}
  const coupon = { wechatpay_contribute, merchant_contribute }
  return transactionView(payOrder(work, row, { openid, payerCurrency, bankType, coupon }).doc)
}

/** The same news again, under a new id: several notifications of one order are normal. */
export const notifyHappening: Happening = async (work, mchid, _body, [outTradeNo = '']) => {
  const row = await lockOrder(work, mchid, outTradeNo)
  if (!row.doc.paid) throw new ApiError('INVALID_REQUEST', 'the order is not paid, so there is nothing to tell')
  tellPaid(work, row)
  return { notified: outTradeNo }
}

const REFUND_ENDS = { succeed: 'SUCCESS', close: 'CLOSED', abnormal: 'ABNORMAL' } as const

export const refundHappening: Happening = async (work, mchid, _body, [outRefundNo = '', end = '']) => {
  const row = await lockRefund(work, `${mchid}:${outRefundNo}`)
  if (!row) throw new ApiError('RESOURCE_NOT_EXISTS', 'there is no such refund')
  finishRefund(work, row, REFUND_ENDS[end as keyof typeof REFUND_ENDS])
  return refundView(row.doc)
}

const TRANSFER_ENDS = { confirm: 'SUCCESS', fail: 'FAIL', cancel: 'CANCELLED' } as const

export const transferHappening: Happening = async (work, mchid, _body, [outBillNo = '', end = '']) => {
  const id = transferId(mchid, outBillNo)
  await work.lock(id)
  const row = await work.find('transfer', id)
  if (!row) throw new ApiError('RESOURCE_NOT_EXISTS', 'there is no such transfer')
  const state = TRANSFER_ENDS[end as keyof typeof TRANSFER_ENDS]
  finishTransfer(work, row, state, state === 'FAIL' ? 'PAYEE_ACCOUNT_ABNORMAL' : null)
  return transferView(row)
}

const complaintBody = z.strictObject({
  mchid: z.string().optional(),
  out_trade_no: text(32),
  detail: text(200).default('商品与描述不符，要求退款'),
  problem_type: z.enum(['REFUND', 'SERVICE_NOT_WORK', 'OTHERS']).default('REFUND'),
  apply_refund_amount: fen().optional(),
  payer_phone: text(32).default('13800138000'),
})

export const complainHappening: Happening = async (work, mchid, body) => {
  const given = readParams(complaintBody, body, 'body')
  const order = await lockOrder(work, mchid, given.out_trade_no)
  const { doc } = createComplaint(work, order, {
    detail: given.detail,
    problemType: given.problem_type,
    refundAsked: given.apply_refund_amount ?? null,
    payerPhone: given.payer_phone,
  })
  return { complaint_id: doc.id }
}

type Change = [ComplaintAction, operator: string, details: string, change: (doc: Complaint) => void]

/** What a payer, or WeChat Pay, does with a complaint that exists. */
const COMPLAINT_STEPS: Record<string, Change> = {
  continue: [
    'CONTINUE_COMPLAINT',
    '投诉人',
    '对处理结果不满意，继续投诉',
    (doc) => Object.assign(doc, { state: 'PENDING', times: doc.times + 1, isUserWaiting: true }),
  ],
  respond: ['USER_RESPONSE', '投诉人', '请尽快处理', (doc) => Object.assign(doc, { isUserWaiting: true })],
  platform: ['RESPONSE_BY_PLATFORM', '平台', '平台已介入', () => {}],
  refunded: [
    'REFUND_SUCCESS',
    '系统',
    '订单已全额退款',
    (doc) => Object.assign(doc, { isFullyRefunded: true, isUserWaiting: false }),
  ],
}

export const complaintHappening: Happening = async (work, _mchid, _body, [id = '', step = '']) => {
  const found = COMPLAINT_STEPS[step]
  if (!found) throw new ApiError('PARAM_ERROR', `unknown step: ${step}`)
  const [action, operator, details, change] = found
  const row = await lockComplaint(work, id, null)
  change(row.doc)
  act(work, row, action, operator, details)
  return { complaint_id: id, complaint_state: row.doc.state }
}

const fundsBody = z.strictObject({ amount: fen() })

/** Money that comes into a merchant's account or leaves it for his bank. */
export const fundsHappening: Happening = async (work, _mchid, body, [mchid = '', way = '']) => {
  const { amount } = readParams(fundsBody, body, 'body')
  const flow = { businessNo: work.id('flow'), memo: '', voucher: '' }
  if (way === 'deposit') move(work, mchid, { ...flow, name: '充值', type: '充值', amount })
  else await takeFrom(work, mchid, { ...flow, name: '提现', type: '提现', amount: -amount })
  return { mchid, balance: (await balanceOf(work, mchid)) + (way === 'deposit' ? amount : -amount) }
}
