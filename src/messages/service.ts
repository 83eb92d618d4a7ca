import { isChannelId } from '#channels/channel.ts'
import type { InboundReceipt } from '#channels/inbound.ts'
import { AppError } from '#kernel/errors.ts'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction } from '#platform/database.ts'
import { type ListQuery, listAnswer, readPage } from '#platform/listing.ts'
import { createMessage, readDraft, requireThread, type Scope } from './create-service.ts'
import { addInbound } from './inbound-service.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { createOutbox } from './outbox-service.ts'
import { previewMessage } from './preview-service.ts'
import { applyReceipt } from './receipt-service.ts'
import { selectMessages } from './repo.ts'
import type { Message, MessageInput, Preview, PreviewQuery } from './schemas.ts'
import { showMessages } from './view-service.ts'

export type MessageService = ReturnType<typeof createMessageService>

/** What is said in threads: kept, carried to the platforms, and followed there. */
export const createMessageService = (deps: OutboxDeps) => ({
  /** `send` (job `message.send`) and `sweep`. */
  ...createOutbox(deps),

  create: async (scope: Scope, id: string, threadId: string, input: MessageInput): Promise<Message> => {
    const { message, isDue } = await inTransaction(deps.db, scope.merchantId, async (tx) =>
      createMessage(tx, deps, scope, await readDraft(tx, deps, scope, id, threadId, input)),
    )
    if (isDue) deps.queue.wake('message.send', { id, merchant: scope.merchantId })
    deps.queue.wake('outbox.drain', { id: newUuid() })
    return message
  },

  /** What each channel would get; nothing is stored. */
  preview: (
    scope: Scope,
    id: string,
    threadId: string,
    input: MessageInput,
    { channels }: Pick<PreviewQuery, 'channels'>,
  ): Promise<Preview> =>
    inTransaction(deps.db, scope.merchantId, async (tx) => {
      const { thread, row } = await readDraft(tx, deps, scope, id, threadId, input)
      const asked = channels ?? [thread.channel].filter(isChannelId)
      if (asked.length > 0) return previewMessage(tx, deps, thread, row, [...new Set(asked)])
      const message = `Threads of the channel '${thread.channel}' have no format of their own: say which channels to show.`
      throw new AppError('channel_not_connected', { message, param: 'channels' })
    }),

  list: (merchantId: string, threadId: string, query: ListQuery) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      const thread = await requireThread(tx, merchantId, threadId)
      const page = await readPage(selectMessages(tx, thread), query, 'message')
      const data = await showMessages(tx, deps, thread, page.rows)
      return listAnswer(`/v1/threads/${threadId}/messages`, data, page.hasMore)
    }),

  /** Keeps what a person wrote, in the caller's transaction; false when it is known already. */
  addInbound,

  /** What a platform says became of messages of ours; false when it is about none that we know yet. */
  applyReceipt: (merchantId: string, connectionId: string, update: InboundReceipt): Promise<boolean> =>
    applyReceipt(deps, merchantId, connectionId, update),
})
