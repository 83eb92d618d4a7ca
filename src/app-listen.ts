import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from './config.ts'

// Apart from app-boot.ts, as commands that serve nothing have no memory to spare for node:http.

export interface Listener {
  port: number
  /** Until this is called every request is answered 503: the port is taken early, the work starts late. */
  serve(handler: RequestListener): void
  close(): Promise<void>
}

/** Takes the port first, so that a busy one is told before anything else has started. */
export const listen = async (port: number, host: string): Promise<Listener> => {
  let handler: RequestListener = (_request, response) => {
    response.writeHead(503, { 'Retry-After': '1' }).end()
  }
  const server = createServer((request, response) => handler(request, response))
  // Node's defaults (60 s, 300 s) let a slow sender hold a socket far too long.
  server.headersTimeout = 10_000
  server.requestTimeout = 30_000
  server.keepAliveTimeout = 65_000
  await bind(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    serve: (next) => {
      handler = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

const bind = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isBusy = error.code === 'EADDRINUSE'
      reject(
        isBusy
          ? new ConfigurationError(
              `Port ${port} on ${host} is in use. Stop what runs there, or set PORT to another one: PORT=4300 npm start`,
            )
          : error,
      )
    })
    server.listen(port, host, resolve)
  })
