import http from 'node:http'
import https from 'node:https'

const ATTEMPT_MS = 10_000
const agents = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 16, timeout: 60_000 }),
  'https:': new https.Agent({ keepAlive: true, maxSockets: 16, timeout: 60_000 }),
}

export type Attempt = { status: number | null; error: string | null }

/** One POST of a webhook. Redirects are not followed: Stripe counts them as failures. */
export function sendWebhook(url: string, body: string, signature: string): Promise<Attempt> {
  return new Promise((resolve) => {
    const target = new URL(url)
    const isTls = target.protocol === 'https:'
    const request = (isTls ? https : http).request(target, {
      method: 'POST',
      agent: agents[isTls ? 'https:' : 'http:'],
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'stripe-signature': signature,
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    })
    const deadline = setTimeout(() => request.destroy(new Error('timed out')), ATTEMPT_MS)
    const finish = (attempt: Attempt) => {
      clearTimeout(deadline)
      resolve(attempt)
    }
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => finish({ status: response.statusCode ?? null, error: null }))
      response.on('error', (error) => finish({ status: null, error: error.message }))
    })
    request.on('error', (error) => finish({ status: null, error: error.message }))
    request.end(body)
  })
}
