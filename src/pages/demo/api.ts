import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { ApiCall, Params } from '#pages/web/curl.ts'

export interface Api {
  get<T>(path: string, shape: z.ZodType<T>): Promise<T>
  post<T>(path: string, params: Params, shape: z.ZodType<T>): Promise<T>
  raw(path: string): Promise<{ status: number; body: unknown }>
}

export class ApiRefusal extends Error {
  override name = 'ApiRefusal'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const answerMs = 10_000

/** Our own public API over HTTP with one key: the demo can do nothing that a bot's author cannot do too. */
export const createApi = (apiBase: string, key: string): Api => {
  const send = async ({ method, path, params }: ApiCall): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${apiBase}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(params ? { 'content-type': 'application/json', 'idempotency-key': randomUUID() } : {}),
      },
      ...(params ? { body: JSON.stringify(params) } : {}),
      signal: AbortSignal.timeout(answerMs),
    })
    return { status: response.status, body: (await response.json()) as unknown }
  }
  const expect = async <T>(call: ApiCall, shape: z.ZodType<T>): Promise<T> => {
    const { status, body } = await send(call)
    if (status !== 200)
      throw new ApiRefusal(status, `${call.method} ${call.path}: ${JSON.stringify(body).slice(0, 500)}`)
    return shape.parse(body)
  }
  return {
    get: (path, shape) => expect({ method: 'GET', path }, shape),
    post: (path, params, shape) => expect({ method: 'POST', path, params }, shape),
    raw: (path) => send({ method: 'GET', path }),
  }
}
