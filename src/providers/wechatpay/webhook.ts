import { z } from 'zod'
import type { ProviderNotice } from '#providers/notice.ts'
import type { PaymentProvider } from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import type { PlatformKeys } from './keys.ts'
import { optionalText } from './mapping.ts'
import { readTags } from './requests.ts'
import { openSealed, verifyMessage } from './signing.ts'
import { keyOfNumber } from './transfers.ts'

type Subject = ProviderNotice['subject']

const bodyBytesMax = 1024 * 1024

/**
 * Checks WeChat's signature over the raw bytes, then opens the resource: only what is in there, sealed with the
 * account's own key, is believed. Answers nothing of a notification for another merchant.
 */
export const createWebhookVerifier =
  (account: WechatpayAccount, keys: PlatformKeys, livemode: boolean): PaymentProvider['verifyWebhook'] =>
  ({ body, headers, now }) => {
    if (body.byteLength > bodyBytesMax) return refuse('the body is larger than 1 MiB')
    const verified = verifyMessage({ headers, body }, keys.find, now)
    if (!verified.ok) return verified
    const event = eventSchema.safeParse(parseJson(new Uint8Array(body)))
    if (!event.success) return refuse('the body is not a notification')
    const opened = openSealed(event.data.resource, account.apiV3Key)
    const resource = opened === undefined ? undefined : parseJson(Buffer.from(opened))
    if (typeof resource !== 'object' || resource === null)
      return refuse('the resource does not open with our APIv3 key')
    const fields = { ...resource } as Record<string, unknown>
    if (!isOurs(account, fields)) return refuse('it is for another merchant')
    const { id, event_type: type, create_time: createdAt } = event.data
    const notice = { ref: id, type, createdAt: new Date(createdAt), livemode }
    return { ok: true, notice: { ...notice, subject: subjectOf(type, fields), tags: readTags(fields.attach) } }
  }

const refuse = (reason: string) => ({ ok: false as const, reason })

const eventSchema = z.looseObject({
  id: z.string().min(1).max(255),
  create_time: z.iso.datetime({ offset: true }),
  event_type: z.string().min(1).max(255),
  resource: z.looseObject({
    algorithm: z.string(),
    ciphertext: z.string(),
    nonce: z.string().min(1),
    associated_data: z.string().nullish(),
  }),
})

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

/** Complaints name no merchant at the top; the rest names at least one of these. */
const isOurs = ({ mchid, subMchid }: WechatpayAccount, fields: Record<string, unknown>): boolean => {
  const named = [fields.mchid, fields.sp_mchid, fields.sub_mchid, fields.mch_id].map(optionalText).filter(Boolean)
  return named.length === 0 || named.some((one) => one === mchid || one === subMchid)
}

const refund = (fields: Record<string, unknown>): Subject | undefined => {
  const ref = optionalText(fields.out_refund_no)
  const paymentRef = optionalText(fields.out_trade_no)
  return ref === undefined ? undefined : { kind: 'refund', ref, ...(paymentRef === undefined ? {} : { paymentRef }) }
}

const complaint = (fields: Record<string, unknown>): Subject | undefined => {
  const ref = optionalText(fields.complaint_id)
  const paymentRef = optionalText(fields.out_trade_no)
  return ref === undefined ? undefined : { kind: 'dispute', ref, ...(paymentRef === undefined ? {} : { paymentRef }) }
}

const payment = (fields: Record<string, unknown>): Subject | undefined => {
  const ref = optionalText(fields.out_trade_no)
  return ref === undefined ? undefined : { kind: 'payment', ref }
}

const transfer = (fields: Record<string, unknown>): Subject | undefined => {
  const ref = optionalText(fields.transfer_bill_no)
  const key = keyOfNumber(optionalText(fields.out_bill_no) ?? '')
  return ref === undefined ? undefined : { kind: 'transfer', ref, ...(key === undefined ? {} : { key }) }
}

const ignored = (): Subject => ({ kind: 'ignored' })

/** What to fetch for an event, by its type. Profit sharing moves no payment of ours. */
const subjects: Readonly<Record<string, (fields: Record<string, unknown>) => Subject | undefined>> = {
  'TRANSACTION.SUCCESS': payment,
  'REFUND.SUCCESS': refund,
  'REFUND.ABNORMAL': refund,
  'REFUND.CLOSED': refund,
  'COMPLAINT.CREATE': complaint,
  'COMPLAINT.STATE_CHANGE': complaint,
  'MCHTRANSFER.BILL.FINISHED': transfer,
  'PROFITSHARING.SUCCESS': ignored,
  'PROFITSHARING.RETURN': ignored,
}

const subjectOf = (type: string, fields: Record<string, unknown>): Subject =>
  (Object.hasOwn(subjects, type) ? subjects[type]?.(fields) : undefined) ?? { kind: 'unknown' }
