import { constants, publicEncrypt } from 'node:crypto'
import { z } from 'zod'
import { act, complaintView, getComplaint, lockComplaint } from '../flows/complaint.ts'
import { ApiError } from '../http/api-error.ts'
import { notifyUrl, text } from '../http/params.ts'
import { type Call, NO_CONTENT, type Route, reply, route } from '../http/route.ts'
import { chinaDay, chinaTime, DAY_MS } from '../rules/times.ts'
import type { Row } from '../store/documents.ts'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'

const BASE = '/v3/merchant-service/complaints-v2'
const CALLBACK = '/v3/merchant-service/complaint-notifications'
const DAYS_MAX = 30

const page = (most: number) => ({
  limit: z.coerce.number().int().min(1).max(most).default(10),
  offset: z.coerce.number().int().min(0).default(0),
})
const listQuery = z.strictObject({
  begin_date: text(10),
  end_date: text(10),
  complainted_mchid: text(64).optional(),
  ...page(50),
})
const responseBody = z.strictObject({
  complainted_mchid: text(64),
  response_content: text(200),
  response_images: z.array(text(512)).max(4).optional(),
  jump_url: text(512).optional(),
  jump_url_text: text(10).optional(),
  mini_program_jump_info: z.strictObject({ appid: text(32), path: text(512), text: text(10) }).optional(),
})
const refundBody = z.strictObject({
  action: z.enum(['APPROVE', 'REJECT']),
  launch_refund_day: z.int().min(0).optional(),
  reject_reason: text(200).optional(),
  reject_media_list: z.array(text(512)).max(4).optional(),
  remark: text(200).optional(),
})

export const complaintRoutes: Route[] = [
  route('GET', BASE, { query: listQuery }, list),
  route('GET', `${BASE}/:id`, {}, async ({ work, merchant, path }) =>
    reply(complaintView(await getComplaint(work, path.id ?? '', merchant.mchid), encryptFor(merchant))),
  ),
  route('GET', `${BASE}/:id/negotiation-historys`, { query: z.strictObject(page(300)) }, async (call) => {
    const { work, merchant, path, query } = call
    const { doc } = await getComplaint(work, path.id ?? '', merchant.mchid)
    const { limit, offset } = query
    const data = doc.history.slice(offset, offset + limit).map((entry) => ({
      log_id: entry.id,
      operator: entry.operator,
      operate_time: chinaTime(entry.atMs),
      operate_type: entry.type,
      operate_details: entry.details,
      image_list: entry.images.map((id) => `${work.sandbox.settings.publicUrl}/v3/merchant-service/images/${id}`),
    }))
    return reply({ data, limit, offset, total_count: doc.history.length })
  }),
  route('POST', `${BASE}/:id/response`, { body: responseBody }, async ({ work, merchant, path, body }) => {
    await checkImages(work, merchant, body.response_images)
    const row = await lockOpen({ work, merchant, path }, body.complainted_mchid)
    row.doc.state = 'PROCESSING'
    row.doc.isUserWaiting = false
    act(work, row, 'MERCHANT_RESPONSE', merchant.mchid, body.response_content, body.response_images)
    return NO_CONTENT
  }),
  route('POST', `${BASE}/:id/update-refund-progress`, { body: refundBody }, async ({ work, merchant, path, body }) => {
    const isApproved = body.action === 'APPROVE'
    if (isApproved && body.launch_refund_day === undefined)
      throw new ApiError('PARAM_ERROR', '缺少参数launch_refund_day')
    if (!isApproved && body.reject_reason === undefined) throw new ApiError('PARAM_ERROR', '缺少参数reject_reason')
    await checkImages(work, merchant, body.reject_media_list)
    const row = await lockOpen({ work, merchant, path })
    if (row.doc.problemType !== 'REFUND') throw new ApiError('INVALID_REQUEST', '投诉单不是退款类投诉')
    row.doc.state = 'PROCESSING'
    const [action, details] = isApproved
      ? (['MERCHANT_APPROVE_REFUND', `商户同意退款，${body.launch_refund_day}天内发起`] as const)
      : (['MERCHANT_REJECT_REFUND', body.reject_reason ?? ''] as const)
    act(work, row, action, merchant.mchid, details, body.reject_media_list)
    return NO_CONTENT
  }),
  route('POST', `${BASE}/:id/complete`, { body: z.strictObject({ complainted_mchid: text(64) }) }, async (call) => {
    const { work, merchant, body } = call
    const row = await lockOpen(call, body.complainted_mchid)
    if (row.doc.state === 'PENDING') throw new ApiError('INVALID_REQUEST', '投诉单尚未回复，不能反馈处理完成')
    row.doc.state = 'PROCESSED'
    act(work, row, 'MERCHANT_CONFIRM_COMPLETE', merchant.mchid, '商户反馈处理完成')
    return NO_CONTENT
  }),
  ...callbackRoutes(),
]

async function list({ work, merchant, query }: Call<null, z.output<typeof listQuery>>) {
  const [begin, end] = [chinaDay(query.begin_date), chinaDay(query.end_date)]
  const isRange = begin !== null && end !== null && end >= begin && end - begin < DAYS_MAX * DAY_MS
  if (!isRange) throw new ApiError('PARAM_ERROR', '查询日期格式有误或跨度超过30天')
  const rows = await work.query<Row<'complaint'>>(
    `select kind, id, mchid, wxid, parent, at_ms::float8 as at_ms, doc from sandbox_wechatpay.object
     where kind = 'complaint' and mchid = $1 and at_ms >= $2 and at_ms < $3 order by seq desc`,
    [merchant.mchid, begin, end + DAY_MS],
  )
  const data = rows
    .slice(query.offset, query.offset + query.limit)
    .map((row) => complaintView(row, encryptFor(merchant)))
  return reply({ data, limit: query.limit, offset: query.offset, total_count: rows.length })
}

/** Where complaints are told. One address per merchant. */
function callbackRoutes(): Route[] {
  const body = z.strictObject({ url: notifyUrl() })
  const answer = ({ mchid }: Merchant, url: string) => reply({ mchid, url })
  const set = async ({ work, merchant, body: { url } }: Call<{ url: string }, null>) => {
    work.afterCommit(() => work.sandbox.merchants.setComplaintUrl(merchant.mchid, url))
    return answer(merchant, url)
  }
  const getUrl = ({ complaintUrl }: Merchant) => {
    if (complaintUrl === null) throw new ApiError('RESOURCE_NOT_EXISTS', '未设置投诉通知回调地址')
    return complaintUrl
  }
  return [
    route('POST', CALLBACK, { body }, async (call) => {
      if (call.merchant.complaintUrl !== null) throw new ApiError('INVALID_REQUEST', '投诉通知回调地址已存在')
      return set(call)
    }),
    route('PUT', CALLBACK, { body }, async (call) => {
      getUrl(call.merchant)
      return set(call)
    }),
    route('GET', CALLBACK, {}, async ({ merchant }) => answer(merchant, getUrl(merchant))),
    route('DELETE', CALLBACK, {}, async ({ work, merchant }) => {
      getUrl(merchant)
      work.afterCommit(() => work.sandbox.merchants.setComplaintUrl(merchant.mchid, null))
      return NO_CONTENT
    }),
  ]
}

async function checkImages(work: Work, merchant: Merchant, ids: string[] = []): Promise<void> {
  for (const id of ids) {
    const image = await work.find('image', id)
    if (image?.mchid !== merchant.mchid) throw new ApiError('PARAM_ERROR', `图片不存在: ${id}`)
  }
}

async function lockOpen(
  { work, merchant, path }: Pick<Call<unknown, unknown>, 'work' | 'merchant' | 'path'>,
  mchid = merchant.mchid,
): Promise<Row<'complaint'>> {
  if (mchid !== merchant.mchid) throw new ApiError('NO_AUTH', '被诉商户号与签名的商户号不一致')
  const row = await lockComplaint(work, path.id ?? '', merchant.mchid)
  if (row.doc.state === 'PROCESSED') throw new ApiError('INVALID_REQUEST', '投诉单已处理完成')
  return row
}

/** Secret fields of answers are for the merchant's own key. */
const encryptFor = (merchant: Merchant) => (value: string) =>
  publicEncrypt({ key: merchant.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING }, Buffer.from(value)).toString(
    'base64',
  )
