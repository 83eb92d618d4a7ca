import { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import {
  type ConnectionView,
  connectionInput,
  connectionList,
  connectionListQuery,
  connectionUpdate,
  deletedConnection,
  connectionSchema as response,
} from './schemas.ts'
import type { ConnectionService } from './service.ts'

const tag = 'Connections'
const roles = ['merchant', 'service', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })
const refusals = [
  'parameter_missing',
  'parameter_invalid_string',
  'connection_refused',
  'provider_error',
  'url_invalid',
] as const

const example: ConnectionView = {
  id: 'con_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'connection',
  channel: 'telegram',
  external_id: '7000000001',
  name: '@bluete_bot',
  status: 'active',
  failure: null,
  settings: {},
  secrets: { bot_token: '…Xy7w' },
  webhook_url: 'https://pay.example.com/webhooks/channels/telegram/con_01jd2q8k5xf0srd3q7m9w1c4ze',
  capabilities: {
    native_pay: 'all',
    invoice_links: [],
    veto: true,
    shipping: true,
    tips: true,
    partial_refund: false,
    edit_message: true,
    receipt: 'message',
    window: { hours: null, after_window: 'none' },
    buttons: { max: 8, title_max: 64, url_max: 2048 },
    text: { max: 4096 },
    rate_per_second: 30,
  },
  checked: 1_795_334_400,
  livemode: false,
  created: 1_795_334_400,
}

export const connectionRoutes = (connections: ConnectionService): Route[] => [
  route({
    method: 'post',
    path: '/v1/connections',
    operationId: 'createConnection',
    tag,
    summary: 'Connect an account of a chat platform',
    description:
      'The platform is asked whether the credentials work and whose they are; what it refuses is not kept. Secrets are ' +
      'encrypted and never shown again. `channel=veto` names your endpoint that is asked before a charge.',
    roles,
    body: connectionInput,
    response,
    errors: [...refusals, 'resource_already_exists'],
    example,
    isAnswerSecret: true,
    handler: ({ merchantId, livemode, role, resourceId, body }) =>
      connections.create({ merchantId, livemode, role }, resourceId, body),
  }),
  route({
    method: 'get',
    path: '/v1/connections',
    operationId: 'listConnections',
    tag,
    summary: 'List connections',
    roles,
    query: connectionListQuery,
    response: connectionList,
    example: { object: 'list', url: '/v1/connections', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => connections.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/connections/:id',
    operationId: 'retrieveConnection',
    tag,
    summary: 'Retrieve a connection',
    roles,
    params,
    response,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => connections.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/connections/:id',
    operationId: 'updateConnection',
    tag,
    summary: 'Update a connection',
    description:
      'New settings or secrets are tested before they replace the old ones; a broken connection works again.',
    roles,
    params,
    body: connectionUpdate,
    response,
    errors: [...refusals, 'resource_missing', 'lock_timeout'],
    example,
    handler: ({ merchantId, role, params: { id }, body }) => connections.update({ merchantId, role }, id, body),
  }),
  route({
    method: 'post',
    path: '/v1/connections/:id/test',
    operationId: 'testConnection',
    tag,
    summary: 'Test a connection',
    description: 'Asks the platform again. What it answered stands in `status` and `failure`.',
    roles,
    params,
    response,
    errors: ['resource_missing', 'url_invalid', 'lock_timeout'],
    example,
    handler: ({ merchantId, params: { id } }) => connections.test(merchantId, id),
  }),
  route({
    method: 'delete',
    path: '/v1/connections/:id',
    operationId: 'deleteConnection',
    tag,
    summary: 'Delete a connection',
    description: 'Its secrets are erased and its webhook answers 404. Connected again, the account finds its threads.',
    roles,
    params,
    response: deletedConnection,
    errors: ['resource_missing'],
    example: { id: example.id, object: 'connection', deleted: true },
    handler: ({ merchantId, params: { id } }) => connections.delete(merchantId, id),
  }),
]
