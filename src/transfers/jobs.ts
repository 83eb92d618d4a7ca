import type { JobPayload } from '#platform/queue.ts'
import type { OutboundService } from './service.ts'

export const outboundJobs = (outbound: OutboundService) => ({
  'outbound.resolve': ({ id, merchant = '' }: JobPayload) => outbound.resolve(merchant, id),
  'outbound.check': ({ id, merchant = '' }: JobPayload) => outbound.check(merchant, id),
})
