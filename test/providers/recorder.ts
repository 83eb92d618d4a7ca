import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chargeObject, intentObject, refundObject, sessionObject } from './stripe-objects.ts'
import { parseForm } from './stripe-spec.ts'

export interface Recorded {
  method: string
  path: string
  params: Record<string, unknown>
  headers: IncomingHttpHeaders
}

export interface Recorder {
  url: string
  requests: Recorded[]
  /** Answers a path with an object, with text as it is, or not at all. */
  on(method: string, path: string, status: number | 'silence' | 'reset', body?: unknown): void
  /** Pages of a list in order; a number is a status to fail with. */
  onList(path: string, pages: readonly (readonly object[] | number)[]): void
  reset(): void
  close(): Promise<void>
}

type Reply = (response: ServerResponse, request: Recorded) => void

/** An HTTP server that writes down what it is asked and answers with one good object of the kind, or as told. */
export const startRecorder = async (): Promise<Recorder> => {
  const requests: Recorded[] = []
  const replies = new Map<string, Reply>()
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url ?? '', 'http://recorder')
    const { method = '', headers } = request
    const text = method === 'GET' ? url.search : Buffer.concat(chunks).toString()
    const recorded = { method, path: url.pathname, params: parseForm(text), headers }
    requests.push(recorded)
    const reply = replies.get(`${method} ${url.pathname}`) ?? ((to) => send(to, 200, usual(recorded)))
    reply(response, recorded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    on: (method, path, status, body) =>
      replies.set(`${method} ${path}`, (response) => {
        if (status === 'reset') response.socket?.resetAndDestroy()
        else if (status !== 'silence') send(response, status, body)
      }),
    onList: (path, pages) => {
      let page = 0
      replies.set(`GET ${path}`, (response) => {
        const data = pages[page++] ?? []
        if (typeof data === 'number') send(response, data, { error: { type: 'api_error', message: 'Oops.' } })
        else send(response, 200, { object: 'list', url: path, has_more: page < pages.length, data })
      })
    },
    reset: () => {
      requests.length = 0
      replies.clear()
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const send = (response: ServerResponse, status: number, body: unknown) => {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_test' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const usual = ({ method, path }: Recorded): object => {
  if (path.startsWith('/v1/checkout/sessions')) return sessionObject()
  if (path.startsWith('/v1/charges')) return chargeObject()
  const [one, folder] = path.startsWith('/v1/refunds')
    ? [refundObject(), '/v1/refunds']
    : [intentObject(), '/v1/payment_intents']
  const isList = method === 'GET' && path === folder
  return isList ? { object: 'list', url: path, has_more: false, data: [one] } : one
}
