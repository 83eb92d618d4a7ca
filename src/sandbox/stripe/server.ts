import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { handleControl } from './control/control.ts'
import { handleApi } from './http/api.ts'
import { send } from './http/message.ts'
import { handleCheckoutPage } from './pages/checkout-page.ts'
import { handleElement } from './pages/element-page.ts'
import { noticePage } from './pages/notice.ts'
import { sendPage } from './pages/page.ts'
import { handleThreeDSecurePage } from './pages/three-d-secure-page.ts'
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
  if (path.startsWith('/v1/')) return handleApi(sandbox, API_ROUTES, request, response)
  const [, checkoutId] = /^\/c\/pay\/(\w+)$/.exec(path) ?? []
  if (checkoutId) return handleCheckoutPage(sandbox, request, response, checkoutId)
  const [, authenticationId] = /^\/3ds\/(\w+)$/.exec(path) ?? []
  if (authenticationId) return handleThreeDSecurePage(sandbox, request, response, authenticationId)
  if (path.startsWith('/_sandbox/element') || path === '/_sandbox/stripe.js')
    return handleElement(sandbox, request, response, path)
  if (path.startsWith('/_sandbox/')) return handleControl(sandbox, scheduler, request, response)
  sendPage(
    response,
    noticePage(404, 'This page does not exist. This is a simulator of Stripe: its API is under /v1/.', null),
  )
}
