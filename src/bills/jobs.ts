import type { JobHandlers } from '#platform/queue.ts'
import type { BillService } from './service.ts'

export const billJobs = (_bills: BillService): Pick<JobHandlers, 'bill.expire'> => ({
  'bill.expire': async () => undefined,
})
