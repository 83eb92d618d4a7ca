import type { KeyObject } from 'node:crypto'
import type { Clock } from '#kernel/clock.ts'
import type { ProviderAnswer, ProviderDecline } from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import { UnmappedError } from './amounts.ts'
import { codeOf, declineOf, judge } from './errors.ts'
import { type OpenedFile, openFile, signedOf } from './files.ts'
import { createPlatformKeys, type PlatformKeys } from './keys.ts'
import { pathsOf } from './paths.ts'
import { verifyMessage } from './signing.ts'
import { exchange, fetchFile, fileBytesMax, type Got, hostsOf, type Request } from './wire.ts'

export interface WechatpayClientOptions {
  account: WechatpayAccount
  clock: Clock
  /** Another host than WeChat's own: `http://127.0.0.1:4244`. */
  apiBase?: string | undefined
  /** Of one request. An operation makes at most three, and its lease is 30 s. */
  timeoutMs?: number
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
  download(url: string, sha1: string): Promise<OpenedFile>
  /** A file that is the answer itself, and whose SHA-1 is what is signed. */
  fetch(path: string): Promise<{ kind: 'file'; text: string } | Exclude<Reply, { kind: 'done' }>>
}

export const createWechatpayClient = (options: WechatpayClientOptions): WechatpayClient => {
  const { account, clock, apiBase, timeoutMs = 8000 } = options
  const wire = { account, clock, timeoutMs, bases: hostsOf(account.region, apiBase) }
  const post = (request: Request) => exchange(wire, request)
  const keys = createPlatformKeys(account, clock, async (read) => {
    const got = await post({ method: 'GET', path: pathsOf(account).certificates })
    if (!got.ok) throw new Error(got.reason)
    const body = parseJson(got.body)
    const verified = verifyMessage(got, read(body), clock.now())
    return verified.ok && got.status === 200 ? body : undefined
  })
  const learn = async (got: Extract<Got, { ok: true }>) => {
    const serial = got.headers['wechatpay-serial']
    if (serial) await keys.learn(serial)
    return got
  }
  return {
    account,
    keys,
    send: async (request) => {
      const got = await post(request)
      return got.ok ? readReply(await learn(got), keys.find, clock.now()) : unheard(got)
    },
    download: async (url, sha1) => {
      const fetched = await fetchFile(wire, url)
      if (!fetched.ok) return fetched
      if (fetched.status !== 200) return { ok: false, reason: `the file could not be had: ${fetched.status}` }
      return openFile(fetched.body, sha1)
    },
    fetch: async (path) => {
      const got = await exchange({ ...wire, timeoutMs: timeoutMs * 4 }, { method: 'GET', path }, fileBytesMax)
      return got.ok ? readFile(await learn(got), keys.find, clock.now()) : unheard(got)
    },
  }
}

const unheard = ({ reason }: { reason: string }) => ({ kind: 'unknown' as const, reason, code: '' })

/** Only an answer with a hash is a file: an error is signed as any other. */
const readFile = (
  got: Extract<Got, { ok: true }>,
  keyOf: (serial: string) => KeyObject | undefined,
  now: Date,
): Awaited<ReturnType<WechatpayClient['fetch']>> => {
  const sha1 = got.headers['wechatpay-statement-sha1']
  if (got.status !== 200 || sha1 === undefined) {
    const reply = readReply(got, keyOf, now)
    return reply.kind === 'done' ? unheard({ reason: 'the answer is no file' }) : reply
  }
  const verified = verifyMessage({ headers: got.headers, body: signedOf(sha1) }, keyOf, now)
  if (!verified.ok) return unheard({ reason: `200 without proof: ${verified.reason}` })
  const file = openFile(got.body, sha1)
  return file.ok ? { kind: 'file', text: file.text } : unheard(file)
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
