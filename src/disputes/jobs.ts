import type { JobPayload } from '#platform/queue.ts'
import type { DisputeService } from './service.ts'

const merchantOf = ({ merchant }: JobPayload): string => {
  if (merchant === undefined) throw new Error('the job names no merchant')
  return merchant
}

export const disputeJobs = (disputes: DisputeService) => ({
  'dispute.answer': (payload: JobPayload) => disputes.work(merchantOf(payload), payload.id),
  'dispute.check': (payload: JobPayload) => disputes.check(merchantOf(payload), payload.id),
  'dispute.remind': (payload: JobPayload) => disputes.remind(merchantOf(payload), payload.id),
  'dispute.look': ({ id }: JobPayload) => disputes.looks.look(id),
})
