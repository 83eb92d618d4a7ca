import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Receiver {
  url: string
  received: Received[]
  connections: number
  /** How it answers from now on. */
  answer: (response: ServerResponse) => void
  /** Cuts every connection. */
  hangUp(): void
}

export const answerWith =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void => {
    response.writeHead(status, headers).end('ok')
  }

/** Somebody's web server on loopback. */
export const startReceiver = async (): Promise<Receiver> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { url: path = '', headers } = request
      receiver.received.push({ path, headers, body: Buffer.concat(chunks).toString('utf8') })
      receiver.answer(response)
    })
  }).listen(0, '127.0.0.1')
  server.on('connection', () => {
    receiver.connections++
  })
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    received: [],
    connections: 0,
    answer: answerWith(200),
    hangUp: () => server.closeAllConnections(),
  }
  return receiver
}
