import { seal } from '../crypto/cipher.ts'
import { chinaTime } from '../rules/times.ts'
import type { Sandbox } from '../sandbox.ts'
import type { PendingNotification } from './flush.ts'

export type News = {
  mchid: string
  type: keyof typeof SUMMARIES
  /** The merchant's number of what it is about. */
  subject: string
  /** Nobody is told without an address. */
  url: string | null
  resource: object
}

const SUMMARIES = {
  'TRANSACTION.SUCCESS': ['transaction', '支付成功'],
  'REFUND.SUCCESS': ['refund', '退款成功'],
  'REFUND.ABNORMAL': ['refund', '退款异常'],
  'REFUND.CLOSED': ['refund', '退款关闭'],
  'COMPLAINT.CREATE': ['complaint', '产生新投诉'],
  'COMPLAINT.STATE_CHANGE': ['complaint', '投诉单状态变化'],
  'MCHTRANSFER.BILL.FINISHED': ['mch_payment', '商家转账单据终态通知'],
} as const

/** A notification holds the thing as it was at that moment, sealed with the key the merchant had then. */
export function createNotification(sandbox: Sandbox, nowMs: number, news: News): PendingNotification | null {
  const { mchid, type, subject, url } = news
  const merchant = sandbox.merchants.find(mchid)
  if (!merchant || url === null) return null
  const [original, summary] = SUMMARIES[type]
  const id = sandbox.ids.take('event', nowMs)
  const nonce = sandbox.ids.take('nonce12', nowMs)
  const body = {
    id,
    create_time: chinaTime(nowMs),
    resource_type: 'encrypt-resource',
    event_type: type,
    summary,
    resource: { original_type: original, ...seal(JSON.stringify(news.resource), merchant.apiV3Key, nonce, original) },
  }
  return { id, mchid, type, subject, url, body: JSON.stringify(body) }
}
