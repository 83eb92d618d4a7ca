import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface FakeRequest {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
}

/** `cut`: the connection breaks without an answer, whatever was done. */
export type FakeReply = { status: number; json?: unknown; text?: string; headers?: Record<string, string> } | 'cut'

export interface FakeServer extends AsyncDisposable {
  url: string
}

/** A local platform: one function answers every request. */
export const startFakeServer = async (answer: (request: FakeRequest) => FakeReply): Promise<FakeServer> => {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    const { method = 'GET', headers } = request
    const reply = answer({ method, path: pathname, query: searchParams, headers, body: await buffer(request) })
    if (reply === 'cut') return request.socket.destroy()
    const text = reply.text ?? JSON.stringify(reply.json ?? {})
    const type = reply.text === undefined ? 'application/json; charset=utf-8' : 'text/plain'
    response.writeHead(reply.status, { 'content-type': type, ...reply.headers }).end(text)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

/** What a platform would post to us; `deliver` posts it to a real address. */
export interface FakeUpdate {
  body: Buffer
  headers: Record<string, string>
  query: Record<string, string>
}

export const deliver = async (url: string, { body, headers, query }: FakeUpdate): Promise<Response> => {
  const target = new URL(url)
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value)
  return fetch(target, { method: 'POST', body: new Uint8Array(body), headers, redirect: 'manual' })
}

/** Answers to give instead of doing the work, in order. `lost`: done, and then the connection breaks. */
export type Fault = FakeReply | 'lost'

export const readJson = (body: Buffer): Record<string, unknown> => JSON.parse(body.toString('utf8'))
