import express, { type Request, type Router } from 'express'
import { AppError } from '#kernel/errors.ts'
import { bodyBytesMax } from '#platform/http.ts'
import { type Route, route } from '#platform/route.ts'
import {
  type ChannelUpdateView,
  channelUpdateList,
  channelUpdateQuery,
  channelUpdateParams as params,
  channelUpdateSchema as response,
} from './channel-schemas.ts'
import type { ChannelInbox } from './channel-service.ts'

const path = '/webhooks/channels/:channel/:connection'

/** Where chat platforms send their updates. Raw bytes in, the platform's acknowledgement once they are stored. */
export const createChannelRouter = (inbox: ChannelInbox): Router => {
  const router = express.Router()
  router.get(path, async (request, reply) => {
    const { channel, connection } = request.params
    const { status, contentType, body } = await inbox.handshake(channel, connection, heardFrom(request))
    reply.status(status).set('Content-Type', contentType).send(body)
  })
  router.post(path, express.raw({ type: () => true, limit: bodyBytesMax, inflate: false }), async (request, reply) => {
    const { channel, connection } = request.params
    const body: unknown = request.body
    if (!Buffer.isBuffer(body))
      throw new AppError('webhook_signature_invalid', { message: 'The webhook was refused: it has no body.' })
    const answer = await inbox.receive(String(channel), String(connection), { body, ...heardFrom(request) })
    reply.status(answer.status).set('Content-Type', answer.contentType).send(answer.body)
  })
  return router
}

const heardFrom = (request: Request) => ({
  headers: Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  ),
  query: Object.fromEntries(new URLSearchParams(request.originalUrl.split('?').slice(1).join('?'))),
})

const tag = 'Channel updates'
const roles = ['service', 'merchant', 'platform'] as const
const example: ChannelUpdateView = {
  id: 'upd_01jd2q8p1xf0srd3q7m9w1c4zm',
  object: 'channel_update',
  connection: 'con_01jd2q8k5xf0srd3q7m9w1c4ze',
  channel: 'telegram',
  platform_id: '905314271',
  type: 'message',
  kind: 'message',
  state: 'processed',
  reason: null,
  attempts: 1,
  created: 1_795_334_461,
  occurred: 1_795_334_460,
  processed: 1_795_334_461,
}

export const channelUpdateRoutes = (inbox: ChannelInbox): Route[] => [
  route({
    method: 'get',
    path: '/v1/channel_updates',
    operationId: 'listChannelUpdates',
    tag,
    summary: 'List what chat platforms sent',
    description: 'Newest first. `state=parked` lists what waits for a person.',
    roles,
    query: channelUpdateQuery,
    response: channelUpdateList,
    errors: ['resource_missing'],
    example: { object: 'list', url: '/v1/channel_updates', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => inbox.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/channel_updates/:id',
    operationId: 'retrieveChannelUpdate',
    tag,
    summary: 'Retrieve one, with its content',
    roles,
    params,
    response,
    errors: ['resource_missing'],
    example: { ...example, content: { kind: 'message', text: 'Hello' } },
    handler: ({ merchantId, params: { id } }) => inbox.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/channel_updates/:id/retry',
    operationId: 'retryChannelUpdate',
    tag,
    summary: 'Retry a parked one',
    roles,
    params,
    response,
    errors: ['resource_missing', 'provider_event_unexpected_state'],
    example: { ...example, state: 'received', processed: null },
    handler: ({ merchantId, params: { id } }) => inbox.retry(merchantId, id),
  }),
]
