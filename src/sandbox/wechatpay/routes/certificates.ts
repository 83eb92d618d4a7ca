import { z } from 'zod'
import { seal } from '../crypto/cipher.ts'
import { ApiError } from '../http/api-error.ts'
import { type Call, type Reply, type Route, reply, route } from '../http/route.ts'
import { chinaTime } from '../rules/times.ts'

const query = z.strictObject({ algorithm_type: z.enum(['SM2', 'RSA', 'ALL']).optional() })

export const certificateRoutes: Route[] = [
  route('GET', '/v3/certificates', { query }, certificates),
  route('GET', '/v3/global/certificates', { query }, certificates),
]

/** A merchant that began with a public key has none. https://pay.weixin.qq.com/doc/v3/merchant/4012551764 */
async function certificates({ work, merchant }: Call<null, unknown>): Promise<Reply> {
  if (merchant.mode === 'public_key')
    throw new ApiError('RESOURCE_NOT_EXISTS', '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥')
  const { serial, pem, validFromMs, validToMs } = work.sandbox.keys.certificateMode
  const certificate = {
    serial_no: serial,
    effective_time: chinaTime(validFromMs),
    expire_time: chinaTime(validToMs),
    encrypt_certificate: seal(pem, merchant.apiV3Key, work.id('nonce12'), 'certificate'),
  }
  return reply({ data: [certificate] })
}
