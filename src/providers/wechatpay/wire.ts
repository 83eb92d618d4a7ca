import type { Clock } from '#kernel/clock.ts'
import type { WechatpayAccount } from './account.ts'
import { authorize } from './signing.ts'

export interface Request {
  method: 'GET' | 'POST' | 'PUT'
  /** With its query, encoded as it is to be sent. */
  path: string
  body?: object
  /** A file goes as a form; only `body`, its part `meta`, is signed. */
  file?: { name: string; type: string; bytes: Uint8Array }
}

export const hostsOf = (region: WechatpayAccount['region'], apiBase: string | undefined): readonly string[] => {
  if (apiBase === undefined) return hosts[region]
  const { pathname, origin } = new URL(apiBase)
  if (pathname !== '/') throw new TypeError('the base address of the WeChat Pay API has no path')
  return [origin]
}

const hosts = {
  cn: ['https://api.mch.weixin.qq.com', 'https://api2.mch.weixin.qq.com'],
  global: ['https://apihk.mch.weixin.qq.com'],
} as const satisfies Record<WechatpayAccount['region'], readonly string[]>

export const bodyBytesMax = 4 * 1024 * 1024
export const fileBytesMax = 256 * 1024 * 1024

export interface Wire {
  account: WechatpayAccount
  clock: Clock
  bases: readonly string[]
  timeoutMs: number
}

export type Got =
  | { ok: true; status: number; headers: Record<string, string | undefined>; body: Buffer }
  | { ok: false; reason: string }

/** One request over HTTP: the bytes that were signed are the bytes that are sent. */
export const exchange = async (wire: Wire, request: Request, maxBytes = bodyBytesMax): Promise<Got> => {
  const { account, clock, bases, timeoutMs } = wire
  const { method, path, body, file } = request
  const text = body === undefined ? '' : JSON.stringify(body)
  let got: Got & { neverSent?: boolean } = { ok: false, reason: 'no host' }
  for (const base of bases) {
    got = await fetchBytes(base + path, {
      method,
      headers: headersOf(account, { method, path, body: text }, clock.now(), file === undefined),
      ...(body === undefined ? {} : { body: file === undefined ? text : formOf(text, file) }),
      signal: AbortSignal.timeout(timeoutMs),
      maxBytes,
    })
    // Only a host that was never reached is given up for its backup; else the same order might be on its way twice.
    if (got.neverSent !== true) return got
  }
  return got
}

const formOf = (meta: string, { name, type, bytes }: NonNullable<Request['file']>): FormData => {
  const form = new FormData()
  form.append('meta', meta)
  form.append('file', new Blob([Uint8Array.from(bytes)], { type }), name)
  return form
}

const headersOf = (
  account: WechatpayAccount,
  request: { method: string; path: string; body: string },
  now: Date,
  isJson = true,
) => ({
  authorization: authorize(account, request, now),
  accept: 'application/json',
  // The type of a form names its border, which is made when it is sent.
  ...(isJson ? { 'content-type': 'application/json' } : {}),
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

/** A file that a signed answer has named. Its own answer is not signed. */
export const fetchFile = ({ account, clock, timeoutMs }: Omit<Wire, 'bases'>, url: string): Promise<Got> => {
  const { pathname, search, origin } = new URL(url)
  return fetchBytes(`${origin}${pathname}${search}`, {
    headers: headersOf(account, { method: 'GET', path: pathname + search, body: '' }, clock.now()),
    signal: AbortSignal.timeout(timeoutMs * 4),
    maxBytes: fileBytesMax,
  })
}
