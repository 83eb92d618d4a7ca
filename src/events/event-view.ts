import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { EventRow } from './repo.ts'
import type { EventObject } from './schemas.ts'

/** The version of Stripe's API whose shapes we speak. */
export const apiVersion = '2026-10-28.endive'

export const showEvent = (row: EventRow, pendingWebhooks: number): EventObject => ({
  id: showId('event', row.id),
  object: 'event',
  api_version: apiVersion,
  created: unixSeconds(row.created_at),
  data: {
    object: row.data,
    ...(row.previous_attributes ? { previous_attributes: row.previous_attributes } : {}),
  },
  livemode: row.livemode,
  pending_webhooks: pendingWebhooks,
  request: { id: row.request_id, idempotency_key: row.idempotency_key },
  type: row.type,
})

/**
 * What is sent to an endpoint. Every attempt sends the same bytes, hence a fixed count of pending webhooks (this
 * one): the true count would change from attempt to attempt.
 */
export const notificationBody = (row: EventRow): string => JSON.stringify(showEvent(row, 1))
