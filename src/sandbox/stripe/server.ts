import type { Scheduler } from '#sandbox/kit/scheduler.ts'
import type { Handle } from '#sandbox/kit/server.ts'
import { handleControl } from './control/control.ts'
import { handleApi } from './http/api.ts'
import { handleCheckoutPage } from './pages/checkout-page.ts'
import { handleElement } from './pages/element-page.ts'
import { noticePage, sendPage } from './pages/frame.ts'
import { handleThreeDSecurePage } from './pages/three-d-secure-page.ts'
import { API_ROUTES } from './routes/api-routes.ts'
import type { Sandbox } from './sandbox.ts'

/** API, pages for people, controls for tests. */
export function createHandle(sandbox: Sandbox, scheduler: Scheduler): Handle {
  return async (request, response) => {
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
}
