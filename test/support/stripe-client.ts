import assert from 'node:assert/strict'
import Stripe from 'stripe'
import type { AnswerCheck } from './stripe-contract.ts'

export interface Sent {
  method: string
  path: string
  status: number
  headers: Headers
  body: string
}

export interface ClientOptions {
  /** Holds every good answer against Stripe's own description. */
  check?: AnswerCheck
  /** Sees every answer as it came over the wire. */
  onAnswer?: (sent: Sent) => void
}

/** The official client, pointed at us. It never repeats a request by itself: the tests do. */
export const createStripeClient = (url: string, key: string, options: ClientOptions = {}): Stripe => {
  const { hostname, port } = new URL(url)
  return new Stripe(key, {
    host: hostname,
    port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
    ...(options.check || options.onAnswer ? { httpClient: watchedClient(options) } : {}),
  })
}

const watchedClient = ({ check, onAnswer }: ClientOptions) => {
  const watchedFetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    const body = await response.clone().text()
    const method = init?.method ?? 'GET'
    const path = new URL(String(input)).pathname
    onAnswer?.({ method, path, status: response.status, headers: response.headers, body })
    if (response.ok) check?.(method, path, JSON.parse(body))
    return response
  }
  return Stripe.createFetchHttpClient(watchedFetch)
}

/** Runs a call that must be refused, and gives the error. */
export const refused = async (call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> => {
  try {
    await call
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'the call was accepted' })
}
