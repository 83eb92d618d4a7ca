import type { ChannelFailure } from '#channels/inbound.ts'
import type { Tx } from '#platform/database.ts'
import type { CardDeps } from './card-service.ts'
import { releaseNext, updateMessage } from './outbox-repo.ts'
import type { MessageRow, ThreadRow } from './repo.ts'
import { showMessages, tellMessage } from './view-service.ts'

type Change = Parameters<typeof updateMessage>[2]

/** Writes a new state and tells of it. */
export const changeState = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  row: MessageRow,
  change: Change,
  livemode: boolean,
): Promise<MessageRow> => {
  const saved = await updateMessage(tx, row, change)
  const [object] = await showMessages(tx, deps, thread, [saved])
  const type = saved.state === 'undeliverable' ? 'thread.message.undeliverable' : 'thread.message.updated'
  if (object) await tellMessage(tx, saved, { type, object, livemode, at: deps.clock.now() })
  return saved
}

/** Nothing more is to be done with this message; what waited behind it may go. Returns the ids of that. */
export const endMessage = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  row: MessageRow,
  end: { state: 'canceled' | 'unconfirmed' | 'undeliverable'; failure?: ChannelFailure },
  livemode: boolean,
): Promise<string[]> => {
  const change = {
    state: end.state,
    ...(end.failure ? { failure: { ...end.failure } } : {}),
    next_attempt_at: null,
    sending_since: null,
  }
  await changeState(tx, deps, thread, row, change, livemode)
  return releaseNext(tx, row, deps.clock.now())
}
