import type { Agent } from 'node:http'
import Stripe from 'stripe'

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>
type HttpResponse = Awaited<ReturnType<HttpClient['makeRequest']>>

/**
 * The SDK's own HTTP client, except that an answer which is JSON but nothing of Stripe's (a proxy's `"Bad gateway"`) is
 * bad JSON to it. Left alone, the SDK never settles over such a body and ends the process by an unhandled rejection.
 */
export const createHttpClient = (agent: Agent): HttpClient => {
  const client = Stripe.createNodeHttpClient(agent)
  const send = client.makeRequest.bind(client)
  client.makeRequest = async (...request) => onlyStripes(await send(...request))
  return client
}

const onlyStripes = (response: HttpResponse): HttpResponse => {
  const read = response.toJSON.bind(response)
  response.toJSON = async () => {
    const body: unknown = await read()
    const isObject = typeof body === 'object' && body !== null
    if (isObject && (response.getStatusCode() < 400 || 'error' in body)) return body
    throw new TypeError('the answer is not one of Stripe')
  }
  return response
}
