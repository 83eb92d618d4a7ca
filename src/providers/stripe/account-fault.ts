import type { AccountFault } from '#providers/account-fault.ts'

/**
 * Whether a refusal is about the account, so that another one may take the payment. Codes of
 * https://docs.stripe.com/error-codes; a currency that Stripe does not take names its parameter instead.
 */
export const accountFaultOf = (error: {
  statusCode?: number | undefined
  code?: string | undefined
  param?: string | undefined
}): AccountFault | undefined => {
  if (error.statusCode === 401) return 'credentials'
  if (error.statusCode === 403) return 'not_enabled'
  const known = error.code === undefined ? undefined : faults.get(error.code)
  if (known !== undefined || error.statusCode !== 400) return known
  return error.param !== undefined && /(^|\[)currency\]?$/.test(error.param) ? 'currency' : undefined
}

const faults: ReadonlyMap<string, AccountFault> = new Map([
  ['account_invalid', 'credentials'],
  ['api_key_expired', 'credentials'],
  ['platform_api_key_expired', 'credentials'],
  ['secret_key_required', 'credentials'],
  ['livemode_mismatch', 'credentials'],
  ['account_closed', 'not_enabled'],
  ['testmode_charges_only', 'not_enabled'],
  ['not_allowed_on_standard_account', 'not_enabled'],
  ['country_unsupported', 'not_enabled'],
  ['amount_too_large', 'amount'],
  ['amount_too_small', 'amount'],
])
