import { ApiError } from '../http/api-error.ts'
import { type Route, route } from '../http/route.ts'
import type { Work } from '../store/work.ts'

/** The simulator's own account. */
export const OWN_ACCOUNT = 'acct_sandbox'

export const accountRoutes: Route[] = [
  route('GET', '/v1/account', {}, async (work) => accountDocument(work, work.account.id || OWN_ACCOUNT)),
  route('GET', '/v1/accounts/:id', {}, async (work, _params, { id }) => {
    const current = work.account.id || OWN_ACCOUNT
    const isConnected = work.sandbox.settings.accounts.some((account) => account.id === id && !account.secretKey)
    if (id === current || (current === OWN_ACCOUNT && isConnected)) return accountDocument(work, id)
    throw new ApiError(403, {
      type: 'invalid_request_error',
      code: 'account_invalid',
      message: `The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
    })
  }),
]

function accountDocument(work: Work, id: string): object {
  const known = work.sandbox.settings.accounts.find((account) => account.id === id)
  const { country = 'DE', currency = 'eur', name = id } = known ?? {}
  return {
    id,
    object: 'account',
    business_profile: { mcc: '5945', name, support_email: null, support_phone: null, support_url: null, url: null },
    business_type: 'company',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    country,
    created: 1_700_000_000,
    default_currency: currency,
    details_submitted: true,
    email: null,
    external_accounts: { object: 'list', data: [], has_more: false, url: `/v1/accounts/${id}/external_accounts` },
    metadata: {},
    payouts_enabled: true,
    settings: { dashboard: { display_name: name, timezone: 'Etc/UTC' }, payments: { statement_descriptor: 'SANDBOX' } },
    type: 'standard',
  }
}
