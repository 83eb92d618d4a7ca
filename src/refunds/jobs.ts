import type { JobPayload } from '#platform/queue.ts'
import type { RefundService } from './service.ts'

const merchantOf = ({ merchant }: JobPayload): string => {
  if (merchant === undefined) throw new Error('the job names no merchant')
  return merchant
}

export const refundJobs = (refunds: RefundService) => ({
  'refund.submit': (payload: JobPayload) => refunds.work(merchantOf(payload), payload.id),
  'refund.check': (payload: JobPayload) => refunds.check(merchantOf(payload), payload.id),
})
