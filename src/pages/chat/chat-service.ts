import { sql } from 'kysely'
import type { ConnectionService } from '#connections/service.ts'
import { addMs, type Clock, unixSeconds } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import type { Message } from '#messages/schemas.ts'
import type { MessageService } from '#messages/service.ts'
import { intentLinks } from '#payments/link-service.ts'
import type { Secrets } from '#platform/crypto.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import { findThread, listParticipants } from '#threads/repo.ts'
import { requireThread, resolveParticipant } from '#threads/service.ts'
import type { ChatToken, ChatTokenInput } from './chat-schemas.ts'
import { type ChatPlace, makeChatToken, readChatToken } from './chat-token.ts'

interface Deps {
  db: Database
  clock: Clock
  secrets: Secrets
  publicUrl: string
  messages: Pick<MessageService, 'list' | 'create'>
  connections: Pick<ConnectionService, 'openForThread'>
}

/** Who sells, in which language, and which sites may show the chat. */
export interface ChatRoom {
  merchant: { name: string; settings: { accent?: string; logo_url?: string } }
  locale: string | null
  allowedOrigins: readonly string[]
}

const shownMax = 50

export type ChatService = ReturnType<typeof createChatService>

/** The web chat: tokens for its threads, and what is read and said with them. */
export const createChatService = (deps: Deps) => ({
  createToken: async (
    scope: { merchantId: string; livemode: boolean },
    threadId: string,
    input: ChatTokenInput,
  ): Promise<ChatToken> => {
    const now = deps.clock.now()
    const { thread, participantId } = await inTransaction(deps.db, scope.merchantId, async (tx) => {
      const row = await requireThread(tx, scope.merchantId, threadId)
      if (row.channel !== 'webchat') throw notWebchat
      const known = await listParticipants(tx, scope.merchantId, [row.id])
      const only = known.length === 1 ? known[0]?.id : undefined
      if (input.participant === undefined && only === undefined) throw whoWrites
      const named = input.participant ?? showId('participant', only ?? '')
      return { thread: row, participantId: await resolveParticipant(tx, scope.merchantId, row.id, named, now) }
    })
    const expiresAt = addMs(now, (input.expires_in ?? 24 * 3600) * 1000)
    const token = makeChatToken(deps.secrets, { ...scope, threadId: thread.id, participantId, expiresAt })
    return {
      object: 'chat_token',
      token,
      url: `${deps.publicUrl}/chat/${token}`,
      script_url: `${deps.publicUrl}/chat/widget.js`,
      thread: showId('thread', thread.id),
      participant: showId('participant', participantId),
      expires_at: unixSeconds(expiresAt),
    }
  },

  open: (token: string): ChatPlace | undefined => readChatToken(deps.secrets, token, deps.clock.now()),

  readRoom: async ({ merchantId, threadId }: ChatPlace): Promise<ChatRoom | undefined> => {
    const found = await inTransaction(deps.db, merchantId, async (tx) => {
      const thread = await findThread(tx, merchantId, threadId)
      const merchant = await tx
        .selectFrom('merchants')
        .select(['name', 'settings'])
        .where('merchant_id', '=', merchantId)
        .executeTakeFirst()
      return thread && merchant && { thread, merchant }
    })
    if (!found) return undefined
    const { thread, merchant } = found
    const connection = await deps.connections.openForThread(merchantId, thread)
    const allowed = connection?.settings.allowed_origins
    return { merchant, locale: thread.locale, allowedOrigins: Array.isArray(allowed) ? allowed.map(String) : [] }
  },

  /** The newest messages, oldest first. */
  read: async ({ merchantId, threadId }: ChatPlace): Promise<Message[]> => {
    const { data } = await deps.messages.list(merchantId, showId('thread', threadId), { limit: shownMax })
    return data.reverse()
  },

  say: async ({ merchantId, threadId, participantId, livemode }: ChatPlace, text: string): Promise<void> => {
    const from = showId('participant', participantId)
    await deps.messages.create({ merchantId, livemode }, newUuid(), showId('thread', threadId), { from, text })
  },

  /** Path of the page that belongs to a payment of this merchant. */
  paymentPath: ({ merchantId }: ChatPlace, intent: string, page: 'pay' | 'receipts'): string | undefined => {
    const id = parseId('paymentIntent', intent)
    if (id === undefined) return undefined
    const { checkoutUrl } = intentLinks(deps, { merchant_id: merchantId, id })
    return checkoutUrl.replace(/\/pay\/([^/]+)$/, `/${page}/$1`)
  },

  /**
   * What tells that something has happened in a thread: one statement for all threads that anybody looks at. Whatever
   * changes a message or its card writes an event of the thread. The last few count, not the last one alone: ids are
   * made before they are committed.
   */
  findMarks: async (places: readonly ChatPlace[]): Promise<Map<string, string>> => {
    const merchants = places.map(({ merchantId }) => merchantId)
    const threads = places.map(({ threadId }) => threadId)
    const { rows } = await sql<{ thread_id: string; mark: string | null }>`
      select place.thread_id, (
        select string_agg(last.id::text, ' ') from (
          select id from events
          where events.merchant_id = place.merchant_id and events.thread_id = place.thread_id
          order by id desc limit 16
        ) as last
      ) as mark
      from unnest(${merchants}::uuid[], ${threads}::uuid[]) as place (merchant_id, thread_id)
    `.execute(deps.db.maintenance)
    return new Map(rows.map(({ thread_id, mark }) => [thread_id, mark ?? '']))
  },
})

const notWebchat = new AppError('parameter_invalid_string', {
  message: 'Only threads of the channel webchat are shown in the web chat.',
  param: 'id',
})
const whoWrites = new AppError('parameter_missing', {
  message: 'Say who writes: the thread has not exactly one participant.',
  param: 'participant',
})
