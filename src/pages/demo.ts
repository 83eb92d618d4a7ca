import express, { type Request, type Response, type Router } from 'express'
import { pictureOf } from '#pages/demo/art.ts'
import {
  createDemoDesk,
  type DemoOptions,
  follow,
  grant,
  heard,
  say,
  showDemo,
  showJson,
  showShop,
} from '#pages/demo/demo-desk.ts'
import { forgetVisitor } from '#pages/demo/visitors.ts'
import { isForeignPost } from '#pages/web/answer.ts'
import { imagePolicy } from '#pages/web/assets.ts'

/** A chat in which a bot sells flowers. It uses nothing but the public HTTP API. */
export const createDemo = (options: DemoOptions): Router => {
  const router = express.Router()
  const desk = createDemoDesk(options)
  router.get('/demo', (request, response) => showDemo(desk, request, response))
  router.get('/demo/events', (request, response) => follow(desk, request, response))
  router.get('/demo/json', (request, response) => showJson(desk, request, response))
  router.get('/demo/art/:file', sendArt)
  router.get('/demo/shop', (request, response) => showShop(desk, request, response))
  const raw = express.raw({ type: () => true, limit: '256kb' })
  router.post('/demo/hook', raw, (request, response) => heard(desk, request, response))
  const form = express.urlencoded({ extended: false, limit: '8kb' })
  router.post(['/demo/say', '/demo/grant', '/demo/forget'], refuseForeign, form)
  router.post('/demo/say', (request, response) => say(desk, request, response))
  router.post('/demo/grant', (request, response) => grant(desk, request, response))
  router.post('/demo/forget', (_request, response) => {
    forgetVisitor(response)
    response.redirect(303, '/demo')
  })
  return router
}

const sendArt = (request: Request, response: Response): void => {
  const picture = pictureOf(String(request.params.file))
  const headers = {
    'Content-Type': 'image/svg+xml',
    'Cache-Control': 'public, max-age=86400',
    'Content-Security-Policy': imagePolicy,
  }
  if (picture === undefined) response.sendStatus(404)
  else response.set(headers).send(picture)
}

const refuseForeign = (request: Request, response: Response, next: () => void): void => {
  if (isForeignPost(request)) response.sendStatus(403)
  else next()
}
