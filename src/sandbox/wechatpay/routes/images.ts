import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ApiError } from '../http/api-error.ts'
import { text } from '../http/params.ts'
import { type Route, reply, route } from '../http/route.ts'

const BYTES_MAX = 2 * 1024 * 1024

/** An image by its first bytes, whatever its name says. */
const SIGNATURES = [
  [0x89, 0x50, 0x4e, 0x47],
  [0xff, 0xd8, 0xff],
  [0x42, 0x4d],
]

const meta = z.strictObject({
  filename: text(128).regex(/\.(jpe?g|png|bmp)$/i, 'must end in jpg, png or bmp'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/i, 'must be a SHA-256'),
})

/** Images that a merchant answers complaints with. */
export const imageRoutes: Route[] = [
  route('POST', '/v3/merchant-service/images/upload', { body: meta, hasFile: true }, async (call) => {
    const { work, merchant, body, file } = call
    if (!file) throw new ApiError('PARAM_ERROR', '缺少参数file')
    if (file.bytes.byteLength > BYTES_MAX) throw new ApiError('PARAM_ERROR', '图片大小不能超过2M')
    const sha256 = createHash('sha256').update(file.bytes).digest('hex')
    if (sha256 !== body.sha256.toLowerCase()) throw new ApiError('PARAM_ERROR', '图片sha256与meta不一致')
    if (!SIGNATURES.some((signature) => signature.every((byte, at) => file.bytes[at] === byte)))
      throw new ApiError('PARAM_ERROR', '图片只支持jpg、png、bmp格式')
    const id = work.id('image')
    work.put('image', id, merchant.mchid, { id, filename: body.filename, sha256, size: file.bytes.byteLength })
    return reply({ media_id: id })
  }),
]
