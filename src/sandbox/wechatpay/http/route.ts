import type { z } from 'zod'
import type { Merchant } from '../store/merchants.ts'
import type { Work } from '../store/work.ts'
import type { Upload } from './upload.ts'

export type Call<B, Q> = {
  work: Work
  merchant: Merchant
  body: B
  query: Q
  /** The named parts of the path. */
  path: Record<string, string>
  /** Whose key the merchant encrypted secret fields with. */
  serial: string | undefined
  /** What came with a form; its signed part is the body. */
  file: Upload | null
}

export type Reply =
  | { status: 200; body: object }
  | { status: 204 }
  /** A file: not signed, as at WeChat Pay, unless by its hash. */
  | { status: 200; file: Buffer; headers: Record<string, string>; signedAs?: string }

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  pattern: RegExp
  body: z.ZodType | null
  query: z.ZodType | null
  hasFile: boolean
  run(call: Call<unknown, unknown>): Promise<Reply>
}

type Schemas<B extends z.ZodType | null, Q extends z.ZodType | null> = { body?: B; query?: Q; hasFile?: true }
type Read<S> = S extends z.ZodType ? z.output<S> : null

/** One endpoint: `/v3/certificates` or `/v3/refund/domestic/refunds/:out_refund_no`. */
export function route<B extends z.ZodType | null = null, Q extends z.ZodType | null = null>(
  method: Route['method'],
  path: string,
  { body, query, hasFile }: Schemas<B, Q>,
  run: (call: Call<Read<B>, Read<Q>>) => Promise<Reply>,
): Route {
  return {
    method,
    pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
    body: body ?? null,
    query: query ?? null,
    hasFile: hasFile ?? false,
    run: run as Route['run'],
  }
}

export const reply = (body: object): Reply => ({ status: 200, body })
export const NO_CONTENT: Reply = { status: 204 }

export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { route: Route; path: Record<string, string> } | null {
  for (const candidate of routes) {
    if (candidate.method !== method) continue
    const match = candidate.pattern.exec(path)
    if (!match) continue
    const parts = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)])
    return { route: candidate, path: Object.fromEntries(parts) }
  }
  return null
}
