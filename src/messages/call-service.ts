import type { Selectable } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import type { Tx } from '#platform/database.ts'
import type { EventsTable } from '#platform/tables-records.ts'
import { findCarrier } from './card-repo.ts'
import { type CardDeps, readCard, readVoice } from './card-service.ts'
import { draftMessage } from './draft.ts'
import { findRequests } from './outbox-repo.ts'
import type { ThreadRow } from './repo.ts'
import { failedIntent } from './schemas.ts'
import { addMessage } from './view-service.ts'

type Event = Selectable<EventsTable>

/** A bank that would not charge without the payer. */
export const needsPayer = ({ type, data }: Pick<Event, 'type' | 'data'>): boolean => {
  if (type !== 'payment_intent.payment_failed') return false
  const { code, decline_code: declineCode } = failedIntent.parse(data).last_payment_error ?? {}
  return code === 'authentication_required' || declineCode === 'authentication_required'
}

/** Asks the payer to pay by themselves, once for each payment; one whose thread shows a request already is not asked again. */
export const callPayer = async (tx: Tx, deps: CardDeps, thread: ThreadRow, event: Event): Promise<void> => {
  const { merchant_id: merchantId, payment_intent_id: intentId } = event
  if (intentId === null || (await findRequests(tx, merchantId, intentId)).length > 0) return
  const carrier = await findCarrier(tx, thread)
  const row = draftMessage(thread, {
    id: newUuid(),
    kind: 'payment_request',
    payment_intent_id: intentId,
    dedupe_key: `call:${intentId}`,
    created_at: event.created_at,
    isCarried: carrier !== undefined,
  })
  const read = await readCard(tx, deps, await readVoice(tx, thread), row, carrier)
  // Paid, or over, in the meantime.
  if (read?.state !== 'open') return
  await addMessage(tx, deps, thread, { ...row, text: read.card.sentence }, event.livemode)
}
