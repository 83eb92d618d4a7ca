import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import Stripe from 'stripe'
import type { CredentialFailure } from '#providers/accounts.ts'
import type { ProviderAnswer, ProviderDecline, ProviderPayment } from '#providers/provider.ts'
import { accountFaultOf } from './account-fault.ts'
import { UnmappedError, UnsendableAmountError } from './amounts.ts'
import { createHttpClient, type Watch } from './http-client.ts'
import { mapDecline, refOf } from './mapping.ts'
import type { RatePause } from './rate-pause.ts'

export interface StripeClientOptions {
  secretKey: string
  /** Another host than Stripe's own: `http://127.0.0.1:4243`. */
  apiBase?: string
  timeoutMs?: number
  /** Acts for this account, which is connected to the key's own (`Stripe-Account`). */
  account?: string
  /** Told when Stripe does not take the key, or the account withdrew from it. */
  onRefused?: (failure: CredentialFailure) => void
  pause?: RatePause
}

export const createStripeClient = (options: StripeClientOptions): Stripe => {
  const { secretKey, apiBase, account, timeoutMs = 20_000 } = options
  const base = new URL(apiBase ?? 'https://api.stripe.com')
  if (base.pathname !== '/') throw new TypeError('the base address of the Stripe API has no path')
  const isPlain = base.protocol === 'http:'
  if (isPlain && secretKey.includes('_live_')) throw new TypeError('a live Stripe key is never sent over plain http')
  const Agent = isPlain ? HttpAgent : HttpsAgent
  return new Stripe(secretKey, {
    apiVersion: '2026-10-28.endive',
    // An unknown outcome is settled by looking it up, with the operation's own back-off; retries inside the SDK would
    // only hide it and keep the payer waiting. (The SDK still resends once, with our key, on a closed connection.)
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    httpClient: createHttpClient(new Agent({ keepAlive: true, scheduling: 'lifo' }), watchOf(options)),
    ...(account === undefined ? {} : { stripeAccount: account }),
    host: base.hostname,
    port: base.port || (isPlain ? 80 : 443),
    protocol: isPlain ? 'http' : 'https',
  })
}

const watchOf = ({ pause, onRefused }: StripeClientOptions): Watch => ({
  before: () => {
    if (pause?.isOn()) throw new Error('Stripe asked us to wait; this look-up is made later')
  },
  hear: ({ status, code, retryAfter }) => {
    pause?.hear(status, retryAfter)
    // A restricted key that lacks a permission is refused with 403, too, but works for all else.
    if (status !== 401 && !(status === 403 && code === 'account_invalid')) return
    const advice = 'Stripe refuses the key. Replace it (secrets[secret_key]), or connect the account again.'
    onRefused?.({ reason: 'connection_broken', code: code ?? String(status), advice })
  },
})

/**
 * Sends one command. Whatever may have had an effect that we did not hear of is `unknown`. When a refusal names a
 * payment, `readPayment` fetches it: in the error it lies unexpanded and, when Stripe replays it, as it was back then.
 */
export const command = async <S, T>(
  send: () => Promise<Stripe.Response<S>>,
  map: (object: S) => T,
  readPayment?: (ref: string) => Promise<ProviderPayment | undefined>,
): Promise<ProviderAnswer<T>> => {
  try {
    const response = await send()
    return { outcome: 'ok', value: map(response), ...withRequestId(response.lastResponse.requestId) }
  } catch (error) {
    const answer = failure(error)
    const ref = isStripeError(error) ? refOf(error.payment_intent) : undefined
    const payment = answer.outcome === 'refused' && ref ? await readPayment?.(ref) : undefined
    return { ...answer, ...(payment ? { payment } : {}) }
  }
}

/** Asks for objects. `undefined` only when Stripe itself says that there is none; never `refused`. */
export const lookup = async <T>(read: () => Promise<T>): Promise<LookupAnswer<T | undefined>> => {
  try {
    return { outcome: 'ok', value: await read() }
  } catch (error) {
    if (isStripeError(error) && error.statusCode === 404 && error.code === 'resource_missing') {
      return { outcome: 'ok', value: undefined }
    }
    const failed = failure(error)
    return failed.outcome === 'unknown' ? failed : { outcome: 'unknown', reason: `refused: ${failed.decline.code}` }
  }
}

export type LookupAnswer<T> = Exclude<ProviderAnswer<T>, { outcome: 'refused' }>

/** Statuses with which Stripe says that it has not done the work. */
const refusingStatuses: ReadonlySet<number | undefined> = new Set([400, 401, 402, 403, 404])

const failure = (error: unknown): Exclude<ProviderAnswer<never>, { outcome: 'ok' }> => {
  if (error instanceof UnmappedError) return { outcome: 'unknown', reason: error.message }
  if (error instanceof UnsendableAmountError) {
    const decline = {
      code: 'payment_intent_invalid_parameter',
      message: error.message,
      accountFault: 'amount' as const,
    }
    return { outcome: 'refused', decline }
  }
  if (!isStripeError(error)) throw error
  if (!isRefusal(error)) return { outcome: 'unknown', reason: reasonOf(error) }
  return { outcome: 'refused', decline: declineOf(error), ...withRequestId(error.requestId) }
}

const isStripeError = (error: unknown): error is Stripe.errors.StripeError => error instanceof Stripe.errors.StripeError

const isRefusal = (error: Stripe.errors.StripeError): boolean =>
  refusingStatuses.has(error.statusCode) &&
  // The key was used before with other parameters, so something was done under it: look it up.
  !(error instanceof Stripe.errors.StripeIdempotencyError) &&
  !(error instanceof Stripe.errors.StripeRateLimitError)

/** The message for 401 and 403 speaks of our own key; it is nothing for a payer. */
const declineOf = (error: Stripe.errors.StripeError): ProviderDecline => {
  const accountFault = accountFaultOf(error)
  const fault = accountFault === undefined ? {} : { accountFault }
  return error.statusCode === 401 || error.statusCode === 403
    ? { code: 'provider_error', message: 'The payment provider did not accept our credentials.', ...fault }
    : {
        ...mapDecline({
          code: error.code ?? 'provider_error',
          decline_code: error.decline_code,
          message: error.message,
        }),
        ...fault,
      }
}

const reasonOf = (error: Stripe.errors.StripeError): string =>
  [error.statusCode ?? 'no answer', error.type, error.code, error.message.slice(0, 200)].filter(Boolean).join(': ')

const withRequestId = (requestId: string | undefined): { requestId?: string } => (requestId ? { requestId } : {})
