import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { EndpointRow } from './endpoint-repo.ts'
import type { Endpoint } from './endpoint-schemas.ts'

export const showEndpoint = (row: EndpointRow): Endpoint => ({
  id: showId('webhookEndpoint', row.id),
  object: 'webhook_endpoint',
  api_version: row.api_version,
  application: null,
  created: unixSeconds(row.created_at),
  description: row.description,
  enabled_events: row.enabled_events,
  livemode: row.livemode,
  metadata: row.metadata,
  status: row.status,
  url: row.url,
})

/** Names the row that a sealed secret belongs to. */
export const secretContext = (endpointId: string): string => `webhook_endpoint:${endpointId}`
