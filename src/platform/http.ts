import express, { type NextFunction, type Request, type Response } from 'express'
import type { Clock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, showId } from '#kernel/ids.ts'
import type { Identity } from './api-keys.ts'
import type { Secrets } from './crypto.ts'
import type { Database } from './database.ts'
import { sendError, toAppError } from './http-errors.ts'
import type { Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { Shedder } from './rate-limit.ts'
import { withRequestContext } from './request-context.ts'
import type { Route } from './route.ts'
import { createRouteHandler } from './route-handler.ts'
import { uploadBytesMax } from './upload.ts'

export interface HttpOptions {
  db: Database
  clock: Clock
  logger: Logger
  metrics: Metrics
  shedder: Shedder
  routes: readonly Route[]
  authenticate: (key: string) => Promise<Identity>
  rateLimit: (name: string) => number
  publicUrl: string
  /** How many proxies in front are believed when they say who asks. Default 0. */
  trustedProxies?: number
  secrets: Secrets
  /** Routers that are not the API: webhooks, pages, docs. Mounted before the API's routes. */
  mount: (app: express.Express) => void
}

/** Largest request body, in bytes. */
export const bodyBytesMax = 1024 * 1024

export const createHttpApp = (options: HttpOptions): express.Express => {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.set('trust proxy', options.trustedProxies ?? 0)
  // As Stripe: /V1/charges is no path of ours. Load shedding and body limits look at the path as it is written.
  app.enable('case sensitive routing')
  app.use(begin(options))
  options.mount(app)
  for (const { path } of options.routes.filter(({ file }) => file !== undefined))
    app.use(path, express.raw({ type: () => true, limit: uploadBytesMax, inflate: true }))
  app.use('/v1', express.raw({ type: () => true, limit: bodyBytesMax, inflate: true }))
  for (const route of options.routes) app[route.method](route.path, createRouteHandler(route, options))
  app.use((request, response, next) => refuseUnknownPath(options, request, response, next))
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) =>
    fail(options, error, request, response),
  )
  return app
}

/** Request id, security headers, latency metric, load shedding. */
const begin =
  ({ metrics, shedder }: HttpOptions) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const requestId = showId('request', newUuid())
    const end = metrics.requests.startTimer({ method: request.method })
    response.set({
      'Request-Id': requestId,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'Strict-Transport-Security': 'max-age=31536000',
    })
    const version = request.headers['stripe-version']
    if (typeof version === 'string' && version.length <= 64) response.set('Stripe-Version', version)
    response.on('finish', () => end({ route: request.route?.path ?? 'none', status: response.statusCode }))
    // Provider notifications are shed last: losing one costs more than a slow answer.
    const refuse = shedder.isOverloaded() && request.path.startsWith('/v1/')
    if (refuse) next(new AppError('overloaded', { retryAfter: 1 }))
    else withRequestContext({ requestId, idempotencyKey: request.get('idempotency-key') }, next)
  }

const refuseUnknownPath = (options: HttpOptions, request: Request, response: Response, next: NextFunction): void => {
  const others = options.routes.filter((route) => pathMatches(route.path, request.path))
  const message = `Unrecognized request URL (${request.method}: ${request.path.slice(0, 200)}). See ${options.publicUrl}/docs.`
  if (others.length === 0) next(new AppError('route_missing', { message }))
  else {
    const methods = new Set(
      others.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])),
    )
    const allowed = [...methods].sort().join(', ')
    response.set('Allow', allowed)
    next(new AppError('method_not_allowed', { message: `This path takes ${allowed}.` }))
  }
}

const pathMatches = (pattern: string, path: string): boolean => {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith(':') || part === given[index])
}

const fail = (options: HttpOptions, error: unknown, request: Request, response: Response): void => {
  const known = toAppError(error)
  if (known.status >= 500 && known.code !== 'overloaded') {
    options.logger.error(
      { err: known.details.cause ?? known, method: request.method, path: request.path },
      'request failed',
    )
  }
  if (response.headersSent) response.destroy()
  else sendError(response, known, options.publicUrl)
}
