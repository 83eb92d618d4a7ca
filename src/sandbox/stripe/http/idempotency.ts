import { createHash } from 'node:crypto'
import type { Sandbox } from '../sandbox.ts'
import type { StoredAnswer } from '../store/work.ts'
import { ApiError } from './api-error.ts'

export type Answer = { status: number; body: string; replayOf?: string }
export type Claim = { key: string; fingerprint: string; requestId: string }

/**
 * Stripe's idempotency: the first answer to a key is kept with the work itself, 4xx and 5xx included, and repeated to
 * everyone who comes later with the same parameters.
 */
export async function answerOnce(sandbox: Sandbox, claim: Claim, run: () => Promise<Answer>): Promise<Answer> {
  if (sandbox.keysInFlight.has(claim.key)) throw keyInUse(claim.key)
  sandbox.keysInFlight.add(claim.key)
  try {
    const stored = await readAnswer(sandbox, claim)
    return stored ?? (await run())
  } catch (error) {
    // The same key was committed by another process between our look and our commit: its answer counts.
    if (!isDuplicateKey(error)) throw error
    const stored = await readAnswer(sandbox, claim)
    if (!stored) throw error
    return stored
  } finally {
    sandbox.keysInFlight.delete(claim.key)
  }
}

/** For answers without work: errors found while executing, and simulated 500s. */
export async function storeAnswer(
  sandbox: Sandbox,
  { key, fingerprint, requestId, status, body }: StoredAnswer,
): Promise<void> {
  await sandbox.pool.query(
    `insert into sandbox_stripe.idempotency (key, fingerprint, request_id, status, body, created)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [key, fingerprint, requestId, status, body, Math.floor(sandbox.clock.nowMs() / 1000)],
  )
}

export function fingerprintOf(method: string, path: string, body: string): string {
  const sorted = body.split('&').sort().join('&')
  return createHash('sha256').update(`${method} ${path}\n${sorted}`).digest('base64')
}

async function readAnswer(sandbox: Sandbox, { key, fingerprint }: Claim): Promise<Answer | null> {
  const { rows } = await sandbox.pool.query<{ fingerprint: string; request_id: string; status: number; body: string }>({
    name: 'read-answer',
    text: 'select fingerprint, request_id, status, body from sandbox_stripe.idempotency where key = $1',
    values: [key],
  })
  const stored = rows[0]
  if (!stored) return null
  if (stored.fingerprint !== fingerprint) {
    throw new ApiError(400, {
      type: 'idempotency_error',
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    })
  }
  return { status: stored.status, body: stored.body, replayOf: stored.request_id }
}

function keyInUse(key: string): ApiError {
  return new ApiError(409, {
    type: 'invalid_request_error',
    code: 'idempotency_key_in_use',
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
  })
}

const isDuplicateKey = (error: unknown) =>
  error instanceof Error &&
  'code' in error &&
  error.code === '23505' &&
  'table' in error &&
  error.table === 'idempotency'
