import { createHmac } from 'node:crypto'
import { isEqual } from '#platform/crypto.ts'

/**
 * `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 with the app secret over the bytes as they came. Meta escapes
 * non-ASCII letters as `\u00e4` before it signs: a body that was parsed and written again has another signature.
 * https://developers.facebook.com/docs/messenger-platform/webhooks
 */
export const isSignedByMeta = (body: Uint8Array, header: string | undefined, appSecret: string): boolean =>
  header !== undefined &&
  appSecret !== '' &&
  isEqual(header, `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`)

/** Meta's question whether an address is ours: the challenge, if the verify token is the connection's. */
export const answerMetaHandshake = (
  query: Readonly<Record<string, string | undefined>>,
  verifyToken: string,
): { status: number; body: string } | undefined => {
  const challenge = query['hub.challenge'] ?? ''
  if (query['hub.mode'] !== 'subscribe' || verifyToken === '') return undefined
  if (!isEqual(query['hub.verify_token'] ?? '', verifyToken)) return undefined
  // What is echoed is a plain word, whoever asks.
  return /^[\w.-]{1,256}$/.test(challenge) ? { status: 200, body: challenge } : undefined
}
