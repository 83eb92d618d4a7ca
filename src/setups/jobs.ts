import type { JobPayload } from '#platform/queue.ts'
import type { SetupService } from './service.ts'

export const setupJobs = (setups: SetupService) => ({
  'setup.resolve': ({ id, merchant = '' }: JobPayload) => setups.resolve(merchant, id),
  'setup.check': ({ id, merchant = '' }: JobPayload) => setups.check(merchant, id),
})
