import { readBill } from '#bills/repo.ts'
import { isChannelId } from '#channels/channel.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { findCarrier } from './card-repo.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { draftMessage } from './draft.ts'
import { progressCard } from './message-view.ts'
import { findByDedupeKey } from './outbox-repo.ts'
import type { MessageRow, ThreadRow } from './repo.ts'
import { changeState } from './state-service.ts'
import { addMessage } from './view-service.ts'

/**
 * One message follows a bill. Where the platform can change messages it follows every step; elsewhere it stays as it was
 * sent, and a new one comes when the bill is over.
 */
export const showProgress = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  event: { object_id: string; livemode: boolean },
): Promise<void> => {
  const whole = await readBill(tx, thread.merchant_id, event.object_id)
  if (!whole) return
  const { bill } = whole
  const voice = await readVoice(tx, thread)
  const first = await findByDedupeKey(tx, thread, `bill:${bill.id}`)
  const isCarried = (await findCarrier(tx, thread)) !== undefined
  const draft = draftMessage(thread, {
    id: first?.id ?? newUuid(),
    kind: 'bill_progress',
    bill_id: bill.id,
    dedupe_key: `bill:${bill.id}`,
    created_at: deps.clock.now(),
    isCarried,
  })
  const read = await readCard(tx, deps, voice, draft, undefined)
  if (!read) return
  const { card } = read
  const shown = { text: card.sentence, card: { ...progressCard(card, bill) } }
  if (!first) {
    await addMessage(tx, deps, thread, { ...draft, ...shown }, event.livemode)
    return
  }
  const isSame = first.text === shown.text && JSON.stringify(first.card) === JSON.stringify(shown.card)
  const isEditable = first.platform_ref !== null && isThere(first) && (await canEdit(tx, deps, thread))
  if (!isSame) {
    const revision = first.revision + 1
    const next = isEditable ? { next_attempt_at: deps.clock.now() } : {}
    await changeState(tx, deps, thread, first, { ...shown, revision, ...next }, event.livemode)
  }
  // A chat client of the web chat reads the message itself; one that is still to be sent goes out as it is by then.
  const isStuck = isCarried && thread.channel !== 'webchat' && first.state !== 'queued' && !isEditable
  if (!isStuck) return
  await repeatProgress(tx, deps, thread, { ...first, ...shown }, event.livemode)
}

/**
 * The end of a bill as a message of its own, because the first one could not be changed. Returns its id; undefined while
 * the bill is open, and when it has been told already.
 */
export const repeatProgress = async (
  tx: Tx,
  deps: CardDeps,
  thread: ThreadRow,
  { bill_id, text, card }: Pick<MessageRow, 'bill_id' | 'text' | 'card'>,
  livemode: boolean,
): Promise<string | undefined> => {
  const { status } = card ?? {}
  if (typeof status !== 'string' || status === 'open') return undefined
  const row = draftMessage(thread, {
    id: newUuid(),
    kind: 'bill_progress',
    bill_id,
    text,
    card,
    dedupe_key: `bill:${bill_id}:${status}`,
    created_at: deps.clock.now(),
    isCarried: true,
  })
  return (await addMessage(tx, deps, thread, row, livemode)) && row.id
}

/** It stands in the chat. */
export const isThere = ({ state }: MessageRow): boolean => state === 'sent' || state === 'delivered' || state === 'read'

/** Whether what was sent into this thread can be changed. */
export const canEdit = async (tx: Tx, deps: CardDeps, thread: ThreadRow): Promise<boolean> => {
  const carrier = await findCarrier(tx, thread)
  return (
    carrier !== undefined &&
    isChannelId(carrier.channel) &&
    deps.channels[carrier.channel].capabilities(carrier.settings).editMessage
  )
}
