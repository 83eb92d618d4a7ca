import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { bridgeScript } from './control/bridge-script.ts'
import { handleClientPay } from './control/client-pay.ts'
import { handleControl } from './control/control.ts'
import { handleApi } from './http/api.ts'
import { send } from './http/message.ts'
import { noticePage } from './pages/notice.ts'
import { sendPage } from './pages/page.ts'
import { handlePayPage, handleScan } from './pages/pay-page.ts'
import { API_ROUTES } from './routes/api-routes.ts'
import type { Sandbox } from './sandbox.ts'
import type { Scheduler } from './scheduler.ts'

/** The simulator as an HTTP server, not yet listening: API, pages for people, controls for tests. */
export function createSandboxServer(sandbox: Sandbox, scheduler: Scheduler): Server {
  return createServer((request, response) => {
    handle(sandbox, scheduler, request, response).catch((error: unknown) => {
      sandbox.log({
        msg: 'request failed',
        url: request.url,
        error: error instanceof Error ? error.stack : String(error),
      })
      if (response.headersSent) return void response.destroy()
      send(response, 500, { 'content-type': 'text/plain' }, 'The simulator failed. Its log says why.')
    })
  })
}

async function handle(
  sandbox: Sandbox,
  scheduler: Scheduler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  if (path.startsWith('/v3/')) return handleApi(sandbox, API_ROUTES, request, response)
  if (path === '/_sandbox/jsapi') return handleClientPay(sandbox, request, response, 'jsapi')
  if (path === '/_sandbox/app') return handleClientPay(sandbox, request, response, 'app')
  if (path === '/_sandbox/scan') return handleScan(sandbox, request, response)
  if (path === '/_sandbox/jsbridge.js') {
    const headers = { 'content-type': 'text/javascript; charset=utf-8', 'access-control-allow-origin': '*' }
    return send(response, 200, headers, bridgeScript(sandbox.settings.publicUrl))
  }
  const [, outTradeNo] = /^\/_sandbox\/pay\/([^/]+)$/.exec(path) ?? []
  if (outTradeNo) return handlePayPage(sandbox, request, response, decodeURIComponent(outTradeNo))
  const [, control] = /^\/_sandbox\/(.+)$/.exec(path) ?? []
  if (control) return handleControl(sandbox, scheduler, request, response, control)
  sendPage(
    response,
    noticePage(404, 'This page does not exist. This is a simulator of WeChat Pay: its API is under /v3/.', null),
  )
}
