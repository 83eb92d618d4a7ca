import { type Route, route } from '#platform/route.ts'
import type { AccountService } from './service.ts'
import { type Account, accountUpdate, accountSchema as response } from './settings-schemas.ts'

const tag = 'Account'

const example: Account = {
  id: 'mer_01jd2q8k5xf0srd3q7m9w1c4zm',
  object: 'account',
  created: 1_795_334_400,
  name: 'Blüte Flowers',
  default_currency: 'eur',
  settings: {
    branding: { primary_color: '#1a5c3a', logo: 'https://shop.example/logo.png' },
    support: { email: 'help@shop.example', url: 'https://shop.example/help', phone: '+33 1 23 45 67 89' },
    payouts: { confirmed_by: 'provider' },
    checkout: { hosted_page: 'redirect' },
    outbound_payments: { amount_max: 50_000 },
    messages: {
      time_zone: 'Europe/Paris',
      wording: { pay: 'Buy for {amount}', receipt: { fr: '{amount} bien reçus. Merci !' } },
      quiet_hours: { from: '22:00', to: '08:00', time_zone: 'Europe/Paris' },
      reminder_before_minutes: 120,
    },
  },
}

export const settingsRoutes = (accounts: AccountService): Route[] => [
  route({
    method: 'get',
    path: '/v1/account',
    operationId: 'retrieveAccount',
    tag,
    summary: 'Retrieve your account',
    description: 'The merchant whose key it is, or whom `Stripe-Account` names.',
    roles: ['service', 'merchant', 'platform'],
    response,
    example,
    handler: ({ merchantId }) => accounts.retrieveAccount(merchantId),
  }),
  route({
    method: 'post',
    path: '/v1/account',
    operationId: 'updateAccount',
    tag,
    summary: 'Update your account',
    description:
      'Name, colour, logo, contact and words, as payers see them on pages and on cards in chats from now on. What is left ' +
      'out stays; null or an empty text takes a setting back to its default.',
    roles: ['merchant', 'platform'],
    body: accountUpdate,
    response,
    errors: ['parameter_invalid_string', 'parameter_unknown', 'provider_account_unavailable'],
    example,
    handler: ({ merchantId, body }) => accounts.updateAccount(merchantId, body),
  }),
]
