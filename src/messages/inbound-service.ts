import type { InboundMessage } from '#channels/inbound.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { cleanTouch } from '#threads/touch.ts'
import { draftMessage } from './draft.ts'
import { showMessage } from './message-view.ts'
import { insertMessage, type ThreadRow } from './repo.ts'
import { tellMessage } from './view-service.ts'

export interface ReceivedMessage {
  thread: ThreadRow
  participantId: string
  update: InboundMessage
  /** The platform's time. */
  at: Date
  livemode: boolean
}

/**
 * Keeps what a person wrote and tells of it (`thread.message.received`), so that the merchant's bot can answer. False,
 * and nothing done, when the platform tells it again. The caller wakes `outbox.drain` after its commit.
 */
export const addInbound = async (
  tx: Tx,
  { thread, participantId, update, at, livemode }: ReceivedMessage,
): Promise<boolean> => {
  const row = draftMessage(thread, {
    id: newUuid(),
    direction: 'in',
    kind: 'text',
    text: update.text,
    participant_id: participantId,
    dedupe_key: `in:${update.messageRef}`,
    platform_ref: update.messageRef,
    created_at: at,
    isCarried: false,
  })
  if (!(await insertMessage(tx, row))) return false
  const object = {
    ...showMessage(row, null),
    postback: update.postback ?? null,
    touch: (update.touch && cleanTouch(update.touch, at)) ?? null,
  }
  await tellMessage(tx, row, { type: 'thread.message.received', object, livemode, at })
  return true
}
