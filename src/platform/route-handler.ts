import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import { z } from 'zod'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId } from '#kernel/ids.ts'
import type { Identity } from './api-keys.ts'
import { coerce, type JsonSchema } from './coerce.ts'
import { sha256 } from './crypto.ts'
import { type Database, inTransaction } from './database.ts'
import { checkRaw, decodeForm, decodeJson, type Raw } from './form.ts'
import type { HttpOptions } from './http.ts'
import { errorBody, parseOrThrow, toAppError } from './http-errors.ts'
import { type Claim, claimKey, fingerprint, holdKey, settleKey } from './idempotency.ts'
import type { Call, Replay, Route, StreamAnswer } from './route.ts'
import { isMultipart, readUpload, type UploadedFile } from './upload.ts'

type AnyCall = Call<never, never, never>

/** Runs one operation: key → role → limit → parse → idempotency → handler → answer. */
export const createRouteHandler = (route: Route, options: HttpOptions) => {
  const body = route.body && { schema: route.body, json: jsonSchema(route.body) }
  const query = { schema: route.query, json: jsonSchema(route.query) }
  return async (request: Request, response: Response): Promise<void> => {
    const identity = await identify(request, route, options)
    const { given, file } = await readGiven(request, route)
    const asked = readQuery(request)
    const input = {
      ...identity,
      params: parseOrThrow(route.params, request.params),
      query: parseOrThrow(query.schema, coerce(query.json, asked)),
      body: body ? parseOrThrow(body.schema, coerce(body.json, given)) : {},
      ...(file ? { file } : {}),
      requestId: String(response.get('Request-Id')),
      header: (name: string) => request.get(name),
      idempotencyKey: request.method === 'POST' ? readIdempotencyKey(request) : undefined,
      resourceId: newUuid(),
    } as unknown as AnyCall
    const printed = file ? { ...given, file: sha256(file.bytes).toString('hex') } : given
    const print = () => fingerprint(request.method, request.path, printed, asked)
    if (input.idempotencyKey === undefined || route.idempotency(input.body) === 'self') {
      await send(response, route, await route.handler({ ...input, fingerprint: print() }))
      return
    }
    const claim: Claim = {
      merchantId: input.merchantId,
      key: input.idempotencyKey,
      fingerprint: print(),
      now: options.clock.now(),
    }
    await runOnce(claim, route, input, response, options)
  }
}

const jsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema

const runOnce = async (
  claim: Claim,
  route: Route,
  call: AnyCall,
  response: Response,
  options: HttpOptions,
): Promise<void> => {
  const claimed = await claimKey(options.db, claim)
  const context = `idempotency_key:${claim.merchantId}:${claim.key}`
  if (!claimed.claimed) {
    sendReplay(response, { status: claimed.status, body: openBody(claimed.body, options, context) })
    return
  }
  const letGo = holdKey(options.db, claim, () => options.clock.now())
  try {
    const answer = {
      status: 200,
      body: JSON.stringify(await route.handler({ ...call, resourceId: claimed.resourceId })),
    }
    const kept = route.isAnswerSecret ? sealBody(answer.body, options, context) : answer.body
    await settleKey(options.db, claim, { ...answer, body: kept })
    response.status(answer.status).type('application/json').send(answer.body)
  } catch (error) {
    const known = toAppError(error)
    // What may turn out differently next time is not an answer to remember; a decline or a wrong state is.
    const isFinal = known.status < 500 && known.status !== 409 && known.status !== 429
    const answer = { status: known.status, body: JSON.stringify(errorBody(known, options.publicUrl)) }
    await settleKey(options.db, claim, isFinal ? answer : undefined)
    throw error
  } finally {
    letGo()
  }
}

/** A secret that is shown once must not lie readable in the database for as long as the key is kept. */
const sealedMark = 'sealed:'
const sealBody = (body: string, { secrets }: HttpOptions, context: string): string =>
  sealedMark + secrets.seal(body, context).toString('base64')
const openBody = (body: string, { secrets }: HttpOptions, context: string): string =>
  body.startsWith(sealedMark) ? secrets.open(Buffer.from(body.slice(sealedMark.length), 'base64'), context) : body

const sendReplay = (response: Response, stored: { status: number; body: string }): void => {
  response.set('Idempotent-Replayed', 'true').status(stored.status).type('application/json').send(stored.body)
}

const send = async (response: Response, route: Route, answer: unknown): Promise<void> => {
  if (isReplay(answer)) sendReplay(response, answer.replay)
  else if (isStream(answer)) {
    response.status(answer.status ?? 200).set({ ...answer.headers, 'Content-Type': answer.contentType })
    if (response.req.method === 'HEAD') response.end()
    else await pipeline(Readable.from(answer.chunks), response)
  } else
    response
      .status(200)
      .type(route.contentType ?? 'application/json')
      .send(JSON.stringify(answer))
}

const isReplay = (answer: unknown): answer is Replay =>
  typeof answer === 'object' && answer !== null && 'replay' in answer
const isStream = (answer: unknown): answer is StreamAnswer =>
  typeof answer === 'object' && answer !== null && 'chunks' in answer

const identify = async (request: Request, route: Route, options: HttpOptions): Promise<Identity> => {
  const key = readApiKey(request)
  const identity = await options.authenticate(key)
  const wait = options.rateLimit(identity.apiKeyId)
  if (wait > 0) throw new AppError('rate_limit', { retryAfter: wait })
  if (!route.roles.includes(identity.role)) {
    throw new AppError('permission_denied', {
      message: `A key with the role '${identity.role}' may not do this; it takes one of: ${route.roles.join(', ')}.`,
    })
  }
  return actFor(request, identity, options.db)
}

/** `Stripe-Account` lets a platform key act for another merchant; other keys may only name their own. */
const actFor = async (request: Request, identity: Identity, db: Database): Promise<Identity> => {
  const account = request.get('stripe-account')
  if (account === undefined) return identity
  const merchantId = parseId('merchant', account)
  if (merchantId === identity.merchantId) return identity
  if (merchantId !== undefined && identity.role !== 'platform') {
    throw new AppError('permission_denied', { message: 'Only a platform key may act for another merchant.' })
  }
  if (merchantId === undefined || !(await isMerchant(db, merchantId)))
    throw new AppError('resource_missing', {
      message: `No such merchant: '${account.slice(0, 60)}'`,
      param: 'Stripe-Account',
    })
  return { ...identity, merchantId }
}

const isMerchant = (db: Database, merchantId: string): Promise<boolean> =>
  inTransaction(db, merchantId, async (tx) => {
    const row = await tx
      .selectFrom('merchants')
      .select('merchant_id')
      .where('merchant_id', '=', merchantId)
      .executeTakeFirst()
    return row !== undefined
  })

const readApiKey = (request: Request): string => {
  const [scheme = '', value = ''] = (request.get('authorization') ?? '').split(' ')
  if (/^bearer$/i.test(scheme) && value) return value
  if (/^basic$/i.test(scheme) && value) return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? ''
  throw new AppError('api_key_missing')
}

const readIdempotencyKey = (request: Request): string | undefined => {
  const key = request.get('idempotency-key')
  if (key === undefined) return undefined
  if (key.length < 1 || key.length > 255) {
    throw new AppError('parameter_invalid_string', {
      message: 'Idempotency-Key must have 1 to 255 characters.',
      param: 'Idempotency-Key',
    })
  }
  return key
}

const readQuery = (request: Request): Raw => {
  const text = request.originalUrl.split('?').slice(1).join('?')
  const query = decodeForm(text)
  checkRaw(query)
  return query
}

const readGiven = async (
  request: Request,
  route: Route,
): Promise<{ given: { [key: string]: Raw }; file?: UploadedFile }> => {
  const type = request.get('content-type') ?? ''
  if (!route.body) return { given: {} }
  if (route.file === undefined || !isMultipart(type)) return { given: readBody(request) }
  const bytes: unknown = request.body
  const { fields, file } = await readUpload(Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0), type, route.file)
  return { given: fields, ...(file ? { file } : {}) }
}

const readBody = (request: Request): { [key: string]: Raw } => {
  const bytes: unknown = request.body
  const text = Buffer.isBuffer(bytes) ? decodeUtf8(bytes) : ''
  if (text === '') return {}
  const isJson = /^application\/(.+\+)?json\b/i.test(request.get('content-type') ?? '')
  const value = isJson ? decodeJson(text) : decodeForm(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('invalid_body', { message: 'The body must be an object of parameters.' })
  }
  checkRaw(value)
  return value
}

const decodeUtf8 = (bytes: Buffer): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new AppError('invalid_body', { message: 'The body is not valid UTF-8.' })
  }
}
