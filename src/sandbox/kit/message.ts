import type { IncomingMessage, ServerResponse } from 'node:http'

const BODY_LIMIT = 1_000_000
const UPLOAD_LIMIT = 20_000_000

export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request, BODY_LIMIT)).toString('utf8')
}

/** The body of a request; one that uploads may be longer. */
export async function readRaw(request: IncomingMessage): Promise<Buffer> {
  return readBytes(request, isUpload(request) ? UPLOAD_LIMIT : BODY_LIMIT)
}

export function isUpload(request: IncomingMessage): boolean {
  return (header(request, 'content-type') ?? '').startsWith('multipart/form-data')
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new Error('request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

export function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  response.writeHead(status, {
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(body)
}
