import { z } from 'zod'
import { type Route, route } from '#platform/route.ts'
import { type ChatToken, chatTokenInput, chatTokenSchema } from './chat-schemas.ts'
import type { ChatService } from './chat-service.ts'

const example: ChatToken = {
  object: 'chat_token',
  token: 'AY6tAAAAcACAAAAAAAAAAQGOrQAAAHAAgAAAAAAAAAIBjq0AAABwAIAAAAAAAAADAGqoAAA',
  url: 'https://pay.example.com/chat/AY6tAAAAcACAAAAAAAAAAQ',
  script_url: 'https://pay.example.com/chat/widget.js',
  thread: 'thr_01jd2q8k5xf0srd3q7m9w1c4ze',
  participant: 'par_01jd2q8k5yf0srd3q7m9w1c4zf',
  expires_at: 1_795_420_800,
}

export const chatRoutes = (chat: Pick<ChatService, 'createToken'>): Route[] => [
  route({
    method: 'post',
    path: '/v1/threads/:id/chat_token',
    operationId: 'createThreadChatToken',
    tag: 'Threads',
    summary: 'Create a token of the web chat',
    description:
      'For `data-token` of the script that shows the chat on your site (`script_url`), or the chat as a page (`url`). Whoever holds the token reads this thread and writes in it as the participant; nothing else. Sites are named in `allowed_origins` of the webchat connection.',
    roles: ['service', 'merchant', 'bot', 'platform'],
    params: z.strictObject({ id: z.string().max(64) }),
    body: chatTokenInput,
    response: chatTokenSchema,
    errors: ['resource_missing', 'parameter_missing', 'parameter_invalid_string'],
    example,
    handler: ({ merchantId, livemode, params: { id }, body }) => chat.createToken({ merchantId, livemode }, id, body),
  }),
]
