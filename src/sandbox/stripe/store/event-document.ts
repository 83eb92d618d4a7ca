import type { Sandbox } from '../sandbox.ts'
import type { Origin } from './work.ts'

export const API_VERSION = '2026-10-28.endive'

export type PendingEvent = { id: string; type: string; created: number; text: string; about: string | null }

/** An event holds the object as it was at that moment, so it is turned into text at once. */
export function eventDocument(
  sandbox: Sandbox,
  origin: Origin,
  now: number,
  type: string,
  object: object,
  previous?: object,
): PendingEvent {
  const id = sandbox.ids.take('evt')
  const doc = {
    id,
    object: 'event',
    // What happens at a connected account says so; an account's own endpoints know whose they are.
    ...(isConnected(sandbox, origin.account) ? { account: origin.account } : {}),
    api_version: API_VERSION,
    created: now,
    data: { object, ...(previous ? { previous_attributes: previous } : {}) },
    livemode: false,
    pending_webhooks: sandbox.endpoints.matching(type, origin.account ?? '').length,
    request: { id: origin.requestId, idempotency_key: origin.idempotencyKey },
    type,
  }
  // Stripe sends its webhooks indented: a receiver that re-serialises before verifying fails here too.
  return { id, type, created: now, text: JSON.stringify(doc, null, 2), about: intentOf(object) }
}

const isConnected = ({ settings }: Sandbox, account: string | undefined): boolean =>
  settings.accounts.some(({ id, secretKey }) => id === account && secretKey === undefined)

function intentOf(object: object): string | null {
  const {
    id,
    object: name,
    payment_intent: intent,
  } = object as { id?: string; object?: string; payment_intent?: unknown }
  if (name === 'payment_intent') return id ?? null
  return typeof intent === 'string' ? intent : null
}
