import type { IncomingMessage } from 'node:http'
import { header } from '#sandbox/kit/message.ts'
import { isSigned, requestText } from '../crypto/signature.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Merchant } from '../store/merchants.ts'
import { ApiError } from './api-error.ts'

const SCHEME = 'WECHATPAY2-SHA256-RSA2048 '
const FRESH_S = 300

/** Who asks, as proved by the signature over exactly what was sent. */
export function checkAuthorization(sandbox: Sandbox, request: IncomingMessage, body: string): Merchant {
  const given = header(request, 'authorization') ?? ''
  if (!given.startsWith(SCHEME)) throw signError('Http头Authorization认证类型不正确')
  const parts = Object.fromEntries(
    [...given.slice(SCHEME.length).matchAll(/(\w+)="([^"]*)"/g)].map(([, a, b]) => [a, b]),
  )
  const { mchid = '', nonce_str: nonce = '', timestamp = '', serial_no: serial = '', signature = '' } = parts
  if (!mchid || !nonce || !timestamp || !serial || !signature) throw signError('Http头Authorization缺少必要的信息')
  const merchant = sandbox.merchants.find(mchid)
  if (!merchant) throw signError('商户号不存在')
  if (merchant.serialNo !== serial) throw signError('商户证书序列号有误')
  const ageS = Math.abs(sandbox.clock.realMs() / 1000 - Number(timestamp))
  if (!/^\d+$/.test(timestamp) || ageS > FRESH_S)
    throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟')
  const text = requestText(request.method ?? '', request.url ?? '', timestamp, nonce, body)
  if (!isSigned(text, signature, merchant.publicKey)) throw signError('错误的签名，验签失败')
  return merchant
}

const signError = (message: string) =>
  new ApiError('SIGN_ERROR', message, { field: 'signature', value: '', issue: 'sign not match', location: 'header' })
