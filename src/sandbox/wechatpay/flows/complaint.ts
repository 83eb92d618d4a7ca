import { ApiError } from '../http/api-error.ts'
import { chinaTime } from '../rules/times.ts'
import type { Complaint, Row } from '../store/documents.ts'
import type { Work } from '../store/work.ts'

export type ComplaintAction =
  | 'CREATE_COMPLAINT'
  | 'CONTINUE_COMPLAINT'
  | 'USER_RESPONSE'
  | 'RESPONSE_BY_PLATFORM'
  | 'SELLER_REFUND'
  | 'MERCHANT_RESPONSE'
  | 'MERCHANT_CONFIRM_COMPLETE'
  | 'MERCHANT_APPROVE_REFUND'
  | 'MERCHANT_REJECT_REFUND'
  | 'REFUND_SUCCESS'

/** How each action is named in the history; what the notification calls it is the action itself. */
const HISTORY: Record<ComplaintAction, string> = {
  CREATE_COMPLAINT: 'USER_CREATE_COMPLAINT',
  CONTINUE_COMPLAINT: 'USER_CONTINUE_COMPLAINT',
  USER_RESPONSE: 'USER_RESPONSE',
  RESPONSE_BY_PLATFORM: 'PLATFORM_RESPONSE',
  SELLER_REFUND: 'MERCHANT_RESPONSE',
  MERCHANT_RESPONSE: 'MERCHANT_RESPONSE',
  MERCHANT_CONFIRM_COMPLETE: 'MERCHANT_CONFIRM_COMPLETE',
  MERCHANT_APPROVE_REFUND: 'COMPLAINT_FULL_REFUNDED_SYSTEM_MESSAGE',
  MERCHANT_REJECT_REFUND: 'MERCHANT_RESPONSE',
  REFUND_SUCCESS: 'COMPLAINT_FULL_REFUNDED_SYSTEM_MESSAGE',
}

export type ComplaintRequest = {
  detail: string
  problemType: Complaint['problemType']
  refundAsked: number | null
  payerPhone: string
}

/** A payer complains of a paid order. */
export function createComplaint(work: Work, order: Row<'order'>, request: ComplaintRequest): Row<'complaint'> {
  const { doc, mchid } = order
  if (!doc.paid) throw new ApiError('INVALID_REQUEST', '订单未支付，不能投诉')
  const id = work.id('complaint')
  const row = work.put(
    'complaint',
    id,
    mchid,
    {
      id,
      outTradeNo: doc.outTradeNo,
      transactionId: doc.paid.transactionId,
      amount: doc.total,
      detail: request.detail,
      problemType: request.problemType,
      state: 'PENDING',
      payerPhone: request.payerPhone,
      openid: doc.paid.openid,
      isFullyRefunded: false,
      isUserWaiting: true,
      refundAsked: request.refundAsked ?? doc.total,
      times: 1,
      createdMs: work.nowMs,
      history: [],
    },
    { parent: order.id },
  )
  act(work, row, 'CREATE_COMPLAINT', '投诉人', request.detail)
  return row
}

/** Writes down what somebody did, and tells the merchant. */
export function act(
  work: Work,
  row: Row<'complaint'>,
  action: ComplaintAction,
  operator: string,
  details: string,
  images: string[] = [],
): void {
  const { doc, mchid } = row
  doc.history.unshift({ id: work.id('log'), operator, atMs: work.nowMs, type: HISTORY[action], details, images })
  work.changed(row)
  work.effect(mchid, doc.id, `complaint.${action.toLowerCase()}`)
  work.notify({
    mchid,
    type: action === 'CREATE_COMPLAINT' ? 'COMPLAINT.CREATE' : 'COMPLAINT.STATE_CHANGE',
    subject: doc.id,
    url: work.sandbox.merchants.find(mchid)?.complaintUrl ?? null,
    resource: { complaint_id: doc.id, action_type: action },
  })
}

export async function lockComplaint(work: Work, id: string, mchid: string | null): Promise<Row<'complaint'>> {
  await work.lock(`complaint:${id}`)
  return getComplaint(work, id, mchid)
}

export async function getComplaint(work: Work, id: string, mchid: string | null): Promise<Row<'complaint'>> {
  const row = await work.find('complaint', id)
  if (!row || (mchid !== null && row.mchid !== mchid)) throw new ApiError('RESOURCE_NOT_EXISTS', '投诉单不存在')
  return row
}

export function complaintView({ mchid, doc }: Row<'complaint'>, encrypt: (text: string) => string): object {
  return {
    complaint_id: doc.id,
    complaint_time: chinaTime(doc.createdMs),
    complaint_detail: doc.detail,
    complainted_mchid: mchid,
    complaint_state: doc.state,
    payer_phone: encrypt(doc.payerPhone),
    payer_openid: doc.openid,
    complaint_media_list: [],
    complaint_order_info: [{ transaction_id: doc.transactionId, out_trade_no: doc.outTradeNo, amount: doc.amount }],
    complaint_full_refunded: doc.isFullyRefunded,
    incoming_user_response: doc.isUserWaiting,
    problem_description: doc.detail,
    user_complaint_times: doc.times,
    problem_type: doc.problemType,
    apply_refund_amount: doc.refundAsked,
    user_tag_list: ['TRUSTED'],
    in_platform_service: false,
    need_immediate_service: false,
    is_agent_mode: false,
  }
}
