import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What somebody does who stands in the wire. Without them exactly the bytes that came are passed on. */
export interface WireHooks {
  see?(request: { method: string; path: string; body: Buffer }): void
  bend?(answer: { body: string; headers: Record<string, string> }): { body: string; headers: Record<string, string> }
}

/** Stands between an adapter and its simulator. */
export const openWire = async (target: string, { see, bend }: WireHooks) => {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const { method = '', url = '' } = request
    see?.({ method, path: url.split('?')[0] ?? '', body })
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers
    const answer = await fetch(target + url, {
      method,
      headers: headers as Record<string, string>,
      ...(body.length > 0 ? { body } : {}),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const told = Object.fromEntries([...answer.headers].filter(([name]) => isPassedOn(name)))
    const bent = bend?.({ body: bytes.toString(), headers: told })
    response.writeHead(answer.status, bent ? bent.headers : told)
    response.end(bent ? bent.body : bytes)
  }
  const server = createServer((request, response) => {
    // An answer that was lost behind us is lost before us.
    pass(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const isPassedOn = (name: string): boolean =>
  !['connection', 'transfer-encoding', 'content-encoding', 'content-length'].includes(name)
