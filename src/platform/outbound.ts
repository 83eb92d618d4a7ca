import { promises as dns } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isLocalName, isPublicAddress } from './outbound-addresses.ts'

/** HTTP to addresses that strangers chose. Everything that is called with a user's URL goes through here. */
export interface Outbound {
  /** Why the URL may not be called, or undefined. Names are judged again, by their addresses, when connecting. */
  refusal(url: string): string | undefined
  /** Never throws and never follows a redirect; `error` is a short text without anything the other side said. */
  post(message: OutboundMessage): Promise<OutboundAnswer>
  /**
   * The same, and the body of the answer if it ends within 16 KiB: for the one who is asked a question. The caller must
   * show nobody more of it than the members that it expects.
   */
  ask(message: OutboundMessage, timeoutMs: number): Promise<OutboundReply>
}

export interface OutboundMessage {
  url: string
  headers: Record<string, string>
  body: string
}

export type OutboundAnswer = { ok: true; status: number; retryAfter: string | undefined } | { ok: false; error: string }

export type OutboundReply = { ok: true; status: number; body: string } | { ok: false; error: string; isLate: boolean }

export interface OutboundOptions {
  /** Loopback and private addresses and plain http, for development and for networks of one's own. */
  allowPrivate: boolean
  /** From connect to the end of the answer. */
  timeoutMs?: number
  resolve?: Resolve
}

type Address = { address: string; family: number }
export type Resolve = (host: string) => Promise<readonly Address[]>

const defaultTimeoutMs = 15_000
const urlLengthMax = 2048
/** What is read of an answer's body before the connection is cut. */
const bodyBytesMax = 16 * 1024

export const createOutbound = (options: OutboundOptions): Outbound => {
  const { allowPrivate, timeoutMs = defaultTimeoutMs, resolve = resolveAll } = options
  const refusal = (url: string) => refusalOf(url, allowPrivate)
  const lookup = guardedLookup(resolve, allowPrivate)
  const send = async <T>(message: OutboundMessage, limitMs: number, use: (request: ClientRequest) => Promise<T>) => {
    const refused = refusal(message.url)
    if (refused !== undefined) return { ok: false as const, error: refused, isLate: false }
    const signal = AbortSignal.timeout(limitMs)
    try {
      return await use(open(message, lookup, signal))
    } catch (error) {
      const isLate = signal.aborted
      return { ok: false as const, error: isLate ? `no answer within ${limitMs} ms` : describe(error), isLate }
    }
  }
  return {
    refusal,
    post: async (message) => {
      const answer = await send(message, timeoutMs, (request) => exchange(request, message.body))
      return answer.ok ? answer : { ok: false, error: answer.error }
    },
    ask: (message, limitMs) => send(message, limitMs, (request) => converse(request, message.body)),
  }
}

const resolveAll: Resolve = (host) => dns.lookup(host, { all: true })

const refusalOf = (text: string, allowPrivate: boolean): string | undefined => {
  const url = URL.canParse(text) && text.length <= urlLengthMax ? new URL(text) : undefined
  if (!url) return 'the URL is not valid'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate))
    return 'the URL must begin with https://'
  if (url.username !== '' || url.password !== '') return 'the URL must not contain a user name or password'
  if (url.port === '0') return 'the port must not be 0'
  if (allowPrivate) return undefined
  const host = bareHost(url)
  // The URL parser has already turned 0x7f.1 or 2130706433 into 127.0.0.1.
  if (isIP(host) === 0) return isLocalName(host) || !host.includes('.') ? 'the host is not public' : undefined
  return isPublicAddress(host) ? undefined : 'the address is not public'
}

const bareHost = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1')

/**
 * Resolves once, judges every answer, and hands the socket exactly what was judged: a name that changes its address
 * between check and connect gains nothing. Node skips this hook for literal addresses; `refusalOf` covers those.
 */
const guardedLookup =
  (resolve: Resolve, allowPrivate: boolean): LookupFunction =>
  (host, options, callback) => {
    const judge = (addresses: readonly Address[]): void => {
      const bad = addresses.length === 0 || addresses.some((one) => isIP(one.address) === 0)
      if (bad || (!allowPrivate && addresses.some((one) => !isPublicAddress(one.address)))) {
        callback(new RefusedError('the host has an address that is not public'), '', 0)
        return
      }
      const pinned = addresses.map(({ address }) => ({ address, family: isIP(address) }))
      const [first] = pinned
      if (options.all) callback(null, pinned)
      else callback(null, first?.address ?? '', first?.family)
    }
    resolve(host).then(judge, () => callback(new RefusedError('the host name could not be resolved'), '', 0))
  }

class RefusedError extends Error {
  override name = 'RefusedError'
}

const open = ({ url, headers, body }: OutboundMessage, lookup: LookupFunction, signal: AbortSignal): ClientRequest => {
  const target = new URL(url)
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  return request(target, {
    method: 'POST',
    headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
    // One connection per message: a kept one would skip the check, and no proxy of the environment is used.
    agent: false,
    lookup,
    signal,
  })
}

/**
 * The status line is the answer. Of the body only a little is read, so that an honest server may finish its sentence;
 * none of it is kept, because it would let a merchant read what our network can reach.
 */
const exchange = (request: ClientRequest, body: string): Promise<OutboundAnswer> =>
  new Promise((resolve, reject) => {
    let answer: OutboundAnswer | undefined
    const end = (error: unknown): void => {
      if (answer) resolve(answer)
      else reject(error)
      request.destroy()
    }
    request.on('error', end)
    request.on('close', () => end(new Error('closed without an answer')))
    request.on('response', (response) => {
      answer = { ok: true, status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }
      discard(response, end)
    })
    request.end(body)
  })

/** Like `exchange`, for an answer whose body is the point: one that is cut off or too long is none. */
const converse = (request: ClientRequest, body: string): Promise<OutboundReply> =>
  new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('close', () => reject(new Error('closed without an answer')))
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes <= bodyBytesMax) return
        reject(new Error('the answer is too long'))
        request.destroy()
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({ ok: true, status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
        request.destroy()
      })
    })
    request.end(body)
  })

const discard = (response: IncomingMessage, end: (error?: unknown) => void): void => {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes >= bodyBytesMax) end()
  })
  response.on('end', end)
  response.on('error', end)
}

/** The code of a socket or TLS error (ECONNREFUSED, CERT_HAS_EXPIRED); other messages may hold what a stranger wrote. */
const describe = (error: unknown): string => {
  if (error instanceof RefusedError) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^[A-Z0-9_]{3,60}$/.test(code) ? `connection failed (${code})` : 'connection failed'
}
