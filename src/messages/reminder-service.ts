import { addMs } from '#kernel/clock.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import { findCarrier, findPayment } from './card-repo.ts'
import { readCard, readVoice } from './card-service.ts'
import { draftMessage } from './draft.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { lockMessage, updateMessage } from './outbox-repo.ts'
import { remindAt } from './reminder.ts'
import { findThread } from './repo.ts'
import { addMessage } from './view-service.ts'

/**
 * Writes the reminder of a request whose time has come, if there is still something to be paid; one for a payment,
 * however often it was asked for. Returns the id of the message that is to be sent.
 */
export const remind = async (tx: Tx, deps: OutboxDeps, merchantId: string, id: string): Promise<string | undefined> => {
  const now = deps.clock.now()
  const row = await lockMessage(tx, merchantId, id)
  if (!row?.remind_at || row.remind_at > now || row.payment_intent_id === null) return undefined
  const thread = await findThread(tx, merchantId, row.thread_id)
  const payment = await findPayment(tx, merchantId, row.payment_intent_id)
  if (!thread || !payment) return void (await updateMessage(tx, row, { remind_at: null }))
  const voice = await readVoice(tx, thread)
  // The payer may have been given more time.
  const later = remindAt({ expiresAt: payment.expires_at, askedAt: row.created_at }, voice.theme.reminderBeforeMs)
  if (later !== null && later > now) return void (await updateMessage(tx, row, { remind_at: later }))
  await updateMessage(tx, row, { remind_at: null })
  const carrier = await findCarrier(tx, thread)
  if (!carrier && thread.channel !== 'webchat') return undefined
  const reminder = draftMessage(thread, {
    id: newUuid(),
    kind: 'reminder',
    payment_intent_id: payment.id,
    checkout_id: row.checkout_id,
    dedupe_key: `reminder:${payment.id}`,
    isCarried: carrier !== undefined,
    created_at: now,
  })
  const read = await readCard(tx, deps, voice, reminder, undefined)
  const isOpen = read?.state === 'open' && read.expiresAt && read.expiresAt > addMs(now, leastMs)
  // A request that nobody could deliver is no reason to remind of it.
  if (!isOpen || row.state === 'undeliverable' || row.state === 'canceled') return undefined
  const added = await addMessage(tx, deps, thread, { ...reminder, text: read.card.sentence }, payment.livemode)
  return added && reminder.next_attempt_at ? reminder.id : undefined
}

/** With less than this left a reminder helps nobody. */
const leastMs = 60_000
