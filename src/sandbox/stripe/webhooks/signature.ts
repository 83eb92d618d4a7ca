import { createHmac } from 'node:crypto'

/** `Stripe-Signature`: HMAC-SHA256 over `timestamp.body`, keyed with the endpoint's whole secret, `whsec_` included. */
export function signatureHeader(secret: string, body: string, nowMs: number): string {
  const timestamp = Math.floor(nowMs / 1000)
  const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return `t=${timestamp},v1=${digest}`
}
