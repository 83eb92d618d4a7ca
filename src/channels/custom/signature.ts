import { createHmac } from 'node:crypto'
import { isEqual } from '#platform/crypto.ts'

const toleranceSeconds = 300

/**
 * Slack's scheme, because libraries for it exist: `v0=` and the HMAC-SHA256 in hex over `v0:{timestamp}:{body}`, the
 * whole secret as the key. https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export const isSignedV0 = (
  body: Uint8Array,
  { timestamp, signature }: { timestamp: string | undefined; signature: string | undefined },
  secret: string,
  now: Date,
): boolean => {
  if (timestamp === undefined || signature === undefined || secret === '') return false
  if (!/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > toleranceSeconds) return false
  return isEqual(signature, signV0(body, timestamp, secret))
}

export const signV0 = (body: Uint8Array, timestamp: string, secret: string): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`
