import type { IncomingMessage } from 'node:http'
import { header } from '#sandbox/kit/message.ts'
import { ApiError } from './api-error.ts'

export type Upload = { name: string; bytes: Uint8Array }

/** A form of two parts: what is signed (`meta`, a JSON text), and the file that it tells of. */
export async function readUpload(request: IncomingMessage, bytes: Buffer): Promise<{ meta: string; file: Upload }> {
  const headers = { 'content-type': header(request, 'content-type') ?? '' }
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch(() => {
    throw new ApiError('PARAM_ERROR', '请求的内容不是合法的multipart/form-data')
  })
  const [meta, file] = [form.get('meta'), form.get('file')]
  if (typeof meta !== 'string') throw new ApiError('PARAM_ERROR', '缺少参数meta')
  if (file === null || typeof file === 'string') throw new ApiError('PARAM_ERROR', '缺少参数file')
  return { meta, file: { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) } }
}
