import type { Agent } from 'node:http'
import Stripe from 'stripe'

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>
type HttpResponse = Awaited<ReturnType<HttpClient['makeRequest']>>

/**
 * The SDK's own HTTP client, except that an answer which is JSON but nothing of Stripe's (a proxy's `"Bad gateway"`) is
 * bad JSON to it. Left alone, the SDK never settles over such a body and ends the process by an unhandled rejection.
 */
export const createHttpClient = (agent: Agent, watch?: Watch): HttpClient => {
  const client = Stripe.createNodeHttpClient(agent)
  const send = client.makeRequest.bind(client)
  client.makeRequest = async (...request) => {
    const [, , , method] = request
    if (method === 'GET') watch?.before()
    return onlyStripes(await send(...request), watch)
  }
  return client
}

/** Who looks on: `before` may throw to keep a look-up from being sent; `hear` is told of every answer, with its error's code. */
export interface Watch {
  before(): void
  hear(answer: { status: number; code: string | undefined; retryAfter: string | undefined }): void
}

const onlyStripes = (response: HttpResponse, watch: Watch | undefined): HttpResponse => {
  const read = response.toJSON.bind(response)
  response.toJSON = async () => {
    const body: unknown = await read()
    const isObject = typeof body === 'object' && body !== null
    const status = response.getStatusCode()
    const { error } = (isObject ? body : {}) as { error?: { code?: unknown } }
    const retryAfter = response.getHeaders()['retry-after']
    const code = typeof error?.code === 'string' ? error.code : undefined
    watch?.hear({ status, code, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined })
    if (isObject && (status < 400 || 'error' in body)) return body
    throw new TypeError('the answer is not one of Stripe')
  }
  return response
}
