import { newUuid } from '#kernel/ids.ts'
import type { Tx } from './database.ts'
import { type RequestContext, requestContext } from './request-context.ts'

/** A public event, in Stripe's envelope once it is shown. `object` is the API object as the client would read it. */
export interface NewEvent {
  merchantId: string
  type: string
  objectId: string
  threadId: string | null
  paymentIntentId: string | null
  object: object
  previousAttributes?: object
  livemode: boolean
  createdAt: Date
  /** Whose request it came of, where that is not the one this is written in. */
  context?: RequestContext
}

/**
 * Writes events and their outbox rows with the change that they tell of. The caller wakes `outbox.drain` after its
 * commit; when that is lost, the sweep does.
 */
export const appendEvents = async (tx: Tx, events: readonly NewEvent[]): Promise<void> => {
  if (events.length === 0) return
  const context = requestContext()
  const rows = events.map((event) => ({ id: newUuid(), context, ...event }))
  await tx
    .with('event', (cte) =>
      cte
        .insertInto('events')
        .values(
          rows.map((row) => ({
            merchant_id: row.merchantId,
            id: row.id,
            type: row.type,
            object_id: row.objectId,
            thread_id: row.threadId,
            payment_intent_id: row.paymentIntentId,
            data: JSON.stringify(row.object),
            previous_attributes: row.previousAttributes ? JSON.stringify(row.previousAttributes) : null,
            request_id: row.context?.requestId ?? null,
            idempotency_key: row.context?.idempotencyKey ?? null,
            livemode: row.livemode,
            created_at: row.createdAt,
          })),
        )
        .returning(['merchant_id', 'id', 'created_at']),
    )
    .insertInto('outbox')
    .columns(['merchant_id', 'event_id', 'created_at'])
    .expression((select) => select.selectFrom('event').select(['merchant_id', 'id', 'created_at']))
    .execute()
}
