import { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import {
  type Thread,
  threadInput,
  threadList,
  threadListQuery,
  threadSchema,
  threadUpdate,
  timelineList,
  timelineQuery,
} from './schemas.ts'
import type { ThreadService } from './service.ts'

const tag = 'Threads'
const roles = ['service', 'merchant', 'bot', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })

const example: Thread = {
  id: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
  object: 'thread',
  channel: 'telegram',
  external_id: '-1001234567890',
  connection: 'con_01jd2q8k5xf0srd3q7m9w1c4ze',
  locale: 'fr',
  title: 'Blüte Flowers',
  metadata: { order: '1001' },
  participants: [
    {
      id: 'par_01jd2q8k5yf0srd3q7m9w1c4zf',
      object: 'thread.participant',
      external_id: '42',
      role: 'payer',
      name: 'Léa',
      locale: 'fr',
    },
  ],
  attribution: null,
  created: 1_795_334_400,
}

export const threadRoutes = (threads: ThreadService): Route[] => [
  route({
    method: 'post',
    path: '/v1/threads',
    operationId: 'createThread',
    tag,
    summary: 'Create or find a thread',
    description: 'Finds the thread of this channel and external id, or creates it. Fields that are sent are updated.',
    roles,
    body: threadInput,
    response: threadSchema,
    errors: ['parameter_missing', 'parameter_invalid_string'],
    example,
    handler: ({ merchantId, livemode, resourceId, body }) => threads.upsert({ merchantId, livemode }, resourceId, body),
  }),
  route({
    method: 'get',
    path: '/v1/threads',
    operationId: 'listThreads',
    tag,
    summary: 'List threads',
    roles: [...roles, 'finance'],
    query: threadListQuery,
    response: threadList,
    example: { object: 'list', url: '/v1/threads', has_more: false, data: [example] },
    handler: ({ merchantId, query }) => threads.list(merchantId, query),
  }),
  route({
    method: 'get',
    path: '/v1/threads/:id',
    operationId: 'retrieveThread',
    tag,
    summary: 'Retrieve a thread',
    roles: [...roles, 'finance'],
    params,
    response: threadSchema,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, params: { id } }) => threads.retrieve(merchantId, id),
  }),
  route({
    method: 'post',
    path: '/v1/threads/:id',
    operationId: 'updateThread',
    tag,
    summary: 'Update a thread',
    roles,
    params,
    body: threadUpdate,
    response: threadSchema,
    errors: ['resource_missing'],
    example,
    handler: ({ merchantId, livemode, params: { id }, body }) => threads.update({ merchantId, livemode }, id, body),
  }),
  route({
    method: 'get',
    path: '/v1/threads/:id/timeline',
    operationId: 'listThreadTimeline',
    tag,
    summary: 'Everything that happened in a thread',
    description: 'Oldest first. Continue with `starting_after` to follow a conversation.',
    roles: [...roles, 'finance'],
    params,
    query: timelineQuery,
    response: timelineList,
    errors: ['resource_missing'],
    example: {
      object: 'list',
      url: `/v1/threads/${example.id}/timeline`,
      has_more: false,
      data: [
        {
          id: 'evt_01jd2q8k5zf0srd3q7m9w1c4zg',
          object: 'timeline_item',
          type: 'thread.created',
          created: example.created,
          data: example,
        },
      ],
    },
    handler: ({ merchantId, params: { id }, query }) => threads.timeline(merchantId, id, query),
  }),
]
