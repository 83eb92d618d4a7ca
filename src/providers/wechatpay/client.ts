import { createHash, type KeyObject } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { Clock } from '#kernel/clock.ts'
import type { ProviderAnswer, ProviderDecline } from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import { UnmappedError } from './amounts.ts'
import { codeOf, declineOf, judge } from './errors.ts'
import { createPlatformKeys, type PlatformKeys } from './keys.ts'
import { pathsOf } from './paths.ts'
import { authorize, verifyMessage } from './signing.ts'

export interface WechatpayClientOptions {
  account: WechatpayAccount
  clock: Clock
  /** Another host than WeChat's own: `http://127.0.0.1:4244`. */
  apiBase?: string | undefined
  /** Of one request. An operation makes at most three, and its lease is 30 s. */
  timeoutMs?: number
}

export interface Request {
  method: 'GET' | 'POST'
  /** With its query, encoded as it is to be sent. */
  path: string
  body?: object
}

/** What WeChat said, signed; or nothing that can be believed. */
export type Reply =
  | { kind: 'done'; body: Record<string, unknown>; requestId: string }
  | { kind: 'error'; verdict: 'refused' | 'absent'; code: string; decline: ProviderDecline; requestId: string }
  /** `code`: what an answer without proof, or without a clear meaning, said; for people only. */
  | { kind: 'unknown'; reason: string; code: string }

export interface WechatpayClient {
  readonly account: WechatpayAccount
  readonly keys: PlatformKeys
  send(request: Request): Promise<Reply>
  /** An unsigned file, gzipped or not; verified by the SHA-1 that a signed answer gave for what is in it. */
  download(url: string, sha1: string): Promise<{ ok: true; text: string } | { ok: false; reason: string }>
}

const hosts = {
  cn: ['https://api.mch.weixin.qq.com', 'https://api2.mch.weixin.qq.com'],
  global: ['https://apihk.mch.weixin.qq.com'],
} as const satisfies Record<WechatpayAccount['region'], readonly string[]>

const bodyBytesMax = 4 * 1024 * 1024
const fileBytesMax = 256 * 1024 * 1024

export const createWechatpayClient = (options: WechatpayClientOptions): WechatpayClient => {
  const { account, clock, apiBase, timeoutMs = 8000 } = options
  if (apiBase !== undefined && new URL(apiBase).pathname !== '/')
    throw new TypeError('the base address of the WeChat Pay API has no path')
  const bases = apiBase === undefined ? hosts[account.region] : [new URL(apiBase).origin]
  const post = (request: Request) => exchange({ account, clock, bases, timeoutMs }, request)
  const keys = createPlatformKeys(account, clock, async (read) => {
    const got = await post({ method: 'GET', path: pathsOf(account).certificates })
    if (!got.ok) throw new Error(got.reason)
    const body = parseJson(got.body)
    const verified = verifyMessage(got, read(body), clock.now())
    return verified.ok && got.status === 200 ? body : undefined
  })
  return {
    account,
    keys,
    send: async (request) => {
      const got = await post(request)
      if (!got.ok) return { kind: 'unknown', reason: got.reason, code: '' }
      const serial = got.headers['wechatpay-serial']
      if (serial) await keys.learn(serial)
      return readReply(got, keys.find, clock.now())
    },
    download: async (url, sha1) => {
      const { pathname, search, origin } = new URL(url)
      const fetched = await fetchBytes(`${origin}${pathname}${search}`, {
        headers: headersOf(account, { method: 'GET', path: pathname + search, body: '' }, clock.now()),
        signal: AbortSignal.timeout(timeoutMs * 4),
        maxBytes: fileBytesMax,
      })
      if (!fetched.ok) return fetched
      if (fetched.status !== 200) return { ok: false, reason: `the file could not be had: ${fetched.status}` }
      return openFile(fetched.body, sha1)
    },
  }
}

interface Wire {
  account: WechatpayAccount
  clock: Clock
  bases: readonly string[]
  timeoutMs: number
}

type Got =
  | { ok: true; status: number; headers: Record<string, string | undefined>; body: Buffer }
  | { ok: false; reason: string }

/** One request over HTTP: the bytes that were signed are the bytes that are sent. */
const exchange = async ({ account, clock, bases, timeoutMs }: Wire, { method, path, body }: Request): Promise<Got> => {
  const text = body === undefined ? '' : JSON.stringify(body)
  let got: Got & { neverSent?: boolean } = { ok: false, reason: 'no host' }
  for (const base of bases) {
    got = await fetchBytes(base + path, {
      method,
      headers: headersOf(account, { method, path, body: text }, clock.now()),
      ...(body === undefined ? {} : { body: text }),
      signal: AbortSignal.timeout(timeoutMs),
      maxBytes: bodyBytesMax,
    })
    // Only a host that was never reached is given up for its backup; else the same order might be on its way twice.
    if (got.neverSent !== true) return got
  }
  return got
}

const headersOf = (account: WechatpayAccount, request: { method: string; path: string; body: string }, now: Date) => ({
  authorization: authorize(account, request, now),
  accept: 'application/json',
  'content-type': 'application/json',
  'user-agent': 'parley',
  // Asks WeChat to sign with this key, while it could choose.
  ...(account.publicKey ? { 'wechatpay-serial': account.publicKey.id } : {}),
})

/** Failures of a connection before anything could be sent over it. */
const unreached = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'])

const fetchBytes = async (
  url: string,
  { maxBytes, ...init }: RequestInit & { maxBytes: number },
): Promise<Got & { neverSent?: boolean }> => {
  try {
    const response = await fetch(url, { ...init, redirect: 'error' })
    const body = await readAll(response, maxBytes)
    if (!body) return { ok: false, reason: 'the answer is too large' }
    return { ok: true, status: response.status, headers: Object.fromEntries(response.headers), body }
  } catch (error) {
    const { cause } = error as { cause?: { code?: unknown } }
    const code = typeof cause?.code === 'string' ? cause.code : ''
    const reason = error instanceof Error ? `${error.name}: ${code || error.message}` : String(error)
    return { ok: false, reason: `no answer: ${reason.slice(0, 200)}`, neverSent: unreached.has(code) }
  }
}

const readAll = async (response: Response, maxBytes: number): Promise<Buffer | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** An answer without WeChat's signature over it, or with a wrong one, says nothing: also 204, also an error. */
const readReply = (
  got: Extract<Got, { ok: true }>,
  keyOf: (serial: string) => KeyObject | undefined,
  now: Date,
): Reply => {
  const requestId = got.headers['request-id'] ?? ''
  const body = got.body.length === 0 ? {} : parseJson(got.body)
  const code = codeOf(body)
  const verified = verifyMessage(got, keyOf, now)
  if (!verified.ok) return unknownReply(`${got.status} without proof: ${verified.reason}`, code, requestId)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return unknownReply(`${got.status}: the answer is not JSON`, code, requestId)
  if (got.status === 200 || got.status === 204) return { kind: 'done', body: { ...body }, requestId }
  const verdict = judge(got.status, code)
  return verdict === 'unknown'
    ? unknownReply(`${got.status}: ${code}`, code, requestId)
    : { kind: 'error', verdict, code, decline: declineOf(body), requestId }
}

const unknownReply = (reason: string, code: string, requestId: string): Reply => ({
  kind: 'unknown',
  reason: requestId === '' ? reason : `${reason} (Request-ID ${requestId.slice(0, 80)})`,
  code,
})

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

/** The hash is over what is in the file, not over the gzip around it. */
const openFile = (bytes: Buffer, sha1: string): { ok: true; text: string } | { ok: false; reason: string } => {
  try {
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: fileBytesMax }) : bytes
    const hash = createHash('sha1').update(plain).digest('hex')
    if (hash !== sha1.toLowerCase()) return { ok: false, reason: 'the file does not have the hash that was announced' }
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain) }
  } catch (error) {
    return { ok: false, reason: `the file is damaged: ${error instanceof Error ? error.message.slice(0, 100) : ''}` }
  }
}

/** An answer of the port out of a reply: `read` maps what was done, and what it cannot map is `unknown`. */
export const answerOf = <T>(reply: Reply, read: (body: Record<string, unknown>) => T): ProviderAnswer<T> => {
  if (reply.kind === 'unknown') return { outcome: 'unknown', reason: reply.reason }
  const requestId = reply.requestId === '' ? {} : { requestId: reply.requestId }
  if (reply.kind === 'error') return { outcome: 'refused', decline: reply.decline, ...requestId }
  try {
    return { outcome: 'ok', value: read(reply.body), ...requestId }
  } catch (error) {
    if (error instanceof UnmappedError) return { outcome: 'unknown', reason: error.message }
    throw error
  }
}

export type LookupAnswer<T> = Exclude<ProviderAnswer<T>, { outcome: 'refused' }>

/** Asks for an object. `undefined` only when WeChat itself says that there is none; never `refused`. */
export const lookup = async <T>(
  client: WechatpayClient,
  path: string,
  read: (body: Record<string, unknown>) => T,
): Promise<LookupAnswer<T | undefined>> => {
  const reply = await client.send({ method: 'GET', path })
  if (reply.kind === 'error' && reply.verdict === 'absent') return { outcome: 'ok', value: undefined }
  const answer = answerOf<T | undefined>(reply, read)
  return answer.outcome === 'refused'
    ? { outcome: 'unknown', reason: `refused: ${answer.decline.declineCode}` }
    : answer
}
