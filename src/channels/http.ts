import type { SendAnswer } from './channel.ts'
import type { ChannelFailure, FailureReason } from './inbound.ts'

export interface Call {
  readonly url: string
  /** POST with a body, else GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** From connect to the end of the answer. */
  readonly timeoutMs?: number
}

export interface Answered {
  readonly outcome: 'answered'
  readonly status: number
  readonly headers: Headers
  /** The parsed JSON; undefined if it was none. Of a stranger: parse it before use. */
  readonly body: unknown
}

export type CallAnswer =
  | Answered
  /** The request never went out: no such host, connection refused, bad certificate. */
  | { readonly outcome: 'unreached'; readonly reason: string }
  /** It may have arrived. */
  | { readonly outcome: 'lost'; readonly reason: string }

const defaultTimeoutMs = 10_000
const answerBytesMax = 1024 * 1024

/** One call. Never throws, follows no redirect; reasons hold neither the address (tokens) nor what the other side said. */
export const callJson = async (call: Call): Promise<CallAnswer> => {
  const { url, body, headers = {}, timeoutMs = defaultTimeoutMs, method = body === undefined ? 'GET' : 'POST' } = call
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, {
      method,
      redirect: 'manual',
      signal,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await readText(response)
    return { outcome: 'answered', status: response.status, headers: response.headers, body: parse(text) }
  } catch (error) {
    if (signal.aborted) return { outcome: 'lost', reason: `no answer within ${timeoutMs} ms` }
    const cause = error instanceof Error ? error.cause : undefined
    return { outcome: isUnsent(cause) ? 'unreached' : 'lost', reason: `connection failed${codeOf(cause)}` }
  }
}

/** What a call means for a message; `read` is the adapter's table of answers. */
export const toSendAnswer = (answer: CallAnswer, read: (answer: Answered) => SendAnswer): SendAnswer => {
  if (answer.outcome === 'answered') return read(answer)
  if (answer.outcome === 'lost') return { outcome: 'unknown', reason: answer.reason }
  return { outcome: 'refused', failure: unreachedFailure(answer.reason) }
}

/** For questions without effect (`test`): whatever is no answer is temporary. */
export const unreachedFailure = (code: string): ChannelFailure => ({
  reason: 'temporary',
  code,
  advice: 'The platform could not be reached; it is tried again by itself.',
})

/** For an answer in which the platform says nothing that we know: by the status alone. A 5xx may have been sent. */
export const answerOfStatus = (answer: Pick<Answered, 'status' | 'headers'>): SendAnswer => {
  const { status } = answer
  if (status >= 500 || (status >= 200 && status < 300)) return { outcome: 'unknown', reason: `HTTP ${status}` }
  return { outcome: 'refused', failure: failureOfStatus(status), ...retryAfterOf(answer) }
}

export const failureOfStatus = (status: number): ChannelFailure => {
  const [reason, advice] = statusTable[status] ?? otherStatus(status)
  return { reason, code: `HTTP ${status}`, advice }
}

const statusTable: Readonly<Record<number, readonly [FailureReason, string] | undefined>> = {
  401: ['connection_broken', 'The platform refuses the access token: replace it in the connection.'],
  403: ['connection_broken', 'The platform forbids this call: check the permissions of the access token.'],
  408: ['temporary', 'The platform was too slow; it is tried again by itself.'],
  429: ['rate_limited', 'The platform asks to send more slowly; sending goes on by itself.'],
}

const otherStatus = (status: number): readonly [FailureReason, string] =>
  status >= 500
    ? ['temporary', 'The platform has trouble; it is tried again by itself.']
    : ['unknown', 'The platform answered in a way that is not known: look up its code, or ask its support.']

/** `Retry-After` in seconds or as a date, at most a day. */
export const retryAfterOf = ({ headers }: Pick<Answered, 'headers'>): { retryAfterMs?: number } => {
  const text = headers.get('retry-after')
  if (text === null) return {}
  const sent = headers.get('date')
  const ms = /^\d{1,6}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.parse(sent ?? '')
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(Math.max(ms, 0), 86_400_000) } : {}
}

const readText = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    bytes += chunk.length
    // The status came; of an endless body nothing is wanted.
    if (bytes > answerBytesMax) return ''
  }
  return Buffer.concat(chunks).toString('utf8')
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text, exactly)
  } catch {
    return undefined
  }
}

/** An id with 19 digits (WeChat's `msgid`) does not fit a number: it stays the text it was. */
const exactly = (_key: string, value: unknown, { source = '' }: { source?: string } = {}): unknown =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
    ? source
    : value

/** Errors of looking up, connecting and the TLS handshake stand before the first byte of the request. */
const isUnsent = (cause: unknown): boolean => {
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.every(isUnsent)
  if (!(cause instanceof Error)) return false
  const syscall = 'syscall' in cause ? cause.syscall : undefined
  return (
    syscall === 'connect' ||
    syscall === 'getaddrinfo' ||
    /CERT|CONNECT_TIMEOUT|SELF_SIGNED|UNABLE_TO_/.test(codeOf(cause))
  )
}

/** Codes of sockets and TLS only; messages may hold what a stranger wrote. */
const codeOf = (cause: unknown): string => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /^[A-Z0-9_]{3,60}$/.test(code) ? ` (${code})` : ''
}
