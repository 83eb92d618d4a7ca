import type { AccountFault } from '#providers/account-fault.ts'
import type { ProviderDecline } from '#providers/provider.ts'

/** What an error means for the work that was asked for. */
export type Verdict = 'refused' | 'unknown' | 'absent'

/** Normalised: without underscores, for one product writes ORDERNOTEXIST and another ORDER_NOT_EXIST. */
export const codeOf = (body: unknown): string => {
  const code = typeof body === 'object' && body !== null ? (body as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code.toUpperCase().replaceAll('_', '') : ''
}

const absent = new Set(['ORDERNOTEXIST', 'RESOURCENOTEXISTS', 'RESOURCENOTEXIST', 'REFUNDNOTEXISTS', 'NOTFOUND'])

/** Whatever their status: WeChat may have done it, or does not say. */
const unknown = new Set([
  'SYSTEMERROR',
  'BANKERROR',
  'USERPAYING',
  'FREQUENCYLIMITED',
  'FREQUENCYLIMIT',
  'FREQUENCYLIMITEXCEED',
  'RATELIMITEXCEEDED',
])

/** Statuses with which WeChat says that it has not done the work. */
const refusing: ReadonlySet<number> = new Set([400, 401, 403, 404])

export const judge = (status: number, code: string): Verdict => {
  if (!refusing.has(status) || code === '' || unknown.has(code)) return 'unknown'
  return status === 404 && absent.has(code) ? 'absent' : 'refused'
}

/** By normalised code: what a merchant can do about it. WeChat's own words go with the rest. */
const words: Readonly<Record<string, readonly [code: string, message: string]>> = {
  NOTENOUGH: [
    'insufficient_funds',
    "The merchant's balance at WeChat Pay is not enough. Top it up, then send it again.",
  ],
  SIGNERROR: ['provider_error', 'The payment provider did not accept our credentials.'],
  NOAUTH: ['provider_error', 'This WeChat Pay account may not do this. Apply for it on the merchant platform.'],
  MCHNOTEXISTS: ['provider_error', 'WeChat Pay does not know this merchant number.'],
  APPIDMCHIDNOTMATCH: ['provider_error', 'The appid is not bound to this merchant number at WeChat Pay.'],
  ORDERPAID: ['payment_intent_unexpected_state', 'The order is paid already.'],
  ORDERCLOSED: ['payment_intent_unexpected_state', 'The order is closed.'],
  OUTTRADENOUSED: ['payment_intent_unexpected_state', 'An order with this number exists already.'],
}

/**
 * Whether the refusal of an order is about the account, so that another one may take the payment; by normalised code.
 * ACCOUNT_ERROR, NOT_ENOUGH and TRADE_ERROR are the payer's, PARAM_ERROR and ORDER_… the order's, and RULE_LIMIT may be
 * anybody's. Source: the error tables of https://pay.weixin.qq.com/doc/v3/merchant (orders).
 */
export const accountFaultOf = (code: string): AccountFault | undefined => faults.get(code)

const faults: ReadonlyMap<string, AccountFault> = new Map([
  ['SIGNERROR', 'credentials'],
  ['MCHNOTEXISTS', 'credentials'],
  ['APPIDMCHIDNOTMATCH', 'credentials'],
  ['NOAUTH', 'not_enabled'],
])

export const declineOf = (body: unknown): ProviderDecline => {
  const code = codeOf(body)
  const known = Object.hasOwn(words, code) ? words[code] : undefined
  const { message } = body as { message?: unknown }
  const said = typeof message === 'string' && message !== '' ? message.slice(0, 300) : 'no reason given'
  return {
    code: known?.[0] ?? 'provider_error',
    declineCode: code.toLowerCase(),
    message: known?.[1] ?? `WeChat Pay refused: ${said}`,
  }
}
