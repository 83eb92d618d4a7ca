import type { IncomingMessage, ServerResponse } from 'node:http'
import { header, isUpload, readRaw, send } from '#sandbox/kit/message.ts'
import type { Sandbox } from '../sandbox.ts'
import { API_VERSION } from '../store/event-document.ts'
import { withWork } from '../store/work.ts'
import { ApiError, errorBody, InvalidParameters, invalidRequest } from './api-error.ts'
import { authorize } from './auth.ts'
import { expand } from './expand.ts'
import type { RequestFault } from './faults.ts'
import { type Form, parseForm } from './form.ts'
import { type Answer, answerOnce, type Claim, fingerprintOf, storeAnswer } from './idempotency.ts'
import { parseParams } from './params.ts'
import { findRoute, type PathIds, type Route } from './route.ts'
import { readUpload } from './upload.ts'

type Call = {
  method: string
  path: string
  route: Route
  ids: PathIds
  form: Form
  requestId: string
  claim: Claim | null
  /** Whose objects it sees and makes; '': the simulator's own account. */
  account: string
}

/** One API request: authenticate, read, find the route, run it once, answer; with a planned fault anywhere between. */
export async function handleApi(
  sandbox: Sandbox,
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await sandbox.ids.ensure(sandbox.pool)
  const requestId = sandbox.ids.take('req')
  const url = new URL(request.url ?? '/', 'http://sandbox')
  const method = request.method ?? 'GET'
  let fault: RequestFault | null = null
  let answer: Answer
  try {
    const body = isUpload(request) ? await readUpload(request) : (await readRaw(request)).toString('utf8')
    const account = authorize(request, sandbox)
    const faultHeader = header(request, 'stripe-sandbox-fault')
    if (faultHeader !== undefined && !sandbox.faults.isKnown(faultHeader))
      throw invalidRequest(`Unknown fault: ${faultHeader}`)
    if (faultHeader?.startsWith('webhook_')) {
      await sandbox.faults.plan({ fault: faultHeader, remaining: 1, method: null, path: null })
    }
    fault = sandbox.faults.forRequest(method, url.pathname, faultHeader)
    if (fault?.name === 'delay') await pause(fault.ms)
    answer = await answerCall(sandbox, { ...readCall(request, method, url, body, routes, requestId), account }, fault)
  } catch (error) {
    answer = errorAnswer(sandbox, error, requestId)
  }
  if (fault?.name === 'timeout') await pause(fault.ms)
  if (fault?.name === 'timeout' || fault?.name === 'lost_answer') return void request.socket.destroy()
  send(response, answer.status, answerHeaders(request, requestId, answer), answer.body)
  sandbox.log({ msg: 'request', method, path: url.pathname, status: answer.status, requestId })
}

function readCall(
  request: IncomingMessage,
  method: string,
  url: URL,
  body: string,
  routes: readonly Route[],
  requestId: string,
): Omit<Call, 'account'> {
  const path = url.pathname
  const found = findRoute(routes, method, path)
  if (!found) {
    throw new ApiError(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    })
  }
  const type = header(request, 'content-type') ?? ''
  if (body !== '' && !type.startsWith('application/x-www-form-urlencoded') && !found.route.isUpload) {
    throw invalidRequest(
      `Invalid request (check that your ${method} content type is application/x-www-form-urlencoded). If you have questions, we can help at https://support.stripe.com/.`,
    )
  }
  const key = method === 'POST' ? header(request, 'idempotency-key') : undefined
  if (key !== undefined && key.length > 255) throw invalidRequest('Idempotency keys can be up to 255 characters long.')
  return {
    method,
    path,
    route: found.route,
    ids: found.path,
    form: parseForm([url.search.slice(1), body].filter(Boolean).join('&')),
    requestId,
    claim: key ? { key, fingerprint: fingerprintOf(method, path, body), requestId } : null,
  }
}

function answerCall(sandbox: Sandbox, call: Call, fault: RequestFault | null): Promise<Answer> {
  if (fault?.name === 'rate_limit') throw RATE_LIMITED
  if (fault?.name === 'error_503') throw UNAVAILABLE
  const run = () => (fault?.name === 'error_500' ? failBefore(sandbox, call) : runRoute(sandbox, call, fault))
  return call.claim ? answerOnce(sandbox, claimOf(call, call.claim), run) : run()
}

/** The work and the answer kept under its key are committed together. */
async function runRoute(sandbox: Sandbox, call: Call, fault: RequestFault | null): Promise<Answer> {
  const { route, requestId, account } = call
  const claim = call.claim && claimOf(call, call.claim)
  const origin = { requestId, idempotencyKey: call.claim?.key ?? null, account }
  const params = parseParams(route.shape, call.form)
  try {
    return await withWork(sandbox, origin, async (work) => {
      let answer: Answer
      try {
        const object = await route.run(work, params, call.ids)
        const expanded = await expand(work, object, (params.expand as string[] | undefined) ?? [])
        answer = { status: 200, body: JSON.stringify(expanded, null, 2) }
      } catch (error) {
        if (!(error instanceof ApiError && error.keepsWork)) throw error
        answer = errorAnswer(sandbox, error, requestId)
      }
      if (fault?.name === 'error_after') answer = errorAnswer(sandbox, BROKEN, requestId)
      if (claim) work.remember({ ...claim, ...answer })
      return answer
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error instanceof InvalidParameters || !claim) throw error
    const answer = errorAnswer(sandbox, error, requestId)
    await storeAnswer(sandbox, { ...claim, ...answer })
    return answer
  }
}

async function failBefore(sandbox: Sandbox, call: Call): Promise<Answer> {
  const { requestId } = call
  const claim = call.claim && claimOf(call, call.claim)
  const answer = errorAnswer(sandbox, BROKEN, requestId)
  if (claim) await storeAnswer(sandbox, { ...claim, ...answer })
  return answer
}

/** A key counts within its account. */
const claimOf = ({ account }: Call, claim: Claim): Claim =>
  account === '' ? claim : { ...claim, key: `${account} ${claim.key}` }

function errorAnswer(sandbox: Sandbox, error: unknown, requestId: string): Answer {
  const known = error instanceof ApiError ? error : BROKEN
  if (known !== error)
    sandbox.log({ msg: 'request failed', requestId, error: error instanceof Error ? error.stack : String(error) })
  return { status: known.status, body: JSON.stringify(errorBody(known, requestId), null, 2) }
}

function answerHeaders(request: IncomingMessage, requestId: string, answer: Answer): Record<string, string> {
  const key = header(request, 'idempotency-key')
  return {
    'content-type': 'application/json',
    'request-id': requestId,
    'stripe-version': header(request, 'stripe-version') ?? API_VERSION,
    ...(key ? { 'idempotency-key': key } : {}),
    ...(answer.replayOf ? { 'idempotent-replayed': 'true', 'original-request': answer.replayOf } : {}),
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())

const apiProblem = (status: number, message: string) => new ApiError(status, { type: 'api_error', message })
const BROKEN = apiProblem(500, 'An unknown error occurred')
const UNAVAILABLE = apiProblem(503, 'Stripe is temporarily unavailable. Please try again.')
const RATE_LIMITED = new ApiError(429, {
  type: 'invalid_request_error',
  code: 'rate_limit',
  message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
})
