import { AppError } from '#kernel/errors.ts'
import { type Route, route } from '#platform/route.ts'
import {
  type ApiKey,
  apiKeyList,
  createKeyBody,
  keyListQuery,
  keyParams as params,
  apiKeySchema as response,
  rollKeyBody,
} from './schemas.ts'
import type { AccountService } from './service.ts'
import { settingsRoutes } from './settings-routes.ts'

const tag = 'API keys'
const roles = ['merchant', 'platform'] as const

const example: ApiKey = {
  id: 'key_01jd2q8k5xf0srd3q7m9w1c4zn',
  object: 'api_key',
  role: 'bot',
  name: 'Telegram bot',
  hint: 'par_test_bot…9xQ2',
  livemode: false,
  created: 1_795_334_400,
  expires_at: null,
}

export const accountRoutes = (accounts: AccountService): Route[] => [
  ...settingsRoutes(accounts),
  route({
    method: 'post',
    path: '/v1/api_keys',
    operationId: 'createApiKey',
    tag,
    summary: 'Create an API key',
    description: 'The secret is in this answer and nowhere else.',
    roles,
    body: createKeyBody,
    response,
    errors: ['parameter_missing', 'permission_denied'],
    example: { ...example, secret: 'par_test_bot_…' },
    isAnswerSecret: true,
    handler: ({ merchantId, livemode, role, resourceId, body }) => {
      if (body.role === 'platform' && role !== 'platform') {
        throw new AppError('permission_denied', {
          message: 'Only a platform key may create a platform key.',
          param: 'role',
        })
      }
      return accounts.createKey({ merchantId, livemode }, resourceId, body)
    },
  }),
  route({
    method: 'get',
    path: '/v1/api_keys',
    operationId: 'listApiKeys',
    tag,
    summary: 'List API keys',
    roles,
    query: keyListQuery,
    response: apiKeyList,
    example: { object: 'list', url: '/v1/api_keys', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => accounts.listKeys(merchantId, query),
  }),
  route({
    method: 'post',
    path: '/v1/api_keys/:id/roll',
    operationId: 'rollApiKey',
    tag,
    summary: 'Replace an API key',
    description: 'Makes a new secret with the same role; the old one stays valid for `expires_in` seconds.',
    roles,
    params,
    body: rollKeyBody,
    response,
    errors: ['resource_missing'],
    example: { ...example, secret: 'par_test_bot_…' },
    isAnswerSecret: true,
    handler: ({ merchantId, livemode, resourceId, role, params: { id }, body }) =>
      accounts.rollKey({ merchantId, livemode }, resourceId, id, role, body.expires_in),
  }),
  route({
    method: 'post',
    path: '/v1/api_keys/:id/revoke',
    operationId: 'revokeApiKey',
    tag,
    summary: 'Revoke an API key',
    description: 'Takes effect within a second.',
    roles,
    params,
    response,
    errors: ['resource_missing'],
    example: { ...example, expires_at: 1_795_338_000 },
    handler: ({ merchantId, role, params: { id } }) => accounts.revokeKey(merchantId, id, role),
  }),
]
