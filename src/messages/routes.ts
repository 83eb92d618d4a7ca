import { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import {
  type Message,
  messageInput,
  messageList,
  messageListQuery,
  messageSchema,
  previewQuery,
  previewSchema,
} from './schemas.ts'
import type { MessageService } from './service.ts'

const tag = 'Threads'
const roles = ['service', 'merchant', 'bot', 'platform'] as const
const params = z.strictObject({ id: z.string().max(64) })

const example: Message = {
  id: 'msg_01jd2q8k60f0srd3q7m9w1c4zh',
  object: 'thread.message',
  created: 1_795_334_400,
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
  direction: 'out',
  from: 'bot',
  kind: 'payment_request',
  text: 'Please pay €42.00.',
  card: {
    type: 'payment_request',
    title: 'Bouquet “Nanterre”',
    amount: 4200,
    currency: 'eur',
    status: 'requires_payment_method',
    checkout_url: 'https://pay.example.com/pay/…',
    expires_at: 1_795_420_800,
  },
  state: 'delivered',
  route: null,
  failure: null,
  payment_intent: 'pi_01jd2q8k5yf0srd3q7m9w1c4zf',
  checkout: null,
  bill: null,
  metadata: {},
}

export const messageRoutes = (messages: MessageService): Route[] => [
  route({
    method: 'post',
    path: '/v1/threads/:id/messages',
    operationId: 'createThreadMessage',
    tag,
    summary: 'Post a message',
    description:
      'A text, or a card that asks to pay a payment intent or a checkout. Receipts, refund notices, reminders and the ' +
      'progress of bills are posted by Parley itself. Chat clients of the channel webchat read messages with the list ' +
      "operation; elsewhere the thread's connection carries them, in order, and `state` tells how far they came. With " +
      '`preview=true` nothing is sent or stored: the answer is what each channel would get. The message itself then needs another Idempotency-Key.',
    roles,
    params,
    query: previewQuery,
    body: messageInput,
    response: z.union([messageSchema, previewSchema]),
    errors: [
      'resource_missing',
      'message_content_refused',
      'channel_not_connected',
      'parameter_missing',
      'parameters_exclusive',
      'payment_intent_invalid_parameter',
      'payment_intent_unexpected_state',
      'checkout_unexpected_state',
    ],
    example,
    handler: ({ merchantId, livemode, resourceId, params: { id }, query, body }) =>
      query.preview === true
        ? messages.preview({ merchantId, livemode }, resourceId, id, body, query)
        : messages.create({ merchantId, livemode }, resourceId, id, body),
  }),
  route({
    method: 'get',
    path: '/v1/threads/:id/messages',
    operationId: 'listThreadMessages',
    tag,
    summary: 'List messages',
    description: 'Newest first. Follow a chat with ending_before.',
    roles,
    params,
    query: messageListQuery,
    response: messageList,
    errors: ['resource_missing'],
    example: { object: 'list', url: `/v1/threads/${example.thread}/messages`, has_more: false, data: [example] },
    handler: ({ merchantId, params: { id }, query }) => messages.list(merchantId, id, query),
  }),
]
