import type { JobPayload } from '#platform/queue.ts'
import type { MethodService } from './method-service.ts'
import type { SetupService } from './setup-service.ts'

const merchantOf = ({ merchant }: JobPayload): string => {
  if (merchant === undefined) throw new Error('the job names no merchant')
  return merchant
}

export const methodJobs = (methods: MethodService, setups: SetupService) => ({
  'method.forget': (payload: JobPayload) => methods.forget(merchantOf(payload), payload.id),
  'setup.resolve': (payload: JobPayload) => setups.resolve(merchantOf(payload), payload.id),
  'setup.check': (payload: JobPayload) => setups.check(merchantOf(payload), payload.id),
})
