import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { header } from '#sandbox/kit/message.ts'
import type { Sandbox } from '../sandbox.ts'
import { ApiError } from './api-error.ts'

/** The account that a request acts for: that of its key, or the connected one that `Stripe-Account` names. */
export function authorize(request: IncomingMessage, { settings }: Pick<Sandbox, 'settings'>): string {
  const named = header(request, 'stripe-account')
  const given = keyOf(header(request, 'authorization') ?? '')
  const own = settings.accounts.find(({ secretKey }) => secretKey !== undefined && isSame(given, secretKey))
  if (!own) checkAuthorization(request, settings.secretKey)
  if (named === undefined) return own?.id ?? ''
  const isTheirs = own ? own.id === named : settings.accounts.some(({ id, secretKey }) => id === named && !secretKey)
  if (isTheirs) return named
  throw new ApiError(403, {
    type: 'invalid_request_error',
    code: 'account_invalid',
    message: `The provided key '${mask(given)}' does not have access to account '${named}' (or that account does not exist). Application access may have been revoked.`,
  })
}

/** The secret key as a bearer token, or as the user of Basic authentication, as Stripe takes it. */
export function checkAuthorization(request: IncomingMessage, secretKey: string): void {
  const given = keyOf(header(request, 'authorization') ?? '')
  if (given === '') {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    )
  }
  if (!isSame(given, secretKey)) throw unauthorized(`Invalid API Key provided: ${mask(given)}`)
}

function keyOf(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(' ', 2)
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return ''
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? ''
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

const mask = (key: string) =>
  `${key.slice(0, 8)}${'*'.repeat(Math.max(0, key.length - 12))}${key.length > 12 ? key.slice(-4) : ''}`

const unauthorized = (message: string) => new ApiError(401, { type: 'invalid_request_error', message })
