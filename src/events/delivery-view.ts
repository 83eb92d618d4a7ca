import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { ShownDeliveryRow } from './delivery-repo.ts'
import type { Delivery } from './delivery-schemas.ts'

export const showDelivery = (row: ShownDeliveryRow): Delivery => ({
  id: showId('delivery', row.id),
  object: 'delivery',
  created: unixSeconds(row.created_at),
  livemode: row.livemode ?? false,
  event: showId('event', row.event_id),
  event_type: row.event_type ?? '',
  webhook_endpoint: showId('webhookEndpoint', row.endpoint_id),
  state: row.state,
  attempts: row.attempts,
  next_attempt_at: row.state === 'pending' ? unixSeconds(row.next_attempt_at) : null,
  last_status: row.last_status,
  last_error: row.last_error,
  finished_at: row.finished_at && unixSeconds(row.finished_at),
})
