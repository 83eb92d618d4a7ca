import { z } from 'zod'
import type { ErrorCode } from '#kernel/error-catalogue.ts'
import type { Role } from './api-keys.ts'
import type { UploadedFile } from './upload.ts'

/** Who calls, with what, and the id that a new object gets. Everything a handler needs besides its services. */
export interface Call<P, Q, B> {
  merchantId: string
  role: Role
  livemode: boolean
  apiKeyId: string
  params: P
  query: Q
  body: B
  /** What was uploaded, on a route that takes a file. */
  file?: UploadedFile
  requestId: string
  /** A header of the request, for what HTTP itself asks (ranges, conditions). */
  header: (name: string) => string | undefined
  idempotencyKey: string | undefined
  /**
   * Identity of this request: the same Idempotency-Key always brings the same id, also when a request is taken over
   * after a crash. New objects take it as their id, operations as their request id.
   */
  resourceId: string
  /** Digest of method, path and parameters, for handlers that write the Idempotency-Key themselves. */
  fingerprint?: Buffer
}

/** An answer that is not JSON: a stream of text such as CSV. */
export interface StreamAnswer {
  /** Default 200. */
  status?: number
  contentType: string
  headers?: Record<string, string>
  chunks: AsyncIterable<string | Uint8Array>
}

export interface Route {
  method: 'get' | 'post' | 'delete'
  /** Express path: `/v1/threads/:id`. */
  path: string
  operationId: string
  tag: string
  summary: string
  description?: string
  roles: readonly Role[]
  params: z.ZodObject
  query: z.ZodObject
  body: z.ZodObject | undefined
  /** The part of a multipart body that is a file, on a route that takes one. */
  file?: string
  response: z.ZodType
  /** Codes besides those that every operation can answer (401, 403, 404 route, 429, 5xx). */
  errors: readonly ErrorCode[]
  example: unknown
  contentType?: string
  /** The answer shows a secret once: kept for replays under encryption only. */
  isAnswerSecret?: boolean
  /**
   * `managed`: the router claims the Idempotency-Key, runs the handler and stores its answer. `self`: the handler
   * writes the key in its own transaction (the batched hot path).
   */
  idempotency: (body: never) => 'managed' | 'self'
  handler: (call: Call<never, never, never>) => Promise<unknown>
}

interface RouteInput<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject, R extends z.ZodType> {
  method: Route['method']
  path: string
  operationId: string
  tag: string
  summary: string
  description?: string
  roles: readonly Role[]
  params?: P
  query?: Q
  body?: B
  file?: string
  response: R
  errors?: readonly ErrorCode[]
  example: NoInfer<z.input<R>>
  contentType?: string
  isAnswerSecret?: boolean
  idempotency?: (body: z.output<B>) => 'managed' | 'self'
  handler: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<z.input<R> | StreamAnswer | Replay>
}

/** A stored answer, sent byte for byte. */
export interface Replay {
  replay: { status: number; body: string }
}

const nothing = z.strictObject({})

/** Declares an operation: the server runs it and `openapi.yaml` describes it from the same object. */
export const route = <
  R extends z.ZodType,
  P extends z.ZodObject = typeof nothing,
  Q extends z.ZodObject = typeof nothing,
  B extends z.ZodObject = typeof nothing,
>(
  input: RouteInput<P, Q, B, R>,
): Route => ({
  ...input,
  params: input.params ?? nothing,
  query: input.query ?? nothing,
  body: input.method === 'post' ? (input.body ?? nothing) : undefined,
  errors: input.errors ?? [],
  idempotency: (input.idempotency ?? (() => 'managed')) as Route['idempotency'],
  // The router parses with exactly these schemas before it calls, so the narrower type holds.
  handler: input.handler as Route['handler'],
})
