import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { header, readRaw } from '#sandbox/kit/message.ts'
import { invalidRequest } from './api-error.ts'

/**
 * A multipart body as the form it stands for. Of a file stay name, type, size and digest: nobody asks for its bytes
 * again. In this form a repeated upload has the same fingerprint, whatever boundary the client made up.
 */
export async function readUpload(request: IncomingMessage): Promise<string> {
  const bytes = await readRaw(request)
  const headers = { 'content-type': header(request, 'content-type') ?? '' }
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch(() => {
    throw invalidRequest('The multipart body could not be parsed.')
  })
  const pairs = new URLSearchParams()
  for (const [name, value] of form.entries()) {
    if (typeof value === 'string') pairs.append(name, value)
    else {
      const content = new Uint8Array(await value.arrayBuffer())
      pairs.append(`${name}[name]`, value.name)
      pairs.append(`${name}[type]`, value.type || 'application/octet-stream')
      pairs.append(`${name}[size]`, String(content.byteLength))
      pairs.append(`${name}[sha256]`, createHash('sha256').update(content).digest('hex'))
    }
  }
  return pairs.toString()
}
