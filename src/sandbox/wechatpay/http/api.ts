import type { IncomingMessage, ServerResponse } from 'node:http'
import { header, isUpload, readRaw, send } from '#sandbox/kit/message.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Merchant } from '../store/merchants.ts'
import { withWork } from '../store/work.ts'
import { keyFor, signatureHeaders } from './answer.ts'
import { ApiError, errorBody, numberOf, statusOf } from './api-error.ts'
import { checkAuthorization } from './authorization.ts'
import type { RequestFault } from './faults.ts'
import { readJson, readParams } from './params.ts'
import { findRoute, type Reply, type Route } from './route.ts'
import { readUpload, type Upload } from './upload.ts'

type Outcome = { status: number; number: number; text: string; reply: Reply | null }

/** One API request: prove who asks, find the route, run it once, sign the answer; with a planned fault anywhere between. */
export async function handleApi(
  sandbox: Sandbox,
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  await sandbox.ids.ensure(sandbox.pool)
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  const method = request.method ?? 'GET'
  let merchant: Merchant | null = null
  let fault: RequestFault | null = null
  let outcome: Outcome
  try {
    const sent = await readSent(request)
    merchant = checkAuthorization(sandbox, request, sent.body)
    fault = sandbox.faults.forRequest(method, path, header(request, 'wechatpay-sandbox-fault'))
    outcome = await answer(sandbox, routes, request, merchant, sent, fault)
  } catch (error) {
    outcome = refusal(sandbox, error)
  }
  if (fault?.name === 'timeout') await pause(fault.ms)
  if (fault?.name === 'timeout' || fault?.name === 'lost_answer') return void request.socket.destroy()
  const key = keyFor(sandbox, merchant, header(request, 'wechatpay-serial'))
  const signed = () => signatureHeaders(sandbox, key, outcome.text, fault?.name === 'bad_signature')
  const requestId = `${sandbox.ids.take('request', sandbox.clock.nowMs())}-${outcome.number}`
  sandbox.log({
    msg: 'request',
    method,
    path,
    status: outcome.status,
    requestId,
    answer: outcome.number ? outcome.text : '',
  })
  const { reply } = outcome
  if (reply && 'file' in reply) {
    const proof = reply.signedAs === undefined ? {} : signatureHeaders(sandbox, key, reply.signedAs)
    response.writeHead(200, {
      'request-id': requestId,
      ...proof,
      ...reply.headers,
      'content-length': reply.file.length,
    })
    return void response.end(reply.file)
  }
  const headers = { 'content-type': 'application/json; charset=utf-8', 'request-id': requestId, ...signed() }
  if (outcome.status !== 204) return send(response, outcome.status, headers, outcome.text)
  response.writeHead(204, { ...headers, 'cache-control': 'no-store' })
  response.end()
}

/** `body`: what the signature is over; of a form its part `meta`. */
type Sent = { body: string; file: Upload | null }

async function readSent(request: IncomingMessage): Promise<Sent> {
  const bytes = await readRaw(request)
  if (!isUpload(request)) return { body: bytes.toString('utf8'), file: null }
  const { meta, file } = await readUpload(request, bytes)
  return { body: meta, file }
}

async function answer(
  sandbox: Sandbox,
  routes: readonly Route[],
  request: IncomingMessage,
  merchant: Merchant,
  { body, file }: Sent,
  fault: RequestFault | null,
): Promise<Outcome> {
  if (fault?.name === 'rate_limit') throw new ApiError('FREQUENCY_LIMITED', '频率超限，请降低请求接口频率')
  if (fault?.name === 'error_500') throw new ApiError('SYSTEM_ERROR', '系统异常，请稍后重试')
  if (fault?.name === 'delay') await pause(fault.ms)
  const url = new URL(request.url ?? '/', 'http://sandbox')
  const found = findRoute(routes, request.method ?? 'GET', url.pathname)
  if (!found) throw new ApiError('RESOURCE_NOT_EXISTS', `请求的资源不存在: ${request.method} ${url.pathname}`)
  const { route, path } = found
  const type = route.hasFile ? 'multipart/form-data' : 'application/json'
  if (body !== '' && !(header(request, 'content-type') ?? '').startsWith(type)) {
    throw new ApiError('PARAM_ERROR', `Http头Content-Type必须为${type}`)
  }
  const input = {
    body: route.body && readParams(route.body, readJson(body), 'body'),
    query: route.query && readParams(route.query, Object.fromEntries(url.searchParams), 'query'),
  }
  const serial = header(request, 'wechatpay-serial')
  const reply = await withWork(sandbox, (work) => route.run({ work, merchant, ...input, path, serial, file }))
  if (fault?.name === 'error_after') throw new ApiError('SYSTEM_ERROR', '系统异常，请稍后重试')
  return { status: reply.status, number: 0, text: 'body' in reply ? JSON.stringify(reply.body) : '', reply }
}

function refusal(sandbox: Sandbox, error: unknown): Outcome {
  const known = error instanceof ApiError ? error : new ApiError('SYSTEM_ERROR', '系统异常，请稍后重试')
  if (known !== error) {
    sandbox.log({ msg: 'request failed', error: error instanceof Error ? error.stack : String(error) })
  }
  return { status: statusOf(known), number: numberOf(known), text: JSON.stringify(errorBody(known)), reply: null }
}

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms).unref())
