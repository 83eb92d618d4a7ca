import type { JobPayload } from '#platform/queue.ts'
import type { WebhookService } from './service.ts'

export const webhookJobs = (webhooks: WebhookService) => ({
  'webhook.process': (payload: JobPayload) => webhooks.process(payload.id),
})
