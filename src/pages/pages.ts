import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { createDesk, type DeskOptions } from '#pages/checkout/desk.ts'
import { pay, showCheckout, showFailure, showReceipt } from '#pages/checkout/handlers.ts'
import { identify } from '#pages/checkout/identify.ts'
import { changeMethods, type MethodsDesk, showMethods } from '#pages/methods/handlers.ts'
import { accentStyle } from '#pages/web/accent.ts'
import { assets, sendAsset } from '#pages/web/assets.ts'
import { showPayCode, showQr } from './qr.ts'

export interface PagesOptions extends DeskOptions, Pick<MethodsDesk, 'methodsPage' | 'setups'> {
  /** Where `/` leads: /demo with the sandbox, else /docs. */
  home: '/demo' | '/docs'
}

/** What a payer sees: checkout, receipt, and the few files they are made of. */
export const createPages = (options: PagesOptions): Router => {
  const router = express.Router()
  const desk = createDesk(options)
  router.get('/', (_request, response) => response.redirect(302, options.home))
  router.get('/favicon.ico', (_request, response) => response.redirect(301, assets.icon.path))
  router.get('/assets/:name', serveAsset)
  router.get('/pay/:token', (request, response) => showCheckout(desk, request, response))
  const form = express.urlencoded({ extended: false, limit: '16kb', parameterLimit: 50 })
  router.post('/pay/:token', form, (request, response) => pay(desk, request, response))
  const proof = express.text({ limit: '8kb' })
  router.post('/pay/:token/identify', proof, (request, response) => identify(desk, request, response))
  router.get('/pay/:token/qr.png', showQr(options, 'png'))
  router.get('/pay/:token/qr.svg', showQr(options, 'svg'))
  router.get('/pay/:token/code.png', showPayCode(options, 'png'))
  router.get('/pay/:token/code.svg', showPayCode(options, 'svg'))
  router.get('/methods/:token', (request, response) => showMethods(options, request, response))
  router.post('/methods/:token', form, (request, response) => changeMethods(options, request, response))
  router.get('/receipts/:token', (request, response) => showReceipt(desk, request, response))
  router.use(
    ['/pay', '/methods', '/receipts'],
    (error: unknown, request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error)
      else showFailure(desk, error, request, response)
    },
  )
  return router
}

const byPath = new Map(Object.values(assets).map((asset) => [asset.path, asset]))

const serveAsset = (request: Request, response: Response, next: NextFunction): void => {
  const asset = byPath.get(request.path)
  const [, accent] = /^\/assets\/accent-([0-9a-f]{6})\.css$/.exec(request.path) ?? []
  if (asset) sendAsset(response, asset)
  else if (accent) sendAsset(response, { type: 'text/css; charset=utf-8', body: accentStyle(accent) })
  else next()
}
