import type { JobPayload } from '#platform/queue.ts'
import type { MethodService } from './method-service.ts'

export const methodJobs = (methods: MethodService) => ({
  'method.forget': ({ id, merchant = '' }: JobPayload) => methods.forget(merchant, id),
})
