import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { send } from './message.ts'

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>
export type Listening = { url: string; port: number; close(): Promise<void> }

/** A simulator as an HTTP server. `port` 0 takes any free one. */
export async function listen(
  handle: Handle,
  { port, host = '127.0.0.1' }: { port: number; host?: string | undefined },
  log: (line: object) => void,
): Promise<Listening> {
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      log({ msg: 'request failed', url: request.url, error: error instanceof Error ? error.stack : String(error) })
      if (response.headersSent) return void response.destroy()
      send(response, 500, { 'content-type': 'text/plain' }, 'The simulator failed. Its log says why.')
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${host}:${taken}`,
    port: taken,
    async close() {
      const closed = new Promise((resolve) => void server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
