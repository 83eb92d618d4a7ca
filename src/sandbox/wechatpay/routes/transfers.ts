import { z } from 'zod'
import { openSecret } from '../crypto/cipher.ts'
import { cancelTransfer, createTransfer, transferId, transferView } from '../flows/transfer.ts'
import { ApiError } from '../http/api-error.ts'
import { fen, notifyUrl, text } from '../http/params.ts'
import { type Call, type Route, reply, route } from '../http/route.ts'
import { chinaTime } from '../rules/times.ts'
import type { Row } from '../store/documents.ts'
import { fingerprintOf } from './fingerprint.ts'

const BASE = '/v3/fund-app/mch-transfer/transfer-bills'
/** From this amount on (2,000 yuan) the user's name must be given. */
const NAME_NEEDED = 200_000

const createBody = z.strictObject({
  appid: text(32),
  out_bill_no: z.string().regex(/^[0-9A-Za-z]{1,32}$/),
  transfer_scene_id: z.enum(['1000', '1002', '1004', '1005', '1009', '1010', '1011', '1013']),
  openid: text(64),
  user_name: text(1024).optional(),
  transfer_amount: fen(),
  transfer_remark: text(32),
  notify_url: notifyUrl().optional(),
  user_recv_perception: text(64).optional(),
  transfer_scene_report_infos: z
    .array(z.strictObject({ info_type: text(15), info_content: text(32) }))
    .min(1)
    .max(10),
  user_recv_style: z.strictObject({ type: z.enum(['CONFIRM_PAGE', 'RED_PACKET']) }).optional(),
})
type CreateBody = z.output<typeof createBody>

export const transferRoutes: Route[] = [
  route('POST', BASE, { body: createBody }, async (call) => {
    const { work, merchant, body } = call
    if (!merchant.appids.includes(body.appid)) throw new ApiError('APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配')
    const userName = readName(call)
    const { user_name: _, ...rest } = body
    const { doc } = await createTransfer(work, merchant, {
      outBillNo: body.out_bill_no,
      appid: body.appid,
      openid: body.openid,
      userName,
      sceneId: body.transfer_scene_id,
      amount: body.transfer_amount,
      remark: body.transfer_remark,
      notifyUrl: body.notify_url ?? null,
      // The same name is another ciphertext each time it is encrypted.
      fingerprint: fingerprintOf({ ...rest, userName }),
    })
    return reply({
      out_bill_no: doc.outBillNo,
      transfer_bill_no: doc.transferBillNo,
      create_time: chinaTime(doc.createdMs),
      state: doc.state,
      ...(doc.failReason === null ? {} : { fail_reason: doc.failReason }),
      ...(doc.state === 'WAIT_USER_CONFIRM' && { package_info: doc.packageInfo }),
    })
  }),
  route('GET', `${BASE}/out-bill-no/:no`, {}, async (call) => reply(transferView(await findTransfer(call)))),
  route('GET', `${BASE}/transfer-bill-no/:id`, {}, async ({ work, merchant, path }) => {
    const row = await work.findByWxid('transfer', path.id ?? '')
    if (row?.mchid !== merchant.mchid) throw missing()
    return reply(transferView(row))
  }),
  route('POST', `${BASE}/out-bill-no/:no/cancel`, {}, async (call) => {
    await call.work.lock(transferId(call.merchant.mchid, call.path.no ?? ''))
    const row = await findTransfer(call)
    cancelTransfer(call.work, row)
    const { outBillNo, transferBillNo, state, updatedMs } = row.doc
    return reply({ out_bill_no: outBillNo, transfer_bill_no: transferBillNo, state, update_time: chinaTime(updatedMs) })
  }),
]

/** Encrypted for the key that `Wechatpay-Serial` names. */
function readName({ work, body, serial }: Call<CreateBody, null>): string | null {
  if (body.user_name === undefined) {
    if (body.transfer_amount >= NAME_NEEDED) throw new ApiError('PARAM_ERROR', '转账金额达到2000元时收款用户姓名必填')
    return null
  }
  const { publicKeyMode, certificateMode } = work.sandbox.keys
  const key = [publicKeyMode, certificateMode].find((candidate) => candidate.serial === serial)
  if (!key) throw new ApiError('PARAM_ERROR', 'Http头Wechatpay-Serial缺失或有误')
  const name = openSecret(body.user_name, key.privateKey)
  if (name === null) throw new ApiError('PARAM_ERROR', '敏感信息解密失败，请检查加密所用的公钥')
  return name
}

async function findTransfer({ work, merchant, path }: Call<unknown, unknown>): Promise<Row<'transfer'>> {
  const row = await work.find('transfer', transferId(merchant.mchid, path.no ?? ''))
  if (!row) throw missing()
  return row
}

const missing = () => new ApiError('RESOURCE_NOT_EXISTS', '转账单不存在')
