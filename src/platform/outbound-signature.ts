import { createHmac } from 'node:crypto'
import { unixSeconds } from '#kernel/clock.ts'

export interface Signable {
  /** Public id of the event; the same in every attempt, so that the receiver can tell a repetition. */
  id: string
  body: string
  at: Date
}

const prefix = 'whsec_'

/** The form that both verifiers take: a prefix and the key in base 64. */
export const showSecret = (key: Uint8Array): string => prefix + Buffer.from(key).toString('base64')

/**
 * Headers for both ways of verifying, with one secret. Standard Webhooks takes the bytes behind the prefix as the key,
 * Stripe's libraries the whole text as it stands.
 */
export const signatureHeaders = (secret: string, { id, body, at }: Signable): Record<string, string> => {
  const seconds = unixSeconds(at)
  const standardKey = Buffer.from(secret.slice(prefix.length), 'base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${hmac(standardKey, `${id}.${seconds}.${body}`).toString('base64')}`,
    'Stripe-Signature': `t=${seconds},v1=${hmac(secret, `${seconds}.${body}`).toString('hex')}`,
  }
}

const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
