import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { readBody, send } from '#sandbox/kit/message.ts'
import { clientText, isSigned } from '../crypto/signature.ts'
import { holdUp, payOrder } from '../flows/pay.ts'
import { ApiError } from '../http/api-error.ts'
import { readJson, readParams } from '../http/params.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Row } from '../store/documents.ts'
import { type Work, withWork } from '../store/work.ts'

const outcome = {
  /** Who holds the phone; the payer of the order, if absent. */
  openid: z.string().optional(),
  action: z.enum(['ok', 'cancel', 'fail']).default('ok'),
}
/** What `WeixinJSBridge` takes; a mini program names no app. */
const pageBody = z.object({
  appId: z.string().optional(),
  timeStamp: z.string(),
  nonceStr: z.string().max(32),
  package: z.string(),
  signType: z.string(),
  paySign: z.string(),
  ...outcome,
})
/** What the app SDK takes. */
const appBody = z.object({
  appid: z.string(),
  partnerid: z.string(),
  prepayid: z.string(),
  package: z.string(),
  noncestr: z.string().max(32),
  timestamp: z.string(),
  sign: z.string(),
  ...outcome,
})

type Request = {
  prepayId: string
  appid: string | undefined
  mchid: string | undefined
  timestamp: string
  nonce: string
  /** The last line of what was signed. */
  lastLine: string
  signature: string
  openid: string | undefined
  action: 'ok' | 'cancel' | 'fail'
}

/** `POST /_sandbox/jsapi` and `/_sandbox/app`: what happens on the phone. No key: the signature is the proof. */
export async function handleClientPay(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  kind: 'jsapi' | 'app',
): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'content-type',
  }
  if (request.method === 'OPTIONS') return send(response, 204, headers, '')
  const body = await readBody(request)
  send(response, 200, headers, JSON.stringify(await payByClient(sandbox, kind, body)))
}

/** As the callback of the client gets it: `get_brand_wcpay_request:ok`, `…:cancel` or `…:fail`. */
async function payByClient(sandbox: Sandbox, kind: 'jsapi' | 'app', body: string): Promise<object> {
  const answer = (result: string, reason?: string) => ({
    err_msg: `get_brand_wcpay_request:${result}`,
    ...(reason === undefined ? {} : { err_desc: reason }),
  })
  try {
    const asked = kind === 'jsapi' ? readPage(body) : readApp(body)
    const result = await withWork(sandbox, (work) => perform(work, asked))
    return answer(result)
  } catch (error) {
    if (error instanceof ApiError) return answer('fail', error.message)
    throw error
  }
}

function readPage(body: string): Request {
  const given = readParams(pageBody, readJson(body), 'body')
  if (given.signType !== 'RSA') throw new ApiError('PARAM_ERROR', 'signType必须为RSA')
  if (!given.package.startsWith('prepay_id=')) throw new ApiError('PARAM_ERROR', 'package格式错误')
  return {
    prepayId: given.package.slice('prepay_id='.length),
    appid: given.appId,
    mchid: undefined,
    timestamp: given.timeStamp,
    nonce: given.nonceStr,
    lastLine: given.package,
    signature: given.paySign,
    openid: given.openid,
    action: given.action,
  }
}

function readApp(body: string): Request {
  const given = readParams(appBody, readJson(body), 'body')
  if (given.package !== 'Sign=WXPay') throw new ApiError('PARAM_ERROR', 'package格式错误')
  return {
    prepayId: given.prepayid,
    appid: given.appid,
    mchid: given.partnerid,
    timestamp: given.timestamp,
    nonce: given.noncestr,
    lastLine: given.prepayid,
    signature: given.sign,
    openid: given.openid,
    action: given.action,
  }
}

async function perform(work: Work, asked: Request): Promise<string> {
  const row = await lockByPrepay(work, asked.prepayId)
  checkSignature(work, row, asked)
  if (asked.action === 'cancel') return 'cancel'
  if (asked.action === 'fail') {
    holdUp(work, row, 'PAYERROR')
    return 'fail'
  }
  payOrder(work, row, { openid: asked.openid })
  return 'ok'
}

async function lockByPrepay(work: Work, prepayId: string): Promise<Row<'order'>> {
  const prepay = await work.find('prepay', prepayId)
  if (!prepay) throw new ApiError('RESOURCE_NOT_EXISTS', 'prepay_id不存在')
  await work.lock(prepay.doc.order)
  const row = await work.find('order', prepay.doc.order)
  if (row?.doc.prepay.id !== prepayId || row.doc.prepay.expiresMs <= work.nowMs) {
    throw new ApiError('ORDER_CLOSED', 'prepay_id已过期')
  }
  return row
}

function checkSignature(work: Work, { doc, mchid }: Row<'order'>, asked: Request): void {
  const merchant = work.sandbox.merchants.find(mchid)
  if (!merchant) throw new ApiError('MCH_NOT_EXISTS', '商户号不存在')
  if ((asked.appid ?? doc.appid) !== doc.appid) throw new ApiError('APPID_MCHID_NOT_MATCH', 'appid和prepay_id不匹配')
  if ((asked.mchid ?? mchid) !== mchid) throw new ApiError('APPID_MCHID_NOT_MATCH', '商户号和prepay_id不匹配')
  if (!/^\d{10}$/.test(asked.timestamp)) throw new ApiError('PARAM_ERROR', '时间戳应为秒')
  const text = clientText(doc.appid, asked.timestamp, asked.nonce, asked.lastLine)
  if (!isSigned(text, asked.signature, merchant.publicKey)) throw new ApiError('SIGN_ERROR', '支付验证签名失败')
}
