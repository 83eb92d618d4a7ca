import { send } from '#sandbox/kit/message.ts'
import type { Scheduler } from '#sandbox/kit/scheduler.ts'
import type { Handle } from '#sandbox/kit/server.ts'
import { bridgeScript } from './control/bridge-script.ts'
import { handleClientPay } from './control/client-pay.ts'
import { handleControl } from './control/control.ts'
import { handleApi } from './http/api.ts'
import { noticePage, sendPage } from './pages/frame.ts'
import { handlePayPage, handleScan } from './pages/pay-page.ts'
import { API_ROUTES } from './routes/api-routes.ts'
import type { Sandbox } from './sandbox.ts'

/** API, pages for people, controls for tests. */
export function createHandle(sandbox: Sandbox, scheduler: Scheduler): Handle {
  return async (request, response) => {
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
    if (path.startsWith('/_sandbox/')) return handleControl(sandbox, scheduler, request, response)
    sendPage(
      response,
      noticePage(404, 'This page does not exist. This is a simulator of WeChat Pay: its API is under /v3/.', null),
    )
  }
}
